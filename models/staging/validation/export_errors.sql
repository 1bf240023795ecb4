-- The reasons for which the whole export cannot be used, each with a sentence; no row where it can.

-- Words that a stage has if it ends a deal, in whatever combination.
{% set outcome_words = [
    'won', 'lost', 'gewonnen', 'verloren', 'perdu', 'perdue', 'ganado', 'ganada', 'perdido', 'perdida', 'vinto', 'vinta',
    'perso', 'ganho', 'ganha', 'vunnen', 'vunnet', 'vundet', 'tabt', 'tapt', 'wygrana', 'przegrana',
] -%}

with

formats as (

    select * from {{ ref('export_formats') }}

),

-- The levels of the columns that the scope names, those of most deals first.
ranked_levels as (

    select
        *,
        cast(row_number() over (partition by column_name order by n_deals desc, level asc) as bigint) as place
    from {{ ref('scope_levels') }}

),

scoped_levels as (

    select
        {{ text_list(
            "'the ' || column_name || ' ' || " ~ brief('level', 40) ~ " || ' (' || " ~ as_count('n_deals') ~ " || ')'",
            ', ', 'column_name asc, place asc'
        ) }} as list
    from ranked_levels
    where place <= 8

),

outcome_mappings as (

    select * from {{ ref('value_mappings') }} where kind = 'outcome'

),

totals as (

    select
        count(*) as n_rows,
        count(case when reject_code is null then 1 end) as n_accepted,
        count(case when reject_code in ({{ quoted_list(skipped_codes()) }}) then 1 end) as n_skipped,
        count(case when reject_code = 'out_of_scope' then 1 end) as n_out_of_scope,
        count(case when stated_outcome = 'Won' then 1 end) as n_won,
        count(case when stated_outcome = 'Lost' then 1 end) as n_lost,
        count(case when reject_code = 'bad_outcome' then 1 end) as n_not_understood,
        min(case when reject_code = 'bad_outcome' then outcome_text end) as outcome_example
    from {{ ref('checked_rows') }}

),

reason_counts as (

    select
        reject_code,
        count(*) as n_rows
    from {{ ref('checked_rows') }}
    where reject_code is not null
    group by reject_code

),

reasons as (

    select
        {{ text_list(as_count('n_rows') ~ " || ' ' || reject_code", ', ', 'n_rows desc, reject_code asc') }} as list
    from reason_counts

),

-- The reasons for which rows are rejected, each with its first row.
rejections as (

    select
        reject_code,
        {{ reject_reason() }} as reason,
        source_line,
        count(*) over (partition by reject_code) as n_rows
    from {{ ref('checked_rows') }}
    where reject_code is not null and reject_code not in ({{ quoted_list(skipped_codes()) }})
    qualify row_number() over (partition by reject_code order by source_line) = 1

),

rejection_totals as (

    select cast(coalesce(sum(n_rows), 0) as bigint) as n_rejected from rejections

),

top_rejections as (

    select *
    from rejections
    qualify row_number() over (order by n_rows desc, reject_code asc) <= 3

),

rejection_examples as (

    select
        {{ text_list(
            as_count('n_rows') ~ " || ' ' || reject_code || ': line ' || source_line || ', ' || " ~ brief('reason', 100),
            line_break(), 'n_rows desc, reject_code asc'
        ) }} as list
    from top_rejections

),

-- The dates of the accepted rows: whether they can be used.
dates as (

    select
        'created_date' as column_name,
        source_line,
        created_date_text as cell,
        created_date is null as is_unusable
    from {{ ref('checked_rows') }}
    where reject_code is null

    union all

    select
        'closed_date' as column_name,
        source_line,
        close_date_text as cell,
        close_date is null as is_unusable
    from {{ ref('checked_rows') }}
    where reject_code is null and not is_open

),

unusable_dates as (

    select
        column_name,
        count(*) as n_dates,
        count(case when is_unusable then 1 end) as n_unusable,
        min(case when is_unusable then source_line end) as first_line,
        min_by(cell, source_line) filter (where is_unusable) as example
    from dates
    where cell is not null or not is_unusable
    group by column_name

),

-- Deals of which several rows name different stages. Only rows of one of several with an id have a row_content.
stages_of_deals as (

    select
        deal_id,
        count(distinct nullif(deal_stage, 'Unknown')) as n_stages
    from {{ ref('checked_rows') }}
    where row_content is not null and deal_id is not null and not coalesce(is_deleted or is_history, false)
    group by deal_id

),

