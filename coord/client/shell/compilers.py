"""What compilers and linkers write where nothing names it: `a.out`, `app.o`; and what changes
object files in their place.
"""

from __future__ import annotations

import os

from coord.client.shell.options import parse_arguments
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

_VALUES = frozenset("-o -I -L -l -D -U -T -x -include -isystem -MF -MT -MQ -arch -target".split())
_OBJCOPY_VALUES = frozenset(
    "-O -I -B -F -j -R -N -K -L -G -W -p --only-section --remove-section --add-section"
    " --set-section-flags --add-gnu-debuglink --redefine-sym --rename-section".split()
)
_SHOWS = ("-E", "-M", "-MM", "-fsyntax-only", "--version", "--help", "-v", "-###")


def _compile(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(words, _VALUES)
    texts = [word.text for word in words]
    named = args.value(("-o",))
    if named is not None:
        walk.write(named)
        return
    if not args.plain or any(text in _SHOWS for text in texts):
        return
    endings = [ending for option, ending in (("-c", ".o"), ("-S", ".s")) if option in texts]
    if not endings:
        walk.write(Value("a.out"))
    endings += [".d"] if "-MMD" in texts or "-MD" in texts else []
    for word in args.plain:
        stem = os.path.splitext(os.path.basename(word.text))[0]
        for ending in endings:
            walk.write(Value(stem + ending))


def _objcopy(walk: Walk, words: list[Value], command: Command) -> None:
    for word in parse_arguments(words, _OBJCOPY_VALUES).plain[:2][-1:]:
        walk.write(word)


TOOLS = {
    **dict.fromkeys("gcc g++ cc c++ clang clang++ ld as".split(), _compile),
    "objcopy": _objcopy,
}
