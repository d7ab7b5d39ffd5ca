.PHONY: check test lint scripts

check: lint scripts test

lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

test:
	.venv/bin/pytest -n 2 --dist loadfile

scripts:
	npm install --no-audit --no-fund --no-package-lock --silent
	npm run --silent check
	npm test
