"""Commands that a person or an agent is told to run: whatever is in them, they do what they say and
nothing else.
"""

from __future__ import annotations

import os

from coord.client.others_text import disarmed, printable

_PLAIN = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-./:@%+,=")
_PLAIN_ON_WINDOWS = _PLAIN - frozenset("%@,")  # PowerShell makes lists of a,b and of @name
_QUOTED_ON_WINDOWS = _PLAIN - frozenset("%") | frozenset(" ")
# The quotes that PowerShell takes for a single one
# (https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules).
SINGLE_QUOTES = "'\u2018\u2019\u201a\u201b"


def command(verb: str, *arguments: str, **options: object) -> str:
    """`coord VERB --option=value -- ARGUMENT…`, quoted for the shell at hand."""
    words = [f"--{name.replace('_', '-')}={value}" for name, value in options.items()]
    shown = " ".join(["coord", *verb.split(), *map(quote, words)])
    return " ".join([shown, "--", *map(quote, arguments)]) if arguments else shown


def quote(text: str) -> str:
    """One word for the shell at hand.

    What cannot be printed, or would end the frame that it is shown in, is replaced: it is not there
    to be run.
    """
    return quote_own(disarmed(text))


def quote_own(text: str) -> str:
    """As `quote`, of a line that the session itself wrote: what it redirects stays."""
    word = printable(text)
    if not _has_posix_shell():
        return _quote_on_windows(word)
    # zsh makes a path of =word
    is_plain = bool(word) and _PLAIN.issuperset(word) and not word.startswith("=")
    return word if is_plain else "'" + word.replace("'", "'\\''") + "'"


def _is_parted(word: str) -> bool:
    """Whether PowerShell makes more than one word of it where it is not quoted: of `-a.b`, it does
    (https://github.com/PowerShell/PowerShell/issues/6291).
    """
    is_option = word.lstrip("-")[:1].isalpha() and not set(".:").intersection(word)
    return word.startswith("-") and not is_option


def in_powershell(text: str) -> str:
    """One text of PowerShell, whatever is in it."""
    return (
        "'"
        + "".join(character * 2 if character in SINGLE_QUOTES else character for character in text)
        + "'"
    )


def powershell_word(text: str) -> str:
    """One word of PowerShell."""
    is_plain = bool(text) and _PLAIN_ON_WINDOWS.issuperset(text) and not _is_parted(text)
    return text if is_plain else in_powershell(text)


def unset(variable: str) -> str:
    return f"unset {variable}" if _has_posix_shell() else f"Remove-Item Env:{variable}"


def install(url: str) -> str:
    """The line that installs the client from a server."""
    if os.name == "nt":  # also in Git Bash: the script for sh is for other systems
        return f'powershell -c "irm {url}/client/install.ps1 | iex"'
    return f"curl -fsS {quote(f'{url}/client/install.sh')} | sh"


def _has_posix_shell() -> bool:
    """Git Bash, in which Claude Code runs commands on Windows, says so in its environment."""
    return os.name != "nt" or bool(os.environ.get("MSYSTEM") or os.environ.get("SHELL"))


def _quote_on_windows(word: str) -> str:
    """For cmd and PowerShell alike: they agree on no way to quote what is special to one of them,
    so that is left out.
    """
    if word and _PLAIN_ON_WINDOWS.issuperset(word) and not _is_parted(word):
        return word
    return '"' + "".join(letter if letter in _QUOTED_ON_WINDOWS else "?" for letter in word) + '"'
