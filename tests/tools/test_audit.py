"""`make audit`: known vulnerabilities are named, and what could not be looked up is not passed
over.
"""

from tools.audit import report

SOUND = {"name": "flask", "version": "3.1.3", "vulns": []}
UNKNOWN = {
    "name": "tomli",
    "skip_reason": "Dependency not found on PyPI and could not be audited: tomli (2.5.0)",
}


def vulnerable(*fixed_in: str) -> dict[str, object]:
    found = {
        "id": "PYSEC-2026-1",
        "fix_versions": list(fixed_in),
        "aliases": [],
        "description": "…",
    }
    return {"name": "jinja2", "version": "3.1.0", "vulns": [found]}


def test_a_vulnerability_is_named_with_what_mends_it() -> None:
    assert report([SOUND, vulnerable("3.1.5", "3.2.0")]) == (
        ["jinja2 3.1.0: PYSEC-2026-1, fixed in 3.1.5, 3.2.0"],
        [],
    )


def test_a_vulnerability_that_nobody_has_mended_is_named_too() -> None:
    assert report([vulnerable()]) == (["jinja2 3.1.0: PYSEC-2026-1, fixed in no version yet"], [])


def test_what_could_not_be_looked_up_is_not_taken_for_sound() -> None:
    assert report([SOUND, UNKNOWN]) == ([], ["tomli"])
