-- Every combination of an outcome and a stage in the export, and how many rows have it.

{{ combinations_of_cells(['outcome', 'deal_stage']) }}
