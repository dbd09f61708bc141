"""What `make TARGET`, `just RECIPE`, `task NAME`, `npm run SCRIPT` and their like need and change,
as the project's own file says.
"""

import os
from pathlib import Path
from typing import Any

import pytest

from coord.client.shell import justfiles
from coord.client.shell.effects import Effects
from coord.client.shell.makefiles import MAX_BYTES
from coord.client.shell.rules import Rules
from coord.client.shell.walk import MAX_TASK_FILES, effects_of

MAKEFILE = """
SRC = src/app.py
OUT := build/$(notdir app.txt)
.PHONY: all ship test

all: test docs/a.md

ship: test
	@git push origin main
	$(MAKE) VERSION=2 -C . version

version: ; echo $(VERSION) > VERSION.txt

test:
	-pytest -q $(ARGS)

docs/a.md: $(SRC)
	python gen.py < $< > $@

both:
ifdef CI
	rm README.md
else
	rm $(SRC)
endif

loop:
	for f in src/*.py; do \\
		sed -i s/a/b/ $$f; \\
	done

again: again
	$(MAKE) again

secret:
	echo $(shell git describe) > out.txt
"""
PACKAGE = """{"scripts": {
  "prerelease": "git push", "release": "echo done",
  "gen": "node gen.js > src/app.py",
  "fix": "npm run format-files -- --write", "format-files": "prettier",
  "test": "rm -rf docs"
}}"""


