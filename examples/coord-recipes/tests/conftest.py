"""The fixtures come with coord, and the app that they make has the area."""

from collections.abc import Mapping
from typing import Any

import pytest

pytest_plugins = ["coord.testing"]


@pytest.fixture(scope="session")
def app_settings() -> Mapping[str, Any]:
    return {"AREAS": ("coord_recipes",)}
