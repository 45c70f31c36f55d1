# Vitals: `make build`, then `make test`. `make help` lists the rest.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: build run spark dashboard superset docs test test-superset test-spark test-metrics lint mutants chaos bench screenshots clean help venv

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
BENCH_STAMP := benchmarks/.venv/.installed
SUPERSET_STAMP := bi/superset/.venv/.installed
SPARK_STAMP := .venv-spark/.installed

# The simulated month that `make build` writes when landing/ holds no file.
CONTACTS ?= 20000
DAYS ?= 31
SEED ?= 7

# sqlfluff compiles with dbt, in a database of its own: a reader of the work database never blocks the checks.
SQLFLUFF := DBT_PROFILES_DIR=. VITALS_WAREHOUSE=target/lint DBT_TARGET_PATH=target/lint/target \
	DBT_LOG_PATH=target/lint/logs DBT_SEND_ANONYMOUS_USAGE_STATS=false DO_NOT_TRACK=1 \
	PYTHONWARNINGS=ignore::UserWarning \
	$(BIN)/sqlfluff lint models tests analyses --processes 0 --disable-progress-bar --nocolor
# It takes a minute: what passed is not linted again until some SQL changes.
SQL_PASSED := target/lint/.passed
SQL_FILES := $(shell find models macros tests analyses seeds \( -name '*.sql' -o -name '*.yml' \) 2>/dev/null)

define heading
	@printf '\n\033[1m── %s ──\033[0m\n' "$(1)"
endef

build: venv ## set up, simulate a month if landing/ is empty, land, build, audit, publish, show the scorecard
	@$(BIN)/vitals simulate --if-empty --contacts $(CONTACTS) --days $(DAYS) --seed $(SEED)
	@$(BIN)/vitals run || { code=$$?; [ $$code -eq 3 ] || [ $$code -eq 4 ] || exit $$code; }
	@$(BIN)/vitals scorecard
	@printf '\nNext:\n'
	@printf '  make test                        run every check\n'
	@printf '  make dashboard                   the same and more in the browser\n'
	@printf '  .venv/bin/vitals scorecard -h    other periods, one client, Markdown or JSON\n'
	@printf '  warehouse/vitals.duckdb          open it with any DuckDB client, read-only\n'
	@printf '  warehouse/docs/index.html        what was checked before it was published\n'
	@printf '  landing/<platform>/<stream>/     drop your own exports there (empty it first), then: make run\n'

run: venv ## land, build, audit and publish what lies in landing/
	@$(BIN)/vitals run

# SPARK='--target spark_cluster' asks the cluster that `scripts/spark_cluster.sh start` makes here, or yours (docs/scale.md).
spark: $(SPARK_STAMP) ## the same as run, where Apache Spark builds the models (docs/scale.md)
	@.venv-spark/bin/vitals run $(or $(SPARK),--target spark)

$(SPARK_STAMP): requirements.txt requirements-spark.txt pyproject.toml
	@command -v java >/dev/null || { echo 'Spark needs Java 17: apt install openjdk-17-jre-headless' >&2; exit 1; }
	@echo 'Setting up .venv-spark (once, some minutes)'
	@test -x .venv-spark/bin/python || $(PYTHON) -m venv .venv-spark
	@.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check -r requirements.txt -r requirements-spark.txt
	@.venv-spark/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(SPARK_STAMP)

dashboard: venv ## the published database in the browser, on 127.0.0.1 (DASHBOARD='--port 8600 --language fr')
	@$(BIN)/vitals dashboard $(DASHBOARD)

# SUPERSET='--database postgresql://dashboards@db.example.org/vitals' reads PostgreSQL, '--port 8089' listens there.
superset: $(SUPERSET_STAMP) ## the dashboard in Apache Superset, on 127.0.0.1 (SUPERSET='--port 8089')
	@bi/superset/.venv/bin/python bi/superset/serve.py $(SUPERSET)

$(SUPERSET_STAMP): bi/superset/requirements.txt
	@echo 'Setting up bi/superset/.venv (once, some minutes)'
	@test -x bi/superset/.venv/bin/python || $(PYTHON) -m venv bi/superset/.venv
	@bi/superset/.venv/bin/python -m pip install --quiet --disable-pip-version-check -r bi/superset/requirements.txt
	@touch $(SUPERSET_STAMP)

docs: venv ## the documentation site, in target/site: open its index.html, no server and no connection needed
	@$(BIN)/python -m vitals.site

