#!/usr/bin/env bash
# Installs Debian packages where this user may: as root, or by sudo without a password. Exits 1,
# saying why, where it may not.
set -euo pipefail
if ! command -v apt-get >/dev/null; then
  echo "coord: no apt-get here; please install: $*" >&2
  exit 1
elif [ "$(id -u)" = 0 ]; then
  as_root=()
elif command -v sudo >/dev/null && sudo -n true 2>/dev/null; then
  as_root=(sudo -n)
else
  echo "coord: no right to install packages; please run: sudo apt-get install $*" >&2
  exit 1
fi
"${as_root[@]}" apt-get update -qq >/dev/null
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
  apt-get install -y -qq --no-install-recommends "$@" >/dev/null
