# Thin on purpose: the recipes are in tools/bootstrap.py, which also runs where there is no make.

# The first Python from 3.11 to 3.13 that really starts (a version manager may leave names that do not).
# -I: the user's PYTHONPATH and PYTHONHOME do not count.
PYTHON := $(shell for name in python3.11 python3.12 python3.13 python3 python; do \
	"$$name" -I -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' >/dev/null 2>&1 \
	&& { command -v "$$name"; break; }; done)
BOOTSTRAP = "$(PYTHON)" -I tools/bootstrap.py
TASK = $@

.DEFAULT_GOAL := help
.PHONY: help python report test lint house lab bench lock clean

help:
	@echo "make report   set up .venv, run the demo study, print where its report is"
	@echo "make test     set up .venv with the tools, then lint and pytest: the whole gate"
	@echo "make lint     ruff check, ruff format --check, mypy, lint-imports"
	@echo "make house    the house rules alone: notebooks' structure, lock files, versions, README"
	@echo "make lab      JupyterLab on notebooks/"
	@echo "make bench    the scripts listed in benchmarks/README.md, each with its time"
	@echo "make lock     write locks/ anew from pyproject.toml (needs uv; UPGRADE=1 takes newer versions)"
	@echo "make clean    remove caches and what the demo made; .venv and clients' reports stay"
	@echo "ARGS='...' goes to the command behind report (exresearch run), test (pytest), lab and bench"
	@echo "PYTHON=...  names the Python to use: 3.11, 3.12 or 3.13"

python:
	@test -n "$(PYTHON)" || { echo "exresearch: no Python 3.11, 3.12 or 3.13 was found on the PATH" \
	"(python3 there: $$(python3 -I -V 2>/dev/null || echo none)); install one, or name it: make PYTHON=/path/to/python3.11 report" >&2; exit 2; }

report test lab bench: python
	@$(BOOTSTRAP) $(TASK) $(ARGS)

lint house clean: python
	@$(BOOTSTRAP) $(TASK)

lock: python
	@"$(PYTHON)" -I tools/lock.py $(if $(UPGRADE),--upgrade)
