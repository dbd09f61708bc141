"""What the reader of shell lines claims, held against what zsh really changes, where its rules are
others than bash's: it is the shell of macOS.
"""

import os
import shutil
from pathlib import Path

import pytest

from coord.client.shell.rules import Rules
from coord.client.shell.walk import effects_of
from tests.client.shell.test_against_bash import checkout, is_claimed, run

ZSH = ("zsh", "-f")
LINES = [
    "echo hi >! src/app.py",
    "echo hi >>! src/app.py",
    "echo hi >>| new.txt",
    "echo hi &>| src/app.py",
    "echo hi &>>! new.txt",
    "echo hi >&| src/app.py",
    "echo hi >>& new.txt",
    "echo hi > a.txt > b.txt",
    "=rm src/app.py",
    "noglob rm src/app.py",
    "rm src/*.py(.)",
    "rm src/**/*(.)",
    "rm src/a*(N) none*(N)",
    "rm src/(app|other).py",
    "rm **/deep.py",
    "f='my file.txt'; echo hi > $f",
    "f='list.txt'; rm $f",
    "f=src/app.py; rm ${f:h}/sub/deep.py",
    "f=src/app.py; echo hi > ${f:t:r}.md",
    "f=src/app.py; rm $f:h/sub/deep.py",
    'f=src/app.py; echo hi > "$f:t:r.md"',
    "f=src/app.py; echo hi > $f:s/app/new/",
    "f=src/app.py; echo hi > $f:gs/p/q/",
    "f=src/app.py; rm $f:a",
    "files=(src/app.py README.md list.txt); rm $files[2]",
    "files=(src/app.py README.md list.txt); rm $files[-1]",
    "files=(src/app.py README.md list.txt); rm src/$files[1]:t",
    "files=(src/app.py README.md list.txt); rm $files[2,3]",
    "i=2; files=(src/app.py README.md list.txt); rm $files[$i]",
    "files=(src/app.py README.md list.txt); rm ${files[1]}",
    "files=(src/app.py README.md list.txt); rm $files",
    "for f in src/*.py; { rm $f }",
    "for f (src/*.py) rm $f",
    "if [[ -f list.txt ]] { rm list.txt } else { rm README.md }",
    "{ rm list.txt } always { rm README.md }",
    "remove() { rm $1 }; remove src/app.py",
    "() { rm $1 } src/app.py",
    "repeat 2 rm -f list.txt",
    "repeat 1 { rm list.txt }",
    "diff =(rm list.txt) README.md",
    "autoload -U zmv; zmv 'docs/(*).md' 'docs/$1.txt'",
]

pytestmark = pytest.mark.skipif(shutil.which("zsh") is None, reason="zsh is not installed")


@pytest.mark.parametrize("line", LINES)
def test_what_a_line_of_zsh_changes_is_claimed(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", "/bin/zsh")
    folder = checkout(tmp_path / "shop")
    effects = effects_of(line, str(folder), Rules({}))
    changed = run(line, folder, *ZSH)
    assert changed
    unseen = [os.path.relpath(path, folder) for path in changed if not is_claimed(path, effects)]
    assert unseen == []
