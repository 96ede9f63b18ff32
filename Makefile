# Commands that do all of their own set-up: `make demo`, `make test`, and for those who work on the
# code `make check`, `make quick` and `make nightly`.
# They need Python 3.11 or newer with pip, and nothing else.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
endif

# Many tests start a program of ours; what Python has compiled once is kept for the next.
unexport PYTHONDONTWRITEBYTECODE

# A file of tests stays with one process: what its tests share is set up once.
PARALLEL := -n auto --maxprocesses 4 --dist loadfile

.PHONY: demo test check quick nightly mutants clean

demo: $(VENV)/.installed
	$(BIN)/biofeedback demo

test: $(VENV)/.installed-test
	$(BIN)/python -m pytest $(PARALLEL)

check: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_docstrings.py

# Which wrong code the tests let pass: make mutants ROOM=codecs (see benchmarks/mutants.py)
mutants: $(VENV)/.installed-dev
	$(BIN)/python benchmarks/mutants.py $(ROOM)

# What needs neither another program nor much time.
quick: check
	$(BIN)/python -m pytest -q $(PARALLEL) -m "not rig and not slow"

# What the gate is too short for; each ends with an error when something is wrong.
nightly: check test
	$(BIN)/python benchmarks/wheels.py
	$(BIN)/python benchmarks/fuzz_sensors.py --codecs 1000000 --files 20000
	$(BIN)/python benchmarks/bluetooth_scenarios.py
	$(BIN)/python benchmarks/stuck_notes.py
	$(BIN)/python benchmarks/stops.py

clean:
	rm -rf $(VENV) demo-session

$(VENV)/.created:
	@echo "Setting up an environment in $(VENV) ..."
	@$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.installed: $(VENV)/.created pyproject.toml
	@echo "Installing biofeedback and what it needs (about a minute) ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --only-binary=:all: --no-binary=biofeedback -e '.[web]'
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "Installing what the tests need ..."
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[test]'
	@touch $@

$(VENV)/.installed-dev: $(VENV)/.installed-test
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[dev]'
	@touch $@
