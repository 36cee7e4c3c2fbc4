# Every target makes the virtual environment it needs, once; pyproject.toml says what goes into it.
#   make PYTHON=python3.12 test     another interpreter
#   make DEMO_ARGS='--epochs 2' demo

VENV := .venv
PY   := $(VENV)/bin/python
PEERS := .venv-peers
PYTHON ?=
DEMO_ARGS ?=
TEST_ARGS ?=
BENCH_ARGS ?=
ARRAY_API_TESTS ?=
AUTOGRAD ?=
NOTEBOOK_ARGS ?=

export PIP_DISABLE_PIP_VERSION_CHECK = 1

CANDIDATES = $(or $(PYTHON),python3 python3.14 python3.13 python3.12 python3.11 python)
SUPPORTED  = import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))

.PHONY: help demo test long lint bench conformance notebooks docs clean
.NOTPARALLEL:
.DELETE_ON_ERROR:

help:
	@echo "make demo       learn handwritten digits, then draw what was learnt"
	@echo "make test       run the tests"
	@echo "make long       run the tests that take minutes, with many more examples"
	@echo "make lint       ruff, mypy"
	@echo "make bench      all benchmarks beside other libraries, which it installs into $(PEERS);"
	@echo "                BENCH_ARGS=ops: python -m bench ops, beside nobody"
	@echo "make conformance  others' test suites: ARRAY_API_TESTS=checkout, or AUTOGRAD=folder"
	@echo "make notebooks  execute the notebooks into build/notebooks"
	@echo "make docs       build the site into build/docs"
	@echo "make clean      remove caches and outputs; the environment in $(VENV) stays"

demo: $(VENV)/.has-demo
	@$(PY) -m bench mlp $(DEMO_ARGS)

# One process for each core, and one thread in each.
test: $(VENV)/.has-testing
	@OPENBLAS_NUM_THREADS=1 $(PY) -m pytest -n auto --dist worksteal $(TEST_ARGS)

long: $(VENV)/.has-testing
	@$(PY) -m pytest -m long --hypothesis-profile=long $(TEST_ARGS)

lint: $(VENV)/.has-dev
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy

bench: $(VENV)/.has-testing $(if $(BENCH_ARGS),,$(PEERS)/.created)
	@$(if $(BENCH_ARGS),:,$(MAKE) --no-print-directory $(VENV)/.has-fuser) || echo "No Numba here."
	@$(PY) -m bench $(or $(BENCH_ARGS),all --install --peer-python $(PEERS)/bin/python)

conformance: $(VENV)/.has-testing
	@test -n "$(AUTOGRAD)" || $(PY) -m tests.conformance.array_api $(ARRAY_API_TESTS) $(TEST_ARGS)
	@test -z "$(AUTOGRAD)" || $(PY) -m tests.conformance.hips_autograd $(AUTOGRAD) $(TEST_ARGS)

notebooks: $(VENV)/.has-notebooks
	@$(PY) -m tests.notebooks.execute $(NOTEBOOK_ARGS)

# Without a network, warnings are errors; notebooks have outputs if `make notebooks` ran before.
docs: $(VENV)/.has-docs
	@OPENBLAS_NUM_THREADS=1 $(PY) -m sphinx -q -W --keep-going -n -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

clean:
	rm -rf build dist demo-output .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -not -path './$(VENV)*/*' -prune -exec rm -rf {} +

# One stamp per extra: a changed pyproject.toml installs anew, nothing else does.
$(VENV)/.has-%: $(VENV)/.created pyproject.toml
	@echo "Installing .[$*] into $(VENV) ..."
	@$(PY) -m pip install -qq --editable '.[$*]'
	@touch $@

# A candidate is run, not looked up: a launcher may exist for an interpreter that does not.
# Where ensurepip is missing (Debian ships it apart), the interpreter's own pip brings one in.
$(VENV)/.created $(PEERS)/.created:
	@for python in $(CANDIDATES); do \
	  "$$python" -c '$(SUPPORTED)' >/dev/null 2>&1 || continue; \
	  echo "Making $(@D) with $$("$$python" -c 'import sys; print(sys.executable, sys.version.split()[0])') ..."; \
	  if "$$python" -c 'import ensurepip' 2>/dev/null; then \
	    "$$python" -m venv --clear $(@D) || exit 1; \
	  else \
	    "$$python" -m venv --clear --without-pip $(@D) || exit 1; \
	    "$$python" -m pip --python $(@D)/bin/python install -qq pip || exit 1; \
	  fi; \
	  touch $@; exit 0; \
	done; \
	echo "No Python 3.11 to 3.14 found among: $(CANDIDATES)."; \
	echo "Install one, or name it: make PYTHON=/path/to/python3.12 $(MAKECMDGOALS)"; \
	exit 1
