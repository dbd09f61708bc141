#!/usr/bin/env bash
# Writes what an installed coord consists of as CycloneDX: tools/sbom.sh BIN DIST, with the one
# wheel in DIST. It is read from an environment that has the wheel and what it pins, and nothing
# else: with versions, licences and who needs whom.
set -euo pipefail
cd "$(dirname "$0")/.."
bin=$1 dist=$2
wheels=("$dist"/coord-*.whl)
if [ ${#wheels[@]} -ne 1 ] || [ ! -e "${wheels[0]}" ]; then
  echo "coord: $dist must hold one wheel, and holds: ${wheels[*]}. Remove the older ones." >&2
  exit 1
fi
installed=$(mktemp -d)
trap 'rm -rf "$installed"' EXIT
"$bin/python" -m venv --without-pip "$installed"
pip=("$bin/pip" --python "$installed/bin/python" install --quiet --disable-pip-version-check)
"${pip[@]}" --require-hashes --no-deps -r requirements-runtime.txt
"${pip[@]}" --no-index "${wheels[0]}"
"$bin/cyclonedx-py" environment --output-reproducible \
  -o "$dist/coord.cdx.json" "$installed/bin/python"
