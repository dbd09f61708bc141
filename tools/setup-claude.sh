#!/usr/bin/env bash
# Installs the Claude Code CLI that the end-to-end tests drive: the version and checksums of tools/claude, into .tools, for this checkout only.
# No script of the package is run. Where it cannot be had, that is said, and just its tests are left out.
set -uo pipefail
cd "$(dirname "$0")/.."
target=.tools/claude
if cmp -s tools/claude/package-lock.json "$target/package-lock.json"; then
  exit 0
fi
skipped="the tests with the real Claude Code CLI will be skipped"
if ! command -v npm >/dev/null && ! tools/apt-install.sh npm; then
  echo "coord: npm is not installed; $skipped" >&2
  exit 0
fi
mkdir -p .tools
fresh=$(mktemp -d .tools/claude.XXXXXX)
trap 'rm -rf "$fresh"' EXIT
cp tools/claude/package.json tools/claude/package-lock.json "$fresh"
said=$(npm ci --prefix "$fresh" --ignore-scripts --no-audit --no-fund --no-update-notifier --fetch-retries=1 --loglevel=error 2>&1)
runs=
for program in "$fresh"/node_modules/@anthropic-ai/claude-code-*/claude; do
  if "$program" --version >/dev/null 2>&1; then
    runs=yes
  else
    rm -rf "${program%/claude}"  # older npm also brings the one for another C library
  fi
done
if [ -n "$runs" ]; then
  rm -rf "$target"
  chmod 755 "$fresh"
  mv "$fresh" "$target"
else
  echo "$said" | head -n 4 >&2
  echo "coord: the Claude Code CLI could not be installed for this machine; $skipped" >&2
fi
exit 0
