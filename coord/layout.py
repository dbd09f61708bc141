"""Where the settings, the migrations and the documents are: in a checkout beside this package, in
an installed coord within it.

A wheel with packages named `config` and `migrations` would take these names from everybody else in
the environment, and `import config` would read a `config.py` of the working directory instead. So
the wheel has them as `coord._config`, `coord._migrations` and `coord._docs` (pyproject.toml).
Everything in coord takes them from here, and nowhere else.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

_PACKAGE = Path(__file__).resolve().parent
INSTALLED = (_PACKAGE / "_config").is_dir()

if TYPE_CHECKING:
    from config import default
else:
    default = import_module("coord._config.default" if INSTALLED else "config.default")

__all__ = ["DOCS", "GUNICORN", "INSTALLED", "MIGRATIONS", "default"]

MIGRATIONS = _PACKAGE / "_migrations" if INSTALLED else _PACKAGE.parent / "migrations"
DOCS = _PACKAGE / "_docs" if INSTALLED else _PACKAGE.parent / "docs"
GUNICORN = f"{default.__package__}.gunicorn"
"""The module with gunicorn's settings."""