single_rows as (

    select count(*) as n_deals
    from {{ ref('checked_rows') }}
    where row_content is null and deal_id is not null and not coalesce(is_deleted or is_history, false)

),

stage_changes as (

    select
        max(single_rows.n_deals) + count(stages_of_deals.deal_id) as n_deals,
        count(case when stages_of_deals.n_stages > 1 then 1 end) as n_with_several
    from single_rows
    left join stages_of_deals on true

),

stage_names as (

    select distinct level as stage
    from {{ ref('level_mappings') }}
    where column_name = 'deal_stage'

),

keyed_stages as (

    select
        stage,
        {{ level_key('stage') }} as level_key,
        {{ level_key(without_remark('stage')) }} as bare_key
    from stage_names

),

unknown_stages as (

    select {{ text_list('keyed_stages.stage', ', ', 'keyed_stages.stage') }} as list
    from keyed_stages
    left join outcome_mappings
        on keyed_stages.level_key = outcome_mappings.level_key or keyed_stages.bare_key = outcome_mappings.level_key
    where outcome_mappings.level_key is null and {{ contains_word('keyed_stages.stage', outcome_words) }}

),

first_stages as (

    select stage
    from stage_names
    order by stage
    limit 20

),

stages as (

    select {{ text_list('stage', ', ', 'stage') }} as list
    from first_stages

),

errors as (

    select
        'date_order' as error_code,
        'dates such as ''' || slash_date_example || ''' can be read day first or month first, and '
        || case
            when date_order = 'ambiguous' then 'no date of the file can be read in one way only'
            else 'some dates of the file are only possible day first, others only month first'
        end
        || '; say DATE_FORMAT=dd/mm/yyyy or DATE_FORMAT=mm/dd/yyyy' as message
    from formats
    where date_order in ('ambiguous', 'contradictory')

    union all

    select
        'date_order' as error_code,
        'dates such as ''' || slash_date_example || ''' seem to '
        || case when date_order = 'day second' then 'have the day before the month' else 'begin with the year' end
        || '; write dates as YYYY-MM-DD' as message
    from formats
    where date_order in ('short year first', 'day second')

    union all

    select
        'date_order' as error_code,
        'dates such as ''' || slash_date_example || ''' are text, and the other dates of their column have no day '
        || 'after the 12th: a spreadsheet has read some dates with day and month exchanged and left the others; export '
        || 'the file again and do not save it with a spreadsheet, or write dates as YYYY-MM-DD' as message
    from formats
    where date_order = 'half converted'

    union all

    select
        'decimal_mark' as error_code,
        case
            when decimal_mark = 'ambiguous'
                then
                    'amounts such as ''' || unclear_amount_example || ''' can be thousands or decimals, '
                    || 'and too few amounts of the file can be read in one way only'
            else 'some amounts are written with a decimal comma, others with a decimal point'
        end
        || '; say DECIMAL_MARK=. or DECIMAL_MARK=,' as message
    from formats
    where decimal_mark in ('ambiguous', 'contradictory')

    union all

    select
        'several_currencies' as error_code,
        'the amounts are in several currencies, ' || currency_list
        || '; export them in one (Salesforce: Amount (converted), HubSpot: Amount in company currency), or set '
        || 'reporting_currency and say in rates.csv of CONFIG what the others are worth' as message
    from formats
    where n_in_other_currencies > 0.01 * n_with_currency and {{ not var('reporting_currency') }}

    union all

    select
        'missing_rates' as error_code,
        'amounts are in currencies that have no rate, ' || other_currency_list || '; add a line to rates.csv of CONFIG '
        || 'for each, its currency, the first day and how many ' || main_currency || ' one is worth' as message
    from formats
    where n_in_other_currencies > 0.01 * n_with_currency and {{ var('reporting_currency') != '' }}

    union all

    select
        'no_outcome' as error_code,
        'nothing says which deals were won or lost: there is no column outcome, and no stage ('
        || coalesce(stages.list, 'none') || ') is known to mean Won or Lost; say so in MAPPING' as message
    from formats
    cross join totals
    cross join stages
    where formats.outcome_from = 'deal_stage' and totals.n_won + totals.n_lost = 0

    union all

    -- The words that are not understood may be those of all won deals, or of all lost ones.
    select
        'outcome_words' as error_code,
        'none of its outcomes is read as '
        || case
            when totals.n_won + totals.n_lost = 0 then 'Won or Lost'
            when totals.n_won = 0 then 'Won'
            else 'Lost'
        end
        || ', and ' || {{ as_count('totals.n_not_understood') }} || ' are not understood, such as '''
        || totals.outcome_example || '''; say in MAPPING what they mean, '
        || 'a CSV of kind,found,means with lines such as ''outcome,Signed,Won''' as message
    from formats
    cross join totals
    where formats.outcome_from = 'outcome' and totals.n_not_understood > 0 and (totals.n_won = 0 or totals.n_lost = 0)

    union all

    -- An outcome that is derived from other columns can miss all won deals, or all lost ones.
    select
        'one_outcome' as error_code,
        'of {{ var("min_rows_for_both_outcomes") }} rows or more none is '
        || case when totals.n_won = 0 then 'won' else 'lost' end || ', by ' || formats.outcome_from
        || '; say in MAPPING which of its values, or of the stages (' || coalesce(stages.list, 'none')
        || '), mean Won and Lost' as message
    from formats
    cross join totals
    cross join stages
    where
        formats.outcome_from != 'outcome'
        and totals.n_rows >= {{ var('min_rows_for_both_outcomes') }}
        and (totals.n_won = 0) != (totals.n_lost = 0)

    union all

    select
        'unknown_stages' as error_code,
        'the stages ' || unknown_stages.list || ' seem to name an outcome; say in MAPPING whether they mean Won, '
        || 'Lost or Open' as message
    from formats
    cross join unknown_stages
    where formats.outcome_from in ('deal_stage', 'is_won') and unknown_stages.list is not null

    union all

    -- Dates that are not read because their order is not known have a message above.
    select
        'no_usable_row' as error_code,
        'none of its ' || {{ as_count('totals.n_rows') }} || ' rows can be used:{{ line_break() }}'
        || coalesce(rejection_examples.list, reasons.list) as message
    from formats
    cross join totals
    cross join reasons
    cross join rejection_examples
    where
        totals.n_accepted = 0
        and totals.n_out_of_scope = 0
        and formats.date_order in ('day first', 'month first', 'not needed')

    union all

    select
        'empty_scope' as error_code,
        'no deal is within the scope; the export has ' || scoped_levels.list as message
    from totals
    cross join scoped_levels
    where totals.n_accepted = 0 and totals.n_out_of_scope > 0

    union all

    select
        'stage_history' as error_code,
        {{ as_count('n_with_several') }} || ' of its ' || {{ as_deals('n_deals') }}
        || ' have several rows with different stages: it is a history of stages, and not an export of deals; '
        || 'export one row per deal, as it stands now (Salesforce: Opportunity instead of OpportunityHistory, '
        || 'HubSpot: deals instead of their property history)' as message
    from stage_changes
    where n_with_several > 0.5 * n_deals

),

