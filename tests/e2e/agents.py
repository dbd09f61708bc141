"""The coding agents that tools/setup-agent.sh installs for this checkout."""

from pathlib import Path

from tests.service import ROOT

PROGRAMS = {
    "claude": "node_modules/@anthropic-ai/claude-code-*/claude",
    "copilot": "node_modules/@github/copilot-*/copilot",
}


def program(name: str) -> Path | None:
    """Its CLI; None where it is not installed."""
    return next((ROOT / ".tools" / name).glob(PROGRAMS[name]), None)


def missing(name: str) -> str | None:
    """What is missing to run its CLI here; None when nothing is."""
    setup = f"tools/setup-agent.sh {name}"
    if program(name) is None:
        return f"the {name} CLI is not installed ({setup} installs it; it needs npm)"
    wanted, installed = (
        (ROOT / folder / name / "package-lock.json").read_bytes() for folder in ("tools", ".tools")
    )
    return (
        None
        if wanted == installed
        else f"another version of the {name} CLI is installed ({setup} replaces it)"
    )
