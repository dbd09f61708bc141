"""`..` behind a symbolic link: a shell's `cd` takes it off the name, the system goes up from where
the link leads, and some programs do the one, some the other.
"""

import os
from pathlib import Path

import pytest

from coord.client.shell.rules import Rules
from coord.client.shell.walk import effects_of
from tests.client.test_commands import told

pytestmark = pytest.mark.skipif(os.name == "nt", reason="Windows takes `..` off the name")


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ln` leads to `src/sub`, `file` to `src/app.py`."""
    shop = tmp_path_factory.mktemp("links")
    for folder in (".git", "src/sub", "docs"):
        (shop / folder).mkdir(parents=True)
    for file in ("app.py", "src/app.py", "README.md"):
        (shop / file).touch()
    (shop / "ln").symlink_to("src/sub")
    (shop / "file").symlink_to("src/app.py")
    return shop


@pytest.mark.parametrize(
    ("line", "files"),
    [
        ("sed -i s/a/b/ ln/../app.py", ["app.py", "src/app.py"]),
        ("echo x > ln/../app.py", ["app.py", "src/app.py"]),
        ("rm src/../ln/./../app.py", ["app.py", "src/app.py"]),
        ("cp README.md ln/../app.py", ["src/app.py"]),
        ("mv README.md ln/../", ["README.md", "src/README.md"]),
        ("python3 -c \"open('ln/../app.py', 'w')\"", ["app.py", "src/app.py"]),
        ("sed -i s/a/b/ ln/../a*.py", ["src/app.py"]),
        ("git checkout -- ln/../app.py", ["app.py", "src/app.py"]),
        ("cd ln && rm ../app.py", ["app.py", "src/app.py"]),
        ("cd ln && cd .. && rm app.py", ["app.py"]),
        ("cd ln/.. && rm app.py", ["app.py"]),
        ("cd -P ln && cd .. && rm app.py", ["src/app.py"]),
        (
            "ln -s ../src/sub docs/up; rm docs/up/../app.py",
            ["docs/app.py", "docs/up", "src/app.py"],
        ),
        ("rm $(realpath file)", ["src/app.py"]),
        ('rm "$(readlink -f file)"', ["src/app.py"]),
        ("rm $(readlink file)", ["src/app.py"]),
        ("rm src/sub/../app.py", ["src/app.py"]),
        ("rm ../../../../../../../../../../../../etc/x", ["/etc/x"]),
    ],
)
def test_the_file_that_the_system_opens_is_claimed(line: str, files: list[str], shop: Path) -> None:
    effects = effects_of(line, str(shop), Rules({}))
    wanted = [os.path.relpath(shop / file, shop) for file in files]
    assert told(effects, shop)["files"] == sorted(wanted)


def test_a_lock_belongs_to_the_folder_that_a_program_goes_to(shop: Path) -> None:
    for line in ("git -C ln/.. push", "make -C ln/.. deploy"):
        ((folder, _),) = effects_of(line, str(shop), Rules({})).locks
        assert folder == str(shop / "src"), line
