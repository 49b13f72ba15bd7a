# Two commands do everything: make demo, make test. Needs Python 3.11–3.13 and make.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PORT   ?= 8000

.PHONY: demo test test-heavy lint docs bench clean

demo: $(VENV)/.serve
	@$(BIN)/python -m examples.walk
	@FIELDNOTE_PUBLIC_URL=http://127.0.0.1:$(PORT) $(BIN)/python -m examples.demo
ifndef ONESHOT
	@$(BIN)/fieldnote serve --port $(PORT)
endif

test: $(VENV)/.dev lint
	$(BIN)/python -m pytest -n 2 --dist loadfile -m "not heavy"

test-heavy: $(VENV)/.dev
	$(BIN)/python -m pytest -m heavy

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/fieldnote check

docs: $(VENV)/.dev
	$(BIN)/fieldnote fields > docs/fields.md
	$(BIN)/python -m benchmarks.tables
	$(BIN)/python -m benchmarks.card

bench: $(VENV)/.dev
	$(BIN)/fieldnote bench accuracy
	$(BIN)/fieldnote bench speed
	$(BIN)/python -m benchmarks.tagger

$(VENV)/.venv:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip<27"
	@touch $@

$(VENV)/.serve: $(VENV)/.venv requirements.lock pyproject.toml
	$(BIN)/pip install --quiet -r requirements.lock
	$(BIN)/pip install --quiet --no-deps -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.venv requirements-dev.lock pyproject.toml
	$(BIN)/pip install --quiet -r requirements-dev.lock
	$(BIN)/pip install --quiet --no-deps -e .
	@touch $@ $(VENV)/.serve

clean:
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
