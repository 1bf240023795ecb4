"""What a claim must satisfy: the thresholds that every table with `evidence` shares."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ClaimRules:
    """The settings of the same names in `vars` of dbt_project.yml, which describes them."""

    min_deals_per_level: int
    min_outcomes: int
    min_deals_per_window: int
    low_evidence_outcomes: int
    max_q_value: float
    max_p_value: float
