"""What a name may hold: names stand in terminals, logs and models' contexts, where nothing else may
speak through them.
"""

import re
import unicodedata

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

# Letters of other scripts that look like those of SERVICE, after NFKC and case folding.
_LOOKALIKES = str.maketrans(
    {
        **dict.fromkeys("\u0441\u03f2\u1d04\u2ca5\ua4da", "c"),
        **dict.fromkeys("0\u043e\u03bf\u0585\u1d0f\u2c9f\u0ae6\u0d20\u10ff", "o"),
        **dict.fromkeys("\u0433\u1d26\u2c85\u0280\uab47\uab48", "r"),
        **dict.fromkeys("\u0501\u13e7\u146f\ua4d2\u1d05", "d"),
    }
)


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


def described(char: str) -> str:
    """`U+202E (RIGHT-TO-LEFT OVERRIDE)`; a control has no name of its own."""
    return f"U+{ord(char):04X} ({unicodedata.name(char, 'a control character')})"


def looks_like_the_service(name: str) -> bool:
    """Whether a reader would take the name for coord's own."""
    plain = unicodedata.normalize("NFKD", name).casefold()
    letters = "".join(char for char in plain if char.isalnum()).translate(_LOOKALIKES)
    return letters == SERVICE
