# `make demo` shows the marketplace, `make test` tests it, `make check` reads it. Needs Python 3.11+ and nothing else.

PYTHON ?= python3
BIN := .venv/bin
RUN := $(BIN)/python manage.py
# DEBUG allows the defaults of one's own machine; the demonstration sets DEMO instead.
DEVELOPMENT := DEBUG=1
# As production runs, with keys of nobody's.
PRODUCTION := DEBUG=0 DEMO=0 VAR_DIR=var/check SECRET_KEY=0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ! \
	FIELD_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= RECEIPT_KEY=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA= \
	ALLOWED_HOSTS=example.org SITE_URL=https://example.org \
	EMAIL_URL=console: DATABASE_URL=postgresql://127.0.0.1:9/none
PROCESSES ?= 2

CHECKS := format lint types layers templates migrations translations configuration static length

.DEFAULT_GOAL := help
.PHONY: help demo test check bench stop messages lock clean $(CHECKS:%=check-%)
.DELETE_ON_ERROR:

help:
	@echo "make demo      install, prepare and serve the demonstration until Ctrl-C"
	@echo "make test      run every test (DATABASE_URL, CELERY_BROKER_URL: against those servers)"
	@echo "make check     format, lint, types, layers, templates, migrations, translations"
	@echo "make bench     the benchmarks of tests/benchmarks"
	@echo "make stop      end a running demonstration and the embedded PostgreSQL"
	@echo "make messages  bring the translation catalogues up to date"
	@echo "make lock      write the lock files anew from pyproject.toml and package.json"
	@echo "make clean     remove what was installed; VAR=1 also what was written (var/)"

demo: .venv/installed node_modules/installed
	@DEMO=1 exec $(RUN) demo $(if $(PORT),--port $(PORT)) $(if $(HOST),--host $(HOST))

stop: .venv/installed
	@$(DEVELOPMENT) $(RUN) demo --stop

test: .venv/installed-dev node_modules/installed
	@$(DEVELOPMENT) $(RUN) messages --compile
	@$(BIN)/pytest -n $(PROCESSES) --dist loadgroup $(ARGS)

# Every part is tried, so that one run tells all that is wrong.

check: .venv/installed-dev node_modules/installed
	@$(MAKE) --no-print-directory --keep-going $(CHECKS:%=check-%)

check-format:
	$(BIN)/ruff format --check .
check-lint:
	$(BIN)/ruff check .
check-types:
	$(BIN)/mypy
check-layers:
	$(BIN)/lint-imports
check-templates:
	$(BIN)/djlint . --lint --quiet
# An address where nobody listens: reading models and migrations needs no database, and starts none.
check-migrations:
	$(DEVELOPMENT) DATABASE_URL=postgresql://127.0.0.1:9/none $(BIN)/python -W ignore manage.py makemigrations --check --dry-run
check-translations:
	$(DEVELOPMENT) $(RUN) messages --check
check-configuration:
	$(DEVELOPMENT) $(RUN) configuration --check
# Every file that a style sheet or script names exists, as production's storage of static files demands.
check-static:
	$(PRODUCTION) $(RUN) collectstatic --noinput --verbosity 0
	$(PRODUCTION) $(RUN) check --deploy --fail-level WARNING
check-length:
	@git ls-files '*.py' '*.html' '*.css' '*.js' | xargs wc -l | awk '$$1 > 500 && $$2 != "total" {print "note: " $$2 " has " $$1 " lines; could it be two?"}'

bench: .venv/installed-dev
	@$(BIN)/pytest tests/benchmarks --override-ini 'python_files=bench_*.py' --capture no --quiet $(ARGS)

messages: .venv/installed-dev
	@$(DEVELOPMENT) $(RUN) messages $(ARGS)

LOCK := .venv/bin/uv pip compile --universal --generate-hashes --no-emit-index-url --no-header --no-annotate $(ARGS)

lock: .venv/python
	@$(BIN)/python -m pip install --quiet uv
	@$(LOCK) pyproject.toml --output-file requirements.lock --quiet
	@$(LOCK) pyproject.toml --group dev --constraint requirements.lock --output-file requirements-dev.lock --quiet
	@$(MAKE) --no-print-directory .venv/installed
	@$(BIN)/python -m marketplace.front_end lock

clean:
	@test ! -x $(BIN)/python || $(MAKE) --no-print-directory stop || true
	rm -rf .venv node_modules $(if $(VAR),var)

.venv/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; $(PYTHON) is older. Name another: make $(MAKECMDGOALS) PYTHON=python3.12"; exit 1; }
	@echo "Making .venv …"
	@$(PYTHON) -m venv .venv || { echo "$(PYTHON) lacks its venv module (Debian: the package python3-venv)."; exit 1; }
	@touch $@

.venv/installed: requirements.lock | .venv/python
	@echo "Installing the locked packages …"
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --requirement requirements.lock
	@touch $@

.venv/installed-dev: requirements-dev.lock | .venv/python
	@echo "Installing the locked packages for development …"
	@$(BIN)/python -m pip install --disable-pip-version-check --require-hashes --requirement requirements-dev.lock
	@touch .venv/installed $@

node_modules/installed: package-lock.json | .venv/installed
	@echo "Installing the front-end packages …"
	@$(BIN)/python -m marketplace.front_end install
	@touch $@
