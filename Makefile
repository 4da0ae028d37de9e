# The few commands people use. Each sets up its own virtual environment in .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ODOO ?= 0

.PHONY: demo dev pictures test test-fast test-long lint lock clean

$(VENV)/.uv:
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; set PYTHON=...") if sys.version_info < (3, 11) else None'
	@echo "Setting up $(VENV)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check 'uv>=0.9,<1'
	@touch $@

$(VENV)/.demo: requirements.txt pyproject.toml $(VENV)/.uv
	@echo "Installing the locked packages (about 1 GB, once)"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.dev: requirements-dev.txt $(VENV)/.demo
	@echo "Installing the locked packages for development"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.txt
	@touch $@

$(VENV)/.spark: requirements-spark.txt $(VENV)/.dev
	@echo "Installing Spark for the long tests"
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --require-hashes -r requirements-spark.txt
	@touch $@

demo: $(VENV)/.demo
	@$(BIN)/python -m demo.run $(if $(filter 1,$(ODOO)),--odoo)

dev: $(VENV)/.demo
	@$(BIN)/retail dev

pictures: $(VENV)/.dev
	@$(BIN)/python -m demo.pictures

test: $(VENV)/.dev
	@BIN=$(BIN) bash tests/run.sh all

test-fast: $(VENV)/.dev
	@BIN=$(BIN) bash tests/run.sh fast

test-long: $(VENV)/.spark
	@BIN=$(BIN) bash tests/run.sh long

lint: $(VENV)/.dev
	@BIN=$(BIN) bash tests/run.sh lint

lock: $(VENV)/.uv
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --extra build --extra demo pyproject.toml -o requirements.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --extra build --extra demo --extra dev -c requirements.txt pyproject.toml -o requirements-dev.txt
	@$(BIN)/uv pip compile --quiet --python-version 3.11 --universal --generate-hashes --no-emit-index-url --no-header --extra spark -c requirements.txt pyproject.toml -o requirements-spark.txt

clean:
	rm -rf $(VENV) var dbt_project/target dbt_project/logs
