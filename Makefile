# Everything a newcomer or CI runs. Bare `make` lists the targets.
PYTHON ?= python3
RUN := .venv/bin/python
SERVERS := $(RUN) -m embedded exec
# Settings as in production, for the checks that need no server.
PRODUCTION := PLUMBLINE_DEBUG= PLUMBLINE_ALLOWED_HOSTS=plumbline.example PLUMBLINE_SECRET_KEY=$$(head -c 64 /dev/urandom | base64 -w 0)
export PYTHONPATH := $(CURDIR)/platform:$(CURDIR)
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help run test lint audit venv venv-test python chromium clients conformance fuzz backup restore bench train evaluate screenshots clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: venv ## Start Plumbline with its database, queue and a small model; PORT=N takes that port
	@exec $(RUN) -m embedded run

test: lint chromium clients ## Set up and run everything: lint, then all tests; ARGS="-k word" narrows them
	@exec $(SERVERS) --model -- sh tests/run.sh $(ARGS)

lint: venv-test ## Style, types of the charter, imports, templates, migrations, deployment
	$(RUN) -m ruff check --quiet .
	$(RUN) -m ruff format --check --quiet .
	$(RUN) -m mypy --no-error-summary
	$(RUN) -c 'from importlinter.cli import lint_imports_command as lint; lint()'
	$(RUN) -m djlint templates --lint --quiet
	git ls-files -z | xargs -0 .venv/bin/detect-secrets-hook --baseline .secrets.baseline --no-verify
	$(PRODUCTION) $(RUN) -W ignore::RuntimeWarning manage.py makemigrations --check --dry-run
	$(PRODUCTION) $(RUN) manage.py check --deploy --fail-level WARNING

audit: python ## Known vulnerabilities in what is pinned; says what could not be looked up. ARGS=--strict fails then
	@$(PYTHON) -I platform/embedded/install.py audit
	@.venv-audit/bin/python tests/dependency_audit.py $(ARGS)

venv: python ## Install what the product needs into .venv (run and test do so themselves)
	@$(PYTHON) -I platform/embedded/install.py run

venv-test: python
	@$(PYTHON) -I platform/embedded/install.py test

python:
	@command -v $(PYTHON) >/dev/null || { echo "Plumbline needs Python 3.11 or newer: apt-get install python3-venv"; exit 1; }

chromium:
	@sh platform/embedded/chromium.sh

clients: venv-test
	@$(PYTHON) -I platform/embedded/install.py clients
	@sh tests/clients/typescript/install.sh
	@$(RUN) -m tests.conformance.fetch

conformance: clients ## The official client's own tests, and every client that apps use, against a running Plumbline
	@exec $(SERVERS) -- $(RUN) -m pytest tests/conformance tests/clients $(ARGS)

fuzz: venv-test ## Send the running API what its contract allows and forbids, for FUZZ_SECONDS (600)
	@PLUMBLINE_FUZZ_SECONDS=$${FUZZ_SECONDS:-600} exec $(SERVERS) -- $(RUN) -m pytest tests/conversations/contract/test_contract_fuzzed.py $(ARGS)

backup: venv ## Back everything up into the new folder TO, running or not
	@exec $(RUN) -m embedded beside -- $(RUN) manage.py backup $(TO)

restore: venv ## Restore the backup in FROM into an empty database, and erase again what was erased since
	@exec $(RUN) -m embedded beside -- $(RUN) manage.py restore $(FROM) $(ARGS)

bench: venv-test ## Requests per second, beside a bare pass-through
	@exec $(RUN) -m bench $(ARGS)

train: python ## Train the screens anew and measure them on themes held out; takes PyTorch and about an hour
	@$(PYTHON) -I platform/embedded/install.py train
	@$(RUN) -m evaluation.encoder
	@exec $(RUN) -m evaluation.train

evaluate: venv-test ## Measure the screens and the hierarchy, into an HTML report; ARGS="FILE.jsonl --json" measures that file
	@exec $(RUN) manage.py evaluate $(ARGS)

screenshots: venv-test chromium ## Take pictures of every page, four sizes, light and dark, into .local/screenshots; the documentation's anew
	@PLUMBLINE_SCREENSHOTS=.local/screenshots exec $(SERVERS) --model -- $(RUN) -m pytest tests/browser $(ARGS)

clean: ## Delete .venv, .venv-clients, .venv-audit and .local, and with it the demo's data, keys and audit log
	@test ! -e .local/run.lock || flock -n .local/run.lock true || { echo "Plumbline runs here; stop it first."; exit 1; }
	@for data in .local/postgres .local/*/postgres; do \
		if [ -L "$$data" ]; then rm -rf "$$(dirname "$$(readlink "$$data")")"; fi; done
	rm -rf .venv .venv-clients .venv-audit .local .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis static-collected test-results
