# make        an environment in .venv with closedbook installed, editable
# make demo   the main job on a world we invent: minutes on a laptop
# make test   lint, types and all tests
# make fuzz   files from elsewhere, made by Hypothesis, given to every reader: a minute of processor time
# make docs   the documentation as a site
# make TORCH='torch>=2.11'   another torch than the one we test, such as your platform's newest

PYTHON ?= python3
TORCH ?= torch==2.13.0
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
ARGS ?=

.PHONY: all demo test lint fuzz docs pages clean

all: $(VENV)/installed

# A torch that the system's Python has already (2.11 or newer: a GPU machine's, say) is used as it is.
$(VENV)/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "closedbook needs Python 3.11 or newer; try: make PYTHON=python3.12"; exit 1; }
	@if $(PYTHON) -c 'import torch, sys; v = torch.__version__.split("."); sys.exit((int(v[0]), int(v[1])) < (2, 11))' 2>/dev/null; \
		then $(PYTHON) -m venv --system-site-packages $(VENV); else $(PYTHON) -m venv $(VENV); fi
	@echo "installing into $(VENV) (a minute or two)"
	@$(BIN)/python -c 'import torch' 2>/dev/null || $(PIP) '$(TORCH)'
	@$(PIP) --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: all
	$(BIN)/closedbook demo $(ARGS)

lint: all
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	@! git grep -nE '^(<<<<<<<|>>>>>>>)( |$$)'

# One process more than there are cores: some tests wait for a server or a browser.
test: lint
	$(BIN)/python -m pytest --numprocesses $$($(BIN)/python -c 'import os; print(1 + (os.cpu_count() or 1))') \
		--dist loadfile --no-loadscope-reorder $(ARGS)

fuzz: all
	$(BIN)/python benchmarks/fuzz.py --seconds 60 $(ARGS)

# The site, in build/docs. Nothing is fetched.
docs: all
	$(BIN)/python -m sphinx -W --keep-going -q docs build/docs
	@echo "open build/docs/index.html"

# The pages of the attention claims, written from the claims themselves; the notebook, executed anew.
pages: all
	$(BIN)/python docs/claim_pages.py docs/attention --figures
	$(BIN)/python docs/notebook.py

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis
