#!/bin/sh
# Installs coord's client for this user: without root, a package index or the internet. Run again, it brings the client up to date.
# What stands after `sh -s --` goes to `coord install`: curl -fsS URL | sh -s -- --bin-dir ~/bin
set -eu

url=@URL@
sha256=@SHA256@

fail() {
  echo "coord: $*" >&2
  exit 1
}

# macOS without Xcode's tools has a /usr/bin/python3 that opens a window, and is no Python.
is_stub() {
  [ "$(uname 2>/dev/null)" = Darwin ] && [ "$(command -v "$1")" = /usr/bin/python3 ] && ! xcode-select -p >/dev/null 2>&1
}

find_python() {
  for name in python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 python; do
    if ! is_stub "$name" && "$name" -c 'import sys; sys.exit(sys.version_info < (3, 9))' </dev/null >/dev/null 2>&1; then
      echo "$name"
      return
    fi
  done
  fail "there is no Python 3.9 or later on PATH. Install one, and run this again."
}

# The server that is named here is trusted from then on. So COORD_URL is not asked: in a repository it may be the repository's.
read_server() {
  option=
  for word in "$@"; do
    case $option in --server) url=$word ;; esac
    case $word in --server=*) url=${word#*=} ;; esac
    option=$word
  done
  url=${url%/}
}

# The token is not among the arguments, which everybody on this machine can read, and goes to this server alone: no redirect is followed with it.
fetch() {
  if command -v curl >/dev/null 2>&1; then
    if [ -n "${COORD_TOKEN:-}" ]; then
      printf 'Authorization: Bearer %s\n' "$COORD_TOKEN" | curl -fsS -H @- -o "$2" "$1"
    else
      curl -fsS -o "$2" "$1" </dev/null
    fi
  elif command -v wget >/dev/null 2>&1; then
    if [ -n "${COORD_TOKEN:-}" ]; then
      (umask 077 && printf 'max_redirect = 0\nheader = Authorization: Bearer %s\n' "$COORD_TOKEN" >"$folder/wgetrc")
      export WGETRC="$folder/wgetrc"
    fi
    wget -q -O "$2" "$1" </dev/null
  else
    fail "there is neither curl nor wget on PATH. Install one, and run this again."
  fi
}

# In a function, so that nothing of a script that broke off on its way is run.
main() {
  read_server "$@"
  python=$(find_python)
  folder=$(mktemp -d)
  trap 'rm -rf "$folder"' EXIT
  trap 'exit 1' HUP INT TERM
  fetch "$url/client/coord.pyz" "$folder/coord.pyz" ||
    fail "$url/client/coord.pyz could not be fetched.${COORD_URL:+ COORD_URL is not asked here: put sh -s -- --server URL at the end of the line.}"
  "$python" -I -S -c 'import hashlib, sys; sys.exit(hashlib.sha256(open(sys.argv[1], "rb").read()).hexdigest() != sys.argv[2])' \
    "$folder/coord.pyz" "$sha256" || fail "$url hands out another client than this script was made for. Fetch the script anew, and run it."
  "$python" -I -S "$folder/coord.pyz" install "$@" --server "$url" </dev/null
}

main "$@"
