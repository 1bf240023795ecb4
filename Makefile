# Every target with one line each: `make help`.

CONFIG    ?=
DEALS     ?=
STAGES    ?=
SOURCE    ?=
WAREHOUSE ?=
REPORT    ?=
AS_OF     ?=
MAPPING   ?=
DATE_FORMAT  ?=
DECIMAL_MARK ?=
SCOPE        ?=
TARGET    ?= duckdb
THREADS   ?=
EXPORT    ?=
STATE     ?=
BACKUP    ?=
MAX_AGE   ?= 26h

PYTHON    ?= python3
VENV      := .venv
BIN       := $(VENV)/bin
READY     := $(VENV)/.ready

# Recipes read them from the environment, as they were given: neither make nor the shell takes
# anything in a file name for a command.
SETTINGS  := CONFIG DEALS STAGES SOURCE WAREHOUSE REPORT AS_OF MAPPING DATE_FORMAT DECIMAL_MARK SCOPE TARGET THREADS EXPORT MAX_AGE STATE BACKUP
$(foreach name,$(SETTINGS),$(eval override $(name) := $$(value $(name))))
export $(SETTINGS)
export DO_NOT_TRACK := 1

.DEFAULT_GOAL := help
.PHONY: help setup init check build report export check-fresh state-export state-import test test-fast lint format docs evidence bench reliability audit sample lock clean

help:  ## Show this help
	@echo "make build           a CRM export to a warehouse and a report"
	@echo
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)
	@echo
	@echo "Variables of make build (of make check, the first seven; of make report, WAREHOUSE and REPORT):"
	@echo "  DEALS=$$DEALS    the export: .csv, .csv.gz, .xlsx or .parquet"
	@echo "  STAGES=$$STAGES    the history of the deals' stages, in any of the same formats"
	@echo "  SOURCE=$$SOURCE    in place of both, a DuckDB file or a folder of Parquet with tables of Fivetran's dbt packages"
	@echo "  MAPPING=$$MAPPING    a CSV of kind,found,means: what columns and values of the export mean"
	@echo "  DATE_FORMAT=$$DATE_FORMAT    dd/mm/yyyy or mm/dd/yyyy; default: inferred from all dates of the file"
	@echo "  DECIMAL_MARK=$$DECIMAL_MARK    . or ,; default: inferred from all amounts of the file"
	@echo "  SCOPE=$$SCOPE    the deals to build from, such as 'deal_type=New Business'; default: all"
	@echo "  WAREHOUSE=$$WAREHOUSE    the database file"
	@echo "  REPORT=$$REPORT    the folder of the page"
	@echo "  AS_OF=$$AS_OF    the as-of date, YYYY-MM-DD; default: the newest date in the data"
	@echo "  TARGET=$$TARGET    a target of profiles.yml"
	@echo "  THREADS=$$THREADS    how many threads build; default: one per core; the tables are the same"
	@echo "  STATE=$$STATE    the folder of what outlives builds; default: beside the warehouse"
	@echo "Of make export:"
	@echo "  EXPORT=$$EXPORT    the folder of the CSV files"
	@echo "Of make check-fresh:"
	@echo "  MAX_AGE=$$MAX_AGE    how old the build may be: 90m, 26h, 7d"
	@echo "Of make state-export and make state-import, also WAREHOUSE and STATE:"
	@echo "  BACKUP=$$BACKUP    the file with the state; default: beside the state"
	@echo
	@echo "  make build DEALS=path/to/export.csv"

setup: $(READY)  ## Create .venv and install everything from the lock (the others do this first)

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
			"Name another with PYTHON=..." >&2; exit 1; }
	@echo "Setting up $(VENV) (once; two to three minutes) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

build: $(READY)  ## Build the warehouse and the report from an export
	@$(BIN)/python -m winrate build --config="$$CONFIG" --deals="$$DEALS" --stages="$$STAGES" --source="$$SOURCE" --warehouse="$$WAREHOUSE" \
		--report="$$REPORT" --as-of="$$AS_OF" --target="$$TARGET" --threads="$$THREADS" \
		--mapping="$$MAPPING" --date-format="$$DATE_FORMAT" --decimal-mark="$$DECIMAL_MARK" --scope="$$SCOPE" \
		--state="$$STATE"

init: $(READY)  ## Write a folder of settings (CONFIG) with what is known about an export (DEALS)
	@$(BIN)/python -m winrate init --config="$$CONFIG" --deals="$$DEALS" --stages="$$STAGES" --source="$$SOURCE" --mapping="$$MAPPING" \
		--date-format="$$DATE_FORMAT" --decimal-mark="$$DECIMAL_MARK" --scope="$$SCOPE"

check: $(READY)  ## Say how an export would be read and what would be rejected, and build nothing
	@$(BIN)/python -m winrate check --config="$$CONFIG" --deals="$$DEALS" --stages="$$STAGES" --source="$$SOURCE" --mapping="$$MAPPING" \
		--date-format="$$DATE_FORMAT" --decimal-mark="$$DECIMAL_MARK" --scope="$$SCOPE"

