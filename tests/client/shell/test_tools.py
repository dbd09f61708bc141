"""The programs with rules of their own, whose modules are loaded only where they are needed."""

from importlib import import_module

import pytest

from coord.client.shell import writing


@pytest.mark.parametrize("module", sorted(set(writing._TOOLS.values())))
def test_the_table_names_just_the_programs_that_the_module_has(module: str) -> None:
    named = {name for name, its_module in writing._TOOLS.items() if its_module == module}
    assert named == set(import_module(f"coord.client.shell.{module}").TOOLS)
