# make run, make demo and make test set up what they need: .venv by .ci/make-environment, Chromium, Exim and its tools, and
# an OpenSSH server by .ci/get-*.

.DEFAULT_GOAL := help
.PHONY: help environment run demo test lint format screenshots lock

BIN := .venv/bin

help:
	@echo "make run     everything on this machine; prints the address and, the first time, the administrator's password"
	@echo "make demo    the same, with sample logs"
	@echo "make test    all that CI checks"
	@echo "make lint    only the checks that run no test"
	@echo "make format  put the code into its form"
	@echo "make screenshots  those of the README anew, from a running make demo"
	@echo "make lock    write requirements.lock anew from pyproject.toml"

environment:
	@.ci/make-environment

run: environment
	@exec $(BIN)/python manage.py run

demo: environment
	@exec $(BIN)/python manage.py demo

test: lint
	@.ci/get-chromium
	@.ci/get-exim-tools
	@.ci/get-exim
	@.ci/get-openssh
	$(BIN)/python -m pytest -n 2 --dist loadgroup --ignore=tests/acceptance --ignore=tests/browser
	$(BIN)/python -m pytest tests/acceptance tests/browser

lint: environment
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/djade --check $$(find templates -name '*.html')
	$(BIN)/mypy
	$(BIN)/lint-imports
	MAILWATCH_HTTPS=yes $(BIN)/python manage.py check --deploy --fail-level WARNING
	$(BIN)/python -W 'ignore:Got an error checking:RuntimeWarning' manage.py makemigrations --check --dry-run
	$(BIN)/python manage.py document_rules --check

format: environment
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/djade $$(find templates -name '*.html')

screenshots: environment
	@.ci/get-chromium
	$(BIN)/python docs/screenshots/take.py

lock: environment
	$(BIN)/uv pip compile pyproject.toml --universal --generate-hashes --upgrade --python-version 3.12 \
		--extra standalone --group test --group lint \
		--no-header --no-emit-index-url --no-emit-find-links --quiet --output-file requirements.lock
