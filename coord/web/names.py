"""What a name may hold: names stand in terminals, logs and models' contexts, where nothing else may
speak through them.
"""

import re
import unicodedata
from functools import lru_cache

# C0 and C1 controls, line and paragraph separators, bidi embeddings, overrides and isolates, and
# tag characters, which are read by models and shown by nobody. Marks that right-to-left text needs,
# and joiners of emoji, may stay.
_FORBIDDEN = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\U000e0000-\U000e007f]"
)
_INVISIBLE = ("Cc", "Cf", "Zs", "Zl", "Zp")
_FILLERS = "\u115f\u1160\u3164\uffa0\u2800"  # letters and signs without a picture

SERVICE = "coord"
"""The name under which the service itself speaks."""

# Letters of other scripts that look like those of SERVICE. Lunate sigmas come first: NFKD takes
# them for the other one, which looks like an o.
_LUNATE = str.maketrans(dict.fromkeys("\u03f2\u03f9", "c"))
_LOOKALIKES = {
    **dict.fromkeys("\u0441\u0481\u1d04\u2ca5\ua4da\u13df\u1455\U0001043d\u2282\xa2", "c"),
    **dict.fromkeys("0\u043e\u03bf\u03c3\u0473\u04e9\u0585\u05e1\u0647\u0665\u1d0f\u2c9f", "o"),
    **dict.fromkeys("\u0ae6\u0d20\u10ff\ua4f3\U0001042c\u25cb\u25ef", "o"),
    **dict.fromkeys("\u0433\u1d26\u2c85\u0280\uab47\uab48\uab81\ua4e3\u1587\u13d2", "r"),
    **dict.fromkeys("\u0501\u13e7\u146f\ua4d2\ua4d3\u1d05\u15de\u15ea\u13a0", "d"),
}
_LATIN = re.compile(r"\bLETTER (?:SMALL CAPITAL )?([A-Z])(?: WITH .*)?$")
"""In the name of a letter: with a stroke or a hook, in a circle or a square, of a flag."""


def problem_of(name: str) -> str | None:
    """Why the text cannot be a name, as a sentence; None when it can."""
    match = _FORBIDDEN.search(name)
    if match is not None:
        return (
            f"Contains {described(match.group())} at position {match.start()}: a name holds no such"
            " character."
        )
    if name and all(unicodedata.category(char) in _INVISIBLE or char in _FILLERS for char in name):
        return "Has no visible character: a name must show."
    return None


def escaped(line: str) -> str:
    """A line of JSON in which no such character stands as itself, as in a log that is read in a
    terminal: JSON asks for that only of C0 controls.
    """
    return _FORBIDDEN.sub(lambda match: _escape(match.group()), line)


def _escape(char: str) -> str:
    units = char.encode("utf-16-be")
    return "".join(f"\\u{units[at : at + 2].hex()}" for at in range(0, len(units), 2))


def described(char: str) -> str:
    """`U+202E (RIGHT-TO-LEFT OVERRIDE)`; a control has no name of its own."""
    return f"U+{ord(char):04X} ({unicodedata.name(char, 'a control character')})"


@lru_cache(maxsize=4096)  # it is asked of the caller of each call
def looks_like_the_service(name: str) -> bool:
    """Whether a reader would take the name for coord's own."""
    plain = unicodedata.normalize("NFKD", name.translate(_LUNATE)).casefold()
    return "".join(map(_latin, plain)) == SERVICE


@lru_cache(maxsize=4096)
def _latin(char: str) -> str:
    """The Latin letter that it looks like; nothing for what is no letter."""
    if char in _LOOKALIKES:
        return _LOOKALIKES[char]
    if not char.isascii():
        match = _LATIN.search(unicodedata.name(char, ""))
        if match is not None:
            return match[1].lower()
        if unicodedata.numeric(char, None) == 0:
            return "o"
    return char if char.isalnum() and char not in _FILLERS else ""
