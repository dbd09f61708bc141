"""Which commands need a lock: told by the shell's rules, and what docs/claude-code.md says
of it.
"""

import re

import pytest

from coord.client.commands import BadPattern, commands, resources
from tests.service import ROOT

OWN: dict[str, object] = {
    "hook": {"commands": [{"pattern": r"bin/(\w+) prod", "resource": r"run \1"}]}
}


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("git push", ["git push"]),
        ("git push origin main 2>&1 | tee log", ["git push"]),
        ("cd web && git -C ../api --no-pager push -f", ["git push"]),
        ("FOO=1 sudo -n -E git push", ["git push"]),
        ("git add . && git commit -m 'a; git push b' && git push", ["git commit", "git push"]),
        ("git commit -m \"$(cat <<'EOF'\nit is\nEOF\n)\"", ["git commit"]),
        ("(git push &)", ["git push"]),
        ("if git pull; then make; fi", ["git commit"]),
        ("bash -c 'git push'", ["git push"]),
        ("timeout 30 git push", ["git push"]),
        ("git push \\\n  origin", ["git push"]),
        ("it's torn && git push", ["git push"]),
        ("make deploy-prod", ["deploy"]),
        ("./deploy.sh --now", ["deploy"]),
        ("terraform apply -auto-approve", ["deploy"]),
        ("kubectl -n web get pods && kubectl apply -f x", ["deploy"]),
        ("FLASK_APP=x flask db upgrade", ["migrate"]),
        ("alembic -c x.ini upgrade head", ["migrate"]),
        ("python3 manage.py migrate", ["migrate"]),
        ("npm run db:migrate", ["migrate"]),
        ("npx prisma migrate deploy", ["migrate"]),
        ("ssh -p 22 -i key root@web-1 uptime", ["ssh web-1"]),
        ("scp a.txt deploy@web-2:/srv/", ["ssh web-2"]),
        ("rsync -a dist/ web-1:/srv && ssh web-1 ls", ["ssh web-1"]),
    ],
)
def test_what_a_command_does_to_others_needs_a_lock(line: str, wanted: list[str]) -> None:
    assert resources(line, {}) == wanted


@pytest.mark.parametrize(
    "line",
    [
        "",
        "ls -la",
        "git status; git log --grep push",
        "git stash push",
        "git commit-tree x",
        'echo "git push"',
        "grep -r 'kubectl apply' .",
        "cat deploy.sh",
        "ls deploy",
        "kubectl get pods",
        "scp a.txt /tmp/b",
        "ssh-keygen -l",
        "man ssh_config",
        "flask db current",
    ],
)
def test_what_only_looks_and_what_only_names_it_needs_none(line: str) -> None:
    assert resources(line, {}) == []


def test_a_project_s_own_patterns_come_first_and_name_their_groups() -> None:
    assert resources("bin/import prod && git push", OWN) == ["git push", "run import"]
    assert resources("git push", {"hook": {"default_commands": False}}) == []
    assert resources(
        "git push", {"hook": {"commands": [{"pattern": "git push", "resource": "release"}]}}
    ) == ["release"]


@pytest.mark.parametrize(
    "entry",
    [{}, {"pattern": "x"}, {"pattern": 1, "resource": "x"}, {"pattern": "(", "resource": "x"}, "x"],
)
def test_a_pattern_that_is_none_is_named(entry: object) -> None:
    with pytest.raises(BadPattern, match=r"\.coord\.toml"):
        resources("ls", {"hook": {"commands": [entry]}})


def test_the_commands_of_a_line_are_told_apart() -> None:
    assert list(commands("cd 'a b' && env X=1 make -j2 | tee log; { echo done; }")) == [
        ["cd", "a b"],
        ["make", "-j2"],
        ["tee", "log"],
        ["echo", "done"],
    ]


def test_the_document_names_the_locks_and_its_examples_need_them() -> None:
    text = (ROOT / "docs" / "claude-code.md").read_text(encoding="utf-8")
    table = text.partition("| lock | commands that need it |\n|---|---|\n")[2].partition("\n\n")[0]
    rows = [line.strip("| ").split(" | ") for line in table.splitlines()]
    assert [lock.strip("`") for lock, _ in rows] == [
        "git commit",
        "git push",
        "deploy",
        "migrate",
        "ssh HOST",
    ]
    for lock, examples in rows[:-1]:
        program = ""
        for example in re.findall(r"`([^`]+)`", examples):
            named = example.replace("…", "")
            program = named.split()[0] if " " in named else program
            line = named if " " in named or lock == "`deploy`" else f"{program} {named}"
            assert resources(line, {}) == [lock.strip("`")], line
