"""`make release`: the changelog, the version and the tag say the same, or nothing is released."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tools.release import problems

CHANGELOG = (
    "# Changelog\n\n## Unreleased\n\n## 1.2.0 - 2026-03-01\n\n- New.\n\n## 1.1.0 - 2026-02-01\n\n-"
    " Old.\n"
)


def git(repository: Path, *command: str) -> None:
    who = (
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@example.org",
        "-c",
        "commit.gpgsign=false",
        "-c",
        "tag.gpgsign=false",
    )
    subprocess.run(["git", "-C", str(repository), *who, *command], check=True, capture_output=True)


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A repository whose commit is the release 1.2.0."""
    (tmp_path / "coord").mkdir()
    (tmp_path / "coord" / "__init__.py").write_text('__version__ = "1.2.0"\n')
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "--quiet", "--message=coord 1.2.0")
    git(tmp_path, "tag", "--annotate", "--message=coord 1.2.0", "v1.2.0")
    return tmp_path


def commit_changelog(repository: Path, old: str, new: str) -> None:
    assert old in CHANGELOG
    (repository / "CHANGELOG.md").write_text(CHANGELOG.replace(old, new))
    git(repository, "commit", "--quiet", "--all", "--message=Changelog")
    git(repository, "tag", "--force", "v1.2.0")


def commit_after_the_tag(repository: Path) -> None:
    git(repository, "commit", "--quiet", "--allow-empty", "--message=More")


def change_a_file(repository: Path) -> None:
    (repository / "CHANGELOG.md").write_text(CHANGELOG + "\n")


def test_a_release_on_which_all_agree_has_no_problems(release: Path) -> None:
    assert problems(release, "1.2.0") == []


@pytest.mark.parametrize("version", ["", "1.2", "v1.2.0", "1.2.0rc1", "1.2.0\n"])
def test_a_version_has_three_numbers(release: Path, version: str) -> None:
    (problem,) = problems(release, version)
    assert "is not a version" in problem


def test_another_version_differs_from_all_three(release: Path) -> None:
    assert [problem.split(";")[0].split(":")[0] for problem in problems(release, "1.3.0")] == [
        "__version__ in coord/__init__.py is 1.2.0",
        "the newest release in CHANGELOG.md is 1.2.0",
        "this commit has no tag v1.3.0",
    ]


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        pytest.param(commit_after_the_tag, "has no tag v1.2.0", id="a commit after the tag"),
        pytest.param(change_a_file, "changes that are not committed", id="a change"),
    ],
)
def test_what_is_released_is_the_tagged_commit(
    release: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(release)
    (problem,) = problems(release, "1.2.0")
    assert said in problem


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            "## Unreleased\n",
            "## Unreleased\n\n- More.\n",
            "an empty section",
            id="something unreleased",
        ),
        pytest.param("## Unreleased\n\n", "", "an empty section", id="no section for what comes"),
        pytest.param(
            "1.2.0 - 2026-03-01", "1.2.0", "newest release in CHANGELOG.md is 1.1.0", id="no date"
        ),
        pytest.param("2026-03-01", "2026-02-30", "is none", id="no such day"),
        pytest.param(
            "2026-03-01", "2026-01-01", "order of their dates", id="older than the release before"
        ),
    ],
)
def test_the_changelog_has_the_release_dated_and_in_order(
    release: Path, old: str, new: str, said: str
) -> None:
    commit_changelog(release, old, new)
    (problem,) = problems(release, "1.2.0")
    assert said in problem
