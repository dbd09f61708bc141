"""The commonest writes of the locks area, made of example values: for `flask coord sql`."""

from coord.areas.locks import repository
from coord.areas.locks.rows import LockRow
from coord.areas.locks.terms import ClaimOutcome, terms_of
from coord.store import Change, microseconds

_BODY = {
    "id": "0198c2f4-7b1e-7c3d-8a55-3f1f0e9d2c11",
    "project_key": "shop",
    "session_id": "web-1/agent",
    "resource": "src/app.py",
    "resources": None,
    "description": "new order model",
    "mode": "exclusive",
    "ttl_hours": None,
    "keep_terms": False,
    "take_over_stale": None,
    "wait": 0,
    "observed_at": None,
}


def claim() -> Change[ClaimOutcome]:
    return repository.grant(terms_of(_BODY, default_ttl_hours=2.0, stale_us=microseconds(hours=2)))


def release() -> Change[LockRow]:
    return repository.release_held(str(_BODY["id"]), str(_BODY["session_id"]))
