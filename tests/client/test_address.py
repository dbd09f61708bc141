"""The address of a server, as people write it."""

import pytest

from coord.client.address import normal


@pytest.mark.parametrize(
    "text",
    [
        "http://coord.example:8001",
        "http://coord.example:8001/",
        " http://coord.example:8001\r\n",
        '"http://coord.example:8001"',
        "\ufeffhttp://coord.example:8001",
        "http://coord.example:8001/api/coord",
        "http://coord.example:8001/api/coord/",
        "http://coord.example:8001/api/coord/locks?project_key=shop",
        "http://coord.example:8001/docs",
        "http://coord.example:8001/llms.txt",
        "http://coord.example:8001/client/install.sh",
        "http://coord.example:8001/?project=shop#locks",
    ],
)
def test_it_is_the_servers_root_whichever_of_its_pages_is_named(text: str) -> None:
    assert normal(text) == "http://coord.example:8001"


@pytest.mark.parametrize(
    "prefix", ["http://h/tools", "https://h:8443/a/b", "http://h/api/coordinator"]
)
def test_a_path_in_front_of_the_services_own_stays(prefix: str) -> None:
    assert normal(prefix) == prefix
    assert normal(f"{prefix}/api/coord/") == prefix


@pytest.mark.parametrize("text", ["coord:8001", "localhost", "ftp://h", ""])
def test_what_is_no_address_stays_as_it_is(text: str) -> None:
    assert normal(text) == text
