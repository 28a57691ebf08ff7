# `make demo` and `make test` set up all they need in .venv; `make help` lists the rest.
# The stamps .venv/.run and .venv/.dev say what is installed there; without one, .venv is made anew.

VENV := .venv
BIN  := $(VENV)/bin
SPEC := specs/experiments/reversals.experiment
# All cores, but no more than four workers: each one holds JAX.
JOBS ?= logical --maxprocesses=4

# Compiled modules are kept even where the machine says otherwise: importing JAX without them takes twice the time.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: demo test test-slow test-kills test-parity fuzz judge check format tables lock setup setup-dev clean help FORCE

demo: $(VENV)/.run ## the main job: compile, pretrain, run every arm, print the table (SPEC=another.experiment)
	@$(BIN)/wug run $(SPEC)

test: $(VENV)/.dev ## all tests but the slow ones (ARGS="tests/compiler -k parse" for some of them)
	@$(BIN)/pytest -n $(JOBS) $(ARGS)

test-slow: $(VENV)/.dev ## the slow tests: minutes, and they install packages
	@$(BIN)/pytest -m slow $(ARGS)

test-kills: $(VENV)/.dev ## kill a run a hundred times, in every phase and in saves: ten minutes and more
	@$(BIN)/pytest -m kills -s $(ARGS)

test-parity: $(VENV)/.dev ## compare checkpoints with transformers, installed apart: minutes
	@$(BIN)/pytest -m parity $(ARGS)

fuzz: $(VENV)/.dev ## try N changed specs (100000), the same for the same SEED; what fails is kept: docs/trust.md
	@$(BIN)/python -m tests.fuzz $(or $(N),100000) --seed $(or $(SEED),0) $(ARGS)

judge: $(VENV)/.dev ## judge N random worlds (100000) by the independent evaluator: docs/trust.md
	@$(BIN)/python -m tests.compiler.judge 0 $(or $(N),100000) $(ARGS)

check: $(VENV)/.dev ## format, lint and types
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: $(VENV)/.dev ## format the code and sort its imports
	@$(BIN)/ruff check --select I --fix .
	@$(BIN)/ruff format .

tables: $(VENV)/.dev ## renew the ready-made parser tables after a change of grammar/*.lark
	@$(BIN)/python -m wug.compiler.language.tables

setup: $(VENV)/.run ## only make .venv, for running
setup-dev: $(VENV)/.dev ## only make .venv, for testing and checking

# The second file is resolved under the first, so both hold the same versions.
LOCK = $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-emit-find-links --no-annotate \
	--custom-compile-command "make lock" pyproject.toml --group checkout
lock: $(VENV)/.dev ## renew requirements.txt and requirements-dev.txt (UPGRADE=--upgrade for newer versions)
	@$(LOCK) $(UPGRADE) -o requirements.txt
	@$(LOCK) $(UPGRADE) --extra dev -c requirements.txt -o requirements-dev.txt

clean: ## remove .venv, caches and everything built (wug clean removes only what wug built)
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis

help: ## this list
	@echo "make demo and make test do all the set-up themselves, in $(VENV), with python3 (or PYTHON=python3.12)."
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

# An environment made in another folder, or by another Python than the one asked for, is no use here.
ifneq ($(shell cat $(VENV)/.folder 2>/dev/null),$(CURDIR))
STALE := yes
else ifneq ($(PYTHON),)
ifneq ($(shell $(PYTHON) -c 'import sys; print(sys.version)'),$(shell $(BIN)/python -c 'import sys; print(sys.version)'))
STALE := yes
endif
endif
ifdef STALE
$(VENV)/.run $(VENV)/.dev: FORCE
endif

$(VENV)/.run: requirements.txt pyproject.toml
	$(call install,requirements.txt)
	@touch $@

$(VENV)/.dev: requirements-dev.txt pyproject.toml
	$(call install,requirements-dev.txt)
	@touch $(VENV)/.run $@

PIP = PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -m pip install

# Without a stamp .venv is what a killed set-up left behind: it is made anew. The locks are complete, so pip need not
# resolve, and most modules are never imported, so the import at the end compiles those that are: half the time. pip
# prints lines for each package, of which a dot shows that something happens; its errors reach stderr untouched.
IMPORTS = import jax, flax.nnx, optax, orbax.checkpoint, pyarrow.parquet, tokenizers, lark, rich.progress
define install
@set -e; \
if [ -n "$(STALE)" ] || [ ! -e $(VENV)/.run ]; then \
	for python in $(or $(PYTHON),python3 python3.13 python3.12 python3.11); do \
		"$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && break; \
		python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo "make: $(or $(PYTHON),python3) is missing or older than Python 3.11." >&2; \
		echo "make: install Python 3.11, 3.12 or 3.13, or name one: make $(MAKECMDGOALS) PYTHON=/path/to/python3" >&2; \
		exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' 2>/dev/null; then \
		echo "make: $$python cannot make environments (on Debian and Ubuntu: apt install python3-venv)." >&2; \
		exit 1; \
	fi; \
	echo "Making $(VENV) with `"$$python" --version`"; \
	rm -rf $(VENV); \
	"$$python" -m venv $(VENV); \
fi; \
rm -f $(VENV)/.run $(VENV)/.dev; \
printf 'Installing the packages of $(1) (half a minute, and the time to download them) '; \
{ $(PIP) --no-deps --no-compile --require-hashes -r $(1) || touch $(VENV)/.failed; } | while read -r word rest; do \
	case "$$word" in Collecting|Processing) printf .;; Installing) printf ' unpacking';; esac; \
done; \
if [ -e $(VENV)/.failed ]; then \
	echo "make: the set-up failed, for the reason above; the next make starts it again." >&2; \
	exit 1; \
fi; \
$(PIP) --quiet --no-deps --no-build-isolation -e .; \
printf ', importing'; \
$(BIN)/python -c '$(IMPORTS); jax.jit(lambda x: x + 1)(1)'; \
echo "$(CURDIR)" > $(VENV)/.folder; \
echo ', done.'
endef
