# make demo    the main job on the embedded target, no server needed
# make test    every gate and the whole test suite; builds the real servers once [PROCESSES=3]
# make lint    ruff, mypy, import-linter
# make rehearse  the whole story on loopback: cutover, writes on green, back, nothing lost
# make bench   the figures, as Markdown tables [B="p1 p3"]
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# of the suite: many tests wait, so two cores have work for three
PROCESSES ?= 3

.PHONY: demo test lint rehearse bench clean

$(VENV)/.run: requirements.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit("vgwm needs Python 3.11 or newer" if sys.version_info < (3, 11) else 0)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	touch $@

demo: $(VENV)/.run
	$(BIN)/python -m tests.demo

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy -p core -p tui
	$(BIN)/mypy tests
	$(BIN)/lint-imports --no-cache

test: lint
	$(BIN)/pytest -n $(PROCESSES) --dist loadfile --no-loadscope-reorder

bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench $(B)

rehearse: $(VENV)/.dev
	$(BIN)/python -m tests.lab.rehearsal

clean:
	rm -rf $(VENV) build dist *.egg-info
