{# The reasons for which a row of the export is not used, each once. Where several apply, the first does.

   code: the public reason_code.
   condition: SQL over the columns of checked_rows; none where the reader of the file (winrate/ingest/records.py)
       or the comparison of the rows of one deal (checked_rows) gives the code.
   reason: SQL for the sentence, over the columns of checked_rows.
   is_skipped: such a row has no error; it is counted as skipped and not as rejected. #}
{% macro reject_reasons() -%}
    {%- set deal_and_line = "'deal_id ' || deal_id || ' is also in line ' || kept_line || '" -%}
    {{ return([
        {
            'code': 'blank_line',
            'reason': "'the line is blank'",
            'is_skipped': true,
        },
        {
            'code': 'wrong_column_count',
            'reason': "'the line does not have as many cells as the header'",
        },
        {
            'code': 'unreadable_quotes',
            'reason': "'a quotation mark is opened and not closed, or closed too early'",
        },
        {
            'code': 'nul_character',
            'reason': "'the line contains a NUL character: the file is damaged'",
        },
        {
            'code': 'above_header',
            'reason': "'the line is above the header'",
            'is_skipped': true,
        },
        {
            'code': 'header_again',
            'reason': "'the line repeats the header'",
            'is_skipped': true,
        },
        {
            'code': 'deleted',
            'condition': "is_deleted",
            'reason': "'the CRM has deleted the deal'",
            'is_skipped': true,
        },
        {
            'code': 'history_row',
            'condition': "is_history",
            'reason': "'the row says what the deal was before'",
            'is_skipped': true,
        },
        {
            'code': 'out_of_scope',
            'condition': "is_out_of_scope",
            'reason': "'the deal is outside the scope of the build'",
            'is_skipped': true,
        },
        {
            'code': 'excluded',
            'condition': "exclusion_reason is not null",
            'reason': "'exclusions.csv: ' || exclusion_reason",
            'is_skipped': true,
        },
        {
            'code': 'missing_deal_id',
            'condition': "deal_id is null",
            'reason': "'deal_id is empty'",
        },
        {
            'code': 'bad_outcome',
            'condition': "not is_open and outcome is null",
            'reason': "coalesce('outcome ''' || outcome_text "
                ~ "|| ''' is none of Won, Lost, Open or empty; say what it means in MAPPING', "
                ~ "'no column says whether the deal is won, lost or open')",
        },
        {
            'code': 'outcome_against_stage',
            'condition': "stage_outcome != coalesce(stated_outcome, 'Open')",
            'reason': "'the deal is ' || coalesce(stated_outcome, 'open') || ' but its stage says ' || stage_outcome",
        },
        {
            'code': 'missing_created_date',
            'condition': "is_open and created_date_text is null and has_created_dates",
            'reason': "'the deal is open and its created_date is empty'",
        },
        {
            'code': 'bad_created_date',
            'condition': "is_open and created_date is null and created_date_text is not null",
            'reason': "'created_date ''' || created_date_text || ''' cannot be read as a date'",
        },
        {
            'code': 'implausible_date',
            'condition': "is_open and has_implausible_created_date",
            'reason': "'created_date ' || created_date "
                ~ "|| ' is before 1970, far later than all other dates of the export, or in the future'",
        },
        {
            'code': 'created_after_as_of_date',
            'condition': "created_date > as_of_date",
            'reason': "'created_date ' || created_date || ' is after the as-of date ' || as_of_date",
            'is_skipped': true,
        },
        {
            'code': 'bad_deal_amount',
            'condition': "deal_amount_text is not null and deal_amount is null",
            'reason': "'deal_amount ''' || deal_amount_text || ''' is not a number'",
        },
        {
            'code': 'negative_deal_amount',
            'condition': "deal_amount < 0",
            'reason': "'deal_amount ' || deal_amount_text || ' is negative'",
        },
        {
            'code': 'absurd_deal_amount',
            'condition': "deal_amount > " ~ var('max_deal_amount'),
            'reason': "'deal_amount ' || deal_amount_text || ' is more than " ~ var('max_deal_amount') ~ "'",
        },
        {
            'code': 'other_currency',
            'condition': "is_other_currency",
            'reason': "'deal_amount ' || deal_amount_text || ' is in "
                ~ ("a currency that has no rate in rates.csv'" if var('reporting_currency')
                    else "another currency than most'"),
        },
        {
            'code': 'exact_duplicate',
            'reason': deal_and_line ~ ", with the same value in every column that is read'",
            'is_skipped': true,
        },
        {
            'code': 'duplicate_deal_id',
            'reason': deal_and_line ~ ", with other values, and one row per deal is used: "
                ~ "the closed one, else the one with the latest dates'",
        },
    ]) }}
{%- endmacro %}

{# The sentence for the reject_code of a row of checked_rows. #}
{% macro reject_reason() -%}
    case reject_code
        {%- for reason in reject_reasons() %}
        when '{{ reason.code }}'
            then {{ reason.reason }}
        {%- endfor %}
    end
{%- endmacro %}

{# The codes of rows that are skipped and not rejected. #}
{% macro skipped_codes() -%}
    {{ return(reject_reasons() | selectattr('is_skipped', 'defined') | map(attribute='code') | list) }}
{%- endmacro %}

{# ---------- rows of the stage history #}

{# The reasons for which a row of the stage history is not used, in the same form, over the columns of stage_rows. The
   reader gives those without a condition. #}
{% macro stage_reject_reasons() -%}
    {%- set others = ['exact_duplicate', 'duplicate_deal_id'] -%}
    {%- set of_reader = reject_reasons() | rejectattr('condition', 'defined') | rejectattr('code', 'in', others) -%}
    {{ return(of_reader | list + [
        {
            'code': 'other_field',
            'reason': "'the row is a change of another field'",
            'is_skipped': true,
        },
        {
            'code': 'no_stage_date',
            'reason': "'the deal has no date of a stage'",
            'is_skipped': true,
        },
        {
            'code': 'missing_deal_id',
            'condition': "deal_id is null",
            'reason': "'deal_id is empty'",
        },
        {
            'code': 'other_deal',
            'condition': "deal_line is null",
            'reason': "'the deal is not in staging.stg_deals'",
            'is_skipped': true,
        },
        {
            'code': 'missing_stage',
            'condition': "deal_stage is null",
            'reason': "'the stage is empty'",
        },
        {
            'code': 'missing_entered_date',
            'condition': "not has_date",
            'reason': "'the date is empty'",
        },
        {
            'code': 'bad_entered_date',
            'condition': "entered_date is null",
            'reason': "'the date ''' || entered_text || ''' cannot be read, or its day and month may be exchanged'",
        },
        {
            'code': 'implausible_date',
            'condition': "entered_date < date '1970-01-01'"
                ~ " or (entered_date > as_of_date and entered_date > " ~ day_of('latest_date') ~ ")",
            'reason': "'the date ' || entered_text || ' is before 1970 or in the future'",
        },
        {
            'code': 'entered_after_as_of_date',
            'condition': "entered_date > as_of_date",
            'reason': "'the date ' || entered_text || ' is after the as-of date ' || as_of_date",
            'is_skipped': true,
        },
    ]) }}
{%- endmacro %}

{# The sentence for the reject_code of a row of stage_rows. #}
{% macro stage_reject_reason() -%}
    case reject_code
        {%- for reason in stage_reject_reasons() %}
        when '{{ reason.code }}'
            then {{ reason.reason }}
        {%- endfor %}
    end
{%- endmacro %}

{# The codes of rows of the stage history that are skipped and not rejected. #}
{% macro skipped_stage_codes() -%}
    {{ return(stage_reject_reasons() | selectattr('is_skipped', 'defined') | map(attribute='code') | list) }}
{%- endmacro %}
