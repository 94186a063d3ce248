# `make` alone lists what there is. Only python3 (3.11 or newer), make and git are needed beforehand.
.DEFAULT_GOAL := help

PYTHON ?= python3
PORT ?= 8080
BIN := .venv/bin
COMPOSE := docker compose -f deploy/docker-compose.yml
PLANS ?= ../shared/plans
SCORER ?= ../shared/tools/score_import.py

.PHONY: help setup run stack compose compose-down fmt lint types boundaries contracts check test test-faults \
	bench score-import reset embedded-tests

# Databases of `make check` lie in memory where there is room: hundreds of tests that wait for a disk take a minute.
# `make test` waits.
IN_MEMORY = $(shell test $$(df -Pm /dev/shm 2>/dev/null | awk 'NR == 2 { print $$4 }') -ge 512 2>/dev/null && echo TMPDIR=/dev/shm)
# Compiling every module anew at each start takes longer than most tests.
export PYTHONDONTWRITEBYTECODE :=

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- set-up ---------------------------------------------------------------------------------------

setup: .venv/installed ## create .venv and install the pinned packages (again only when they changed)

.venv/installed: requirements/dev.txt requirements/build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Duban needs Python 3.11 or newer. Name one: make $(MAKECMDGOALS) PYTHON=python3.13" >&2; exit 1; }
	@test -x $(BIN)/python || if command -v uv >/dev/null; then uv venv -q --python $(PYTHON) .venv; \
		elif $(PYTHON) -c 'import ensurepip' 2>/dev/null; then $(PYTHON) -m venv .venv; \
		else echo "$(PYTHON) cannot make virtual environments (no ensurepip). On Debian or Ubuntu: apt-get install python3-venv; or put uv on PATH." >&2; exit 1; fi
	@echo "Installing the pinned packages into .venv ..."
	@if command -v uv >/dev/null; then uv pip install -q --python $(BIN)/python --require-hashes -r requirements/build.txt; \
		else $(BIN)/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements/build.txt; fi
	@$(BIN)/uv pip install -q --python $(BIN)/python --compile-bytecode --require-hashes -r requirements/dev.txt
	@$(BIN)/uv pip install -q --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# --- running --------------------------------------------------------------------------------------

run: setup ## the whole system in one process with the demo, at http://127.0.0.1:PORT
	@DUBAN_PORT=$(PORT) DUBAN_URL=http://127.0.0.1:$(PORT) $(BIN)/duban up --demo

stack: setup ## the production backend without Docker: Kafka, PostgreSQL, one process per service and role
	@DUBAN_PORT=$(PORT) DUBAN_URL=http://127.0.0.1:$(PORT) $(BIN)/duban stack --demo

compose: ## the production backend in containers, with the demo
	@$(PYTHON) deploy/make-env
	PORT=$(PORT) DUBAN_DEMO=1 $(COMPOSE) up --build --wait --detach
	PORT=$(PORT) DUBAN_DEMO=1 $(COMPOSE) run --rm --no-deps demo
	@echo "Duban is at http://127.0.0.1:$(PORT). For \`duban\` say \`$(COMPOSE) run --rm --no-deps demo\`, as in: ... demo clock advance 1d"
	@echo "\`make compose-down\` stops it; its data stays."

compose-down: ## stop the containers; their data stays
	$(COMPOSE) --profile demo down

reset: ## delete all local data of `make run` and `make stack`; asks first
	@printf 'Delete data/ with every local database, message and file? [y/N] '; read -r answer; \
		if [ "$$answer" = y ]; then rm -rf data && echo Deleted.; else echo "Nothing deleted."; fi

# --- checks ---------------------------------------------------------------------------------------

fmt: setup ## format the code and sort its imports
	@$(BIN)/ruff format -q . && $(BIN)/ruff check -q --select I --fix .

lint: setup ## format check and ruff
	@$(BIN)/ruff format --check -q . && $(BIN)/ruff check -q .

types: setup ## mypy --strict
	@$(BIN)/mypy

boundaries: setup ## who may import whom
	@$(BIN)/lint-imports

contracts: setup ## schemas and documents match the code and break no released consumer
	@$(BIN)/duban contracts check

embedded-tests: setup
	@$(IN_MEMORY) $(BIN)/pytest -q -n 3 --dist worksteal --hypothesis-profile check \
		-m "not slow and not kafka and not postgres and not docker and not faults and not system and not bench"

check: lint types boundaries contracts embedded-tests ## all of these and the embedded tests, under a minute

test: setup ## everything that this machine can run; says what it could not
	@$(BIN)/pytest -m "not bench"

test-faults: setup ## kill real processes and servers, then check the invariants
	@$(BIN)/pytest -m faults

bench: setup ## measure; figures go to build/bench.json
	@$(BIN)/pytest -m bench -s

score-import: setup ## score drafts of the sample plans against their hand-made truth
	@test -d $(PLANS) || { echo "No sample plans at $(PLANS). Name the folder: make score-import PLANS=..." >&2; exit 1; }
	@mkdir -p build/drafts
	@for truth in $(PLANS)/*.truth.json; do name=$$(basename $$truth .truth.json); \
		$(BIN)/duban plan draft $(PLANS)/$$name.txt --json >build/drafts/$$name.json && set -- "$$@" $$truth build/drafts/$$name.json || exit; \
		done; $(BIN)/python $(SCORER) "$$@"
