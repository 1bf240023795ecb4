-- Of the stage history, every row is accepted, rejected or skipped, and every line is part of a row.

select *
from {{ ref('stage_row_ledger') }}
where
    n_accepted + n_rejected + n_skipped != n_read
    or n_lines != n_lines_read
