# The commands of a developer and a newcomer. Each sets up what it needs; nothing is asked for.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export FLASK_APP := wsgi.py

.PHONY: serve test check bench lock clean help

help:
	@echo "make serve   set up and serve on 127.0.0.1:8001 (COORD_BIND) with SQLite (COORD_DATABASE_URL)"
	@echo "make test    set up and run all tests"
	@echo "make check   lint, types, formatting, migrations, dates in tests"
	@echo "make bench   measure against a baseline in the same run"
	@echo "make lock    pin the dependencies anew"

serve: $(VENV)/.runtime
	$(BIN)/flask db upgrade
	exec $(BIN)/gunicorn -c config/gunicorn.py wsgi:app

test: $(VENV)/.dev
	tools/setup-tests.sh
	$(BIN)/pytest -n 2 --dist loadfile $(TESTS)

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m tools.check_dates
	$(BIN)/python -m tools.check_migrations

bench: $(VENV)/.dev
	tools/setup-tests.sh
	tools/setup-bench.sh
	$(BIN)/python -m bench $(BENCH)

lock: $(VENV)/.dev
	$(BIN)/pip-compile $(LOCK) -o requirements.txt requirements.in
	$(BIN)/pip-compile $(LOCK) --allow-unsafe -o requirements-dev.txt requirements-dev.in

LOCK := --quiet --upgrade --generate-hashes --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options \
	--no-header

$(VENV)/bin/python:
	tools/make-venv.sh $(PYTHON) $(VENV)

# --no-deps: the files name everything, and older pips take a dependency with extras for one that is not pinned.
$(VENV)/.runtime: $(VENV)/bin/python requirements.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/bin/python requirements.txt requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements-dev.txt
	touch $(VENV)/.runtime $@

clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis
