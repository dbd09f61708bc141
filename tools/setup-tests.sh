#!/usr/bin/env bash
# Installs what the tests use besides Python, where this user may. What stays missing is said, and
# just its tests are left out.
set -euo pipefail
cd "$(dirname "$0")/.."
export PATH="$PATH:/usr/sbin"
packages=()
command -v mariadbd >/dev/null || packages+=(mariadb-server)
command -v chromium >/dev/null || packages+=(chromium)
command -v curl >/dev/null || packages+=(curl)
command -v jq >/dev/null || packages+=(jq)
[ -e /usr/lib/galera/libgalera_smm.so ] || packages+=(galera-4)
compgen -G "/usr/lib/*/faketime/libfaketime.so.1" >/dev/null || packages+=(faketime)
command -v cc >/dev/null || packages+=(gcc libc6-dev)
[ -e /usr/share/zoneinfo/Asia/Kathmandu ] || packages+=(tzdata)
for program in rsync socat lsof haproxy; do
  command -v "$program" >/dev/null || packages+=("$program")
done
if [ ${#packages[@]} -gt 0 ]; then
  tools/apt-install.sh "${packages[@]}" ||
    echo "coord: what needs ${packages[*]} will not be tested" >&2
fi
# The oldest Python that the client must run on. Debian's PyPy is one, and is there without a
# package index.
if ! compgen -G "$HOME/.pyenv/versions/3.9.*/bin/python" >/dev/null &&
  ! command -v python3.9 pypy3 >/dev/null; then
  tools/apt-install.sh pypy3 || echo "coord: the client will not be tested on Python 3.9" >&2
fi
tools/setup-agent.sh claude
tools/setup-agent.sh copilot
