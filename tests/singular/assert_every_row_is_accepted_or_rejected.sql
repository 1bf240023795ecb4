-- Every line of the export belongs to a row, and every row is a deal, a rejected row, a skipped row or
-- outside the scope of the build.

with

ledger as (

    select * from {{ ref('row_ledger') }}

),

counted as (

    select
        (select count(*) from {{ ref('stg_deals') }}) as n_deals,
        (select count(*) from {{ ref('rejected_deals') }}) as n_rejected_rows

)

select *
from counted
left join ledger on true
where
    ledger.n_lines != ledger.n_lines_read
    or ledger.n_read is null
    or ledger.n_accepted != counted.n_deals
    or ledger.n_rejected + ledger.n_skipped - ledger.n_out_of_scope != counted.n_rejected_rows
    or ledger.n_accepted + ledger.n_rejected + ledger.n_skipped != ledger.n_read
