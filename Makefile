# The commands of a developer and a newcomer. Each sets up what it needs; nothing is asked for.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export FLASK_APP := wsgi.py

# Under faketime: its clock, and nothing else, is moved for all that is started here. The semaphore
# that it shares between processes would stay taken for ever when one of them is killed, and for an
# offset it is not needed. The day is read once, not again every ten seconds while some thread sets
# a variable.
ifneq ($(findstring libfaketime,$(LD_PRELOAD)),)
unexport FAKETIME_SHARED
export FAKETIME_DONT_FAKE_MONOTONIC := 1
export FAKETIME_CACHE_DURATION := 1000000000
export FAKETIME_GAPS_SINCE := $(shell date +%s)
export LD_PRELOAD := $(or $(shell tools/faketime.sh),$(error this clock cannot be moved))
endif

.PHONY: serve test test-windows calendar coverage check format audit bench check-bench faults wheel sbom release lock vendor pictures clean help

help:
	@echo "make serve      set up and serve on 127.0.0.1:8001 (COORD_BIND) with SQLite (COORD_DATABASE_URL)"
	@echo "make test       set up and run all tests, or TESTS=tests/web"
	@echo "make test-windows   the client's tests on Windows Pythons under Wine, or WINDOWS=--brief, or WINDOWS='3.11 tests/client/queue'"
	@echo "make coverage   the same, and which branches of coord/ they took in their own process"
	@echo "make calendar   the tests that touch time, on other days, in another zone and locale"
	@echo "make check      formatting, lint, types, dates in tests, migrations, known vulnerabilities"
	@echo "make format     format and mend what can be mended by itself"
	@echo "make bench      measure against a baseline in the same run, or BENCH=board (docs/performance.md names them)"
	@echo "make check-bench   no call costs more than 5 % more CPU time than bench/reference.json says"
	@echo "make faults     break everything around it, one thing after the other, and check what it promises"
	@echo "make wheel      build the package into dist/"
	@echo "make sbom       list what an installed coord consists of, as CycloneDX, in dist/"
	@echo "make release VERSION=1.2.3   check that changelog, version and tag agree, then build both"
	@echo "make lock       pin the dependencies anew"
	@echo "make vendor     fetch the libraries of the page (coord/areas/board/static/vendor) anew"
	@echo "make pictures   take the pictures of the documents anew, from the real page"

serve: $(VENV)/.runtime
	$(BIN)/flask db upgrade
	exec $(BIN)/gunicorn -c config/gunicorn.py wsgi:app

# What waits for ever fails by its name after ten minutes, not by the whole run. One process more
# than two cores carry, since a third of the time tests wait.
test: $(VENV)/.dev
	tools/setup-tests.sh
	$(BIN)/$(if $(SECOND_LOOK),python -m tools.second_look,pytest) -n 3 --dist loadfile --no-loadscope-reorder --timeout 600 $(PYTEST) $(TESTS)

test-windows: $(VENV)/.dev
	$(BIN)/python -m tools.test_windows $(WINDOWS)

coverage: PYTEST := --cov --cov-report=term --cov-report=html
coverage: test

calendar: $(VENV)/.dev
	tools/setup-tests.sh
	tools/test-calendar.sh

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tools.check_dates
	$(BIN)/python -m tools.check_migrations
	$(BIN)/python -m tools.audit

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

audit: $(VENV)/.dev
	$(BIN)/python -m tools.audit

bench: $(VENV)/.dev
	tools/setup-tests.sh
	tools/setup-bench.sh
	$(BIN)/python -m bench $(BENCH)

check-bench: $(VENV)/.dev
	tools/setup-tests.sh
	$(BIN)/python -m bench.reference

faults: $(VENV)/.dev
	tools/setup-tests.sh
	$(BIN)/python -m campaign $(FAULTS)

wheel: $(VENV)/.dev
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir dist .

sbom: wheel
	tools/sbom.sh $(BIN) dist

release: $(VENV)/.dev
	$(BIN)/python -m tools.release $(VERSION)
	rm -rf dist
	$(MAKE) sbom

lock: $(VENV)/.dev
	$(BIN)/pip-compile $(LOCK) --no-build-isolation -o requirements-runtime.txt pyproject.toml
	$(BIN)/pip-compile $(LOCK) -o requirements.txt requirements.in
	$(BIN)/pip-compile $(LOCK) --allow-unsafe -o requirements-dev.txt requirements-dev.in
	$(BIN)/pip-compile $(LOCK) -o requirements-bench.txt requirements-bench.in

vendor: $(VENV)/.dev
	$(BIN)/python -m tools.vendor

pictures: $(VENV)/.dev
	tools/setup-tests.sh
	TAKE_PICTURES=1 $(BIN)/pytest tests/areas/board/test_pictures.py

LOCK := --quiet --upgrade --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	--no-header
INSTALL := $(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps

$(VENV)/bin/python:
	tools/make-venv.sh $(PYTHON) $(VENV)

# --no-deps: the files name everything, and older pips take a dependency with extras for one that is
# not pinned.
$(VENV)/.runtime: $(VENV)/bin/python requirements-runtime.txt
	$(INSTALL) -r requirements-runtime.txt
	touch $@

$(VENV)/.dev: $(VENV)/bin/python requirements-runtime.txt requirements.txt requirements-dev.txt
	$(INSTALL) -r requirements-dev.txt
	touch $(VENV)/.runtime $@

clean:
	rm -rf $(VENV) build dist .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis
