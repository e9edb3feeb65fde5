# Two commands set everything up: `make demo` and `make test`. Needs Python 3.11-3.13, make and a package index.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-vision docs lint bench clean

.venv/made: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet -e '.[mpi,mpich,plot]'
	touch $@

.venv/made-test: .venv/made
	$(BIN)/python -m pip install --quiet -e '.[test,docs]'
	touch $@

.venv/made-vision: .venv/made-test
	$(BIN)/python -m pip install --quiet -e '.[vision]' torch==2.13.0
	touch $@

demo: .venv/made
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python benchmarks/demo.py

test: .venv/made-test
	PATH="$(CURDIR)/$(BIN):$$PATH" $(BIN)/python -m pytest -n 2 --dist worksteal -rs

test-vision: .venv/made-vision
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal -rs tests/test_vision*.py tests/test_image_folder.py tests/test_layout.py \
		"tests/test_docs.py::test_page[docs/recognition.md]"

lint: .venv/made-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

docs: .venv/made-test
	$(BIN)/sphinx-build -q -W -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

bench: .venv/made-test
	$(BIN)/python benchmarks/benders.py sizes --scenarios 200 1000 10000
	@echo "other benchmarks, which take longer: benchmarks/README.md"

clean:
	rm -rf .venv build dist *.egg-info docs/_build demo-output
