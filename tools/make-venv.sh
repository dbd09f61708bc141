#!/usr/bin/env bash
# Makes the virtual environment: tools/make-venv.sh PYTHON FOLDER. Debian ships Python without what
# that needs.
set -euo pipefail
cd "$(dirname "$0")/.."
python=$1 folder=$2
"$python" - <<'PY' || exit 1
import sys
if sys.version_info < (3, 11):
    version = sys.version.split()[0]
    sys.exit(
        f"coord needs Python 3.11 or newer; this is {version}."
        " Name another with: make PYTHON=python3.12 …"
    )
PY
if ! "$python" -c 'import ensurepip' 2>/dev/null; then
  tools/apt-install.sh python3-venv
fi
"$python" -m venv "$folder"
