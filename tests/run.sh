#!/usr/bin/env bash
# The test suite by parts: lint, fast (no server), all (real Odoo end to end), long (what takes minutes).
# Every folder has a time budget; a folder that overruns it fails, so that the suite stays under 25 minutes.
set -euo pipefail
cd "$(dirname "$0")/.."
BIN=${BIN:-.venv/bin}
# Without the compiled files every one of the line's processes would compile all its packages again.
unset PYTHONDONTWRITEBYTECODE
part=${1:-all}

lint() {
  echo "== lint"
  "$BIN/ruff" check .
  "$BIN/ruff" format --check .
  "$BIN/mypy"
  "$BIN/sqlfmt" --check --quiet dbt_project
}

folder() { # folder NAME BUDGET_SECONDS [MARKS]: its tests, within its budget
  echo "== tests/$1 (budget $2 s)"
  timeout "$2" "$BIN/python" -m pytest -q -m "${3:-not long}" "tests/$1"
}

fast() {
  folder house 120
  folder pipelines 240
  folder demo 240
  folder staging 240
  folder marts 420
  folder identity 300
  folder models 180
}

odoo() {
  folder odoo_source 300
  folder odoo_sink 420
  folder line 1200
  [ -n "${ODOO_URL:-}" ] || echo "The Odoo of these tests stays up for the next run; 'tests/odoo_server/odoo-up.sh stop' ends it."
}

case $part in
  lint) lint ;;
  fast) lint; fast ;;
  all) lint; fast; odoo ;;
  long) folder demo 900 long; folder marts 900 long; folder pipelines 240 long; folder line 600 long; folder identity 300 long; folder odoo_sink 900 long ;;
  *) echo "usage: tests/run.sh lint|fast|all|long" >&2; exit 2 ;;
esac
