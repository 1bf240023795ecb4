with

rejected as (

    select * from {{ ref('checked_rows') }} where reject_code is not null

),

final as (

    select
        source_line,
        raw_text,
        reject_code as reason_code,
        case reject_code
            when 'blank_line' then 'the line is blank'
            when 'wrong_column_count' then 'the line does not have as many cells as the header'
            when 'unreadable_quotes' then 'a quotation mark is opened and not closed, or closed too early'
            when 'nul_character' then 'the line holds a NUL character: the file is damaged'
            when 'above_header' then 'the line stands above the header'
            when 'header_again' then 'the line repeats the header'
            when 'missing_deal_id' then 'deal_id is empty'
            when 'missing_created_date' then 'created_date is empty'
            when 'bad_created_date'
                then 'created_date ''' || created_date_text || ''' cannot be read as a date'
            when 'bad_outcome'
                then 'outcome ''' || outcome_text || ''' is none of Won, Lost, Open or empty; say what it means in MAPPING'
            when 'outcome_against_stage'
                then 'the deal is ' || coalesce(stated_outcome, 'open') || ' but its stage says ' || stage_outcome
            when 'missing_closed_date' then 'the deal is ' || outcome || ' but closed_date is empty'
            when 'bad_closed_date'
                then 'closed_date ''' || close_date_text || ''' cannot be read as a date'
            when 'implausible_date'
                then
                    case
                        when created_date < date '1970-01-01' or created_date >= first_slip_date or close_date_text is null
                            then 'created_date ' || created_date
                        else 'closed_date ' || close_date_text
                    end
                    || ' is before 1970, far beyond all other dates of the export, or still to come'
            when 'closed_before_created'
                then 'closed_date ' || close_date || ' is before created_date ' || created_date
            when 'created_after_as_of_date'
                then 'created_date ' || created_date || ' is after the as-of date ' || as_of_date
            when 'bad_deal_amount' then 'deal_amount ''' || deal_amount_text || ''' is not a number'
            when 'negative_deal_amount' then 'deal_amount ' || deal_amount_text || ' is negative'
            when 'absurd_deal_amount' then 'deal_amount ' || deal_amount_text || ' is beyond {{ var("max_deal_amount") }}'
            when 'other_currency' then 'deal_amount ' || deal_amount_text || ' is in another currency than most'
            when 'exact_duplicate' then 'deal_id ' || deal_id || ' stands in line ' || kept_line || ' too, the same in every column that is read'
            when 'duplicate_deal_id'
                then 'deal_id ' || deal_id || ' stands in line ' || kept_line || ' too, with other values, and one row per deal is used: the closed one, else the one with the latest dates'
        end as reason,
        reject_code in ({{ quoted_list(skip_codes()) }}) as is_skipped,
        deal_id
    from rejected

)

select * from final
