-- What was found in the data: the rows of every check. A new check is added to this list.

with

found as (

    {{ union_all([
        'check_rejected_rows_move_win_rate',
        'check_deals_are_pooled',
        'check_scope_value_not_found',
        'check_exclusion_not_used',
        'check_owner_not_used',
        'check_owner_without_team',
        'check_target_not_used',
        'check_rate_not_in_force',
        'check_date_is_missing',
        'check_column_is_missing',
        'check_fiscal_year_unclear',
        'check_close_near_quarter_end',
        'check_one_outcome',
        'check_open_deals_seem_closed',
        'check_born_closed',
        'check_stage_history_gaps',
        'check_too_few_deals',
        'check_low_evidence',
        'check_feature_names_outcome',
        'check_missing_knows_outcome',
        'check_feature_repeats_another',
        'check_feature_has_one_level',
        'check_feature_is_identifier',
        'check_features_not_paired',
        'check_level_repeats_others',
        'check_level_is_determined',
        'check_quasi_separation',
        'check_level_is_new',
        'check_cycle_disagrees_with_dates',
        'check_cells_not_read',
        'check_loss_reason_is_missing',
        'check_loss_reason_is_other',
    ]) }}

)

select * from found
order by severity desc, check_name asc, feature asc nulls last, level asc nulls last, message asc
