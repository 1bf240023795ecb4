-- Every row of the export with its cells typed. A value that cannot be parsed is null here;
-- checked_rows compares it with its text to say why.

{{ config(
    short_text_columns=category_columns() + ['sales_rep_id', 'outcome', 'original_currency', 'foreign_currency']
        + date_text_columns(),
    pre_hook='{{ text_type([
        "select level from " ~ ref("level_mappings"),
        texts_of("sales_rep_id", "name", ref("name_texts")),
        "select cell from " ~ ref("date_texts"),
        texts_of("amount_currency", "upper(cell)", ref("cell_texts")),
        "select currency from " ~ ref("number_texts"),
    ]) }}'
) }}

{% set columns = shared_text_columns() -%}
{% set scoped_columns = category_columns() + name_columns() -%}
{#- What the user's owners.csv says goes before what the export says. -#}
{% set of_owners = {'team': 'owner_team', 'manager': 'owner_manager', 'owner_name': 'owner_label'} -%}

with

formats as (

    select * from {{ ref('export_formats') }}

),

-- Every text with all that it can be. Where the order of day and month is not known, a date that depends on it is null.
typed_texts as (

    select
        cell_texts.column_name,
        cell_texts.text_id,
        cell_texts.cell,
        case
            when formats.date_order = 'day first' or date_texts.day_first_date = date_texts.month_first_date
                then date_texts.day_first_date
            when formats.date_order = 'month first' then date_texts.month_first_date
        end as day,
        case
            when formats.decimal_mark = ',' then number_texts.comma_number
            when formats.decimal_mark = 'either' and number_texts.decimal_mark = ',' then number_texts.comma_number
            else number_texts.point_number
        end as number,
        case when cell_texts.column_name = 'amount_currency' then upper(cell_texts.cell) else number_texts.currency end
            as currency,
        level_mappings.level,
        name_texts.name,
        name_texts.owner_team,
        name_texts.owner_manager,
        name_texts.owner_label,
        outcome_texts.means,
        {{ yes_or_no('cell_texts.cell') }} as says,
        case when cell_texts.column_name = 'fiscal_period' then {{ quarter_number('cell_texts.cell') }} end
            as quarter,
        case when cell_texts.column_name = 'crm_probability' then {{ percentage('cell_texts.cell') }} end as percentage
    from {{ ref('cell_texts') }} as cell_texts
    cross join formats
    left join {{ ref('date_texts') }} as date_texts
        on cell_texts.column_name = date_texts.column_name and cell_texts.cell = date_texts.cell
    left join {{ ref('number_texts') }} as number_texts
        on cell_texts.cell = number_texts.cell
    left join {{ ref('level_mappings') }} as level_mappings
        on cell_texts.column_name = level_mappings.column_name and cell_texts.cell = level_mappings.spelling
    left join {{ ref('name_texts') }} as name_texts
        on cell_texts.column_name = name_texts.column_name and cell_texts.cell = name_texts.cell
    left join {{ ref('outcome_texts') }} as outcome_texts
        on cell_texts.cell = outcome_texts.cell

),

-- A CRM that writes no sign of percent may write probabilities as shares.
probability_scales as (

    select
        case
            when max(percentage) <= 1 and max(case when cell != replace(cell, '%', '') then 1 end) is null then 100
            else 1
        end as percent
    from typed_texts
    where column_name = 'crm_probability'

),

-- Of each column that the scope names: whether it says which levels are included, or which are left out, and whether
-- the deals without a level ('Unknown') are within it.
scope_values as (

    select
        *,
        {{ nfc('value') }} as value_nfc
    from {{ ref('raw_scope') }}

),

scope_keys as (

    select distinct
        column_name,
        {{ level_key('value_nfc') }} as scope_key,
        is_included
    from scope_values

),

scope_columns as (

    select
        column_name,
        bool_or(is_included) as has_included,
        not bool_or(not is_included and scope_key = 'unknown')
        and (not bool_or(is_included) or bool_or(is_included and scope_key = 'unknown')) as has_unknown
    from scope_keys
    group by column_name

),

blanks_in_scope as (

    select
        {% for column in scoped_columns -%}
        coalesce(not bool_or(column_name = '{{ column }}' and not has_unknown), true) as {{ column }},
        {% endfor -%}
        count(*) as n_columns
    from scope_columns

),

keyed_texts as (

    select
        *,
        {% if not var('time_zone') -%}
        case
            when column_name in ('closed_date', 'won_date', 'lost_date')
                then {{ is_near_month_end('day', 'cell') }}
        end as is_near_month_end,
        {% endif -%}
        {{ level_key('coalesce(level, name)') }} as level_key
    from typed_texts

),

-- Every text with whether its deals are within the scope.
scoped_texts as (

    select
        keyed_texts.*,
        excluded.scope_key is null
        and (included.scope_key is not null or not coalesce(scope_columns.has_included, false)) as is_in_scope
    from keyed_texts
    left join scope_columns on keyed_texts.column_name = scope_columns.column_name
    left join scope_keys as included
        on
            included.is_included
            and keyed_texts.column_name = included.column_name
            and keyed_texts.level_key = included.scope_key
    left join scope_keys as excluded
        on
            not excluded.is_included
            and keyed_texts.column_name = excluded.column_name
            and keyed_texts.level_key = excluded.scope_key

),

trimmed as (

    select
        {% for column in per_deal_columns() -%}
        {{ trimmed(column) }} as trimmed_{{ column }},
        {% endfor -%}
        *
    from {{ ref('raw_deals') }}

),

records as (

    select
        {% for column in per_deal_columns() -%}
        {{ null_if_empty('trimmed_' ~ column) }} as clean_{{ column }},
        {% endfor -%}
        *
    from trimmed

),

repeated_deals as (

    select * from {{ ref('repeated_deals') }}

),

joined as (

    select
        records.source_line,
        records.raw_text,
        records.read_error,
        {% for column in per_deal_columns() -%}
        records.clean_{{ column }} as {{ column }},
        {% endfor -%}
        repeated_deals.deal_id is not null as is_repeated,
        formats.outcome_from,
        formats.main_currency,
        {% for column in columns -%}
        {{ column }}_texts.cell as {{ column }},
        {% endfor -%}
        {% for column in date_columns() -%}
        {{ column }}_texts.day as {{ column }}_day,
        {% endfor -%}
        {% if var('time_zone') -%}
        false
        {%- else -%}
        case
            when closed_date_texts.day is not null then closed_date_texts.is_near_month_end
            else coalesce(won_date_texts.is_near_month_end, lost_date_texts.is_near_month_end, false)
        end
        {%- endif %} as is_close_near_month_end,
        {% for column in number_columns() + ['converted_amount'] -%}
        {{ column }}_texts.number as {{ column }}_number,
        {{ column }}_texts.currency as {{ column }}_currency,
        {% endfor -%}
        coalesce(amount_currency_texts.currency, deal_amount_texts.currency) as original_currency,
        case
            when converted_amount_texts.cell is not null
                then {{ 'converted_amount_texts.currency' if var('reporting_currency') else "'converted'" }}
            else coalesce(amount_currency_texts.currency, deal_amount_texts.currency)
        end as stated_currency,
        {% for column in category_columns() -%}
        {{ column }}_texts.level as {{ column }}_level,
        {% endfor -%}
        {% for column in name_columns() -%}
        {% if column in of_owners -%}
        coalesce(
            sales_rep_id_texts.{{ of_owners[column] }},
            owner_name_texts.{{ of_owners[column] }},
            {{ column }}_texts.name
        ) as {{ column }}_name,
        {% else -%}
        {{ column }}_texts.name as {{ column }}_name,
        {% endif -%}
        {% endfor -%}
        {% for column in ['is_deleted', 'is_removed', 'is_current_row', 'is_won', 'is_closed'] -%}
        {{ column }}_texts.says as says_{{ column }},
        {% endfor -%}
        {% for column in scoped_columns -%}
        {{ 'or ' if not loop.first }}case
            when {{ column }}_texts.cell is null then not blanks_in_scope.{{ column }}
            else not {{ column }}_texts.is_in_scope
        end{{ ' as is_out_of_scope,' if loop.last }}
        {% endfor -%}
        fiscal_period_texts.quarter as fiscal_quarter,
        crm_probability_texts.percentage * probability_scales.percent as crm_percentage,
        outcome_texts.means as outcome_means,
        deal_stage_texts.means as stage_means
    from records
    cross join formats
    cross join blanks_in_scope
    cross join probability_scales
    left join repeated_deals on records.clean_deal_id = repeated_deals.deal_id
    {% for column in columns -%}
    left join scoped_texts as {{ column }}_texts
        on {{ column }}_texts.column_name = '{{ column }}' and records.{{ column }} = {{ column }}_texts.text_id
    {% endfor %}
),

-- An amount that the CRM has converted replaces the one in the deal's currency. Where amounts are converted here, too,
-- it is in the reporting currency, unless it names another. The content of a row is the same for rows that are equal in
-- every column that is read; only rows of one deal are compared.
typed as (

    select
        ---------- where it came from
        source_line,
        raw_text,
        read_error,
        case when is_repeated then {{ row_content(export_columns()) }} end as row_content,

        ---------- ids
        deal_id,
        coalesce(says_is_deleted, false)
        or coalesce(says_is_removed, false)
        or 'Deleted' in (coalesce(outcome_means, ''), coalesce(stage_means, '')) as is_deleted,
        coalesce(not says_is_current_row, false) as is_history,
        is_out_of_scope,
        deal_name,
        {% for column in name_columns() -%}
        {% if column in ['sales_rep_id'] + feature_names() -%}
        coalesce({{ column }}_name, 'Unknown') as {{ column }},
        {% else -%}
        {{ column }}_name as {{ column }},
        {% endif -%}
        {% endfor -%}

        ---------- dates
        {% for column in date_columns() -%}
        {{ column }} as {{ column }}_text,
        {{ column }}_day as {{ column }},
        {% endfor -%}
        is_close_near_month_end,
        fiscal_quarter,

        ---------- categories
        {% for column in category_columns() -%}
        coalesce({{ column }}_level, 'Unknown') as {{ column }},
        {% endfor %}
        ---------- numbers
        {% for column in number_columns() -%}
        {% if column == 'deal_amount' -%}
        coalesce(converted_amount, deal_amount) as deal_amount_text,
        case when converted_amount is not null then converted_amount_number else deal_amount_number end as deal_amount,
        {% else -%}
        {{ column }} as {{ column }}_text,
        {{ column }}_number as {{ column }},
        {% endif -%}
        {% endfor -%}
        deal_amount_number as original_amount,
        original_currency,
        crm_percentage,
        case when stated_currency != main_currency then stated_currency end as foreign_currency,

        ---------- outcome
        case outcome_from
            when 'outcome'
                then coalesce(
                    outcome_means,
                    -- A word that is not known may be that of an open deal, which is_closed says.
                    case when outcome is null or not (says_is_closed or coalesce(says_is_won, false)) then 'Open' end
                )
            when 'is_won'
                then case
                    when is_won is not null and says_is_won is null then null
                    when is_closed is not null and says_is_closed is null then null
                    when says_is_won and not says_is_closed then null
                    when says_is_won then 'Won'
                    when not says_is_closed then 'Open'
                    when says_is_closed and not says_is_won then 'Lost'
                    when says_is_closed then stage_means
                    else coalesce(stage_means, 'Open')
                end
            when 'won_date'
                then case
                    when won_date is not null then 'Won'
                    when lost_date is not null then 'Lost'
                    else 'Open'
                end
            else coalesce(stage_means, case when deal_stage is not null then 'Open' end)
        end as outcome_read,
        case
            when outcome_from = 'is_won' and says_is_won and not says_is_closed
                then 'won, but not closed'
            else coalesce(outcome, is_won, won_date, lost_date)
        end as outcome_text,
        outcome_from,
        case when stage_means in ('Won', 'Lost') then stage_means end as stage_outcome
    from joined

),

-- The outcome is unknown where a won or lost date that says it cannot be parsed. Of both dates the later one says it.
understood as (

    select
        *,
        case
            when
                outcome_from = 'won_date'
                and (
                    (won_date_text is not null and won_date is null)
                    or (lost_date_text is not null and lost_date is null)
                )
                then null
            when outcome_from = 'won_date' and lost_date > won_date then 'Lost'
            else outcome_read
        end as outcome_word
    from typed

),

-- The date that closes the deal depends on its outcome. A stage that leaks the outcome becomes 'Closed'.
final as (

    select
        source_line,
        raw_text,
        read_error,
        row_content,
        deal_id,
        is_deleted,
        is_history,
        is_out_of_scope,
        deal_name,
        {% for column in name_columns() -%}
        {{ column }},
        {% endfor -%}
        {% for column in date_columns() -%}
        {{ column }}_text,
        {{ column }},
        {% endfor -%}
        case outcome_word
            when 'Won' then coalesce(closed_date_text, won_date_text)
            when 'Lost' then coalesce(closed_date_text, lost_date_text)
            else closed_date_text
        end as close_date_text,
        case outcome_word
            when 'Won' then coalesce(closed_date, won_date)
            when 'Lost' then coalesce(closed_date, lost_date)
            else coalesce(expected_close_date, closed_date)
        end as close_date,
        is_close_near_month_end,
        fiscal_quarter,
        {% for column in category_columns() -%}
        {{ "case when stage_outcome is not null then 'Closed' else deal_stage end as deal_stage"
            if column == 'deal_stage' else column }},
        {% endfor -%}
        {% for column in number_columns() -%}
        {{ column }}_text,
        {{ column }},
        {% endfor -%}
        original_amount,
        original_currency,
        foreign_currency,
        crm_percentage,
        outcome_text,
        stage_outcome,
        case when outcome_word in ('Won', 'Lost') then outcome_word end as outcome,
        coalesce(outcome_word = 'Open', false) as is_open
    from understood

)

select * from final
