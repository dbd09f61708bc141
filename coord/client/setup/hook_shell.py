"""The shell in which Claude Code runs hooks on this machine."""

from __future__ import annotations

import binascii
import os
import subprocess
from dataclasses import dataclass

from coord.client.programs import find as find_program

_TIMEOUT_S = 20.0  # PowerShell's first start, with a virus scanner
_FIND = 'PATH="$PATH:$HOME/.local/bin"; command -v coord'
# Base64, since PowerShell writes into pipes in a code page that no user's name need be in.
_FIND_IN_POWERSHELL = (
    '$env:PATH += ";$HOME/.local/bin"; $coord = Get-Command coord -ErrorAction Ignore; '
    "if ($coord) { [Convert]::ToBase64String([Text.Encoding]::UTF8.GetBytes($coord.Source)) }"
)


@dataclass(frozen=True)
class HookShell:
    """`command`: what a line for it is appended to."""

    command: list[str]
    is_powershell: bool = False

    def coord_program(self) -> str:
        """What hooks would run, as the shell names it: its HOME may be another than Python's.
        Empty where it finds none."""
        question = _FIND_IN_POWERSHELL if self.is_powershell else _FIND
        try:
            done = subprocess.run(
                [*self.command, question],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_S,
                check=False,
            )
            output = done.stdout.strip()
            if self.is_powershell:
                output = binascii.a2b_base64(output)
        except (OSError, subprocess.TimeoutExpired, binascii.Error):
            return ""
        return output.decode("utf-8", "replace")


def find() -> HookShell | None:
    """None where there is none that Claude Code would use."""
    shell = git_bash() if os.name == "nt" else find_program("sh") or find_program("bash")
    if shell is not None:
        return HookShell([shell, "-c"])
    powershell = find_program("pwsh") or find_program("powershell") if os.name == "nt" else None
    if powershell is None:
        return None
    command = [powershell, "-NoProfile", "-NonInteractive", "-Command"]
    return HookShell(command, is_powershell=True)


def git_bash() -> str | None:
    """As Claude Code 2.1.330 looks for it: never the `bash` on PATH, which may be WSL's."""
    named = os.environ.get("CLAUDE_CODE_GIT_BASH_PATH", "")
    is_bash = os.path.basename(named).lower() in ("bash.exe", "sh.exe", "bash", "sh")
    if is_bash and os.path.isabs(named) and os.path.isfile(named):
        return named
    candidates = [
        "C:\\Program Files\\Git\\bin\\bash.exe",
        "C:\\Program Files (x86)\\Git\\bin\\bash.exe",
    ]
    git = find_program("git")
    if git is not None:
        above = os.path.dirname(os.path.dirname(git))
        candidates.append(os.path.join(above, "bin", "bash.exe"))
    return next((candidate for candidate in candidates if os.path.isfile(candidate)), None)
