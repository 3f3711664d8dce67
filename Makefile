# Everything a newcomer needs: `make demo` and `make test` set up all they use.
SHELL := /bin/bash
PYTHON ?= $(shell for name in python3.11 python3.12 python3.13 python3; do $$name -c "" 2>/dev/null && echo $$name && break; done)
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=
lower = $(subst _,-,$(shell echo $(1) | tr A-Z a-z))
# The locks name everything with its hash, so pip resolves nothing; only the modules that are imported get compiled.
LOCKED := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes
export HF_HUB_OFFLINE ?= 0
# Waiting threads sleep instead of spinning: on busy cores several times as fast.
export OMP_WAIT_POLICY ?= PASSIVE
# Every job is a process, and starts three times as fast from compiled modules, which stay in .venv.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help setup setup-dev update-downloader demo dance compare check-songs convert-songs status share player publish-set test test-fast test-slurm test-image test-crash test-fuzz bench lint format lock third-party audit clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 20

setup: $(VENV)/.done ## make .venv from the exact lock, fetch the networks' weights, compile what jobs would compile

setup-dev: $(VENV)/.done-dev ## the same, with the tools of development

$(VENV)/.packages: requirements.lock requirements-cpu.lock requirements-cuda.lock
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null || \
		{ echo "Python 3.11, 3.12 or 3.13 is needed, and '$(PYTHON)' is not: install one, or name yours: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv --clear $(VENV)
	@# A build of torch without CUDA, where pip finds one; else the default one, and then the libraries that it loads.
	$(LOCKED) -r requirements-cpu.lock 2>/dev/null || echo "pip finds no build of torch for CPUs alone: taking the default one"
	$(LOCKED) -r requirements.lock
	@$(BIN)/python -c 'from importlib.metadata import requires; exit(any("nvidia" in line for line in requires("torch")))' || \
		{ echo "$(LOCKED) -r requirements-cuda.lock"; $(LOCKED) -r requirements-cuda.lock; }
	@touch $@

$(VENV)/.done: $(VENV)/.packages pyproject.toml
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/justlmd weights
	$(BIN)/python -m tools.compile_once
	@touch $@

$(VENV)/.done-dev: $(VENV)/.done requirements-dev.lock
	$(LOCKED) -r requirements-dev.lock
	@touch $@

update-downloader: setup ## bring yt-dlp up to date, and nothing else; sites change every few weeks
	@before=$$($(BIN)/yt-dlp --version) && \
		$(BIN)/pip install --quiet --disable-pip-version-check --upgrade --upgrade-strategy only-if-needed "yt-dlp[default]" && \
		echo "yt-dlp $$before -> $$($(BIN)/yt-dlp --version)"

demo: setup ## generate the demo songs, run the whole workflow, print what came out
	$(BIN)/snakemake --cores all --resources gpu=1
	@$(BIN)/justlmd summary

dance: setup ## dance to your own song (AUDIO=my.mp3 LYRICS=my.lrc; also SEED, START, END, FIRST_LINE, LANGUAGE, CHARACTER, NAME, MODEL)
	@test -n "$(AUDIO)" || { echo "Which song? make dance AUDIO=my.mp3 LYRICS=my.lrc (docs/dance.md)"; exit 1; }
	@$(BIN)/justlmd dance "$(AUDIO)" $(if $(LYRICS),"$(LYRICS)") \
		$(foreach option,NAME TITLE ARTIST LANGUAGE START END FIRST_LINE SEED CHARACTER MODEL REPERTOIRE CONFIGFILE,$(if $(filter command,$(origin $(option))),--$(call lower,$(option)) "$($(option))")) $(ARGS)

compare: setup ## make the page on which people compare dances blindly (results/view/compare.html)
	$(BIN)/snakemake results/view/compare.html --cores all --resources gpu=1

check-songs: setup ## check links, lyrics and motion files of the song table without downloading (ARGS="--songs my.tsv")
	@$(BIN)/justlmd check $(ARGS)

convert-songs: setup ## make a song table of a JSON list or playlist (ARGS="JD2020.json --output my.tsv")
	@$(BIN)/justlmd convert $(ARGS)

status: setup ## print what became of each song, and write results/status.tsv
	@$(BIN)/justlmd status $(ARGS)

publish-set: setup ## build results/publish/: links, times, motion and features, without lyrics, audio or titles
	$(BIN)/snakemake --cores all --resources gpu=1 $(ARGS) -- results/publish.tsv

share: setup ## put one song's dance, player and audio into one file to pass on (SONG=<id>): results/view/<id>.share.html
	@test -n "$(SONG)" || { echo "Which song? make share SONG=<id of the song table>"; exit 1; }
	$(BIN)/snakemake --cores all --resources gpu=1 $(ARGS) -- "results/view/$(SONG).share.html"

player: ## build justlmd/data/player.js from player/ (needs node and npm)
	cd player && npm ci --no-audit --no-fund && npm run build

test: setup-dev ## run every test, the whole demo among them (ARGS="tests/lyrics/test_lrc.py" for one file)
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder $(ARGS)

test-fast: setup-dev ## run the tests that take seconds
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder -m "not slow and not workflow" $(ARGS)

test-slurm: setup-dev ## install Debian's SLURM on this machine (as root), run two demo songs through sbatch, let everything fail once
	$(BIN)/python tests/slurm/cluster.py $(ARGS)
	$(BIN)/python tests/slurm/failures.py

test-image: ## build the Dockerfile and run one song in it (docker or podman; else, as root, buildah and debootstrap)
	$(PYTHON) tests/image/image.py

test-crash: setup-dev ## kill a whole run thirty times and see that it ends as if nothing had happened (ARGS="--seed 1")
	$(BIN)/python tests/crash/crash.py $(ARGS)

test-fuzz: setup-dev ## damage every kind of file in twenty times as many ways as the tests do, other ones each time
	JUSTLMD_FUZZ=20 $(BIN)/python -m pytest tests/fuzz $(ARGS)

bench: ## print every benchmark in its short form
	@for name in $$(ls benchmarks/*.py | xargs -n1 basename | sed 's/\.py$$//' | grep -vx options); do $(MAKE) --no-print-directory bench-$$name ARGS="--short $(ARGS)" || exit 1; done

bench-%: setup ## (bench-recovery, ...) print one benchmark and write benchmarks/results/<name>.json
	$(BIN)/python -m benchmarks.$* $(ARGS)

lint: setup-dev ## formatting, style, types, what is installed, and the workflow itself
	$(BIN)/pip check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/snakefmt --check Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint

format: setup-dev ## format everything
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	$(BIN)/snakefmt Snakefile rules

lock: setup-dev ## lock what pyproject.toml names (ARGS="--upgrade", "--upgrade-package librosa"), then run the tests and mend envs/
	$(BIN)/python tools/lock.py $(ARGS)

third-party: setup-dev ## write THIRD_PARTY.md: packages, networks and programs, and their licences
	$(BIN)/python tools/third_party.py

audit: setup-dev ## look up the locked packages in a database of advisories on this disk, offline (DATABASE=<OSV zip or folder>)
	@test -n "$(DATABASE)" || { echo "Which database? make audit DATABASE=all.zip (docs/reliability.md)"; exit 1; }
	@$(BIN)/python tools/audit.py "$(DATABASE)" $(ARGS)

clean: ## remove results/ (all songs, models and the demo) and Snakemake's notes about them
	rm -rf results .snakemake
