-- The months in which deals closed. One without a close is a gap in the data: its quarter is not complete.

select distinct cast(date_trunc('month', closed_date) as date) as month_start
from {{ ref('stg_deals') }}
where closed_date is not null
order by month_start
