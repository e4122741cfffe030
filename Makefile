# `make report` and `make test` need nothing but Python and make: both set up what they use.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
BIN := $(VENV)/Scripts
else
BIN := $(VENV)/bin
endif
STUDY ?= params/example.yaml
# A plain assignment: the LANGUAGE of a desktop environment must not decide the language of the reports.
LANGUAGE =

.PHONY: report test lab lint bench pins .venv clean
.DEFAULT_GOAL := report

report: $(VENV)/ready  ## every department's reports, from the survey file to HTML
	$(BIN)/icstats run $(STUDY) $(if $(LANGUAGE),--language $(LANGUAGE))

test: $(VENV)/ready  ## all tests but the heavy simulations
	$(BIN)/python -m pytest -m "not simulation"

lab: $(VENV)/ready  ## JupyterLab with the icstats kernel
	$(BIN)/icstats lab

lint: $(VENV)/ready  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(VENV)/ready  ## the figures in benchmarks/, made anew
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable ".[bench]"
	for script in benchmarks/*.py; do $(BIN)/python $$script || exit 1; done

.venv: $(VENV)/ready

$(VENV)/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m ipykernel install --sys-prefix --name icstats --display-name icstats
	touch $@

pins: $(VENV)/ready  ## newest allowed versions into requirements.txt
	$(BIN)/python -m pip install --quiet --upgrade --editable ".[dev]" hatchling
	echo "# Every version pinned, so that two machines run the same code. Renewed with: make pins" > requirements.txt
	$(BIN)/python -m pip freeze --exclude-editable >> requirements.txt

clean:
	$(PYTHON) -c "import shutil; shutil.rmtree('outputs', ignore_errors=True)"
