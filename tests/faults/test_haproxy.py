"""What lies in deploy/galera/ works: HAProxy before two nodes of coord, a node's configuration of
Galera, coord's settings.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from config import default
from tests.databases import MariaDB, free_port
from tests.faults import calls
from tests.faults.calls import BODY, Call, claim
from tests.faults.proxy import Proxy
from tests.galera import galera_missing
from tests.service import BASE, ROOT, Answer, Caller, Service, migrate, running, until

FOLDER = ROOT / "deploy" / "galera"
EACH_NODE = 12  # calls, so that each node has its share


def settings() -> dict[str, str]:
    lines = (FOLDER / "coord.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


def test_the_settings_are_settings() -> None:
    loaded = default.load(settings())
    assert loaded["DATABASE_FAILOVER"] == ("10.0.0.22:3306", "10.0.0.23:3306")
    assert len(settings()) == 4


def test_mariadb_takes_the_configuration_of_a_node(tmp_path: Path) -> None:
    missing = galera_missing()
    if missing:
        pytest.skip(missing)
    server = MariaDB(tmp_path, port=free_port())
    program, *_ = server.command()
    done = subprocess.run(
        [program, f"--defaults-file={FOLDER / 'node.cnf'}", "--verbose", "--help"],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert "unknown" not in done.stderr


@contextlib.contextmanager
def haproxy(folder: Path, services: list[Service]) -> Iterator[int]:
    """HAProxy with the file as it lies there, but for addresses; its port."""
    if shutil.which("haproxy", path="/usr/sbin:/usr/bin") is None:
        pytest.skip("haproxy is not installed (Debian: apt-get install haproxy)")
    port = free_port()
    written = (FOLDER / "haproxy.cfg").read_text().replace("bind :8001", f"bind 127.0.0.1:{port}")
    for number, service in enumerate(services, start=1):
        written = written.replace(f"10.0.0.1{number}:8001", f"127.0.0.1:{service.port}")
    assert "10.0.0." not in written.partition("defaults")[2]
    file = folder / "haproxy.cfg"
    file.write_text(written)
    command = [shutil.which("haproxy", path="/usr/sbin:/usr/bin") or "haproxy", "-f", str(file)]
    checked = subprocess.run([*command, "-c"], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr
    assert "WARNING" not in checked.stderr, checked.stderr
    with (folder / "haproxy.log").open("wb") as log:
        process = subprocess.Popen([*command, "-db"], stdout=log, stderr=log)
    try:
        until(lambda: answers(port) == [200], 20, "HAProxy to find the nodes")
        yield port
    finally:
        process.terminate()
        process.wait(20)


def answers(port: int, call: Call | None = None, count: int = 1) -> list[int]:
    found = []
    for _ in range(count):
        try:
            found.append(ask(port, call or Call("GET", "/status")).status)
        except OSError:
            found.append(0)
    return found


def ask(port: int, call: Call) -> Answer:
    with Caller(port) as caller:
        return caller.call(call.method, call.path, call.body)


def test_two_nodes_behind_haproxy_are_one_service(breakable: MariaDB, tmp_path: Path) -> None:
    name = f"t{uuid.uuid4().hex}"
    migrate(breakable.create_database(name))
    with contextlib.ExitStack() as stack:
        proxy = stack.enter_context(Proxy(breakable.port))
        url = breakable.url(name, proxy.port)
        services = [
            stack.enter_context(
                running(
                    tmp_path / f"node{number}",
                    url,
                    migrated=False,
                    TRUSTED_PROXIES="127.0.0.1/32",
                )
            )
            for number in range(2)
        ]
        port = stack.enter_context(haproxy(tmp_path, services))
        assert answers(port, count=EACH_NODE) == [200] * EACH_NODE
        who_hangs_up_is_seen(port, services[0])
        services[0].stop()
        assert answers(port, count=EACH_NODE) == [200] * EACH_NODE
        services[0].start(port=services[0].port)
        proxy.refuse()
        until(lambda: answers(port) == [503], 20, "the nodes to notice")
        said = ask(port, Call("GET", "/status"))
        assert (said.status, said.json, said.headers["Retry-After"]) == (503, BODY, "30")
        proxy.forward()
        until(lambda: answers(port, count=4) == [200] * 4, 20, "HAProxy to see them back")


def who_hangs_up_is_seen(port: int, service: Service) -> None:
    """coord learns through HAProxy that a caller is gone, and gives its place to the next."""
    held = calls.made(service, claim("x"))
    body = json.dumps(claim("x", "host/b", wait=40).body).encode()
    head = f"POST {BASE}/locks HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    with socket.create_connection(("127.0.0.1", port)) as caller:
        caller.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        until(lambda: waiting(service) == 1, 10, "the claim to wait")
    until(lambda: waiting(service) == 0, 5, "the caller that hung up to wait no longer")
    assert service.call("DELETE", f"/locks/{held['id']}?session_id=host/a").status == 200


def waiting(service: Service) -> int:
    return len(service.call("GET", "/locks/waiters").json["items"])
