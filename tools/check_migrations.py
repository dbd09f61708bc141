"""Migrates an empty database of each kind, and has alembic compare it with the models (`flask db
check`).
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.databases import mariadb_missing, private_mariadb

ROOT = Path(__file__).resolve().parent.parent


def check(url: str) -> None:
    env = {
        **os.environ,
        "FLASK_APP": "wsgi.py",
        "COORD_DATABASE_URL": url,
        "COORD_LOG_LEVEL": "warning",
    }
    for command in ("upgrade", "check"):
        subprocess.run(
            [sys.executable, "-m", "flask", "db", command], cwd=ROOT, env=env, check=True
        )


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="coord-migrations-") as folder:
        check(f"sqlite:///{folder}/coord.db")
        missing = mariadb_missing()
        if missing:
            sys.stderr.write(f"coord: migrations are not checked on MariaDB: {missing}\n")
            return
        with private_mariadb(Path(folder) / "db") as server:
            check(server.create_database("migrations"))


if __name__ == "__main__":
    main()
