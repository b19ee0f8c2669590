# Two commands: `make repro` makes everything from videos to report, `make test` runs the tests.
# Each target first makes the environment it needs (.venv, from requirements.lock); only Python 3.11+, pip, make and git must be there.
#
#   make repro                 the default preset: X-CLIP, four strategies, one seed, on the embedded world
#   make repro LANES=1         one run after the other (without it: one per core side by side, on a GPU one)
#   make repro PRESET=smoke    the same stages, tiny sizes
#   make repro PRESET=full     every system, several seeds; a GPU, or hours on a CPU
#   make sweep                 the sweeps of params.yaml: Tables 5 and 6 (lambda and N) and more; one of them: make sweep SWEEP=lambda
#   make test                  the tests, in two processes (TEST_PROCESSES); more options: make test ARGS="-k params -x"
#   make bench                 speed and memory beside the usual ways; smallest sizes: make bench ARGS="--small --out /tmp/speed"
#   make lab                   JupyterLab on the notebooks, with the results of PRESET (default: default); make lab ARGS="--port 8899"
#   make publish PRESET=full   copy that preset's metrics into metrics/, where git keeps them
#   make clean-presets         delete all that `make repro` made, except DVC's cache

PYTHON ?= python3
PRESET ?= default
SWEEP ?=
ARGS ?=
TEST_PROCESSES ?= 2
LANES ?=
LANE_OPTION := $(if $(LANES),--lanes=$(LANES))

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help environment repro sweep publish test test-install bench lab clean-presets

BENCHMARKS := text_encoding training_step posrank_end_to_end growth shards recall_and_duplicates frames waiting accelerator

# looked up before .venv/bin comes first on PATH
BASE_PYTHON := $(shell command -v $(PYTHON))
# DVC and Jupyter start "python": it must be the environment's
export PATH := $(CURDIR)/.venv/bin:$(PATH)
# a PYTHONPATH or an active environment of the caller's must not leak in
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
# without compiled modules every start of a kernel takes half a minute
unexport PYTHONDONTWRITEBYTECODE

help:
	@sed -n '/^# Two/,/^$$/s/^# \{0,1\}//p' Makefile

environment:
	@$(or $(BASE_PYTHON),$(error no $(PYTHON) on PATH: name a Python 3.11 or newer, as in make PYTHON=/usr/bin/python3.11)) .ci/environment.py

repro: environment
	@python -m posrank repro $(LANE_OPTION) $(PRESET) $(ARGS)

sweep: environment
	@python -m posrank sweep --only=$(SWEEP) $(LANE_OPTION) $(PRESET) $(ARGS)

publish: environment
	@python -m posrank publish $(PRESET)

# one thread each: processes that share their processors wait for each other
test: environment
	@OMP_NUM_THREADS=$${OMP_NUM_THREADS:-1} python -m pytest -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder $(ARGS)

# installs environment.yml's pip list into a fresh environment: minutes, and the network
test-install: environment
	@POSRANK_TEST_INSTALL=1 python -m pytest tests/test_environment.py

bench: environment
	@for name in $(BENCHMARKS); do echo "benchmarks/$$name.py"; python benchmarks/$$name.py $(ARGS); done

lab: environment
	@python -m posrank lab $(PRESET) $(ARGS)

clean-presets:
	rm -rf .presets
