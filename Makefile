# `make help` lists the targets; each carries its own description.
SHELL := bash
.ONESHELL:
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TOOLS := .tools
# The newest VictoriaMetrics that Debian has, and the system's own, which is the oldest one.
NEWEST := sid
OWN := $(shell . /etc/os-release && echo $${VERSION_CODENAME:-bookworm})
SERVERS := $(CURDIR)/$(TOOLS)/victoria-metrics
export PATH := $(SERVERS)/$(NEWEST)/usr/bin:$(CURDIR)/$(TOOLS)/usr/bin:$(PATH)
# Hundreds of processes import the package: without its bytecode each would compile it again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help
help:  ## List the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  \1|\2/' | column -t -s '|'

$(BIN)/.installed: pyproject.toml constraints.txt
	$(PYTHON) scripts/check_python.py
	$(PYTHON) -m venv $(VENV)
	# This pip resolves in a third of the time that Python's own takes.
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip
	$(BIN)/python -m pip install -qq --no-compile -c constraints.txt -e '.[dev]'
	# On all cores, and without other projects' tests.
	$(BIN)/python -m compileall -q -j 0 -x '/tests/' $(VENV)/lib
	touch $@

.PHONY: install
install: $(BIN)/.installed  ## Install the project and its development tools into .venv

.PHONY: demo
demo: install  ## See it work: demo account, 30 days of data, the Dagster UI
	@$(BIN)/syncbit demo

.PHONY: dev
# Dagster's history is in .dagster_home here, unless DAGSTER_HOME names another folder.
dev: install  ## Start the Dagster UI and daemon for your own account
	DAGSTER_HOME="$${DAGSTER_HOME:-$$PWD}" $(BIN)/dg dev

.PHONY: test
test: install victoria-metrics postgresql nginx chromium lint types pytest  ## Install what is missing and pass every check and test

.PHONY: pytest
pytest: install victoria-metrics postgresql nginx chromium  ## Run the tests only
	export SYNCBIT_REQUIRE_VICTORIAMETRICS=1
	VICTORIA_METRICS_BIN=$(SERVERS)/$(OWN)/usr/bin/victoria-metrics \
	  $(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder syncbit_dagster_tests/stores
	$(BIN)/python -m pytest -n 4 --dist loadfile --no-loadscope-reorder

.PHONY: lint
lint: install  ## Check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

.PHONY: types
types: install  ## Check types
	$(BIN)/mypy --num-workers auto

.PHONY: audit
audit: install  ## Ask which pinned versions have known vulnerabilities; needs a network
	if [ ! -x $(TOOLS)/audit/bin/pip-audit ]; then
	  $(PYTHON) -m venv $(TOOLS)/audit
	  $(TOOLS)/audit/bin/python -m pip install --quiet --disable-pip-version-check -c constraints.txt pip-audit
	fi
	$(BIN)/python scripts/audit_dependencies.py $(TOOLS)/audit/bin/pip-audit

.PHONY: format
format: install  ## Repair style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

.PHONY: docs
docs: install  ## Write the generated parts of the documentation
	$(BIN)/python -m scripts.write_docs

.PHONY: site
site: docs  ## Build the documentation as a site, into ./site
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

.PHONY: victoria-metrics
victoria-metrics:  ## Fetch the newest VictoriaMetrics that Debian has, and the system's own
	@scripts/fetch_victoria_metrics $(TOOLS) $(NEWEST) $(OWN)

.PHONY: postgresql
postgresql:  ## Install PostgreSQL from Debian's package if it is not installed; starts no server
	@scripts/install_postgresql

.PHONY: chromium
chromium:  ## Install Chromium from Debian's package if it is not installed
	@scripts/install_chromium

.PHONY: nginx
nginx:  ## Fetch nginx from Debian's package if it is not installed; starts no server
	@scripts/fetch_nginx $(TOOLS)

.PHONY: up
up:  ## Run everything with Docker Compose: secrets, image, services
	scripts/create_secrets
	docker compose up --detach --build

.PHONY: stack
stack: install  ## Try `make up` in a copy: with Docker, an emulated account, a history, the login
	SYNCBIT_SOAK=1 $(BIN)/python -m pytest syncbit_dagster_tests/deploy/test_engine.py

.PHONY: stand-in-images
stand-in-images:  ## Make the images that `make up` pulls from Debian's packages, without a registry (as root)
	scripts/build_stand_in_images $(TOOLS)

.PHONY: bench
bench: install victoria-metrics  ## Measure requests, the store and start-up, side by side with a floor
	$(BIN)/python -m benchmarks.requests.run
	$(BIN)/python -m benchmarks.pipeline.run
	$(BIN)/python -m benchmarks.store.run
	$(BIN)/python -m benchmarks.takeout.run
	$(BIN)/python -m benchmarks.backfill.run
	$(BIN)/python -m benchmarks.load.run

.PHONY: soak
soak: install victoria-metrics postgresql  ## Run the long series of crashes, faults, races and histories
	SYNCBIT_SOAK=1 SYNCBIT_REQUIRE_VICTORIAMETRICS=1 $(BIN)/python -m pytest \
	  syncbit_dagster_tests/stores syncbit_dagster_tests/account syncbit_dagster_tests/quota \
	  syncbit_dagster_tests/sources/test_broken_responses.py \
	  syncbit_dagster_tests/sources/fitbit_web/test_broken_answers.py \
	  syncbit_dagster_tests/sources/fitbit_web/test_hours.py syncbit_dagster_tests/faults \
	  syncbit_dagster_tests/hosts syncbit_dagster_tests/cli/test_commands.py \
	  syncbit_dagster_tests/month syncbit_dagster_tests/documentation/test_install.py

.PHONY: screenshots
screenshots: install chromium  ## Take the README's pictures in a headless Chromium
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[screenshots]'
	$(BIN)/python scripts/take_screenshots.py

.PHONY: clean
clean:  ## Remove everything that was installed or built here, data excepted
	rm -rf $(VENV) $(TOOLS) build dist site ./*.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
