-- The rules in force: those of seeds/alert_rules.csv, with what the user's own file puts in their place.

{{ contracted(ref('raw_alert_rules')) }}
