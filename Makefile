# Everything a newcomer or CI runs. Bare `make` lists the targets.
PYTHON ?= python3
VENV := .venv/bin/python
export PYTHONPATH := $(CURDIR)/platform:$(CURDIR)

# PORT= and HOST= given to make reach the product like those of the environment.
ifdef PORT
export PORT
endif
ifdef HOST
export HOST
endif

.DEFAULT_GOAL := help
.PHONY: help run test lint venv venv-test bench evaluate screenshots chromium clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

run: venv ## Start Plumbline with its database, queue and a small model (PORT= to choose the port)
	@exec $(VENV) -m embedded run

test: lint chromium ## Set up and run everything: lint, then all tests, browser tests included
	@exec $(VENV) -m embedded exec --model -- $(VENV) -m pytest $(ARGS)

lint: venv-test ## Style, types of the charter, import contract, templates, migrations, deployment check
	@$(VENV) -m embedded.lint

venv: ## Install what the product needs into .venv
	@$(PYTHON) -I platform/embedded/install.py run

venv-test:
	@$(PYTHON) -I platform/embedded/install.py test

chromium:
	@sh platform/embedded/chromium.sh

bench: venv-test ## Requests per second against a mock model, and against a bare pass-through
	@exec $(VENV) -m embedded exec -- $(VENV) -m bench $(ARGS)

evaluate: venv-test ## Measure the decisions on the evaluation sets
	@exec $(VENV) -m evaluation $(ARGS)

screenshots: venv-test chromium ## Make the pictures of the documentation anew
	@PLUMBLINE_SCREENSHOTS=docs/images exec $(VENV) -m embedded exec --model -- $(VENV) -m pytest -m browser tests/browser $(ARGS)

clean: ## Delete .venv and .local: the demo's data, keys and audit log too
	@$(PYTHON) -I platform/embedded/clean.py
