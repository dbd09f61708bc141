"""/docs in a real browser: drawn from this service alone, under a strict policy."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from config.parsing import networks
from coord.app import create_app
from tests.browser import chromium_missing, launched
from tests.conftest import Agent
from tests.service import Service
from tests.web.conftest import ENDLESS, EVERY_CALL, OF_ANOTHER_PROTOCOL, assert_error

# a name that the page does not take for a developer's own machine
OTHER_NAME = "--host-resolver-rules=MAP coord-box 127.0.0.1"


@pytest.fixture(scope="module")
def page() -> Iterator[Any]:
    if missing := chromium_missing():
        pytest.skip(f"The page was not looked at: {missing}")
    with launched(OTHER_NAME) as browser:
        yield browser.new_page(viewport={"width": 1200, "height": 1600})


def test_the_page_draws_every_call_without_asking_another_host(
    page: Any, service: Service, tmp_path: Path
) -> None:
    complaints: list[str] = []
    asked: list[str] = []
    page.on(
        "console",
        lambda message: (
            complaints.append(message.text) if message.type in ("error", "warning") else None
        ),
    )
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("requestfailed", lambda request: complaints.append(f"{request.url}: {request.failure}"))
    page.on("request", lambda request: asked.append(request.url))
    site = f"http://coord-box:{service.port}/"
    page.goto(f"{site}docs")
    page.wait_for_selector(".opblock")
    page.wait_for_load_state("networkidle")
    drawn = page.eval_on_selector_all(
        ".opblock",
        "all => all.map(each => each.querySelector('.opblock-summary-method').textContent + ' '"
        " + each.querySelector('.opblock-summary-path').dataset.path)",
    )
    assert sorted(drawn) == sorted(f"{call.method} {call.template}" for call in EVERY_CALL)
    of_locks = [line.split()[0] for line in drawn if "/locks" in line]
    assert of_locks == sorted(of_locks, key="DELETE".__eq__), "what releases comes last"
    page.click("#operations-locks-locks_claim .opblock-summary")
    example = page.wait_for_selector("#operations-locks-locks_claim textarea").input_value()
    assert json.loads(example)["project_key"].startswith("shop-")
    assert complaints == []
    assert asked
    assert all(url.startswith(site) or url.startswith("data:") for url in asked), asked
    page.screenshot(path=str(tmp_path / "docs.png"))


def test_a_token_is_kept_no_longer_than_the_page(page: Any, service: Service) -> None:
    page.goto(f"http://coord-box:{service.port}/docs")
    page.click(".scheme-container .authorize")
    page.fill(".auth-container input", "secret-4711")
    page.click(".auth-btn-wrapper .authorize")
    page.wait_for_selector(".auth-container code")
    assert "secret-4711" not in page.evaluate(
        "JSON.stringify([{...localStorage}, {...sessionStorage}])"
    )


def test_a_call_can_be_tried_from_the_page(page: Any, service: Service) -> None:
    page.goto(f"http://coord-box:{service.port}/docs")
    page.click("#operations-health-health_livez .opblock-summary")
    page.click("#operations-health-health_livez button.execute")
    page.wait_for_selector(
        "#operations-health-health_livez .live-responses-table .response-col_status"
    )
    shown = page.inner_text("#operations-health-health_livez .live-responses-table")
    assert "200" in shown
    assert '"ok"' in shown


def test_every_call_can_be_executed_as_it_stands_in_the_order_of_the_page(web: Agent) -> None:
    """By one after another: what the first has created, and its ids, are used up then."""
    document = web.get("/openapi.json").text
    for own in ("01020304", "05060708"):
        shown = json.loads(document.replace("0198c2f4-", f"{own}-").replace('"shop"', f'"{own}"'))
        for call in sorted(EVERY_CALL, key=lambda call: call.method == "DELETE"):
            if call.template in (*ENDLESS, *OF_ANOTHER_PROTOCOL):
                continue
            item = shown["paths"][call.template]
            operation = item[call.method.lower()]
            path, query = call.template, {}
            for parameter in (*item.get("parameters", ()), *operation.get("parameters", ())):
                example = parameter.get("example", parameter.get("schema", {}).get("example"))
                assert example is not None or not parameter.get("required"), (call, parameter)
                if parameter.get("in") == "path":
                    path = path.replace(f"{{{parameter['name']}}}", str(example))
                elif example is not None:
                    query[parameter["name"]] = example
            body = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
            answer = web.client.open(
                path, method=call.method, query_string=query, json=body.get("example")
            )
            assert answer.status_code < 300, (call, answer.text)
            answer.close()


def test_the_page_may_load_nothing_from_elsewhere(web: Agent) -> None:
    policy = web.get("/docs").headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "script-src" not in policy
    assert "unsafe-eval" not in policy


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/docs", "text/html"),
        ("/docs/start.js", "text/javascript"),
        ("/docs/swagger-ui-bundle.js", "text/javascript"),
        ("/docs/swagger-ui.css", "text/css"),
        ("/docs/favicon-32x32.png", "image/png"),
        ("/llms.txt", "text/plain"),
    ],
)
def test_its_parts_are_served(web: Agent, path: str, kind: str) -> None:
    answer = web.get(path)
    assert answer.status_code == 200
    assert answer.mimetype == kind
    assert answer.data
    answer.close()


@pytest.mark.parametrize(
    "path",
    [
        "/docs/oauth2-redirect.html",
        "/docs/..%2F..%2Fcoord%2Fapp.py",
        "/docs/../wsgi.py",
        "/docs/LICENSE",
    ],
)
def test_nothing_else_is(web: Agent, path: str) -> None:
    assert_error(web.client.get(path), 404, "not_found")


def test_below_a_proxy_s_prefix_page_and_document_lead_there_too() -> None:
    app = create_app(
        {
            "DATABASE_URL": "sqlite:////nonexistent/coord.db",
            "TESTING": True,
            "TRUSTED_PROXIES": networks("127.0.0.1"),
        }
    )
    below = {"X-Forwarded-Prefix": "/tools/coord"}
    document = json.loads(app.test_client().get("/openapi.json", headers=below).data)
    assert document["servers"] == [{"url": "/tools/coord"}]
    assert "servers" not in json.loads(app.test_client().get("/openapi.json").data)
    for path in ("/docs", "/docs/start.js"):
        text = app.test_client().get(path, headers=below).text
        assert not any(f"{quote}/{name}" in text for quote in "\"'" for name in ("docs", "openapi"))
