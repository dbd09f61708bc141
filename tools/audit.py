"""Asks the package index whether a pinned package of coord has a known vulnerability: `python -m
tools.audit`.

Where its advisories cannot be reached, that is said in one line and fails nothing.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TIMEOUT_S = 10  # for each package; a network that is not there must not hold up `make check`
COMMAND = (
    sys.executable,
    "-m",
    "pip_audit",
    "--disable-pip",
    "--require-hashes",
    "--format=json",
    "--progress-spinner=off",
)


def report(dependencies: list[dict[str, Any]]) -> tuple[list[str], list[str]]:
    """The vulnerabilities found, one line each, and the names of the packages that nobody could say
    anything about.
    """
    vulnerabilities = [
        f"{package['name']} {package['version']}: {vulnerability['id']}, fixed in"
        f" {', '.join(vulnerability['fix_versions']) or 'no version yet'}"
        for package in dependencies
        for vulnerability in package.get("vulns", ())
    ]
    return vulnerabilities, [
        package["name"] for package in dependencies if "skip_reason" in package
    ]


def main() -> int:
    """The exit code: 1 when there is a known vulnerability."""
    requirements = ROOT / "requirements-runtime.txt"
    command = [*COMMAND, f"--timeout={TIMEOUT_S}", f"--requirement={requirements}"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except ValueError:
        reason = (done.stderr.strip().splitlines() or ["no answer"])[-1]
        sys.stderr.write(f"coord: not checked for known vulnerabilities: {reason}\n")
        return 0
    vulnerabilities, unknown = report(dependencies)
    if unknown:
        count = f"{len(unknown)} of {len(dependencies)}"
        sys.stderr.write(
            f"coord: advisories cannot be reached here: {count} packages are not checked for known"
            " vulnerabilities\n"
        )
    for line in vulnerabilities:
        sys.stderr.write(f"coord: {line}\n")
    return 1 if vulnerabilities else 0


if __name__ == "__main__":
    sys.exit(main())
