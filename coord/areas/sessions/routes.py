"""HTTP of the sessions area."""

from collections import Counter

from flask import Response, request
from flask.typing import ResponseReturnValue

from coord.areas.sessions import repository
from coord.areas.sessions.checkin import JSON, TEXT
from coord.areas.sessions.errors import Superseded
from coord.areas.sessions.fitting import etag, fit
from coord.areas.sessions.rows import CheckinCall, EndCall, Heartbeat, ListSessions, SessionAnswer
from coord.areas.sessions.schemas import (
    CheckinBody,
    CheckinSchema,
    EndedSchema,
    EndSchema,
    HeartbeatSchema,
    SessionList,
    SessionSchema,
    SessionsQuery,
)
from coord.store import read, transact
from coord.web import Blueprint, cursor_key, paginate

blp = Blueprint(
    "sessions", __name__, url_prefix="/sessions", description="Who is there, and who no longer is."
)


@blp.route("/heartbeat", methods=["POST"])
@blp.arguments(HeartbeatSchema)
@blp.response(200, SessionSchema, description="Known, and there.")
@blp.alt_response(
    201,
    schema=SessionSchema,
    description="Announced anew: for the first time, or after it had ended.",
)
def heartbeat(body: Heartbeat) -> tuple[SessionAnswer, int]:
    """Announce a session, and say that it is still there.

    It counts as activity on all that the session has. With `ttl_minutes` it promises to call again
    within that time; any call keeps the promise. Who breaks it is gone: its locks are stale at
    once, its work items pending again, and those affected get a message.
    """
    session, announced = transact(repository.heartbeat, body, repository.silent_us())
    return session, 201 if announced else 200


@blp.route("", methods=["GET"])
@blp.arguments(SessionsQuery)
@blp.response(200, SessionList)
def find(query: ListSessions) -> ResponseReturnValue:
    """List sessions that announced themselves, the last first: those that are there, unless `state`
    says otherwise.
    """
    after = cursor_key("sessions", query["cursor"])
    rows = read(
        repository.find,
        query["name"],
        query["project_key"],
        query["state"],
        after[0] if after else None,
        query["limit"],
        repository.silent_us(),
    )
    return paginate("sessions", rows, query["limit"], lambda row: [row["revision"]])


@blp.route("", methods=["DELETE"])
@blp.arguments(EndSchema)
@blp.response(200, EndedSchema)
@blp.raises(Superseded)
def end(query: EndCall) -> ResponseReturnValue:
    """End a session: its locks are released, its work items pending again.

    Repeating it is fine, whether or not it ever announced itself.
    """
    counts: Counter[str] = Counter()
    ended = False
    while True:
        result = transact(repository.end, query, repository.silent_us())
        counts.update(result.counts)
        ended = ended or result.ended
        if not result.incomplete:
            return {"session": result.session, "ended": ended, "done": dict(counts)}


_AS_TEXT = {200: {"content": {"text/plain": {"schema": {"type": "string"}}}}}


@blp.route("/checkin", methods=["POST"])
@blp.arguments(CheckinBody)
@blp.response(
    200,
    CheckinSchema,
    description=(
        "JSON, or with `Accept: text/plain` a text that is ready to be shown. `ETag` says what it"
        " shows."
    ),
)
@blp.alt_response(
    304,
    description=(
        "Nothing but times has changed since the answer that `If-None-Match` names. It was a"
        " heartbeat all the same."
    ),
)
@blp.doc(responses=_AS_TEXT)
def checkin(body: CheckinCall) -> Response:
    """Begin a turn: a heartbeat that renews what the session holds, and answers what it should know
    now.

    Unread messages, its locks, its work items, and what others changed since `after`.
    """
    session, _ = transact(repository.heartbeat, body, repository.silent_us(), is_checkin=True)
    collected = read(repository.collect_checkin, session, body["after"])
    best = request.accept_mimetypes.best_match(["application/json", "text/plain"])
    form = TEXT if best == "text/plain" else JSON
    fitted = fit(collected, form, body["max_bytes"])
    tag = etag(fitted, form)
    response = Response(form.write(fitted), mimetype=form.mimetype)
    if request.if_none_match.contains_weak(tag):
        response = Response(status=304)
    response.set_etag(tag, weak=True)
    response.headers.add("Vary", "Accept")
    return response
