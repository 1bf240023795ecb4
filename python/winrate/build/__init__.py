"""One build: dbt beside the published database, checks, and the swap."""
