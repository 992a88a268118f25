# Tongban. Needs Python 3.11+ and make; everything else is set up under .tools/ and .venv/.
SHELL := /bin/bash
PYTHON ?= python3
UV_VERSION := 0.13.9
UV := .tools/bin/uv
BIN := .venv/bin
TEST_PROCESSES ?= 2
MEMBERS := shared gateway catalog-service case-service site-service interop-service client
export UV_PYTHON_DOWNLOADS := never
# A district is fourteen processes, a test run hundreds: without kept bytecode each compiles
# everything it imports anew, which is half of its start.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run story token ops rotate test test-operations test-journeys conformance lint fmt types bench audit docs lock clean

help: ## list what make can do
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

setup: .venv/.ready ## make the environment (.tools, .venv) from requirements.lock

.tools/uv-$(UV_VERSION):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tongban needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "setting up: uv $(UV_VERSION)"
	@$(PYTHON) -m venv .tools
	@.tools/bin/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@touch $@

.venv/.ready: .tools/uv-$(UV_VERSION) requirements.lock $(MEMBERS:%=%/pyproject.toml)
	@echo "setting up: environment from requirements.lock"
	@test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) .venv
	@$(UV) pip sync --quiet --python $(BIN)/python requirements.lock
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(MEMBERS:%=-e ./%)
	@touch $@

run: setup ## start a whole district: http://127.0.0.1:8000
	@exec $(BIN)/python -m tongban.run up

story: setup ## three districts, five stories, Mr Huang's first
	@exec $(BIN)/python tests/journeys/play.py

token: setup ## print a token: make token role=clerk site=<code>
	@exec $(BIN)/python -m tongban.run token $(if $(role),--role $(role)) $(if $(site),--site $(site)) $(if $(sub),--sub $(sub)) $(if $(name),--name $(name)) $(if $(department),--department $(department))

ops: setup ## run a command on a service: make ops service=case command="verify-ledger"
	@exec $(BIN)/python -m tongban.run on $(service) $(command)

rotate: setup ## sign tokens with a new local key; earlier ones stay good
	@exec $(BIN)/python -m tongban.run rotate-issuer

test: setup ## prove it all: units, properties, contracts, services, house laws, journeys
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile --ignore tests/journeys --ignore tests/run
	@$(MAKE) --no-print-directory -j$(TEST_PROCESSES) test-operations test-journeys

# Two processes of pytest over one district. Not pytest-xdist's: it takes schemathesis' tests,
# which all have one name, for one and the same test.
test-operations: setup
	@exec $(BIN)/python tests/journeys/operations.py

test-journeys: setup
	@exec $(BIN)/python -m pytest tests/run tests/journeys --ignore tests/journeys/test_operations.py

conformance: setup ## hold our exports to published shapes: make conformance STANDARDS=<folder>
	@for one in cpsv-ap-3.2.0 hsds-3.0; do test -d "$(STANDARDS)/$$one" || { echo "make conformance needs the published standards: STANDARDS=<folder that holds cpsv-ap-3.2.0 and hsds-3.0>; $$one is not there"; exit 1; }; done
	@STANDARDS="$(abspath $(STANDARDS))" $(BIN)/python -m pytest -q tests/conformance

lint: setup ## ruff, mypy strict, import rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy $(MEMBERS:%=%/src) tests
	@$(BIN)/lint-imports

fmt: setup ## format the code
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format .

bench: setup ## measure: req/s, percentiles, statements, CPU, event delay
	@exec $(BIN)/python tests/load/bench.py

audit: setup ## known vulnerabilities among the locked dependencies
	@$(BIN)/pip-audit --requirement requirements.lock --no-deps --disable-pip

lock: .tools/uv-$(UV_VERSION) ## resolve the dependencies anew into requirements.lock
	@$(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-emit-package tongban --no-emit-package tongban-interop-service --no-header --python-version 3.11 --group dev --extra sm2 pyproject.toml $(MEMBERS:%=%/pyproject.toml) --output-file requirements.lock

clean: ## remove the environment and caches; the state in .tongban stays
	@rm -rf .venv .tools .mypy_cache .ruff_cache .pytest_cache .hypothesis
