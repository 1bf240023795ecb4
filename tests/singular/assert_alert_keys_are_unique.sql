-- No two alerts share a key, and a key stands for one condition and one thing that it is about.

select
    alert_key,
    count(*) as n_alerts
from {{ ref('alerts') }}
group by alert_key
having count(*) > 1 or alert_key is null
