# Everything a newcomer needs: `make demo` and `make test` set up all they use.
SHELL := /bin/bash
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
export HF_HUB_OFFLINE ?= 0
export GLOG_minloglevel := 2
export TF_CPP_MIN_LOG_LEVEL := 2

.PHONY: help setup demo check-songs convert-songs status test test-fast test-slurm bench lint format lock clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

setup: $(VENV)/.done ## make .venv from the exact lock

$(VENV)/.done: requirements.lock requirements-nodeps.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' 2>/dev/null || \
		{ echo "Python 3.11 is needed, and '$(PYTHON)' is not it: install it, or name yours: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps -r requirements-nodeps.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@touch $@

demo: setup ## generate the demo songs, run the whole workflow, print what came out
	$(BIN)/snakemake --cores all --resources gpu=1
	@$(BIN)/python -m justlmd.cli.summary

check-songs: setup ## check links, lyrics and motion files of the song table without downloading (ARGS="--songs my.tsv")
	@$(BIN)/python -m justlmd.cli.check_songs $(ARGS)

convert-songs: setup ## make a song table of a JSON list or playlist (ARGS="JD2020.json --output my.tsv")
	@$(BIN)/python -m justlmd.cli.convert_songs $(ARGS)

status: setup ## print what became of each song, and write results/status.tsv
	@$(BIN)/python -m justlmd.cli.status $(ARGS)

test: setup ## run every test, the whole demo among them (ARGS="tests/lyrics/test_lrc.py" for one file)
	$(BIN)/python -m pytest $(ARGS)

test-fast: setup ## run the tests that take seconds
	$(BIN)/python -m pytest -m "not slow and not workflow" $(ARGS)

test-slurm: setup ## install Debian's SLURM on this machine (as root) and run two demo songs through sbatch
	$(BIN)/python tests/slurm/cluster.py $(ARGS)

bench: ## print every benchmark in its short form
	@for name in $$(ls benchmarks/*.py | xargs -n1 basename | sed 's/\.py$$//' | grep -v __init__); do $(MAKE) --no-print-directory bench-$$name ARGS="--short $(ARGS)" || exit 1; done

bench-%: setup ## (bench-recovery, ...) print one benchmark and write benchmarks/results/<name>.json
	$(BIN)/python -m benchmarks.$* $(ARGS)

lint: setup ## formatting, style, types and the workflow itself
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint

format: setup ## format everything
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile rules

lock: ## write requirements.lock anew from requirements.in (then run the tests, and mend envs/)
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/pip install --quiet --disable-pip-version-check -r requirements.in
	@# torch brings the CUDA packages of its own version, and a local build's suffix (+cpu) names no release
	.venv-lock/bin/pip freeze --all | grep -vE '^(pip==|nvidia-|triton|cuda-)' | sed 's/+cpu$$//' > requirements.lock
	rm -rf .venv-lock

clean: ## remove results/ (all songs, models and the demo) and Snakemake's notes about them
	rm -rf results .snakemake
