"""The server: its address, version, access, database and clock."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

from coord import __version__
from coord.client import API, tokens
from coord.client.answer import Answer
from coord.client.others_text import printable
from coord.client.percent import query
from coord.client.queue import BASE, seconds_of
from coord.client.setup.doctor.check import (
    OK,
    PROBLEM,
    TIMEOUT_S,
    WARNING,
    Check,
    DoctorContext,
    short_path,
    source,
)
from coord.client.suggestions import command, install
from coord.client.wire import Away, BadUrl, call

SLOW_S = 0.5  # half of the second that a hook gives the server
SKEW_WARNING_S = 2.0
SKEW_PROBLEM_S = 300.0  # the server refuses observations more than five minutes in its future
CLOCK_SAMPLES = 3
HEALTH_TIMEOUT_S = TIMEOUT_S + 3  # /health waits for the database first


def check(context: DoctorContext) -> Iterator[Check]:
    if not context.workspace.is_trusted:
        message = (
            f"only this repository names the server {printable(context.workspace.url)}, so nothing"
            " is sent to it"
        )
        yield Check(
            "server",
            PROBLEM,
            message,
            f"If it is your team's: {command('trust', context.workspace.url)}",
        )
        return
    reached = _address(context)
    yield reached
    if reached.state == PROBLEM:
        return
    yield _version(context)
    yield from _access(context)
    if context.is_usable:
        yield _clock(context)


def _address(context: DoctorContext) -> Check:
    workspace = context.workspace
    configured = workspace.config.get("url")
    start = time.monotonic()
    try:
        answer = context.call("/livez")
    except BadUrl as error:
        return Check("server", PROBLEM, str(error), "Fix the address.")
    except Away as away:
        message = f"{away} ({source('COORD_URL', configured, 'the default address')})"
        fix = (
            "Start it, or name the right one: COORD_URL, or url in .coord.toml. Until then calls"
            " wait in the queue."
        )
        return Check("server", PROBLEM, message, fix)
    elapsed = time.monotonic() - start
    where = f"{workspace.url} ({source('COORD_URL', configured, 'the default')})"
    return _identity(where, answer, elapsed)


def _identity(where: str, answer: Answer, elapsed: float) -> Check:
    """Whether what answers is coord, and how fast."""
    body = answer.json
    if answer.status == 403 and answer.is_coords:
        message = f"{where} refuses calls from here: {body.get('detail')}"
        return Check("server", PROBLEM, message, "Ask its operator.")
    if answer.status != 200 or body != {"status": "ok"}:
        message = f"{where} answers {answer.status}, and is not coord"
        return Check("server", PROBLEM, message, "Name the right address: url in .coord.toml.")
    message = f"{where} answers in {elapsed * 1000:.0f} ms"
    if elapsed > SLOW_S:
        fix = "The hooks give up after a second and work without locks. Check the network."
        return Check("server", WARNING, message, fix)
    return Check("server", OK, message)


def _version(context: DoctorContext) -> Check:
    offer = context.call("/client").json or {}
    api, oldest = offer.get("api"), offer.get("oldest_api")
    url = context.workspace.url
    if not isinstance(api, int) or not isinstance(oldest, int):
        version = _health(url).get("version")
        message = (
            f"client {__version__}, server {version or 'unknown'}; it does not say which clients it"
            " serves"
        )
        if version == __version__:
            return Check("versions", OK, message)
        return Check("versions", WARNING, message, "Update the server.")
    if oldest > API:
        message = (
            f"this client (contract {API}) is too old for the server (contracts {oldest} to {api})"
        )
        fix = f"Update the client: {install(url)}"
        return Check("versions", PROBLEM, message, fix)
    if api < API:
        message = f"the server (contract {api}) is older than this client (contract {API})"
        return Check("versions", PROBLEM, message, "Update the server, or use its client.")
    if offer.get("version") != __version__:
        message = (
            f"client {__version__}, server {offer.get('version')}: they understand each other"
            f" (contract {API})"
        )
        return Check("versions", OK, message)
    return Check("versions", OK, f"client and server {__version__}")


def _access(context: DoctorContext) -> Iterator[Check]:
    workspace = context.workspace
    try:
        answer = context.call(f"{BASE}/status{query(project_key=workspace.project)}")
    except Away as away:
        health = _health(workspace.url)
        reason = health.get("reason") or health.get("migrations") or away
        message = f"the server works, its database does not: {reason}"
        fix = "Tell the operator. Until then calls wait in the queue."
        yield Check("database", PROBLEM, message, fix)
        return
    detail = (answer.json or {}).get("detail")
    if answer.status in (401, 403):
        yield _refused(context, detail)
    elif not answer.ok:
        message = f"it answers {answer.status}: {detail}"
        yield Check("access", PROBLEM, message, "Tell the operator.")
    else:
        context.is_usable = True
        message = "the token is accepted" if workspace.token else "no token is needed"
        yield Check("access", OK, message)
        yield _database(workspace.url)


def _refused(context: DoctorContext, detail: object) -> Check:
    workspace = context.workspace
    token = (
        "the token that was sent is not accepted"
        if workspace.token
        else "it needs a token, and none is set"
    )
    fix = (
        f"Put it in {short_path(tokens.token_file())}, or set COORD_TOKEN_FILE; the operator has"
        " the token."
    )
    return Check("access", PROBLEM, f"{token}: {detail}", fix)


def _database(url: str) -> Check:
    health = _health(url)
    message = f"{health.get('database')}, migrations {health.get('migrations')}"
    if health.get("status") == "ok":
        return Check("database", OK, message)
    return Check("database", PROBLEM, f"{message}: {health.get('reason')}", "Tell the operator.")


def _clock(context: DoctorContext) -> Check:
    """The shortest of a few calls counts: it says best when the server looked at its clock."""
    best: tuple[float, float] | None = None
    for _ in range(CLOCK_SAMPLES):
        start = time.time()
        answer = context.call(f"{BASE}/status{query(project_key=context.workspace.project)}")
        end = time.time()
        server_time = seconds_of(str((answer.json or {}).get("generated_at") or ""))
        if server_time is not None and (best is None or end - start < best[1]):
            best = (server_time - (start + end) / 2, end - start)
    if best is None:
        return Check("clock", WARNING, "the server does not say what time it is")
    skew, elapsed = best
    direction = "behind" if skew > 0 else "ahead of"
    message = (
        f"this machine's clock is {_duration(abs(skew))} {direction} the server's (to within"
        f" {_duration(elapsed / 2)})"
    )
    certain = abs(skew) - elapsed / 2
    if certain > SKEW_PROBLEM_S:
        fix = (
            "Set the clock (NTP). The server refuses what was seen in its future, and takes the"
            " rest for old."
        )
        return Check("clock", PROBLEM, message, fix)
    if certain > SKEW_WARNING_S:
        fix = (
            "Set the clock (NTP): queued reports of component states may look older than they are."
        )
        return Check("clock", WARNING, message, fix)
    return Check("clock", OK, message)


def _health(url: str) -> dict[str, Any]:
    """What /health answers, also with an error status; empty when it answers no JSON object."""
    try:
        return call(url, "GET", "/health", timeout=HEALTH_TIMEOUT_S, any_status=True).fields
    except Away:
        return {}


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    return f"{seconds:.1f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