-- Rejected rows, and dates that cannot be used, are an error of their own only where no other error explains them.
final as (

    select * from errors

    union all

    select
        'rejected_rows' as error_code,
        {{ as_count('rejection_totals.n_rejected') }} || ' of its '
        || {{ as_count('totals.n_rows - totals.n_skipped') }} || ' rows are rejected, more than max_rejected_share ('
        || {{ as_percent(var('max_rejected_share')) }} || ') allows:{{ line_break() }}'
        || rejection_examples.list
        || '{{ line_break() }}correct them in the export, or raise max_rejected_share to build without them' as message
    from totals
    cross join rejection_totals
    cross join rejection_examples
    where
        rejection_totals.n_rejected > {{ var('max_rejected_share') }} * (totals.n_rows - totals.n_skipped)
        and not exists (select 1 from errors)

    union all

    select
        'unusable_dates' as error_code,
        column_name || ' cannot be used in ' || {{ as_count('n_unusable') }} || ' of the ' || {{ as_count('n_dates') }}
        || ' rows that have one, more than max_rejected_share (' || {{ as_percent(var('max_rejected_share')) }}
        || ') allows, such as ''' || {{ brief('example', 40) }} || ''' in line ' || first_line
        || ': it is no date, before 1970, far later than all others, or a close before the creation; '
        || 'write dates as YYYY-MM-DD, or say in MAPPING which column is ' || column_name as message
    from unusable_dates
    where
        n_unusable > {{ var('max_rejected_share') }} * n_dates
        and not exists (select 1 from errors)

)

select * from final
