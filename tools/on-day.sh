#!/usr/bin/env bash
# Runs a command as if on another day: tools/on-day.sh +400d COMMAND…, or any time that `date -d`
# understands. Every process below it sees that day, with real seconds; Debian's libfaketime moves
# the clock, faketime_gaps.c fills its gaps.
set -euo pipefail
day=$1
shift
library=$(tools/faketime.sh)
case $day in
  +*d) offset=$((${day//[+d]/} * 86400)) ;;
  *) offset=$(($(date -d "$day" +%s) - $(date +%s))) ;;
esac
# The day is read once: libfaketime would read it again every ten seconds, in whatever thread, and
# meet another that sets a variable.
export FAKETIME_CACHE_DURATION=1000000000
FAKETIME=$(printf '%+d' "$offset")
FAKETIME_GAPS_SINCE=$(($(date +%s) + offset - 1))
export FAKETIME FAKETIME_GAPS_SINCE FAKETIME_DONT_FAKE_MONOTONIC=1
LD_PRELOAD=$library exec "$@"
