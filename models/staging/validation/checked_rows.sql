-- Every row of the export with the one reason for which it cannot be used, or null.

{{ config(drops=['typed_rows']) }}

with

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

excluded_rows as (

    select * from {{ ref('excluded_rows') }}

),

converted_amounts as (

    select * from {{ ref('converted_amounts') }}

),

-- The rows of deals that have several are judged on their own first, to compare them.
{% for rows in ['repeated', 'all'] -%}
-- A date before 1970, far later than all others or in the future is a typo, and so is a close before the creation.
plausible_{{ rows }} as (

    select
        typed_rows.*,
        as_of_dates.as_of_date,
        as_of_dates.has_created_dates,
        excluded_rows.reason as exclusion_reason,
        coalesce(converted_amounts.deal_amount, typed_rows.deal_amount) as amount_converted,
        typed_rows.foreign_currency is not null and converted_amounts.source_line is null as is_other_currency,
        coalesce(
            typed_rows.created_date >= as_of_dates.first_outlier_date
            or typed_rows.created_date < date '1970-01-01',
            false
        ) as has_implausible_created_date,
        coalesce(
            not typed_rows.is_open
            and (
                typed_rows.close_date >= as_of_dates.first_outlier_date
                or typed_rows.close_date < date '1970-01-01'
                or typed_rows.close_date < typed_rows.created_date
            ),
            false
        ) as has_implausible_close_date
    from {{ ref('typed_rows') }} as typed_rows
    cross join as_of_dates
    left join excluded_rows on typed_rows.source_line = excluded_rows.source_line
    left join converted_amounts on typed_rows.source_line = converted_amounts.source_line
    {{ 'where typed_rows.row_content is not null' if rows == 'repeated' }}

),

-- A deal that closed later than the as-of date was open on it. A deal whose outcome is known counts without the
-- dates that cannot be used.
as_it_stood_{{ rows }} as (

    select
        ---------- where it came from
        source_line,
        raw_text,
        read_error,
        row_content,

        ---------- ids
        deal_id,
        is_deleted,
        is_history,
        is_out_of_scope,
        exclusion_reason,
        deal_name,
        {% for column in name_columns() -%}
        {{ column }},
        {% endfor %}
        ---------- dates
        {% for column in date_columns() -%}
        {{ column }}_text,
        {% if column != 'created_date' -%}
        {{ column }},
        {% endif -%}
        {% endfor -%}
        close_date_text,
        case when is_open or not has_implausible_created_date then created_date end as created_date,
        case
            when is_open or (close_date <= as_of_date and not has_implausible_close_date) then close_date
        end as close_date,
        is_close_near_month_end,
        fiscal_quarter,
        as_of_date,
        coalesce(has_created_dates, true) as has_created_dates,
        has_implausible_created_date,
        has_implausible_close_date,

        ---------- categories
        {% for column in category_columns() -%}
        {{ column }},
        {% endfor %}
        ---------- numbers
        {% for column in number_columns() -%}
        {{ column }}_text,
        {{ 'amount_converted as deal_amount' if column == 'deal_amount' else column }},
        {% endfor -%}
        original_amount,
        original_currency,
        is_other_currency,
        crm_percentage,

        ---------- outcome
        outcome_text,
        stage_outcome,
        outcome as stated_outcome,
        case when has_implausible_close_date or coalesce(close_date <= as_of_date, true) then outcome end as outcome,
        is_open
        or coalesce(close_date > as_of_date and not has_implausible_close_date and outcome is not null, false)
            as is_open
    from plausible_{{ rows }}

),

judged_{{ rows }} as (

    select
        *,
        case
            when read_error is not null then read_error
            {% for reason in reject_reasons() if reason.condition -%}
            when {{ reason.condition }} then '{{ reason.code }}'
            {% endfor -%}
        end as row_reject_code
    from as_it_stood_{{ rows }}

),

{% endfor -%}

-- Of several usable rows of a deal one is kept: a closed one rather than an open one, then the one with
-- the latest dates, whatever the order of the rows. Ids that differ only by case are two deals.
compared as (

    select
        source_line,
        cast(row_number() over (latest_first) as bigint) as place,
        first_value(source_line) over (latest_first) as kept_line,
        first_value(row_content) over (latest_first) as kept_content
    from judged_repeated
    window
        latest_first as (
            partition by deal_id, row_reject_code
            order by
                is_open asc,
                close_date desc nulls last,
                stage_entered_date desc nulls last,
                created_date desc nulls last,
                row_content asc,
                source_line asc
        )

),

coded as (

    select
        judged_all.*,
        compared.kept_line,
        case
            when row_reject_code is null and compared.place > 1 and row_content = compared.kept_content
                then 'exact_duplicate'
            when row_reject_code is null and compared.place > 1 then 'duplicate_deal_id'
            else row_reject_code
        end as reject_code
    from judged_all
    left join compared on judged_all.source_line = compared.source_line

),

-- The text of a value is kept where the value is not used. Of the dates that close a deal one is kept.
final as (

    select
        source_line,
        raw_text,
        read_error,
        row_content,
        deal_id,
        is_deleted,
        is_history,
        exclusion_reason,
        deal_name,
        {% for column in name_columns() -%}
        {{ column }},
        {% endfor -%}
        {% for column in date_columns() + ['close_date'] + number_columns() -%}
        {% if column in ['created_date', 'stage_entered_date', 'close_date'] + number_columns() -%}
        {{ column }},
        {% endif -%}
        case when reject_code is not null or {{ column }} is null then {{ column }}_text end as {{ column }}_text,
        {% endfor -%}
        is_close_near_month_end,
        fiscal_quarter,
        as_of_date,
        has_created_dates,
        has_implausible_created_date,
        has_implausible_close_date,
        {% for column in category_columns() -%}
        {{ column }},
        {% endfor -%}
        original_amount,
        original_currency,
        is_other_currency,
        crm_percentage,
        case when reject_code is not null then outcome_text end as outcome_text,
        stage_outcome,
        stated_outcome,
        outcome,
        is_open,
        kept_line,
        reject_code
    from coded

)

select * from final
