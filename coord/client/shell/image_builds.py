"""What builders of container images leave behind: in a registry, or as files.

`docker build -o type=registry` pushes as `--push` does, `-o out` writes a folder, and what an
option says may itself be a list of such settings.
"""

from __future__ import annotations

from coord.client.shell.options import parse_arguments
from coord.client.shell.program import HARMLESS
from coord.client.shell.words import Value

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from coord.client.shell.options import Arguments
    from coord.client.shell.walk import Walk
    from coord.client.shell.words import Command

_BUILDS = frozenset(("build", "bake", "bud", "b"))
_OUTPUTS = ("-o", "--output")
_CACHES = ("--cache-to", "--export-cache")
_SETTINGS = {".output=": False, ".cache-to=": True}
"""Of `docker buildx bake --set TARGET…`, and whether it is a cache."""
_PUSHED = ("registry", "s3", "azblob")
_YES = ("true", "1")
_FILES = ("--iidfile", "--metadata-file", "--logfile")
_SHOWS = frozenset(("--print", "--check", "--call"))
_VALUES = frozenset((*_OUTPUTS, *_CACHES, *_FILES, "--set")).union(
    "-t --tag -f --file --build-arg --target --platform --builder --secret --ssh --label"
    " --cache-from --progress --network --add-host --build-context --allow --attest --sbom"
    " --provenance -H --host -c --context -l --log-level --config --frontend --local --opt"
    " -p --project-name --profile --env-file --project-directory --memory -m".split()
)


def _build(walk: Walk, words: list[Value], command: Command) -> None:
    args = parse_arguments(words, _VALUES)
    is_build = any(word.text in _BUILDS for word in args.plain[:2])
    if not is_build or args.has(HARMLESS | _SHOWS):
        return
    for value, is_cache in _exports(args):
        _export(walk, value, is_cache=is_cache)
    for option in _FILES:
        for value in args.values.get(option, []):
            walk.write(value)


def _exports(args: Arguments) -> Iterator[tuple[Value, bool]]:
    """What is made, and whether it is a cache."""
    for options, is_cache in ((_OUTPUTS, False), (_CACHES, True)):
        for option in options:
            yield from ((value, is_cache) for value in args.values.get(option, []))
    for value in args.values.get("--set", []):
        for name, is_cache in _SETTINGS.items():
            before, found, _ = value.text.partition(name)
            if found:
                yield value.after(before + name), is_cache


def _export(walk: Walk, value: Value, *, is_cache: bool) -> None:
    """A value without settings is a folder, or of a cache its name in a registry."""
    fields = [field.partition("=") for field in value.text.split(",")]
    settings = {name.strip().lower(): text for name, equals, text in fields if equals}
    kind, folder = settings.get("type", "registry" if is_cache else ""), settings.get("dest")
    is_pushed = kind in _PUSHED or settings.get("push") in _YES
    if is_pushed or not value.is_known:
        walk.need("publish")
    elif folder is not None:
        walk.write(Value(folder), whole_folders=True)
    elif not settings and not is_cache:
        walk.write(value, whole_folders=True)


TOOLS = dict.fromkeys(
    "docker docker-compose podman nerdctl buildctl buildah img depot".split(), _build
)
