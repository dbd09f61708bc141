#!/usr/bin/env bash
# What LD_PRELOAD needs for another day, on its standard output; exits 1, saying why, where that
# cannot be.
set -euo pipefail
cd "$(dirname "$0")/.."
library=$(compgen -G "/usr/lib/*/faketime/libfaketime.so.1" | head -n 1 || :)
if [ -z "$library" ]; then
  echo "coord: libfaketime is not installed (Debian: apt-get install faketime)" >&2
  exit 1
elif ! command -v cc >/dev/null; then
  echo "coord: no C compiler to fill libfaketime's gaps (Debian: apt-get install gcc libc6-dev)" >&2
  exit 1
fi
gaps=$PWD/.tools/faketime_gaps.so
case $gaps in
  *[[:space:]:]*)  # LD_PRELOAD would take it for two, load neither and go on
    echo "coord: another day needs a checkout whose path has no blank and no colon: $PWD" >&2
    exit 1
    ;;
esac
if [ ! "$gaps" -nt tools/faketime_gaps.c ]; then
  mkdir -p .tools
  LD_PRELOAD='' cc -shared -fPIC -O2 -Wall -Wextra -Werror -o "$gaps.$$" tools/faketime_gaps.c -ldl
  mv "$gaps.$$" "$gaps"
fi
echo "$gaps:$library"
