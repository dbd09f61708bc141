"""Everything that the API document allows, and much that it does not, sent to the service on each
database.

Schemathesis makes the calls: each example of the document, the edges of every field, and random
ones, alone and in sequences. SCHEMATHESIS_EXAMPLES=500 searches longer, SCHEMATHESIS_SEED=2
elsewhere.
"""

import os
from copy import deepcopy
from typing import Any

import schemathesis
from flask import Flask
from schemathesis.engine import events, from_schema

from coord.testing import empty_tables
from coord.web import openapi
from tests.conftest import BASE

EXAMPLES = int(os.environ.get("SCHEMATHESIS_EXAMPLES", "20"))  # random calls of each operation
SEED = int(os.environ.get("SCHEMATHESIS_SEED", "1"))

CHECKS = {
    # no 5xx, no undocumented status, type or header, answers like their schemas, what breaks a
    # schema is refused, …
    "enabled": True,
    # rules between fields, and between an id and what is stored, are in no schema
    "positive_data_acceptance": {"enabled": False},
    "use_after_free": {"enabled": False},  # a released lock can still be read
    "ignored_auth": {"enabled": False},  # the token is optional
}


def document_of(app: Flask) -> dict[str, Any]:
    """Without the session header, which may stand in for a required `session_id`: a schema cannot
    say that; without `wait`, which would take as long as it says; and without the streams, which
    have no end. Those have tests of their own."""
    document = deepcopy(openapi.document(app))
    for stream in ("events/stream", "board/stream"):
        del document["paths"][f"{BASE}/{stream}"]
    for schema in document["components"]["schemas"].values():
        schema.get("properties", {}).pop("wait", None)
    for item in document["paths"].values():
        for name, operation in item.items():
            if name != "parameters":
                operation["parameters"] = [
                    each
                    for each in operation.get("parameters", ())
                    if "$ref" not in each and each["name"] != "wait"
                ]
    return document


def test_every_answer_is_one_that_the_document_names(database_app: Flask) -> None:
    empty_tables(database_app)
    config = schemathesis.Config.from_dict(
        {
            "seed": SEED,
            "continue-on-failure": True,
            "generation": {
                "database": "none",
                "max-examples": EXAMPLES,
                "with-security-parameters": False,
            },
            "checks": CHECKS,
        }
    )
    schema = schemathesis.openapi.from_dict(document_of(database_app), config=config)
    schema.app = database_app
    problems: dict[str, str] = {}
    calls = 0
    for event in from_schema(schema).execute():
        if isinstance(event, events.ScenarioFinished):
            calls += len(event.recorder.interactions)
            problems |= failures(event)
        elif isinstance(event, events.NonFatalError):
            problems[str(event.label)] = str(event.value)
        elif isinstance(event, events.FatalError):
            raise event.exception
    assert not problems, "\n\n".join(problems.values())
    assert calls > 1000  # else it did not try what it should


def failures(event: events.ScenarioFinished) -> dict[str, str]:
    """What went wrong, one of a kind each, with how to repeat it."""
    found: dict[str, str] = {}
    for case, checks in event.recorder.checks.items():
        for check in checks:
            if check.failure_info is not None:
                failure = check.failure_info.failure
                answer = event.recorder.interactions[case].response
                told = (
                    f"{answer.status_code} {answer.content[:500]!r}"
                    if answer is not None
                    else "no answer"
                )
                text = (
                    f"{event.label} {check.name}: {failure.title}"
                    f" {failure.message[:500]}\n{check.failure_info.code_sample}\n{told}"
                )
                found.setdefault(f"{event.label} {check.name} {failure.title}", text)
    return found
