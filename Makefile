# `make help` lists the commands. Written for GNU make 3.81 and newer.
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$p -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$p; break; fi; done)
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
BROWSER_READY := $(VENV)/.ready-browser
LOCK := $(VENV)-lock/bin/uv
COMPILE := $(LOCK) pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check

# Tests start hundreds of processes, each of which would compile all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup demo test soak test-browser test-container bench bench-quick pictures check format docs lock clean

help: ## list the commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-14s %s\n", $$1, $$2}'

$(READY): requirements-dev.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "pgaccess needs Python 3.11 or newer with venv: on Debian and Ubuntu 'apt-get install python3-venv', on macOS 'brew install python'."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --require-hashes --only-binary :all: -r requirements-dev.txt
	$(INSTALL) --no-deps --no-build-isolation -e .
	@touch $@

$(BROWSER_READY): $(READY) requirements-browser.txt
	$(INSTALL) --require-hashes --only-binary :all: -r requirements-browser.txt
	@touch $@

setup: $(READY) ## create .venv with everything for demo and tests

demo: $(READY) ## run the bot with simulated Slack and Heroku at http://127.0.0.1:8000
	@$(BIN)/python -m sandbox

test: $(READY) ## run all tests, with a private Postgres; about fifteen minutes
	$(BIN)/python -m pytest -n 4

soak: $(READY) ## attack the invariants with long random runs and kills; an hour or two
	PGACCESS_SOAK=1 $(BIN)/python -m pytest -p no:randomly --timeout 0 tests/model tests/crash -s

bench: $(READY) ## measure performance beside references; a quarter of an hour on a quiet machine
	@$(BIN)/python -m tests.bench

bench-quick: $(READY) ## the same, smaller; two minutes
	@$(BIN)/python -m tests.bench --quick

test-browser: $(BROWSER_READY) ## run every command on the demo's page in a real Chromium
	$(BIN)/python -m pytest -n 2 tests/browser

test-container: $(READY) ## build the image and run its containers, with Docker or Podman; says what it skips
	PGACCESS_TEST_CONTAINERS=1 $(BIN)/python -m pytest -p no:randomly -rs tests/container

pictures: $(BROWSER_READY) ## renew docs/pictures from the demo in a real Chromium
	@$(BIN)/python -m tests.browser.pictures

check: $(READY) ## check format, lint, types and import contracts, then run all tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) test

format: $(READY) ## format, and fix what ruff can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(READY) ## generate docs/reference from the code
	$(BIN)/python -m tests.reference

$(LOCK):
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check uv

lock: $(LOCK) ## renew the three hash-pinned lock files
	$(COMPILE) --upgrade -o requirements.txt
	$(COMPILE) --upgrade -c requirements.txt --group dev -o requirements-dev.txt
	$(COMPILE) --upgrade -c requirements-dev.txt --group browser -o requirements-browser.txt

clean: ## remove environments and caches
	rm -rf $(VENV) $(VENV)-lock .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
