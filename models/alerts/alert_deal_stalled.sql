-- An open deal that has been in its stage for more days than the threshold. Where the export does
-- not say when the deal entered the stage, days_in_stage is the deal's age.

with

rule as (

    {{ alert_rule(from_data='(select stalled_days from ' ~ ref('pipeline_totals') ~ ')') }}

),

stalled as (

    select
        {{ deal_columns('deals') }},
        deals.days_in_stage as observed_value,
        {{ deal_title('deals') }} || ': '
        || case
            when deals.is_stage_date_known then {{ as_days('deals.days_in_stage') }} || ' in its stage'
            else 'open for ' || {{ as_days('deals.days_in_stage') }}
        end
        || ', more than ' || {{ as_count('rule.threshold_value') }} as message
    from {{ ref('open_deals') }} as deals
    cross join rule
    where deals.days_in_stage > rule.threshold_value

)

{{ alert_shape('stalled', entity_type='deal', provides=deal_provides()) }}
