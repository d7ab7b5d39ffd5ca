.PHONY: check test lint

check: lint test

lint:
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

test:
	.venv/bin/pytest -n 2 --dist loadfile
