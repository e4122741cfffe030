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

.PHONY: report test lab lint docs screenshots bench coverage pins .venv clean
.DEFAULT_GOAL := report

report: $(VENV)/ready  ## every department's reports, from the survey file to HTML
	$(BIN)/icstats run $(STUDY) $(if $(LANGUAGE),--language $(LANGUAGE))

test: $(VENV)/ready  ## all tests but the heavy simulations
	$(BIN)/python -m pytest -m "not simulation" --numprocesses auto --dist loadfile

lab: $(VENV)/ready  ## JupyterLab with the icstats kernel
	$(BIN)/icstats lab

lint: $(VENV)/ready  ## style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/ready  ## the documentation, into outputs/docs/index.html; the tutorial is run for it
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --quiet --builder html --fresh-env --write-all docs outputs/docs

screenshots: $(VENV)/ready  ## the pictures of the README, from the example, by Chromium
	$(BIN)/python docs/screenshots.py

bench: $(VENV)/ready  ## the speed table with ratios, into benchmarks/results.md
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --editable ".[bench]"
	for script in benchmarks/*_speed.py benchmarks/size.py; do $(BIN)/python $$script || exit 1; done

coverage: $(VENV)/ready  ## coverage, false flags, power and adjustments, simulated, into benchmarks/coverage.md
	for script in coverage_alpha coverage_means coverage_measures flags adjustments verdicts dialogue masking disclosure; do \
		OPENBLAS_NUM_THREADS=1 $(BIN)/python benchmarks/$$script.py || exit 1; done

.venv: $(VENV)/ready

$(VENV)/ready: requirements.txt pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m ipykernel install --sys-prefix --name icstats --display-name icstats
	touch $@

pins: $(VENV)/ready  ## newest allowed versions into requirements.txt
	$(BIN)/python -m pip install --quiet --upgrade --editable ".[dev,docs]" hatchling
	echo "# Every version pinned, so that two machines run the same code. Renewed with: make pins" > requirements.txt
	$(BIN)/python -m pip freeze --exclude-editable >> requirements.txt

clean:
	$(PYTHON) -c "import shutil; shutil.rmtree('outputs', ignore_errors=True)"
