#!/usr/bin/env bash
# Runs the tests that touch time on other days, and in another zone and locale. Says what it leaves
# out where libfaketime is missing.
set -euo pipefail
cd "$(dirname "$0")/.."
tests=(
  tests/areas/{locks,sessions,components}/test_observed_at.py
  tests/areas/sessions/test_{gone,activity,checkin,list}.py
  tests/areas/locks/test_{list,renew,release,presence}.py
  tests/areas/messages/test_{broadcasts,last_seen}.py
  tests/areas/events/test_retention.py
  tests/client/queue/test_{late,lines,obsolete,replay,shells}.py
  tests/client/cli/test_events.py tests/client/setup/test_doctor.py
)

failed=0
run() {
  echo "coord: $1" >&2
  shift
  timeout --kill-after=10 1200 "$@" \
    .venv/bin/python -m pytest -q -n 2 --dist loadfile --timeout 600 "${tests[@]}" || failed=1
}

# Berlin's rules as POSIX writes them, which need no file of zones: its clocks go back at 01:00 UTC
# on October's last Sunday.
berlin=CET-1CEST,M3.5.0,M10.5.0/3
year=$(date -u +%Y)
[ "$(date -u +%m%d)" -lt 1025 ] || year=$((year + 1))
back="$year-10-$((31 - $(date -u -d "$year-10-31" +%w))) 00:30 UTC"
leap=$(date -u +%Y)
until [ "$(date -u -d "$leap-02-29 12:00" +%s 2>/dev/null || echo 0)" -gt "$(date +%s)" ]; do
  leap=$((leap + 1))
done

run "in Kathmandu, in the locale C" env -u PYTHONUTF8 TZ=Asia/Kathmandu LC_ALL=C
if ! tools/faketime.sh >/dev/null; then
  echo "coord: the tests are not run on other days" >&2
  exit $failed
fi
run "in a year" tools/on-day.sh +400d
run "in the hour before the clocks go back, $back" env TZ=$berlin tools/on-day.sh "$back"
run "on 29 February $leap" tools/on-day.sh "$leap-02-29 12:00 UTC"
exit $failed
