#!/usr/bin/env bash
# Installs what coord is measured beside, where this user may. What stays missing is said, and just
# its comparison is left out.
set -euo pipefail
cd "$(dirname "$0")/.."
command -v etcd >/dev/null || tools/apt-install.sh etcd-server ||
  echo "coord: the comparison with etcd will be left out" >&2
installed=.tools/bench/installed.txt
if ! cmp -s requirements-bench.txt "$installed"; then
  { python3 -m venv --clear .tools/bench &&
    .tools/bench/bin/pip install --quiet --disable-pip-version-check --require-hashes --no-deps \
      -r requirements-bench.txt &&
    cp requirements-bench.txt "$installed"; } ||
    echo "coord: the comparison with agent-switchboard, and the pictures, will be left out" >&2
fi
