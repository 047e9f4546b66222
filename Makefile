# The door to everything: `make run`, `make test`, `make check`, `make format`, `make bench`, `make image`, `make clean`.
# All of it happens in .venv, in this clone. ARGS goes to the program that is run: make test ARGS="-k inbox", make bench ARGS=--help.

SHELL := /bin/bash
VENV  := .venv
BIN   := $(VENV)/bin
JOBS  ?= 2
ARGS  ?=
IMAGE ?= pointsman
# The first Python that is new enough and whole: Debian's has no ensurepip until python3-venv is installed.
PYTHON ?= $(shell for name in python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do \
	$$name -c 'import ensurepip, sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { command -v $$name; break; }; done)

.PHONY: help run test check format bench image clean servers
.DEFAULT_GOAL := help

help:
	@echo "make run     set up $(VENV) and start the demo"
	@echo "make test    set up all that the tests need, and run them (ARGS=… for pytest)"
	@echo "make check   formatting, lint, types, layers"
	@echo "make format  put the formatting right"
	@echo "make bench   the throughput of the whole line (ARGS=… for the bench)"
	@echo "make image   build the container image (IMAGE=$(IMAGE), IMAGE_ARGS=… for docker build)"
	@echo "make clean   remove $(VENV) and caches"

run: $(VENV)/.run
	@exec $(BIN)/pointsman demo $(ARGS)

test: $(VENV)/.develop servers
	$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.develop
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.develop
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.develop servers
	$(BIN)/python bench/throughput.py $(ARGS)

image:
	docker build -f Containerfile -t $(IMAGE) $(IMAGE_ARGS) .

clean:
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache .grimp_cache dist build

# What is installed is remembered by empty files in the virtual environment, each newer than what it was made from.

$(VENV)/.made:
	@if [ -z "$(PYTHON)" ]; then \
		echo "Python 3.11 or newer, with its venv module, is needed and was not found." >&2; \
		echo "On Debian 12, Ubuntu 23.04 or newer: apt-get install python3 python3-venv. Or name one: make PYTHON=/path/to/python3.12" >&2; \
		exit 1; fi
	$(PYTHON) -m venv --clear $(VENV)
	$(BIN)/python -m pip install -qq --upgrade 'pip>=25.1'
	@touch $@

# The demo's broker comes as a wheel that not every machine has one of; where Mosquitto is installed it is not needed.
$(VENV)/.run: $(VENV)/.made pyproject.toml
	@echo "Installing Pointsman into $(VENV) …"
	@$(BIN)/python -m pip install -qq --editable '.[demo,postgres]' || { \
		echo "Without the demo's own broker, then: it has no build for this machine. Mosquitto on PATH will do instead." >&2; \
		$(BIN)/python -m pip install -qq --editable '.[postgres]'; }
	@touch $@

$(VENV)/.develop: $(VENV)/.run
	@echo "Installing what tests and checks need into $(VENV) …"
	@$(BIN)/python -m pip install -qq --group test --group check
	@touch $@

# The servers that tests speak to. Not a file: they are looked for each time, and installed only by root.
servers:
	@missing=""; export PATH="$$PATH:/usr/sbin:/sbin"; \
	[ -n "$$POINTSMAN_TEST_BROKER_URL" ] || command -v mosquitto >/dev/null || missing="$$missing mosquitto"; \
	command -v mosquitto_pub >/dev/null || missing="$$missing mosquitto-clients"; \
	[ -n "$$POINTSMAN_TEST_POSTGRES_URL" ] || command -v initdb >/dev/null || ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 \
		|| missing="$$missing postgresql"; \
	command -v chromium >/dev/null || missing="$$missing chromium"; \
	command -v node >/dev/null || missing="$$missing nodejs"; \
	command -v curl >/dev/null || missing="$$missing curl"; \
	[ -z "$$missing" ] && exit 0; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing$$missing …"; \
		{ apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing; } >/dev/null; \
	else \
		echo "Missing:$$missing. Install them (Debian: sudo apt-get install$$missing), or start a Docker engine." >&2; \
		echo "Tests that need them are skipped here, and fail where CI is set." >&2; \
	fi
