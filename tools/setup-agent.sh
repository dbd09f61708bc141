#!/usr/bin/env bash
# Installs a coding agent that end-to-end tests drive, claude or copilot: the version and checksums
# of tools/NAME, into .tools, for this checkout only. No script of the package is run. Where it
# cannot be had, that is said, and just its tests are left out.
set -euo pipefail
cd "$(dirname "$0")/.."
name=$1
case $name in
  claude) programs='@anthropic-ai/claude-code-*/claude' ;;
  copilot) programs='@github/copilot-*/copilot' ;;
  *) echo "usage: tools/setup-agent.sh claude|copilot" >&2; exit 2 ;;
esac
target=.tools/$name
if cmp -s "tools/$name/package-lock.json" "$target/package-lock.json"; then
  exit 0
fi
skipped="the tests with the real $name CLI will be skipped"
if ! command -v npm >/dev/null && ! tools/apt-install.sh npm; then
  echo "coord: npm is not installed; $skipped" >&2
  exit 0
fi
mkdir -p .tools
fresh=$(mktemp -d ".tools/$name.XXXXXX")
home=$(mktemp -d)
trap 'rm -rf "$fresh" "$home"' EXIT
cp "tools/$name/package.json" "tools/$name/package-lock.json" "$fresh"
quietly=(--no-audit --no-fund --no-update-notifier --loglevel=error)
output=$(cd "$fresh" && npm ci --ignore-scripts --fetch-retries=1 "${quietly[@]}" 2>&1) || :
runs=
for program in "$fresh"/node_modules/$programs; do
  if HOME=$home "$program" --version >/dev/null 2>&1; then
    runs=yes
  else
    rm -rf "${program%/*}"  # older npm also brings the one for another C library
  fi
done
if [ -n "$runs" ]; then
  rm -rf "$target"
  chmod 755 "$fresh"
  mv "$fresh" "$target"
else
  head -n 4 <<<"$output" >&2
  echo "coord: the $name CLI could not be installed for this machine; $skipped" >&2
fi