report: $(READY)  ## Draw the report of a built warehouse again
	@$(BIN)/python -m winrate report --config="$$CONFIG" --warehouse="$$WAREHOUSE" --report="$$REPORT"

export: $(READY)  ## Write every public table of a built warehouse as a CSV file
	@$(BIN)/python -m winrate export --config="$$CONFIG" --warehouse="$$WAREHOUSE" --folder="$$EXPORT"

check-fresh: $(READY)  ## Fail if the published build is older than MAX_AGE
	@$(BIN)/python -m winrate check-fresh --config="$$CONFIG" --warehouse="$$WAREHOUSE" --max-age="$$MAX_AGE"

state-export: $(READY)  ## Write the state, what outlives builds, into one file (BACKUP)
	@$(BIN)/python -m winrate state-export --config="$$CONFIG" --warehouse="$$WAREHOUSE" --state="$$STATE" \
		--file="$$BACKUP"

state-import: $(READY)  ## Add what such a file has to the state
	@$(BIN)/python -m winrate state-import --config="$$CONFIG" --warehouse="$$WAREHOUSE" --state="$$STATE" \
		--file="$$BACKUP"

# The linters run beside the tests; what they print follows what the tests print.
test: $(READY)  ## Run every check: linters, pytest, dbt builds with data and unit tests
	@printed=$$(mktemp); \
		$(MAKE) --no-print-directory lint > "$$printed" 2>&1 & \
		$(BIN)/python -m pytest; tested=$$?; \
		wait $$!; linted=$$?; \
		cat "$$printed"; rm -f "$$printed"; \
		exit $$((tested ? tested : linted))

test-fast: $(READY)  ## Run the tests that are not marked slow: no whole builds, no simulations; for daily work
	@$(BIN)/python -m pytest -m "not slow"

# sqlfluff skips the files that hold macros: $(SQL) is all that it lints. What dbt has parsed stays to
# the end, and Python's garbage collector would go through it again and again. A second process would
# cost more to start than it saves.
SQL := models tests/singular
SQLFLUFF := $(BIN)/python -c 'import gc; gc.set_threshold(100_000); from sqlfluff.cli.commands import cli; cli()'

lint: $(READY)  ## Lint Python, SQL and the words of the docs; silent where all is well
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/python -m tools.vocabulary
	@$(SQLFLUFF) lint -q --disable-progress-bar $(SQL)

format: $(READY)  ## Format Python and SQL
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --disable-progress-bar $(SQL)

docs: $(READY)  ## Build dbt's documentation page; write docs/tables.md, docs/model-card.md, titles in docs/crm.md and what the README shows
	@$(BIN)/python -m winrate build --warehouse target/docs/warehouse.duckdb --report target/docs/report
	@WINRATE_DATABASE=target/docs/warehouse.duckdb $(BIN)/dbt --quiet docs generate --static
	@$(BIN)/python -m tools.docs.tables docs/tables.md
	@$(BIN)/python -m tools.docs.crm
	@$(BIN)/python -m tools.docs.readme target/docs/warehouse.duckdb target/docs/report
	@$(BIN)/python -m tools.docs.model_card target/docs/warehouse.duckdb
	@echo "target/static_index.html is dbt's page; docs/tables.md, docs/model-card.md and the README are up to date."

evidence: $(READY)  ## Simulate how often the claims are right (some hours); write it to docs/method.md
	@$(BIN)/python -m tools.evidence

bench: $(READY)  ## Measure builds of up to 10 million deals (half an hour); write them to docs/benchmarks.md
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable '.[benchmark]'
	@$(BIN)/python -m tools.benchmarks

reliability: $(READY)  ## Run the tests that break things on purpose; write what they counted to docs/reliability.md
	@rm -rf target/figures && mkdir -p target/figures
	@WINRATE_FIGURES=$(CURDIR)/target/figures $(BIN)/python -m pytest
	@$(BIN)/python -m tools.docs.reliability target/figures

audit: $(READY)  ## Write target/sbom.cdx.json; look for known vulnerabilities of what is locked
	@$(BIN)/python -m tools.audit

sample: $(READY)  ## Generate the sample again: seeds/deals.csv and seeds/sample
	@$(BIN)/python -m tools.sample seeds

lock: pyproject.toml  ## Compile requirements.txt from pyproject.toml again
	@$(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install --quiet uv
	@$(VENV)-lock/bin/uv pip compile --quiet pyproject.toml --extra dev --universal --python-version 3.11 \
		--generate-hashes --no-emit-index-url --no-strip-extras --custom-compile-command "make lock" \
		--output-file requirements.txt
	@rm -rf $(VENV)-lock

clean:  ## Remove what dbt wrote beside the warehouse (target, logs)
	@rm -rf target logs
