"""What a resource's name means: which spellings are the same, and which names lie above which."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

from coord.areas.locks.models import RESOURCE_LENGTH

MAX_STEPS = 32  # each tree above a name is a condition of its statements: 250 of them took seconds
PAST_ALL = "\U0010ffff" * (RESOURCE_LENGTH + 1)  # no key is longer, so none sorts after it


@dataclass(frozen=True)
class Resource:
    """A resource in the form that conflicts are judged by. A tree covers its own name and all
    below.

    The key of the whole project is empty.
    """

    key: str
    tree: bool

    @cached_property
    def above(self) -> tuple[str, ...]:
        """The keys of all trees that would cover this one, the whole project first."""
        if not self.key:
            return ()
        steps = self.key.split("/")
        return tuple(dict.fromkeys("/".join(steps[:end]) for end in range(len(steps))))

    @property
    def depth(self) -> int:
        """How many steps the name has: `src/core/` has two."""
        return sum(1 for step in self.key.split("/") if step)

    @property
    def is_pattern(self) -> bool:
        """Whether it looks like a pattern of paths: nothing but that very name would be locked."""
        return "*" in self.key and not any(character.isspace() for character in self.key)

    @property
    def below(self) -> tuple[str, str]:
        """The range of keys below this one: from the first, up to but without the second."""
        # "0" follows "/" in code point order
        return (f"{self.key}/", f"{self.key}0") if self.key else ("", PAST_ALL)

    def overlaps(self, other: "Resource") -> bool:
        """Whether the two have something in common."""
        if self.key == other.key:
            return True
        return (self.tree and _covers(self.key, other.key)) or (
            other.tree and _covers(other.key, self.key)
        )


def _covers(tree: str, key: str) -> bool:
    return not tree or key.startswith(f"{tree}/")


@lru_cache(maxsize=4096)  # a waiting claim compares itself with each lock that comes free
def canonical(resource: str) -> Resource:
    r"""`\` is `/`; empty, `.` and inner `..` steps go; a trailing `/` or `/**` makes a tree.

    A drive letter is lower case. Case and everything else count: two files of one folder may differ
    in just that. Free text without slashes is left as it is.
    """
    path = resource.replace("\\", "/")
    tree = path.endswith("/")
    steps: list[str] = []
    for step in path.split("/"):
        if step in ("", "."):
            continue
        if step == ".." and steps and steps[-1] != "..":
            steps.pop()
        else:
            steps.append(step)
    while steps and steps[-1] == "**":  # only now: what follows may be nothing, as in `src/**/.`
        steps.pop()
        tree = True
    key = "/".join(steps)
    if key[1:2] == ":" and key[0].isalpha() and key[0].isascii():
        key = key[0].lower() + key[1:]
    if key and path.startswith("/"):
        key = f"/{key}"
    return Resource(key, tree or not key)
