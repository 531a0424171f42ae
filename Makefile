# `make demo` shows the whole service at work; `make test` runs its tests. Both set up .venv first.
.DEFAULT_GOAL := help
.PHONY: help install demo test test-long check format docs clean
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --disable-pip-version-check --quiet --constraint constraints.txt
export PYTHONPATH := .:client

help:
	@echo "make install    sets up .venv; the others do so by themselves"
	@echo "make demo       a search on real data, from submit to the exported file (about two minutes after the set-up)"
	@echo "make test       every test that needs no more than this machine"
	@echo "make test-long  the same and the long ones"
	@echo "make check      format, lint, types, import contracts, tests, docs"
	@echo "make docs       the documentation, in docs/_build/html"
	@echo "make format     formats the code"
	@echo "make clean      removes the virtual environment and everything built"

# torch comes first and pinned: an open range would bring several GB of CUDA packages along.
$(VENV)/.runs: constraints.txt pyproject.toml
	@echo "Cellsmith: setting up $(VENV) with pinned dependencies; the first time takes a few minutes ..."
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Cellsmith needs Python 3.11 or newer; set PYTHON=..."; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip --version > /dev/null 2>&1 || { echo "$(VENV) has no pip, as a set-up leaves it that was cut off: make clean, then try again."; exit 1; }
	@$(PIP) torch==2.13.0
	@$(PIP) --editable ".[server,compute,postgres]"
	@touch $@

$(VENV)/.develops: $(VENV)/.runs
	@echo "Cellsmith: adding what tests and checks need ..."
	@$(PIP) --editable ".[server,compute,postgres,dev]"
	@touch $@

install: $(VENV)/.runs

demo: $(VENV)/.runs
	@$(BIN)/python -m examples.demo

test: $(VENV)/.develops
	$(BIN)/python -m pytest -n 3 --dist loadgroup -m "not long"

test-long: $(VENV)/.develops
	$(BIN)/python -m pytest -n 3 --dist loadgroup

check: $(VENV)/.develops
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(MAKE) --no-print-directory test
	$(MAKE) --no-print-directory docs

docs: $(VENV)/.develops
	$(BIN)/sphinx-build -q -W --keep-going -b html docs docs/_build/html

format: $(VENV)/.develops
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

clean:
	rm -rf $(VENV) docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
