# One file of tasks. `make demo` and `make test` do all set-up on a machine that has Python 3.11+ and nothing else.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1
# The tests start Python a thousand times: without kept bytecode each start compiles everything again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check bench soak web install install-dev chromium clean

help:
	@echo "make demo    set up, train real models, open the dashboard"
	@echo "make test    set up, run every check and test (installs Chromium when absent)"
	@echo "make check   format, lint, types, tidy"
	@echo "make bench   measure, and compare with other trackers"
	@echo "make soak    the long fault tests"
	@echo "make web     build the dashboard"

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Peira needs Python 3.11 or newer; try: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)

install: $(BIN)/python
	@echo "installing Peira into $(VENV)"
	$(BIN)/pip install -q -e '.[demo]'

install-dev: $(BIN)/python
	@echo "installing Peira and its test tools into $(VENV)"
	$(BIN)/pip install -q -e '.[demo,dev]'

chromium: install-dev
	$(BIN)/python tools/chromium.py

demo: install
	$(BIN)/peira demo

test: check chromium
	$(BIN)/pytest -m "not soak" -n 2 --dist loadfile --no-loadscope-reorder

check: install-dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python tools/web_check.py

bench: install-dev
	$(BIN)/python -m benchmarks

soak: install-dev
	$(BIN)/pytest -m soak

web: install-dev
	$(BIN)/python hatch_build.py

clean:
	rm -rf $(VENV) peira/server/web web/node_modules .mypy_cache .ruff_cache .pytest_cache
