# Works from a bare checkout with python3 (3.11 to 3.13), make and network access to a package registry; no other tool.
# `make run` starts everything; docs/architecture.md says what there is.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The machine's uv if it has one, else our own in the venv.
UV = $(shell command -v uv 2>/dev/null || echo $(BIN)/uv)
BRING_UV = command -v uv >/dev/null 2>&1 || test -x $(BIN)/uv || \
	{ $(BIN)/python -m pip --version >/dev/null 2>&1 || $(BIN)/python -m ensurepip >/dev/null; } && \
	{ command -v uv >/dev/null 2>&1 || test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv; }
# Trust whom the machine trusts, as pip does: a company's proxy signs with a certificate that uv's own list lacks.
export UV_SYSTEM_CERTS ?= true

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install run test check bench console web coverage docs lock clean

help: ## show the targets
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -e 's/:.*## /\t/' | expand -t 12

install: $(STAMP) ## bring everything into .venv

run: $(STAMP) ## the whole system with demo data on http://127.0.0.1:8000; Ctrl-C stops it
	@exec $(BIN)/clarion up

test: $(STAMP) ## the whole test suite, on real servers it brings itself
	$(BIN)/pytest

coverage: $(STAMP) ## the suite with its coverage measured, child processes included; fails below 90 %
	$(BIN)/coverage erase
	$(BIN)/pytest --cov --cov-report=
	$(BIN)/coverage report --fail-under=90

console: ## build the console's editor anew; needs Node 20 (the built one is committed, so nobody else does)
	cd web/console && npm ci && node build.mjs

web: ## build <clarion-inbox> anew; needs Node 20 (the built one is committed, so nobody else does)
	cd web/inbox && npm ci && node build.mjs

docs: $(STAMP) ## write the generated parts of docs/ anew
	$(BIN)/python scripts/generate_docs.py

check: $(STAMP) ## format, lint, types, import rules, migrations, guards and unit tests: what CI runs first
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/clarion manage makemigrations --check --dry-run
	$(BIN)/pytest tests/unit tests/guards

bench: $(STAMP) ## the published benchmarks, as a table and as JSON
	$(BIN)/clarion bench

$(STAMP): requirements.lock pyproject.toml | $(BIN)/python
	@$(BRING_UV)
	$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' || \
		{ echo "Clarion needs Python 3.11 to 3.13; name one: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

lock: | $(BIN)/python ## write requirements.lock anew from pyproject.toml
	@$(BRING_UV)
	$(UV) pip compile --quiet --universal --python-version 3.11 --all-extras --group dev --generate-hashes --no-annotate \
		--no-header --no-emit-index-url pyproject.toml -o requirements.lock

clean: ## remove .venv and the tools' caches; leaves the data of `make run` alone
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
