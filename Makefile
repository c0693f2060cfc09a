# The commands of the project. A fresh machine needs python 3.11 to 3.13, git and make, no more.
# `make help` lists them. PYTHON=... names the interpreter; ARGS=... goes to what is run.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
SUPPORTED := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

# The first one that runs and is of a supported version: a name on PATH may be a shim that fails.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c '$(SUPPORTED)' 2>/dev/null && { echo $$p; break; }; done)

# Where there is a screen, the app comes up in the browser; elsewhere its address is printed.
SCREEN := $(or $(DISPLAY),$(WAYLAND_DISPLAY),$(filter Darwin,$(shell uname)))
SHOW := $(if $(SCREEN),--server.headless=false --server.showEmailPrompt=false)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help dashboard test check benchmark screenshots space clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /\1|/' | \
		awk -F'|' '{ printf "  make %-12s %s\n", $$1, $$2 }'

dashboard: $(VENV)/.dashboard ## install what the app needs (no TensorFlow) and open it
	$(BIN)/streamlit run dashboard/app.py $(SHOW) $(ARGS)

test: $(VENV)/.all ## install everything and run the tests that this machine can run
	$(BIN)/python -m pytest --numprocesses 2 --dist loadgroup $(ARGS)

check: $(VENV)/.all ## lint and check the types
	$(BIN)/python -m ruff check .
	$(BIN)/python -m mypy

benchmark: $(VENV)/.all ## measure speed and memory against the common way
	$(BIN)/python -m benchmarks $(ARGS)

screenshots: $(VENV)/.all ## take the pictures of the real app that the README shows
	$(BIN)/python -m tests.screenshots $(ARGS)

space: $(VENV)/.dashboard ## write the Space's repository into build/space, ready to push
	$(BIN)/python -m training space $(or $(SPACE),build/space) $(if $(STUDY),--study "$(STUDY)") $(ARGS)

clean: ## remove the virtual environment and the tools' caches; data, studies and .cache stay
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis

# A virtual environment made by hand is taken as it is, if its Python fits; some are made without pip.
define ready
@$(BIN)/python -c '$(SUPPORTED)' || { \
	echo "$(VENV) is not of Python 3.11 to 3.13. Remove it (rm -r $(VENV)); make makes another." >&2; exit 1; }
@$(BIN)/python -c 'import pip' 2>/dev/null || $(BIN)/python -m ensurepip >/dev/null
endef

# A stamp says that a requirement file is installed as it stands; it is newer than the file.
$(VENV)/.dashboard: dashboard/requirements.txt | $(BIN)/python
	$(ready)
	@echo "Installing $< into $(VENV) (the first time takes a minute) ..."
	@$(PIP) install --quiet -r $<
	@touch $@

# All of it includes the dashboard's, so both stamps are set.
$(VENV)/.all: requirements.txt dashboard/requirements.txt | $(BIN)/python
	$(ready)
	@echo "Installing $< into $(VENV) (the first time takes a few minutes) ..."
	@$(PIP) install --quiet -r $<
	@touch $(VENV)/.dashboard $@

$(BIN)/python:
	@test -n "$(PYTHON)" || { \
		echo "No Python 3.11, 3.12 or 3.13 found. Install one, or name it: make PYTHON=/path/to/python3.12" >&2; \
		exit 1; }
	@"$(PYTHON)" -c '$(SUPPORTED)' || { \
		echo "$(PYTHON) does not run, or is not Python 3.11 to 3.13. Name another: make PYTHON=..." >&2; exit 1; }
	@"$(PYTHON)" -m venv $(VENV) || { \
		echo "$(PYTHON) cannot make a virtual environment (on Debian and Ubuntu: apt install python3-venv)" >&2; \
		exit 1; }
