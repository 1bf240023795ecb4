-- Every alert has a key, and no two alerts have the same one.

select
    alert_key,
    count(*) as n_alerts
from {{ ref('alerts') }}
group by alert_key
having count(*) > 1 or alert_key is null
