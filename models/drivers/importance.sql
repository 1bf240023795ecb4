{{ contracted(ref('est_importance')) }}
order by coefficient, feature
