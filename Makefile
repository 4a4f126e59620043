# For a newcomer: `make demo` describes the figures of examples/, `make space` serves a page that does, `make test`
# runs the tests.

VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(firstword $(foreach p,python3.11 python3.12 python3.13 python3,$(shell $(p) -c "import venv" 2>/dev/null && echo $(p))))
TORCH := $(shell grep '^torch==' constraints.txt)
CHECKPOINT ?= checkpoints/patentlmm-tiny
PIP := $(BIN)/python -m pip --disable-pip-version-check install -qq -c constraints.txt
PYTEST := $(BIN)/python -m pytest
JOBS ?= 2
# Need no GPU and take minutes.
SPEED := encoder_speed generation_speed $(if $(PATENTLMM_DATA),reading_speed) describe_speed training_speed growth startup
# Workers share the cores: threads that wait must not spin.
export OMP_WAIT_POLICY := PASSIVE
export TOKENIZERS_PARALLELISM := false

.PHONY: help demo space install install-test test test-slow smoke lint format bench bench-scores clean
.DEFAULT_GOAL := help

help:  ## print this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 20

# torch goes first so that its pinned build is settled before anything that depends on it.
$(VENV)/.installed: pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "make: needs python3.11 (or newer) with its venv module"; exit 1; }
	@test -x $(BIN)/python || { echo "creating $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing into $(VENV), a few minutes the first time"
	@$(PIP) "$(TORCH)"
	@$(PIP) -e .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	@echo "installing what the tests need into $(VENV)"
	@$(PIP) -e ".[lint,test]"
	@touch $@

install: $(VENV)/.installed  ## create .venv and install the pinned dependencies

install-test: $(VENV)/.installed-test  ## the same with what the tests need

demo: $(VENV)/.installed  ## describe examples/ with the bundled checkpoint, write the overlays to out/
	@mkdir -p out
	@$(BIN)/patentlmm describe examples/*.png --checkpoint $(CHECKPOINT) --overlay out/demo-overlay.png
	@echo
	@echo "Every figure with what was read and what the text mentions:"
	@ls out/demo-overlay*.png

$(VENV)/.installed-space: $(VENV)/.installed
	@echo "installing what the page needs into $(VENV)"
	@$(PIP) -e ".[space]"
	@touch $@

space: $(VENV)/.installed-space  ## serve the page at http://127.0.0.1:7860, offline
	@PATENTLMM_CHECKPOINT=$${PATENTLMM_CHECKPOINT:-$(CHECKPOINT)} $(BIN)/python -m space.app

test: $(VENV)/.installed-test  ## run the fast tests
	OMP_NUM_THREADS=1 $(PYTEST) -n $(JOBS) --dist loadfile

test-slow: $(VENV)/.installed-test  ## run the slow tests (training, other environments)
	$(PYTEST) -m slow

smoke: $(VENV)/.installed-test  ## run every training script for some steps on drawn figures, in out/smoke
	PYTHON=$(CURDIR)/$(BIN)/python train/recipes/smoke/run.sh

lint: $(VENV)/.installed-test  ## check style and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.installed-test  ## mend style and format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.installed-test  ## run the speed benchmarks into benchmarks/results, their table into README.md
	@mkdir -p out/bench
	@set -e; for name in $(SPEED); do echo "benchmarks.$$name"; \
		$(BIN)/python -m benchmarks.$$name > out/bench/$$name.txt; \
		tail -n 1 out/bench/$$name.txt > benchmarks/results/$$name.json; \
	done
	@$(BIN)/python -m benchmarks.speed_table

bench-scores: $(VENV)/.installed-test  ## run the benchmarks of what is read and written, one JSON line each
	@$(BIN)/python -m benchmarks.drawn_figures --count 100
	@if [ -n "$$PATENTLMM_DATA" ]; then \
		$(BIN)/python -m benchmarks.reading && $(BIN)/python -m benchmarks.real_figures && \
		$(BIN)/python -m benchmarks.audit && $(BIN)/python -m benchmarks.table && \
		$(BIN)/python -m benchmarks.redbook && $(BIN)/python -m benchmarks.descriptions && \
		$(BIN)/python -m benchmarks.sheets && $(BIN)/python -m benchmarks.joins && \
		$(BIN)/python -m benchmarks.near_duplicates; \
	else echo "set PATENTLMM_DATA to the folder of real patents to run the other benchmarks"; fi

clean:  ## remove .venv, caches and outputs
	rm -rf $(VENV) out build dist *.egg-info .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
