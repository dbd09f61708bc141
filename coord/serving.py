"""gunicorn's threaded worker, with its own refusals in the contract's shape.

What is not even HTTP never reaches the app: gunicorn answers it, with an HTML page of its own. The likeliest is a path or query that was
not percent-encoded, so the answer says how to do that.
"""

import json
import logging
import os
import signal
import uuid
from http import HTTPStatus
from typing import Any

from gunicorn.http import errors
from gunicorn.workers.gthread import ThreadWorker

from coord import upkeep
from coord.live import waiting
from coord.store import bell

log = logging.getLogger("coord.access")

_TOO_LONG = "The request line is over 8190 bytes. Send the parameters in a JSON body with the same names."
_ENCODE = "The request line is not HTTP: path and query must be percent-encoded. With curl: -G --data-urlencode 'name=value'."
_REFUSALS: dict[type[Exception], tuple[int, str]] = {
    errors.InvalidRequestLine: (400, _ENCODE),
    errors.InvalidHTTPVersion: (400, _ENCODE),  # a blank in the query: what follows it stands where the version should
    errors.LimitRequestLine: (414, _TOO_LONG),
    errors.LimitRequestHeaders: (431, "The headers are too many, or one is over 8190 bytes."),
    errors.UnsupportedTransferCoding: (501, "Of the transfer codings only chunked is known here."),
    errors.ExpectationFailed: (417, "Of the expectations only 100-continue is known here."),
}
_OTHERWISE = (400, "The request is not HTTP/1.1 as it should be: {}.")


class Worker(ThreadWorker):
    """Answers JSON where gunicorn would send a page, and ends all waiting when it is told to stop; bugs are left to gunicorn."""

    _is_orphan = False

    @classmethod
    def setup(cls) -> None:
        """gunicorn calls this in the master: before the workers are forked, and again at each reload."""
        bell.share_folder()

    def run(self) -> None:
        """Serves until it is told to stop. What comes due without a call starts here: its thread would not survive the fork."""
        due = upkeep.of(self.wsgi)
        due.start()
        try:
            super().run()  # type: ignore[no-untyped-call]
        finally:
            due.stop()
            if self._is_orphan:
                os._exit(0)  # nobody is left to kill it, should a thread never end

    def is_parent_alive(self) -> bool:
        """Without a master (killed by hand, or when memory is short) nobody would end this process: it stops as TERM has it stop."""
        if not self._is_orphan and not super().is_parent_alive():  # type: ignore[no-untyped-call]
            self._is_orphan = True
            self.handle_exit(signal.SIGTERM, None)
        return not self._is_orphan

    def handle_exit(self, sig: Any, frame: Any) -> None:
        super().handle_exit(sig, frame)  # type: ignore[no-untyped-call]
        waiting.stop()

    def handle_error(self, req: Any, client: Any, addr: Any, exc: Exception) -> None:
        if not isinstance(exc, errors.ParseException) or isinstance(exc, errors.ConfigurationProblem):
            super().handle_error(req, client, addr, exc)  # type: ignore[no-untyped-call]
            return
        status, detail = next((found for kind, found in _REFUSALS.items() if isinstance(exc, kind)), _OTHERWISE)
        request_id = uuid.uuid4().hex
        # The log names the kind only: the text of the error may hold a header, and that the token.
        peer = addr[0] if addr else None
        log.info("refused", extra={"status": status, "reason": type(exc).__name__, "peer": peer, "request_id": request_id})
        try:
            client.setblocking(False)
            client.send(answer(status, detail.format(type(exc).__name__), request_id))
        except OSError:
            log.debug("nobody was there to hear the refusal", exc_info=True)


def answer(status: int, detail: str, request_id: str) -> bytes:
    """The whole answer, after which the connection is closed."""
    phrase = HTTPStatus(status).phrase
    body = json.dumps({"detail": detail, "error": phrase.lower().replace(" ", "_").replace("-", "_")}) + "\n"
    head = [
        f"HTTP/1.1 {status} {phrase}",
        "Connection: close",
        "Content-Type: application/json",
        f"Content-Length: {len(body.encode())}",
        "X-Content-Type-Options: nosniff",
        f"X-Request-Id: {request_id}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n" + body).encode()
