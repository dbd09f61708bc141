"""A row of the table of programs that change files which stand in their arguments.

`needs`: it changes them only with one of these options. `harmless`: with one of these it does not.
`targets`: which words are files: `all`, the `first`, the `last`, all that comes `into` the folder
that the last one is, those `behind` the first `skip`
(a script), the last two and more of a `move`, or none (``). `options`: those whose value is a file
that it writes. `here`: without files it changes all of the folder. `files`: that it changes
wherever it is run, where they exist, and if not in its folder then above it; `in_folder`: only in
it. `folders`: the options that name its folder, or a file there. `moves`: with one of these options
the sources of a copy are changed, too; `whole_paths`: with one of these they keep their folders.
`glued`: options whose value stands in their own word or nowhere. `whole`: all of the folder is all
of the checkout.
`replaces_links`: what a link points to stays as it is.
"""

from __future__ import annotations

FOLDERS = (
    "-C --prefix --dir --cwd --directory --project --project-dir --working-dir --manifest-path"
    " --gemfile -w --workspace"
)
"""What most package managers call the option that names the folder they work in."""
ALL, FIRST, LAST, INTO, MOVED, BEHIND, NONE = "all", "first", "last", "into", "move", "behind", ""


class Writer:
    __slots__ = (
        "commands",
        "files",
        "folders",
        "glued",
        "harmless",
        "here",
        "in_folder",
        "moves",
        "names",
        "needs",
        "options",
        "replaces_links",
        "script",
        "skip",
        "targets",
        "values",
        "whole",
        "whole_paths",
    )

    def __init__(
        self,
        names: str,
        targets: str,
        *,
        commands: str = "",
        needs: str = "",
        harmless: str = "",
        values: str = "",
        options: str = "",
        script: str = "",
        skip: int = 1,
        here: bool = False,
        files: str = "",
        folders: str = "",
        in_folder: bool = False,
        moves: str = "",
        whole_paths: str = "",
        glued: str = "",
        whole: bool = False,
        replaces_links: bool = False,
    ) -> None:
        self.names = names.split()
        self.targets = targets
        self.commands = [tuple(command.split()) for command in commands.split(",")]
        self.needs = tuple(needs.split())
        self.harmless = frozenset(harmless.split())
        self.folders = frozenset(f"{folders} {FOLDERS if files else ''}".split())
        self.values = frozenset(f"{values} {options} {script}".split()) | self.folders
        self.options = frozenset(options.split())
        self.script = frozenset(script.split())  # options that hold the script instead
        self.skip = skip
        self.here = here
        self.in_folder = in_folder
        self.whole = whole
        self.replaces_links = replaces_links
        self.files = files.split()
        self.moves = frozenset(moves.split())
        self.whole_paths = frozenset(whole_paths.split())
        self.glued = frozenset(glued.split())
