"""gunicorn's settings, from the same `COORD_…` variables: `gunicorn -c config/gunicorn.py
wsgi:app`.
"""

import contextlib
import logging
import os
import shutil
import sys
from importlib import import_module
from typing import Any

# `gunicorn -c` reads this as a file, of no package; an installed coord as a module, and there this
# folder has another name.
default = import_module(f"{__package__ or 'config'}.default")
metrics = import_module(f"{__package__ or 'config'}.metrics")

try:
    _settings = default.load(os.environ)
    _metrics_dir = metrics.folder(_settings["METRICS_DIR"])
    default.check_descriptor(_settings["BIND"])
except default.BadSetting as refused:
    if not default.in_use:
        sys.exit(f"coord: {refused}")
    logging.getLogger("gunicorn.error").warning("%s Nothing is reloaded.", refused)
    _settings, _metrics_dir = default.in_use
default.in_use[:] = [_settings, _metrics_dir]

bind = _settings["BIND"]
worker_class = "coord.serving.Worker"  # gthread, with coord's own refusals, upkeep and bell
logger_class = "coord.web.output.Logger"  # a pipe that nobody reads stops neither calls nor reloads
workers = default.workers(_settings)
threads = _settings["THREADS"]
worker_connections = threads + 16  # more, and gthread accepts calls that it has no thread for
backlog = 2048
keepalive = 30
timeout = 60
graceful_timeout = 10
# "ready" is said after the app was imported, and a broken setting stops the start
preload_app = True
# it would lie in the home folder, where two services of one user collide
control_socket_disable = True
accesslog = None  # coord.telemetry writes one JSON line a call
loglevel = _settings["LOG_LEVEL"]
forwarded_allow_ips = ""  # coord.web.access judges forwarded headers by COORD_TRUSTED_PROXIES:
# on a socket file gunicorn would believe X-Forwarded-Proto all the same
secure_scheme_headers: dict[str, str] = {}
forwarder_headers = ""  # nor from where it is mounted, or which path is meant, from a caller
umask = 0o007  # a socket file is for its user and group; gunicorn's own default is everybody
limit_request_line = 8190

# prometheus_client reads this when it is imported, so before the app is.
os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(_metrics_dir)


def when_ready(server: Any) -> None:
    """Says so where anybody on the network may call."""
    if default.listens_beyond_loopback(bind) and not _settings["TOKENS"]:
        server.log.warning(
            "Listening on %s without a token: every host in COORD_ALLOWED_NETWORKS may read and"
            " change everything. COORD_TOKEN or COORD_TOKEN_FILE asks them for one.",
            bind,
        )


def on_reload(server: Any) -> None:
    """The tokens as their file has them now, for the workers to come: the app is made once. A file
    that can be read no more leaves them as they were.
    """
    config = server.app.wsgi().config
    try:
        config["TOKENS"] = default.tokens_of(config)
    except default.BadSetting as refused:
        server.log.warning("%s The tokens stay as they were.", refused)


def child_exit(server: Any, worker: Any) -> None:
    """Takes a dead worker's gauges away; a later one adds its counters up."""
    from prometheus_client import multiprocess

    with contextlib.suppress(OSError):  # somebody else removes them
        multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    """Removes the folder that this start made for itself."""
    if not _settings["METRICS_DIR"]:
        shutil.rmtree(_metrics_dir, ignore_errors=True)
