-- Rejected rows whose outcome is known: with them, the win rate would be another one.

with

closed as (

    select
        count(case when reject_code is null and not is_open then 1 end) as n_accepted,
        count(case when reject_code is null and not is_open and outcome = 'Won' then 1 end) as n_accepted_won,
        count(case when reject_code is not null then 1 end) as n_rejected,
        count(case when reject_code is not null and stated_outcome = 'Won' then 1 end) as n_rejected_won
    from {{ ref('checked_rows') }}
    -- The other rows of a deal that is used say nothing more.
    where
        stated_outcome in ('Won', 'Lost')
        and (reject_code is null or reject_code not in ({{ quoted_list(skipped_codes() + ['duplicate_deal_id']) }}))

),

rates as (

    select
        n_rejected,
        {{ win_rate('n_accepted_won', 'n_accepted') }} as win_rate,
        {{ win_rate('(n_accepted_won + n_rejected_won)', '(n_accepted + n_rejected)') }} as win_rate_of_all
    from closed

),

found as (

    select
        n_rejected as n_deals,
        'The win rate is ' || {{ as_percent('win_rate') }} || ', and would be ' || {{ as_percent('win_rate_of_all') }}
        || ' with the ' || {{ as_count('n_rejected') }} || ' rejected rows whose outcome is known ('
        || {{ as_points('100 * (win_rate_of_all - win_rate)') }} || ' '
        || case when win_rate_of_all > win_rate then 'more' else 'less' end
        || '): correct them; quality.rejected_deals has the reasons.' as message
    from rates
    where 100 * abs(win_rate_of_all - win_rate) >= {{ var('min_effect_pp') }}

)

{{ check_shape('found', severity='warning') }}
