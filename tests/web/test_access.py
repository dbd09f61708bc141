"""Who may call: networks, host names, origins, the token, and what is believed of proxies."""

import base64
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from config import default
from config.default import BadSetting, load
from coord.app import create_app
from coord.web.access import own_names
from tests.conftest import BASE
from tests.service import Service, running
from tests.web.conftest import CALLS, NOWHERE, Call, assert_error

TOKEN = "correct-horse-battery"
OPEN = ("/livez", "/health", "/client", "/docs", "/openapi.json", "/llms.txt")  # the contract's


def is_open(path: str) -> bool:
    return path == "/" or path.startswith(OPEN)


def make(**variables: str) -> Flask:
    """An app with these `COORD_…` settings, as the environment gives them."""
    return create_app(
        {
            **load({f"COORD_{name}": value for name, value in variables.items()}),
            "DATABASE_URL": NOWHERE,
        }
    )


def ask(
    app: Flask, peer: str = "127.0.0.1", path: str = "/livez", method: str = "GET", **headers: str
) -> Any:
    """A call from this address. `_` in a header's name stands for `-`."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return app.test_client().open(
        path, method=method, headers=named, environ_overrides={"REMOTE_ADDR": peer}
    )


def refused(answer: Any) -> str:
    return str(assert_error(answer, 403, "forbidden")["detail"])


@pytest.fixture(scope="module")
def plain() -> Flask:
    return make()


@pytest.fixture(scope="module")
def proxied() -> Flask:
    return make(
        TRUSTED_PROXIES="10.0.0.1, 10.0.0.2, fd00::1",
        ALLOWED_HOSTS="coord.example",
        ALLOWED_NETWORKS="10.0.0.0/8,192.168.0.0/16",
    )


# --- networks -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "peer",
    [
        "127.0.0.1",
        "127.9.9.9",
        "::1",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "169.254.1.1",
        "fd12::1",
        "fe80::1%eth0",
        "::ffff:10.1.2.3",
        "::ffff:127.0.0.1",
        "",
    ],
)
def test_private_networks_may_call(plain: Flask, peer: str) -> None:
    assert ask(plain, peer).status_code == 200


@pytest.mark.parametrize(
    "peer",
    [
        "8.8.8.8",
        "172.32.0.1",
        "192.169.0.1",
        "11.0.0.1",
        "2001:db8::1",
        "::ffff:8.8.8.8",
        "0.0.0.0",
        "not an address",
        "::",
    ],
)
def test_other_networks_are_refused_and_told_the_setting(plain: Flask, peer: str) -> None:
    detail = refused(ask(plain, peer))
    assert peer in detail
    assert "COORD_ALLOWED_NETWORKS" in detail


@pytest.mark.parametrize("call", CALLS, ids=str)
def test_no_call_is_exempt_from_the_network_check(plain: Flask, call: Call) -> None:
    refused(ask(plain, "8.8.8.8", call.template, call.method))


@pytest.mark.parametrize("path", ["/nowhere", "/api/coord/locks/7", "/%ff"])
def test_a_stranger_does_not_learn_which_paths_there_are(plain: Flask, path: str) -> None:
    refused(ask(plain, "8.8.8.8", path))


def test_the_operator_may_open_or_close_networks() -> None:
    app = make(ALLOWED_NETWORKS="203.0.113.0/24 2001:db8::/32")
    assert ask(app, "203.0.113.9").status_code == ask(app, "2001:db8::9").status_code == 200
    assert ask(app, "::ffff:203.0.113.9").status_code == 200
    refused(ask(app, "127.0.0.1"))


@pytest.mark.parametrize(
    "value", ["10.0.0.0/99", "10.0.0.1/8", "anywhere", "10.0.0.0/8;11.0.0.0/8"]
)
def test_a_network_that_is_none_stops_the_start(value: str) -> None:
    with pytest.raises(BadSetting, match="COORD_ALLOWED_NETWORKS"):
        make(ALLOWED_NETWORKS=value)


# --- Host -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "host",
    [
        "localhost",
        "localhost:8001",
        "127.0.0.1:8001",
        "192.168.1.7",
        "[::1]:8001",
        "[fe80::1]",
        "localhost.",
        "coord.localhost",
        "8.8.8.8:8001",
    ],
)
def test_addresses_and_names_of_this_machine_are_ours(plain: Flask, host: str) -> None:
    assert ask(plain, Host=host).status_code == 200


@pytest.mark.parametrize("host", ["coord-box", "COORD-BOX:8001", "web.", "0x7f000001"])
def test_a_name_without_a_dot_sees_no_data_from_this_machine(plain: Flask, host: str) -> None:
    """Every host on the link may answer for it (LLMNR, NetBIOS): with a page, and then with the
    address of the very machine whose browser has the page."""
    data = f"{BASE}/status"
    assert ask(plain, "10.0.0.7", data, Host=host).status_code != 403
    for this_machine in ("127.0.0.1", "127.0.0.53", "::1", "::ffff:127.0.0.1"):
        assert "COORD_ALLOWED_HOSTS" in refused(ask(plain, this_machine, data, Host=host))
        assert ask(plain, this_machine, "/livez", Host=host).status_code == 200
    named = make(ALLOWED_HOSTS="coord-box, web, 0x7f000001")
    assert ask(named, path=data, Host=host).status_code != 403


def test_the_machines_own_names_are_ours(plain: Flask) -> None:
    for name in own_names():
        assert ask(plain, Host=f"{name}:8001").status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "evil.example:8001",
        "127.0.0.1.evil.example",
        "localhost.evil.example",
        "evil.example.",
        "x@localhost",
        "local host",
        "localhost:8001:8001",
        "localhost:port",
        "a,localhost",
        "[::1",
        "",
        "1.2.3.4.5",
        "é",
        "localhost/evil",
    ],
)
def test_a_foreign_host_is_refused_and_told_the_setting(plain: Flask, host: str) -> None:
    """DNS rebinding: a page of evil.example whose name was pointed at us is of our origin for the
    browser, but not for us.
    """
    assert "COORD_ALLOWED_HOSTS" in refused(ask(plain, Host=host))


def test_a_foreign_host_is_refused_with_a_matching_origin(plain: Flask) -> None:
    refused(
        ask(plain, Host="evil.example", Origin="http://evil.example", Sec_Fetch_Site="same-origin")
    )


def test_the_operator_may_add_names() -> None:
    app = make(ALLOWED_HOSTS="coord.example, Other.Example")
    for host in ("coord.example", "COORD.example:8001", "other.example", "coord.example."):
        assert ask(app, Host=host).status_code == 200
    refused(ask(app, Host="sub.coord.example"))


# --- Origin and Sec-Fetch -------------------------------------------------------------------------


@pytest.mark.parametrize("origin", ["http://localhost:8001", "HTTP://LOCALHOST:8001"])
def test_our_own_pages_may_call(plain: Flask, origin: str) -> None:
    assert (
        ask(plain, Host="localhost:8001", Origin=origin, Sec_Fetch_Site="same-origin").status_code
        == 200
    )


@pytest.mark.parametrize(
    "origin",
    [
        "http://evil.example",
        "null",
        "",
        "http://localhost",
        "http://localhost:9999",
        "https://localhost:8001",
        "http://localhost:8001.evil.example",
        "http://localhost:8001/",
        "localhost:8001",
        "file://",
        "chrome-extension://abc",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "DELETE"])
def test_pages_of_other_origins_are_refused(plain: Flask, origin: str, method: str) -> None:
    detail = refused(
        ask(plain, path="/api/coord/locks", method=method, Host="localhost:8001", Origin=origin)
    )
    assert "COORD_ALLOWED_ORIGINS" in detail


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
@pytest.mark.parametrize("mode", ["no-cors", "cors", "websocket", "same-origin"])
def test_what_other_sites_embed_is_refused(plain: Flask, site: str, mode: str) -> None:
    refused(ask(plain, path="/api/coord/locks", Sec_Fetch_Site=site, Sec_Fetch_Mode=mode))


def test_a_link_may_be_followed_but_no_form_be_sent(plain: Flask) -> None:
    navigation = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate"}
    assert ask(plain, path="/docs", **navigation).status_code == 200
    refused(ask(plain, path="/api/coord/locks", method="POST", **navigation))


@pytest.mark.parametrize("site", ["same-origin", "none"])
def test_a_browsers_own_calls_are_fine(plain: Flask, site: str) -> None:
    assert ask(plain, Sec_Fetch_Site=site, Sec_Fetch_Mode="cors").status_code == 200


@pytest.mark.parametrize(
    "content_type",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", None],
)
def test_what_a_page_may_send_without_asking_is_never_taken_as_a_write(
    plain: Flask, content_type: str | None
) -> None:
    """Even from a browser so old that it says neither Origin nor Sec-Fetch-Site: another type needs
    a preflight, and gets none.
    """
    body = '{"project_key": "shop", "session_id": "a", "resource": "r"}'
    answer = plain.test_client().post("/api/coord/locks", data=body, content_type=content_type)
    assert_error(answer, 415, "not_json")
    preflight = ask(
        plain,
        path="/api/coord/locks",
        method="OPTIONS",
        Origin="http://evil.example",
        Access_Control_Request_Method="POST",
    )
    refused(preflight)
    assert "Access-Control-Allow-Origin" not in preflight.headers


def test_no_answer_may_be_read_or_embedded_by_others(plain: Flask) -> None:
    for path in ("/livez", "/nowhere"):
        answer = ask(plain, path=path)
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
        assert not any(name.startswith("Access-Control") for name, _ in answer.headers)


def test_pages_of_an_allowed_origin_may_call_and_read() -> None:
    app = make(ALLOWED_ORIGINS="https://tools.example", TOKEN=TOKEN)
    origin = "https://tools.example"
    preflight = ask(
        app,
        path="/api/coord/locks",
        method="OPTIONS",
        Origin=origin,
        Access_Control_Request_Method="POST",
        Access_Control_Request_Headers="content-type",
        Sec_Fetch_Site="cross-site",
    )
    assert preflight.status_code == 200
    assert preflight.headers["Access-Control-Allow-Origin"] == origin
    assert {"POST", "DELETE", "GET"} <= set(
        preflight.headers["Access-Control-Allow-Methods"].split(", ")
    )
    assert {"Content-Type", "Authorization", "X-Coord-Session"} <= set(
        preflight.headers["Access-Control-Allow-Headers"].split(", ")
    )
    for answer in (
        ask(app, Origin=origin),
        ask(app, path="/nowhere", Origin=origin, Authorization=f"Bearer {TOKEN}"),
    ):
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "Origin" in answer.headers["Vary"]
    for other in (
        "https://tools.example.evil.example",
        "http://tools.example",
        "https://evil.example",
    ):
        answer = ask(app, Origin=other)
        refused(answer)
        assert "Access-Control-Allow-Origin" not in answer.headers


# --- token ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module", params=["TOKEN", "TOKEN_FILE"])
def guarded(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    if request.param == "TOKEN":
        return make(TOKEN=TOKEN)
    file = tmp_path_factory.mktemp("token") / "token"
    file.write_text(f"# the tokens\n\nreviewer:other token\n{TOKEN}\n")
    return make(TOKEN_FILE=str(file))


@pytest.mark.parametrize("call", [call for call in CALLS if not is_open(call.template)], ids=str)
def test_every_call_needs_the_token(guarded: Flask, call: Call) -> None:
    assert "Authorization: Bearer" in refused(ask(guarded, path=call.template, method=call.method))


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/favicon.ico",
        "/page/board/board.js",
        "/page/board/vendor/preact.js",
        "/page/locks/board.js",
    ],
)
def test_the_page_and_its_files_are_open(guarded: Flask, path: str) -> None:
    with ask(guarded, path=path) as answer:
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "path", ["/docs", "/docs/start.js", "/docs/swagger-ui.css", "/openapi.json", "/llms.txt"]
)
def test_who_looks_for_where_to_put_the_token_may_read(guarded: Flask, path: str) -> None:
    with ask(guarded, path=path) as answer:
        assert answer.status_code == 200


def test_the_document_says_which_calls_are_open(guarded: Flask) -> None:
    paths = ask(guarded, path="/openapi.json").json["paths"]
    open_calls = {
        path
        for path, calls in paths.items()
        for name, call in calls.items()
        if name == "get" and call.get("security") == []
    }
    assert {path for path in paths if is_open(path)} == open_calls


def test_any_of_several_tokens_opens_and_the_log_names_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = tmp_path / "tokens"
    file.write_text("alice:one\nnightly:two:with colon\nthree\n")
    app = make(TOKEN_FILE=str(file))
    names = []
    with caplog.at_level("INFO", logger="coord.access"):
        for value in ("one", "two:with colon", "three"):
            caplog.clear()
            assert ask(app, path="/metrics?x", Authorization=f"Bearer {value}").status_code != 403
            names.append(getattr(caplog.records[-1], "token", None))
    assert names == ["alice", "nightly", None]


@pytest.mark.parametrize(
    "variables", [{"TOKEN": " "}, {"TOKEN": "\t\n"}, {"TOKEN": "a\x01b"}], ids=str
)
def test_a_token_that_is_none_stops_the_start(variables: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match="COORD_TOKEN="):
        make(**variables)


@pytest.mark.parametrize("line", ["alice:", "alice:  ", "nightly-2:\t", "good\nbob.b:\n"])
def test_a_name_without_its_token_stops_the_start(tmp_path: Path, line: str) -> None:
    """As `echo "alice:$TOKEN"` writes it where that variable is not set: whoever guesses the name
    would be in.
    """
    (tmp_path / "token").write_text(line)
    with pytest.raises(BadSetting, match="names a token, and has none"):
        make(TOKEN_FILE=str(tmp_path / "token"))


@pytest.mark.parametrize("line", ["alice: s3cret", " alice:s3cret  ", "alice:   s3cret\r"])
def test_blanks_around_a_named_token_are_no_part_of_it(tmp_path: Path, line: str) -> None:
    (tmp_path / "token").write_text(f"{line}\n")
    app = make(TOKEN_FILE=str(tmp_path / "token"))
    assert ask(app, path="/metrics", Authorization="Bearer s3cret").status_code == 200


@pytest.mark.parametrize("end", ["\x0b", "\x0c", "\x1e", "\x85"])
def test_a_token_is_not_two_by_an_odd_end_of_a_line(tmp_path: Path, end: str) -> None:
    (tmp_path / "token").write_text(f"a{end}long-and-secret\n", encoding="utf-8")
    with pytest.raises(BadSetting, match="control character"):
        make(TOKEN_FILE=str(tmp_path / "token"))


def test_a_token_beside_a_token_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("x")
    with pytest.raises(BadSetting, match="both set"):
        make(TOKEN=TOKEN, TOKEN_FILE=str(tmp_path / "token"))


@pytest.mark.parametrize(
    "name",
    ["TOKN", "TOKENS", "TOKEN_FIEL", "ALLOWED_NETWORK", "ALOWED_HOSTS", "TRUSTED_PROXY", "BINDD"],
)
def test_a_misspelt_setting_that_decides_access_stops_the_start(name: str) -> None:
    with pytest.raises(BadSetting, match=f"COORD_{name} is not a setting"):
        make(**{name: "x"})


@pytest.mark.parametrize(
    ("bind", "beyond"),
    [
        ("127.0.0.1:8001", False),
        ("localhost:8001", False),
        ("[::1]:8001", False),
        ("unix:/run/coord.sock", False),
        ("fd://3", False),
        ("0.0.0.0:8001", True),
        ("[::]:8001", True),
        ("10.0.0.7:8001", True),
        ("coord.lan:8001", True),
        (":8001", True),
    ],
)
def test_it_is_known_whether_others_can_reach_the_address(bind: str, beyond: bool) -> None:
    assert default.listens_beyond_loopback(bind) is beyond


@pytest.mark.parametrize("path", ["/livez", "/health", "/livez/", "/health/"])
def test_the_probes_need_none(guarded: Flask, path: str) -> None:
    assert ask(guarded, path=path).status_code in (200, 503)


@pytest.mark.parametrize(
    "path",
    ["/client", "/client/", "/client/coord.pyz", "/client/install.sh", "/client/install.ps1"],
)
def test_a_newcomer_gets_the_client_without_it(guarded: Flask, path: str) -> None:
    assert ask(guarded, path=path).status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/api/coord/health",
        "/%2Flivez",
        "/livez/x",
        "/pages/board/board.js",
        "/page",
        "/health%2Fx",
        "/metrics?/livez",
        "/client/x",
        "/clients",
    ],
)
def test_nothing_else_passes_for_a_probe_or_the_client(guarded: Flask, path: str) -> None:
    refused(ask(guarded, path=path))


@pytest.mark.parametrize("form", ["Bearer {}", "bearer {}", "BEARER {}", "Bearer  {} "])
def test_the_token_opens(guarded: Flask, form: str) -> None:
    assert ask(guarded, path="/metrics", Authorization=form.format(TOKEN)).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        TOKEN,
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN.upper()}",
        f"Basic {TOKEN}",
        f"Token {TOKEN}",
        "Bearer ä",
        "Bearer ÿ",
        "Bearer reviewer:other token",
        "Bearer # the tokens",
        "Basic " + base64.b64encode(f"x:{TOKEN}".encode()).decode(),
        f"Bearer {TOKEN} {TOKEN}",
    ],
)
def test_anything_else_does_not(guarded: Flask, sent: str) -> None:
    answer = ask(guarded, path="/metrics", Authorization=sent)
    assert TOKEN not in refused(answer)


def test_a_token_may_be_any_text() -> None:
    app = make(TOKEN="pässwörd")
    assert (
        ask(
            app, path="/metrics", Authorization="Bearer pässwörd".encode().decode("latin-1")
        ).status_code
        == 200
    )
    refused(ask(app, path="/metrics", Authorization="Bearer passwoerd"))


def test_the_query_takes_no_token(guarded: Flask) -> None:
    refused(ask(guarded, path=f"/api/coord/locks?token={TOKEN}"))


@pytest.mark.parametrize(
    "write",
    [
        lambda file: None,
        lambda file: file.write_text(""),
        lambda file: file.write_text("\n# none\n"),
        lambda file: file.write_bytes(b"\xff"),
    ],
)
def test_a_token_file_that_holds_none_stops_the_start(
    tmp_path: Path, write: Callable[[Path], None]
) -> None:
    """Rather than opening a service that was meant to be closed."""
    write(tmp_path / "token")
    with pytest.raises(BadSetting, match="COORD_TOKEN_FILE"):
        make(TOKEN_FILE=str(tmp_path / "token"))


# --- proxies --------------------------------------------------------------------------------------


def test_forwarded_headers_of_others_are_not_believed(plain: Flask, proxied: Flask) -> None:
    refused(
        ask(
            plain,
            "8.8.8.8",
            X_Forwarded_For="127.0.0.1",
            Forwarded="for=127.0.0.1",
            X_Real_IP="127.0.0.1",
        )
    )
    assert (
        ask(
            plain, "127.0.0.1", X_Forwarded_For="8.8.8.8", X_Forwarded_Host="evil.example"
        ).status_code
        == 200
    )
    refused(ask(proxied, "8.8.8.8", X_Forwarded_For="10.9.9.9"))
    assert ask(proxied, "192.168.1.1", X_Forwarded_For="8.8.8.8").status_code == 200
    refused(
        ask(
            plain,
            "127.0.0.1",
            Host="localhost",
            Origin="https://localhost",
            X_Forwarded_Proto="https",
        )
    )


@pytest.mark.parametrize(
    "chain",
    [
        "192.168.1.1",
        "8.8.8.8, 192.168.1.1",
        "192.168.1.1, 10.0.0.2",
        "8.8.8.8,192.168.1.1,10.0.0.2,10.0.0.1",
        "192.168.1.1:5555",
        "",
        "10.0.0.2",
        "::ffff:192.168.1.1",
        "[::ffff:192.168.1.1]:443",
        "evil, 192.168.1.1",
    ],
)
def test_a_proxys_word_counts_from_the_right(proxied: Flask, chain: str) -> None:
    assert ask(proxied, "10.0.0.1", X_Forwarded_For=chain).status_code == 200


@pytest.mark.parametrize(
    "chain",
    [
        "8.8.8.8",
        "192.168.1.1, 8.8.8.8",
        "127.0.0.1, 8.8.8.8, 10.0.0.2",
        "unknown",
        "192.168.1.1, garbage",
        "[2001:db8::1]:443",
        "8.8.8.8:80",
    ],
)
def test_what_the_caller_made_up_further_left_does_not(proxied: Flask, chain: str) -> None:
    refused(ask(proxied, "10.0.0.1", X_Forwarded_For=chain))


def test_a_proxy_by_its_mapped_address_is_the_same(proxied: Flask) -> None:
    refused(ask(proxied, "::ffff:10.0.0.1", X_Forwarded_For="8.8.8.8"))
    refused(ask(proxied, "fd00::1", X_Forwarded_For="8.8.8.8"))


def test_a_proxy_on_a_socket_file_is_asked_who_calls(proxied: Flask) -> None:
    refused(ask(proxied, "", X_Forwarded_For="8.8.8.8"))
    assert ask(proxied, "", X_Forwarded_For="192.168.1.1").status_code == 200


def test_a_proxy_says_what_we_are_called(proxied: Flask) -> None:
    forwarded = {
        "X_Forwarded_For": "192.168.1.1",
        "X_Forwarded_Host": "coord.example",
        "X_Forwarded_Proto": "https",
    }
    assert (
        ask(
            proxied, "10.0.0.1", Host="127.0.0.1:8001", Origin="https://coord.example", **forwarded
        ).status_code
        == 200
    )
    refused(
        ask(proxied, "10.0.0.1", Host="127.0.0.1:8001", Origin="http://127.0.0.1:8001", **forwarded)
    )
    refused(
        ask(
            proxied,
            "10.0.0.1",
            Host="127.0.0.1:8001",
            **{**forwarded, "X_Forwarded_Host": "evil.example"},
        )
    )
    refused(
        ask(
            proxied,
            "10.0.0.1",
            Host="evil.example",
            **{**forwarded, "X_Forwarded_Host": "localhost"},
        )
    )
    refused(
        ask(
            proxied,
            "10.0.0.1",
            Host="127.0.0.1:8001",
            **{**forwarded, "X_Forwarded_Host": "localhost, evil.example"},
        )
    )


# --- the real server ------------------------------------------------------------------------------


def test_the_server_itself_believes_no_forwarded_header(service: Service) -> None:
    """gunicorn has such a setting of its own: it would change the scheme, and the origin
    with it.
    """
    own = {"Host": "localhost", "X-Forwarded-Proto": "https", "X-Forwarded-Ssl": "on"}
    assert service.call("GET", "/livez", **own, Origin="http://localhost").status == 200
    assert service.call("GET", "/livez", **own, Origin="https://localhost").status == 403
    assert service.call("GET", "/livez", **{"X-Forwarded-For": "8.8.8.8"}).status == 200


def test_a_token_file_guards_the_real_service(tmp_path: Path) -> None:
    (tmp_path / "token").write_text(TOKEN)
    with running(
        tmp_path / "service",
        f"sqlite:///{tmp_path}/coord.db",
        TOKEN_FILE=str(tmp_path / "token"),
        LOG_LEVEL="debug",
    ) as guarded:
        assert guarded.call("GET", "/health").status == 200
        assert guarded.call("GET", "/locks").status == 403
        assert guarded.call("GET", "/locks", Authorization=f"Bearer {TOKEN}").status == 200
        assert guarded.call("GET", "/locks", Authorization=f"Bearer {TOKEN}x").status == 403
        assert (
            guarded.call("GET", f"/locks?token={TOKEN}", Authorization=f"Bearer {TOKEN}").status
            == 422
        )
        broken = (
            b"GET /livez HTTP/1.1\r\nHost: localhost\r\nAuthorization Bearer "
            + TOKEN.encode()
            + b"\r\n\r\n"
        )
        assert b"400" in _sent(guarded, broken)
    for log in (tmp_path / "service").glob("*.log"):
        assert TOKEN not in log.read_text()


def _sent(service: Service, raw: bytes) -> bytes:
    with socket.create_connection(("127.0.0.1", service.port), timeout=10) as connection:
        connection.sendall(raw)
        return connection.recv(65536)
