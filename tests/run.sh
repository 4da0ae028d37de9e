#!/usr/bin/env bash
# The test suite by parts: lint, fast (no server), all (real Odoo end to end), long (full kill counts, other servers).
# Every folder has a time budget; a folder that overruns it fails, so that the suite stays under 25 minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
part=${1:-all}

lint() {
  echo "== lint"
  "$BIN/ruff" check .
  "$BIN/ruff" format --check .
  "$BIN/mypy"
  "$BIN/sqlfmt" --check --quiet dbt_project
}

folder() { # folder NAME BUDGET_SECONDS: its tests, within its budget
  echo "== tests/$1 (budget $2 s)"
  timeout "$2" "$BIN/python" -m pytest -q "tests/$1" "${@:3}"
}

fast() {
  folder house 120
  folder pipelines 240
  folder demo 240
  folder staging 240
  folder marts 240
  folder identity 180
  folder models 180
}

case $part in
  lint) lint ;;
  fast) lint; fast ;;
  all) lint; fast; folder odoo_source 240; folder odoo_sink 300; folder line 600 ;;
  long) folder odoo_sink 1800 -m long; folder line 3600 -m long ;;
  *) echo "usage: tests/run.sh lint|fast|all|long" >&2; exit 2 ;;
esac
