-- Every row of the export with the one reason for which it cannot be used, or null.

with

typed_rows as (

    select * from {{ ref('typed_rows') }}

),

as_of_dates as (

    select * from {{ ref('as_of_dates') }}

),

-- A deal that closed later than the as-of date was open on it.
as_it_stood as (

    select
        typed_rows.* exclude (is_open, outcome, close_date),
        as_of_dates.as_of_date,
        as_of_dates.first_slip_date,
        coalesce(
            typed_rows.created_date >= as_of_dates.first_slip_date
            or typed_rows.created_date < date '1970-01-01'
            or (
                not typed_rows.is_open
                and (
                    typed_rows.close_date >= as_of_dates.first_slip_date
                    or typed_rows.close_date < date '1970-01-01'
                )
            ),
            false
        ) as has_implausible_date,
        typed_rows.is_open
        or coalesce(typed_rows.close_date > as_of_dates.as_of_date and typed_rows.outcome is not null, false)
            as is_open,
        case when typed_rows.is_open or typed_rows.close_date <= as_of_dates.as_of_date then typed_rows.close_date end
            as close_date,
        case
            when typed_rows.close_date > as_of_dates.as_of_date then cast(null as {{ dbt.type_string() }})
            else typed_rows.outcome
        end as outcome,
        typed_rows.outcome as stated_outcome
    from typed_rows
    cross join as_of_dates

),

judged as (

    select
        *,
        case
            when read_error is not null then read_error
            when deal_id is null then 'missing_deal_id'
            when created_date_text is null then 'missing_created_date'
            when created_date is null then 'bad_created_date'
            when not is_open and outcome is null then 'bad_outcome'
            when stage_outcome != coalesce(stated_outcome, 'Open') then 'outcome_against_stage'
            when not is_open and close_date_text is null then 'missing_closed_date'
            when not is_open and close_date is null then 'bad_closed_date'
            when has_implausible_date then 'implausible_date'
            when not is_open and close_date < created_date then 'closed_before_created'
            when created_date > as_of_date then 'created_after_as_of_date'
            when deal_amount_text is not null and deal_amount is null then 'bad_deal_amount'
            when deal_amount < 0 then 'negative_deal_amount'
            when deal_amount > {{ var('max_deal_amount') }} then 'absurd_deal_amount'
            when is_other_currency then 'other_currency'
        end as row_reject_code
    from as_it_stood

),

-- Of several usable rows of a deal the one that knows most is the deal: a closed one before an
-- open one, then the one with the latest dates, whatever the order of the rows. Ids that differ
-- only by case are two deals.
numbered as (

    select
        *,
        row_number() over (latest_first) as place,
        first_value(source_line) over (latest_first) as kept_line,
        first_value(row_content) over (latest_first) as kept_content
    from judged
    window
        latest_first as (
            partition by deal_id, row_reject_code
            order by
                is_open asc,
                close_date desc nulls last,
                stage_entered_date desc nulls last,
                created_date desc,
                row_content asc,
                source_line asc
        )

),

final as (

    select
        *,
        case
            when row_reject_code is null and place > 1 and row_content = kept_content then 'exact_duplicate'
            when row_reject_code is null and place > 1 then 'duplicate_deal_id'
            else row_reject_code
        end as reject_code
    from numbered

)

select * from final
