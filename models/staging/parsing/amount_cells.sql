-- Every combination of an amount, converted or not, and a currency in the export, and how many rows have it.

{{ combinations_of_cells(['converted_amount', 'deal_amount', 'amount_currency']) }}