COMPOSER = """{"scripts": {
  "release": ["@putenv F=src/app.py", "@build x", "@php artisan migrate", "A\\\\B::c", "rm $F"],
  "build": "echo > README.md", "gone": "rm", "post-install-cmd": "git push"
}}"""
DENO = """{
  // what it does
  "tasks": {
    "gen": "echo > src/app.py", /* "no": {} */
    "send": {"command": "git push", "dependencies": ["gen"],},
    "gone": "rm",
  },
}"""
MISE = """
[tasks]
fmt = "ruff format src"
[tasks.gen]
alias = "g"
depends = ["fmt"]
run = ["echo > README.md", "rm"]
[tasks.send]
dir = "src"
run = '''
#!/usr/bin/env bash
rm app.py
git push
'''
depends_post = ["odd x"]
[tasks.odd]
run = "touch docs/{{vars.x}}"
[tasks.all]
run = [{ task = "gen" }, { tasks = ["send"] }]
"""
OPERATIONS = """
first:
  touch a.md

send target="b.md": first
  git push
  rm {{target}}
"""
JUSTFILE = """
mod ops
mod other 'docs/other.just'
mod? none
set shell := ["bash", "-uc"]
version := "1" + suffix
suffix := ".2"
target := 'src' / "app.py"
head := `git rev-parse HEAD`
import "more.just"

alias d := deploy

[private]
default: (write "a.txt") deploy

# sends it
deploy env="prod" *flags: test && (write env)
    @echo {{env}} {{flags}} > {{target}}
    -git push origin {{version}}

test:
    pytest -q

write file:
    echo x > {{file}}

script:
    #!/usr/bin/env bash
    set -eu
    cd src
    rm app.py

python:
    #!/usr/bin/env python3
    open('src/app.py', 'w').write('x')

odd:
    rm {{env_var('X')}}/x

[private, no-cd]
here:
    touch made.txt
"""
TASKFILE = """
version: '3'
vars:
  OUT: src/app.py
  REV: {sh: git rev-parse HEAD}
includes:
  docs: ./docs
tasks:
  default: { deps: [build] }
  build:
    desc: "it: builds"
    deps: [lint]
    cmds:
      - echo x > {{.OUT}}
      - task: ship
        vars: { BRANCH: main }
      - cmd: rm "{{.REV}}/x"
        ignore_error: true
      - |
        cd src
        rm {{.CLI_ARGS}}
      - defer: rm -f tmp.txt
  ship: git push origin {{.BRANCH}}
  lint:
  - ruff check .
  - ruff format {{.OUT}}  # only this
  sub:
    dir: src
    aliases: [s]
    cmd: touch made.txt
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    for folder in (".git", "src", "docs"):
        (tmp_path / folder).mkdir()
    for name in ("README.md", "src/app.py"):
        (tmp_path / name).touch()
    (tmp_path / "Makefile").write_text(MAKEFILE)
    (tmp_path / "package.json").write_text(PACKAGE)
    (tmp_path / "justfile").write_text(JUSTFILE)
    (tmp_path / "more.just").write_text("more: test\n\trm README.md\n")
    (tmp_path / "ops.just").write_text(OPERATIONS)
    (tmp_path / "docs" / "other.just").write_text("gen: inner::x\n  touch c.md\nmod inner\n")
    (tmp_path / "docs" / "inner").mkdir()
    (tmp_path / "docs" / "inner" / "mod.just").write_text("x:\n  touch d.md\n")
    for name, text in (("composer.json", COMPOSER), ("deno.jsonc", DENO), ("mise.toml", MISE)):
        (tmp_path / name).write_text(text)
    text = "set working-directory := 'out'\ngen:\n  touch a.md\n"
    (tmp_path / "docs" / "justfile").write_text(text)
    (tmp_path / "Taskfile.yml").write_text(TASKFILE)
    (tmp_path / "docs" / "Taskfile.yml").write_text(
        "tasks: {gen: {cmds: [{cmd: 'touch a.md,'}, touch b.md]}}"
    )
    return tmp_path


def told(effects: Effects, shop: Path) -> tuple[list[str], list[str]]:
    """The locks; the files, and the folders with a slash."""
    files = [os.path.relpath(path, shop).replace("\\", "/") for path in effects.files]
    folders = [os.path.relpath(path, shop).replace("\\", "/") + "/" for path, _ in effects.trees]
    return sorted(lock for _, lock in effects.locks), sorted(files + folders)


@pytest.mark.parametrize(
    ("line", "locks", "changed"),
    [
        ("make", [], ["docs/a.md"]),
        ("make test", [], []),
        ("make ship", ["deploy", "git push"], ["VERSION.txt"]),
        ("make -n ship", [], []),
        ("make both", [], ["README.md", "src/app.py"]),
        ("make SRC=docs/b.md both", [], ["README.md", "docs/b.md"]),
        ("make loop", [], ["src/app.py"]),
        ("make again", [], []),
        ("make secret", [], ["out.txt"]),
        ("make none", [], []),
        ("cd src && make -C .. loop", [], ["src/app.py"]),
        ("make -f none.mk loop", [], []),
        ("npm run release", ["git push", "publish"], []),
        ("cd src && npm run gen", [], ["src/app.py"]),
        ("yarn gen", [], ["src/app.py"]),
        ("npm run fix", [], ["./"]),
        ("npm test", [], ["docs/"]),
        ("npm run gen --help", [], []),
        ("just", ["git push"], ["a.txt", "prod", "src/app.py"]),
        ("just deploy", ["deploy", "git push"], ["prod", "src/app.py"]),
        ("cd src && just d README.md --force", ["git push"], ["README.md", "src/app.py"]),
        ("just write docs/x.md script", [], ["docs/x.md", "src/app.py"]),
        ("just python", [], ["src/app.py"]),
        ("just odd", [], ["./"]),
        ("just more", [], ["README.md"]),
        ("cd src && just here", [], ["src/made.txt"]),
        ("cd src && just -f ../docs/justfile gen", [], ["docs/out/a.md"]),
        ("just target=README.md deploy", ["deploy", "git push"], ["README.md", "prod"]),
        ("just --dry-run deploy", [], []),
        ("just none", [], []),
        ("just ops send README.md", ["git push"], ["README.md", "a.md"]),
        ("just ops::send", ["git push"], ["a.md", "b.md"]),
        ("just ops", [], ["a.md"]),
        ("just other gen", [], ["docs/c.md", "docs/inner/d.md"]),
        ("composer release", ["migrate", "publish"], ["README.md", "src/app.py"]),
        ("composer run gone -- README.md", [], ["README.md"]),
        ("composer install", ["git push"], []),
        ("composer install --no-scripts", [], []),
        ("cd src && deno task gen", [], ["src/app.py"]),
        ("deno task send", ["git push"], ["src/app.py"]),
        ("deno task gone README.md", [], ["README.md"]),
        ("deno task fix", [], ["./"]),
        ("deno test gen", [], []),
        ("mise run g src/app.py", [], ["README.md", "src/", "src/app.py"]),
        ("mise gen ::: fmt", [], ["./", "README.md", "src/"]),
        ("cd src && mise r send", ["git push"], ["docs/", "src/app.py", "x"]),
        ("mise tasks run all", ["git push"], ["README.md", "docs/", "src/", "src/app.py", "x"]),
        ("mise exec -- git push", ["git push"], []),
        ("task", ["git push"], ["./", "src/app.py", "tmp.txt"]),
        (
            "task build OUT=README.md -- x.py",
            ["git push"],
            ["./", "README.md", "src/x.py", "tmp.txt"],
        ),
        ("task ship", ["deploy", "git push"], []),
        ("cd src && task lint s", [], ["src/app.py", "src/made.txt"]),
        ("task docs:gen", [], ["a.md,", "b.md"]),
        ("task none", [], []),
    ],
)
def test_a_task_does_what_its_file_says(
    line: str, locks: list[str], changed: list[str], shop: Path
) -> None:
    assert told(effects_of(line, str(shop), Rules({})), shop) == (locks, changed)


def test_a_makefile_may_have_the_lines_of_windows(shop: Path) -> None:
    (shop / "Makefile").write_bytes(MAKEFILE.replace("\n", "\r\n").encode())
    assert told(effects_of("make loop", str(shop), Rules({})), shop) == ([], ["src/app.py"])


def test_what_make_finds_up_to_date_is_not_made(shop: Path) -> None:
    made = shop / "docs" / "a.md"
    made.touch()
    os.utime(shop / "src" / "app.py", (1, 1))
    assert told(effects_of("make docs/a.md", str(shop), Rules({})), shop) == ([], [])
    os.utime(made, (0, 0))
    assert told(effects_of("make docs/a.md", str(shop), Rules({})), shop) == ([], ["docs/a.md"])


def test_a_makefile_is_read_and_nothing_of_it_is_run(shop: Path) -> None:
    effects_of("make secret; make ship; npm run gen", str(shop), Rules({}))
    assert (shop / "README.md").exists()
    effects_of("just script; task build", str(shop), Rules({}))
    assert (shop / "src" / "app.py").exists()
    assert not (shop / "VERSION.txt").exists()


@pytest.mark.parametrize(
    "text",
    [
        "all:\n\trm README.md\n" + "#" * MAX_BYTES,  # generated
        "A = $(B)$(B)$(B)\nB = $(A)$(A)$(A)\nall: ; echo $(A)$(B)\n",
        "".join(f"V{n} = {f'$(V{n + 1})' * 9}\n" for n in range(30)) + "all: ; $(V0)\n",
        "include Makefile\nall: all\n\t$(MAKE)\n",
        "all: " + " ".join(f"t{n}" for n in range(2000)) + "\n",
        "define x\nall: ; rm README.md\nendef\n",
        "\t\n:\n = \n: =\n$(\n${x\n",
    ],
    ids=["long", "circle", "many", "itself", "wide", "definition", "torn"],
)
def test_any_makefile_is_followed_in_bounded_time(text: str, shop: Path) -> None:
    (shop / "Makefile").write_text(text)
    assert not effects_of("make", str(shop), Rules({}))


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("justfile", "a := b + b + b\nb := a + a + a\nall:\n  echo {{a}}\n"),
        ("justfile", "".join(f"v{n} := {f'v{n + 1} + ' * 9}v{n + 1}\n" for n in range(30))),
        ("justfile", 'import "justfile"\nall: all\n  just\n'),
        ("justfile", "mod m 'justfile'\nall: m::all\n  just m::m::m all\n"),
        ("composer.json", '{"scripts": {"all": ["@all", "@all", "composer all"]}}'),
        ("composer.json", '{"scripts": {"all": [{}, [], 1, "", "@"]}}'),
        ("deno.json", '{"tasks": {"all": {"dependencies": ["all", 1], "command": "deno task *"}}}'),
        ("deno.json", '{"tasks": {"all": "//", }, /*'),
        ("mise.toml", "[tasks.all]\ndepends = ['all', 'all']\nrun = [{task = 'all'}, {}, 1]\n"),
        ("mise.toml", "tasks = 1\n"),
        ("justfile", "all: " + " ".join(f"t{n}" for n in range(2000)) + "\n"),
        ("justfile", "\n:=\n: :\n  x\nall: (\n {{\n"),
        (
            "Taskfile.yml",
            "vars: {A: '{{.B}}{{.B}}', B: '{{.A}}{{.A}}'}\ntasks: {default: 'echo {{.A}}'}",
        ),
        ("Taskfile.yml", "includes: {a: Taskfile.yml}\ntasks:\n  default: [task: default]\n"),
        ("Taskfile.yml", "a:\n" + "".join(f"{' ' * n}- - a:\n" for n in range(1, 300))),
        ("Taskfile.yml", ": :\n- [\n'a\ntasks: |\n  {\n"),
        ("Taskfile.yml", "tasks: {default: {cmds: [{}, [], ''], deps: {}, vars: [], dir: {}}}"),
    ],
    ids=lambda value: value[:20],  # pytest puts it into the environment, which Windows bounds
)
def test_any_file_of_tasks_is_followed_in_bounded_time(name: str, text: str, shop: Path) -> None:
    (shop / name).write_text(text)
    line = {
        "justfile": "just",
        "Taskfile.yml": "task",
        "composer.json": "composer all",
        "deno.json": "deno task all",
        "mise.toml": "mise run all",
    }[name]
    assert not effects_of(line, str(shop), Rules({}))


def test_a_file_that_runs_itself_is_read_a_bounded_number_of_times(
    shop: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[None] = []

    class Counted(justfiles.Justfile):
        def __init__(self, *args: Any) -> None:
            read.append(None)
            super().__init__(*args)

    monkeypatch.setattr(justfiles, "Justfile", Counted)
    (shop / "justfile").write_text("all:\n" + "  just\n" * 100)
    effects_of("just", str(shop), Rules({}))
    assert 1 < len(read) <= MAX_TASK_FILES


@pytest.mark.parametrize("text", ["", "[]", '{"scripts": []}', '{"scripts": {"gen": 1}}', "{"])
def test_a_package_json_without_such_a_script_says_nothing(text: str, shop: Path) -> None:
    (shop / "package.json").write_text(text)
    assert not effects_of("npm run gen", str(shop), Rules({}))
