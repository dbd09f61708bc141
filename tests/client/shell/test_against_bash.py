"""What the reader of shell lines claims, held against what bash and the programs really change.

Each operation is spelt in several ways, chosen with a fixed seed: how its file is named, and what
stands around it. The line is read, then run in a checkout of its own; whatever it changed must have
been claimed.
"""

import os
import random
import shutil
import subprocess
import zlib
from fnmatch import fnmatchcase
from pathlib import Path

import pytest

from coord.client.shell.effects import Effects
from coord.client.shell.rules import Rules
from coord.client.shell.walk import effects_of

LINES = 4  # of each operation
TIMEOUT_S = 30

OPERATIONS = [
    "rm {file}",
    "rm -rf {file} docs",
    "unlink {file}",
    "mv {file} {new}",
    "mv {file} docs",
    "mv -t docs README.md {file}",
    "mv src moved",
    "cp README.md {file}",
    "cp -r src {new}",
    "cp -a src/. docs",
    "ln -sf README.md {file}",
    "ln -s {file} link; echo hi > link",
    "ln {file} link; echo hi >> link",
    "ln -s $PWD/src link; echo hi > link/app.py",
    "install -m 644 README.md {file}",
    "touch {new}",
    "truncate -s 0 {file}",
    "chmod 700 {file}",
    "dd if=README.md of={file}",
    "echo hi > {file}",
    "echo hi >> {new}",
    "echo hi >| {file}",
    "echo hi 2> {new}",
    "echo hi &> {new}",
    "{{ echo a; echo b; }} > {file}",
    "cat README.md docs/a.md > {file}",
    "echo hi | tee {file} | cat",
    "echo hi | tee >(cat > {new}) > {file}; sleep 0.1",
    "cat > {file} <<'EOF'\nrm README.md\nEOF",
    "bash <<EOF\nrm {file}\nEOF",
    "printf 'rm %s\\n' {file} > do.sh; sh ./do.sh",
    "sed -i.bak s/1/2/ {file}",
    "sed -ne2p -i'docs/*.old' {file}",
    "cp -bS .old README.md {file}",
    "cp --backup=numbered README.md {file}",
    "mv --backup=t README.md {file}",
    "sed -n 'w out.txt' {file}",
    "perl -pi.bak -e s/1/2/ {file}",
    "perl -e 'unlink $ARGV[0]' {file}",
    "awk '{{ print > \"out.txt\" }}' {file}",
    "ed -s {file} <<< $'1d\\nw\\nq'",
    "python3 -c 'import sys; open(sys.argv[1], \"w\")' {file}",
    "python3 - {file} <<'EOF'\nimport sys\nopen(sys.argv[1], 'a').write('x')\nEOF",
    "patch {file} <<'EOF'\n1c1\n< x = 1\n---\n> x = 2\nEOF",
    "split -l 1 {file} part-",
    "csplit -s {file} 2",
    "sort -r -o {file} README.md",
    "sort -ruo{file} README.md",
    "shuf -o {new} README.md",
    "uniq {file} out.txt",
    "find src -name '*.py' -delete",
    "find . -name docs -prune -o -name '*.py' -exec rm {{}} +",
    'find src -name app.py -exec sh -c \'mv "$1" "${{1%.py}}.txt"\' _ {{}} \\;',
    "find src -name '*.py' -fprint out.txt",
    "echo {file} | xargs rm",
    "echo {file} | xargs -rI@ rm @",
    "printf '%s\\0' {file} | xargs -0 -I@ mv @ docs",
    'for f in src/*.py; do cp "$f" "docs/$(basename "$f")"; done',
    'while read -r f; do rm "$f"; done < list.txt',
    "for i in 1 2; do echo $i > n$i.txt; done",
    "tar cf out.tar {file}",
    "tar cf - {file} | tar xf - -C docs",
    "zip -q out {file}",
    "zip -q out {file}; rm -f {file}; unzip -qo out.zip {file}",
    "tar -czfout.tgz {file}",
    "gpg --batch --homedir $HOME --passphrase x -c {file}",
    "gpg --batch --homedir $HOME --passphrase x -ac {file} && gpg --batch --homedir $HOME"
    " --passphrase x --yes {file}.asc",
    "gzip -f {file}",
    "bzip2 -k {file}",
    "rsync -a src docs",
    "rsync -a --delete src/ docs/",
    "curl -s -o {new} file://$PWD/README.md",
    "curl -sSo{new} file://$PWD/README.md",
    "curl -sT {file} file://$PWD/docs/",
    "printf 'all:\\n\\trm %s\\n' {file} > Makefile; make -s",
    "sqlite3 data.db 'create table t (a)'",
    "openssl rand -out {new} 8",
    "iconv -f utf-8 -t utf-16 README.md -o {new}",
    "xxd README.md {new}",
    "ar rc lib.a {file}",
    "socat -u FILE:README.md CREATE:{new}",
    "script -qc 'rm {file}' out.txt",
    "ex -s -c '1d|x' {file}",
]
SPELLINGS = [  # before it, and the word
    ("", "src/app.py"),
    ("", "'src/app.py'"),
    ("", 'src/"app".py'),
    ("", "./src/../src/app.py"),
    ("", "src/ap[p].py"),
    ("", "$PWD/src/app.py"),
    ("", "~+/src/app.py"),
    ("", "$'src/\\x61pp.py'"),
    ("", "$(echo src/app.py)"),
    ("", '"$(printf %s/%s src app.py)"'),
    ("", "${unset:-src/app.py}"),
    ("f=src/app.py; ", "$f"),
    ("f=src/app.txt; ", '"${f%.txt}.py"'),
    ("f=src/; f+=app.py; ", "$f"),
    ("f=SRC/APP.PY; ", "${f,,}"),
    ("f=app.py; export d=src; ", "$d/$f"),
    ("f=(README.md src/app.py); ", "${f[1]}"),
    ("f=(); f+=(src/app.py); ", '"${f[@]}"'),
    ("set -- src/app.py; ", '"$1"'),
    ("read -r d f <<< 'src app.py'; ", "$d/$f"),
    ("printf -v f '%s/%s' src app.py; ", "$f"),
    ("f='src/app.*'; ", "$f"),
    ("if false; then f=README.md; else f=src/app.py; fi; ", "$f"),
]
AROUND = [
    "{}",
    "( {}\n)",
    "{{ {}\n}}",
    "true && {{ {}\n}}",
    "if true; then {}\nfi",
    "for x in 1; do {}\ndone",
    "case x in y) ;; *) {}\nesac",
    "f() {{ {}\n}}; f",
    "cd docs; cd ..; {}",
    "cd docs | cat; {}",
    "pushd docs > /dev/null; popd > /dev/null; {}",
    "time {{ {}\n}}",
    "! {{ {}\n}}",
    "\\\n{}",
    "{}\n# rm README.md",
    "eval \"$(cat <<'_'\n{}\n_\n)\"",
    "bash <<'_'\n{}\n_",
    "cat <<'_' > run.sh\n{}\n_\nbash run.sh",
    "timeout 20 bash -c \"$(cat <<'_'\n{}\n_\n)\"",
]
QUIET = [
    "cat README.md | sort | uniq -c > /dev/null",
    "grep -rn x src 2>&1 | head -3",
    "awk '$1 > 0 { print }' src/app.py",
    "sed -n 1p README.md",
    "[[ a > b ]] || ((3 > 2))",
    "for ((i = 3; i > 0; i--)); do :; done",
    "echo 'rm README.md' '>' out.txt \\> x",
    "cat <<'EOF'\nrm README.md > x\nEOF",
    "find src -name '*.py' -print",
    "tar cf - src | wc -c",
    "python3 -c \"print(open('README.md').read())\"",
    "expand -t4 README.md src/app.py",
    "touch README.md",
]

pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")


def checkout(folder: Path) -> Path:
    for name in (".git", "src/sub", "docs"):
        (folder / name).mkdir(parents=True)
    (folder / "src/app.py").write_text("x = 1\ny = 2\n")
    (folder / "src/sub/deep.py").write_text("d = 1\n")
    (folder / "README.md").write_text("# one\n")
    (folder / "docs/a.md").write_text("a\n")
    (folder / "list.txt").write_text("src/app.py\n")
    return folder


def files_of(folder: Path) -> dict[str, object]:
    paths = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    return {
        str(path): (
            path.lstat().st_mode,
            os.readlink(path) if path.is_symlink() else path.read_bytes(),
        )
        for path in paths
    }


def run(line: str, folder: Path, *shell: str) -> list[str]:
    """What it changed."""
    before = files_of(folder)
    env = {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "LC_ALL": "C.UTF-8"}
    subprocess.run(
        [*(shell or ("bash",)), "-c", line],
        cwd=folder,
        env=env,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TIMEOUT_S,
        check=False,
    )
    after = files_of(folder)
    return sorted(path for path in {*before, *after} if before.get(path) != after.get(path))


def is_claimed(path: str, effects: Effects) -> bool:
    if path in effects.files:
        return True
    for tree, names in effects.trees:
        steps = path[len(tree) :].strip("/").split("/")
        if path.startswith(f"{tree.rstrip('/')}/") and (
            not names or any(fnmatchcase(step, name) for step in steps for name in names)
        ):
            return True
    return False


def spelt(operation: str, seed: int) -> str:
    chance = random.Random(seed)
    before, word = chance.choice(SPELLINGS) if "{file}" in operation else ("", "")
    line = before + operation.format(file=word, new=chance.choice(["new.txt", "src/new.py"]))
    return chance.choice(AROUND).format(line)


def program(operation: str) -> str:
    first = operation.split(maxsplit=1)[0]
    return first if first not in ("{{", "for", "while", "echo", "printf", "cat") else "bash"


@pytest.mark.parametrize("operation", OPERATIONS, ids=[each[:40] for each in OPERATIONS])
def test_what_a_line_changes_is_claimed(operation: str, tmp_path: Path) -> None:
    if shutil.which(program(operation)) is None:
        pytest.skip(f"{program(operation)} is not installed")
    missed = {}
    has_changed = False
    for number in range(LINES):
        line = spelt(operation, zlib.crc32(operation.encode()) + number)
        folder = checkout(tmp_path / str(number))
        effects = effects_of(line, str(folder), Rules({}))
        changed = run(line, folder)
        has_changed = has_changed or bool(changed)
        unseen = [path for path in changed if not is_claimed(path, effects)]
        if unseen:
            missed[line] = [os.path.relpath(path, folder) for path in unseen]
    assert missed == {}
    if not has_changed:
        pytest.skip("the programs of this machine know no such options")


@pytest.mark.parametrize("line", QUIET)
def test_a_line_that_changes_nothing_claims_nothing(line: str, tmp_path: Path) -> None:
    folder = checkout(tmp_path / "quiet")
    assert not effects_of(line, str(folder), Rules({}))
    assert run(line, folder) == []
