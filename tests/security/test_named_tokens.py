"""Which token a change was made with can be found out afterwards, and nobody's name is put to what
somebody else did.
"""

from collections.abc import Callable

import pytest
from flask import Flask

from coord.store import Rows
from coord.testing import Agent, Answer, make_app

TOKENS = "alice:first\nbob:second\nnameless\n"


@pytest.fixture(scope="module")
def token_app(tmp_path_factory: pytest.TempPathFactory) -> Flask:
    folder = tmp_path_factory.mktemp("tokens")
    (folder / "tokens").write_text(TOKENS)
    return make_app(f"sqlite:///{folder}/coord.db", TOKEN_FILE=str(folder / "tokens"))


def call(app: Flask, token: str, method: str, path: str, **body: object) -> Answer:
    headers = {"Authorization": f"Bearer {token}"}
    return Agent(app.test_client()).call(method, path, body or None, headers=headers)


def events(app: Flask, kind: str) -> list[tuple[str, str | None]]:
    items = call(app, "nameless", "GET", "/events?limit=500").json["items"]
    return [(item["type"], item["token"]) for item in items if item["type"].startswith(kind)]


@pytest.mark.parametrize(
    ("token", "name"), [("first", "alice"), ("second", "bob"), ("nameless", None)]
)
def test_every_change_keeps_the_name_of_its_token(
    token_app: Flask, token: str, name: str | None
) -> None:
    body = {"project_key": "shop", "session_id": "host/x", "resource": f"of {token}"}
    lock = call(token_app, token, "POST", "/locks", **body).json
    call(token_app, token, "DELETE", f"/locks/{lock['id']}?session_id=host/x")
    workflow = call(
        token_app, token, "POST", "/workflows", project_key="shop", name="w", created_by="host/x"
    ).json
    call(token_app, token, "POST", "/work-items", workflow_id=workflow["id"], title="t")
    call(token_app, token, "POST", "/work-items/claim", session_id="host/x")
    assert events(token_app, "lock")[-2:] == [("lock.claimed", name), ("lock.released", name)]
    assert events(token_app, "workflow")[-1] == ("workflow.created", name)
    assert events(token_app, "work_item.claimed")[-1] == ("work_item.claimed", name)


def test_a_message_read_by_nobody_in_particular_is_said_to_be(
    client: Agent, journal_rows: Callable[[], Rows]
) -> None:
    message = client.post(
        "/messages", from_session="host/a", to_session="host/b", subject="x", body="x"
    ).json["id"]
    assert client.put(f"/messages/{message}/read").status_code == 200
    read = journal_rows()[-1]
    assert read["type"] == "message.read"
    assert (read["data"]["to_session"], read["data"]["assumed"]) == ("host/b", True)


def test_one_that_its_recipient_has_read_is_put_to_it(
    client: Agent, journal_rows: Callable[[], Rows]
) -> None:
    message = client.post(
        "/messages", from_session="host/a", to_session="host/b", subject="x", body="x"
    ).json["id"]
    client.put(f"/messages/{message}/read", session_id="host/b")
    assert journal_rows()[-1]["session_id"] == "host/b"
    assert "assumed" not in journal_rows()[-1]["data"]
