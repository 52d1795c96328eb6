# make demo, make test: set-up included. Everything lives in .venv.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: demo test lint types unit conformance bench oracle golden share docs package clean

demo: $(STAMP)
	@$(BIN)/python -m tests.demo

test: lint types unit

lint: $(STAMP)
	$(BIN)/ruff check --output-format concise .
	$(BIN)/ruff format --check .

types: $(STAMP)
	$(BIN)/mypy

unit: $(STAMP)
	$(BIN)/python -m pytest -q -n 2

conformance: $(STAMP)
	$(BIN)/python -m tests.conformance

bench: $(STAMP)
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev,bench]'
	$(BIN)/python -m tests.bench

oracle: $(STAMP)
	$(BIN)/python -m tests.oracle
	$(BIN)/python -m tests.oracle --shorewall --count 300

golden: $(STAMP)
	$(BIN)/python -m pytest -q -n 2 --update-golden $$(grep -rl --include='test_*.py' Golden tests)

share: $(STAMP)
	$(BIN)/python -m tests.share

docs: $(STAMP)
	$(BIN)/mkdocs build

package: $(STAMP)
	$(BIN)/python -m tests.package

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
	@touch $@

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
