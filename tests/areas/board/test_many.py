"""Very many of everything: the page shows a window of them. `make bench` measures how quickly."""

from collections.abc import Callable

from tests.areas.board.conftest import Opened
from tests.service import Service

Open = Callable[..., Opened]


def test_five_thousand_locks_do_not_freeze_the_page(service: Service, open_page: Open) -> None:
    with service.caller() as caller:
        for start in range(50):
            resources = [f"src/package_{start}/module_{number}.py" for number in range(100)]
            caller.call(
                "POST",
                "/locks",
                {
                    "project_key": "shop",
                    "session_id": f"bulk-{start % 20}/agent",
                    "resources": resources,
                },
            )
    page = open_page().go()
    page.locator("#panel-locks .count").get_by_text("5000").wait_for()
    assert page.locator("main li").count() < 400
    page.evaluate("""async () => {
        const box = document.querySelector(".window");
        for (let step = 0; step < 60; step += 1) {
            box.scrollTop = step * 900;
            await new Promise(requestAnimationFrame);
        }
    }""")
    assert page.locator("main li").count() < 400, "as many as are seen, wherever it is scrolled to"
    page.get_by_role("searchbox").fill("package_42/module_7.py")
    page.locator("#panel-locks .count").get_by_text("1", exact=True).wait_for()