test: venv ## every check: style, types, SQL, layers, tests
	$(call heading,ruff: Python style)
	@$(BIN)/ruff check .
	$(call heading,mypy: Python types)
	@$(BIN)/mypy
	$(call heading,sqlfluff: SQL style)
	@$(MAKE) --no-print-directory $(SQL_PASSED) && echo 'All SQL is as it should be.'
	$(call heading,vitals lint: layers and portability)
	@$(BIN)/vitals lint
	$(call heading,pytest: behaviour)
	@$(BIN)/pytest -q -n auto --dist loadfile --no-loadscope-reorder
	@printf '\nEvery check passed. Next: commit, or `make build` to see the scorecard, or docs/ to add a KPI or a platform.\n'

test-superset: venv $(SUPERSET_STAMP) ## every figure of the Superset dashboard against the marts, on DuckDB and PostgreSQL (minutes)
	@$(BIN)/pytest -q tests/python/bi/check_superset.py

# SPARK_CONTACTS=20000 compares a larger centre, SPARK_TESTS='check_spark.py -k cluster' some of it.
test-spark: $(SPARK_STAMP) ## the same marts on DuckDB, Spark, a cluster that loses a worker, and a lake (minutes)
	@cd tests/python/spark && VITALS_SPARK_CONTACTS=$(or $(SPARK_CONTACTS),3000) \
		../../../.venv-spark/bin/pytest -q $(or $(SPARK_TESTS),check_spark_macros.py check_spark.py check_lake.py check_adapters.py)

test-metrics: venv ## the metrics of MetricFlow alone: valid, and equal to the KPI marts
	@$(BIN)/pytest -q tests/python/end_to_end/test_metricflow.py

lint: venv ## the quick checks only: no tests
	$(call heading,ruff: Python style)
	@$(BIN)/ruff check .
	$(call heading,mypy: Python types)
	@$(BIN)/mypy
	$(call heading,sqlfluff: SQL style)
	@$(MAKE) --no-print-directory $(SQL_PASSED) && echo 'All SQL is as it should be.'
	$(call heading,vitals lint: layers and portability)
	@$(BIN)/vitals lint
	@printf '\nNo finding. Next: make test\n'

# MUTANTS='--sample 20 --seed 7', '--model kpi_csat' or '--scope platforms' runs others than all of the marts.
mutants: venv ## put faults into every KPI's SQL, one at a time, and show those that no check notices
	@PYTHONPATH=tests/python $(BIN)/python -m mutants $(MUTANTS)

# CHAOS='--kills 20 --seed 7' strikes fewer blows, at other moments.
chaos: venv ## kill the pipeline at 100 moments, fill its disk, lock it out, run two at once: nothing may be lost
	@PYTHONPATH=tests/python $(BIN)/python -m chaos $(CHAOS)

# BENCH='--contacts 1000000' runs one size, BENCH='--only floor,pandas' some steps on files that are there.
bench: venv $(BENCH_STAMP) ## measure the warehouse beside pandas, Polars, PostgreSQL and SQL by hand: benchmarks/RESULTS.md
	@benchmarks/.venv/bin/python benchmarks/bench.py $(BENCH)

$(BENCH_STAMP): benchmarks/requirements.txt
	@test -x benchmarks/.venv/bin/python || $(PYTHON) -m venv benchmarks/.venv
	@benchmarks/.venv/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/requirements.txt
	@touch $(BENCH_STAMP)

screenshots: venv ## take the README's pictures of the dashboard anew (needs Chromium)
	@PYTHONPATH=tests/python $(BIN)/python -m dashboard

clean: ## remove what is computed (warehouse/, target/); landing/ stays as it is
	@rm -rf target logs; test ! -d warehouse || find warehouse -mindepth 1 -maxdepth 1 ! -name salt.key -exec rm -rf {} +
	@printf 'Removed what is computed in warehouse/ and target/. landing/ and the salt are untouched. Next: make build\n'

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(SQL_PASSED): $(SQL_FILES) .sqlfluff dbt_project.yml requirements.txt
	@mkdir -p $(@D)
	@$(SQLFLUFF)
	@touch $@

venv: $(STAMP)

$(STAMP): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Vitals needs Python 3.11 or newer. Install one, or name it: make build PYTHON=python3.12' >&2; exit 1; }
	@echo 'Setting up $(VENV) (once, about two minutes)'
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $(STAMP)
