"""`coord.exe`, for Windows: a program that starts a script with a Python, and hands its arguments
on as they are.

A `.cmd` cannot do that: cmd reads `&`, `^`, `%` and newlines in arguments once more. The program is
the launcher of distlib, which pip puts before the scripts that it installs; every CPython carries
one in the pip that it bundles. What stands behind it in the file is the Python's command line, as a
`#!` line in UTF-8, and a zip with the script:
https://github.com/pypa/distlib/blob/master/distlib/scripts.py (ScriptMaker._write_script).
"""

from __future__ import annotations

import glob
import io
import os
import sysconfig
import zipfile

from coord.client.safe_files import read_any

_PROGRAMS = {"win-amd64": "t64.exe", "win-arm64": "t64-arm.exe", "win32": "t32.exe"}
_IN_PIP = "pip/_vendor/distlib/"
_MADE = (1980, 1, 1, 0, 0, 0)  # the same content at each time: a running program is not replaced


def exe_content(python: str, run: str, flags: str, mark: str) -> bytes | None:
    """None where this Python carries no launcher."""
    program = _launcher()
    if program is None:
        return None
    script = (
        f"# {mark}, which writes it anew.\n"
        "import sys\n"
        f"sys.argv[0] = __file__ = {run!r}\n"
        "with open(__file__, 'rb') as file:\n"
        "    code = compile(file.read(), __file__, 'exec')\n"
        "exec(code)\n"
    )
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as written:  # stored as it is, so that the mark can be read
        written.writestr(zipfile.ZipInfo("__main__.py", _MADE), script)
    return program + f'#!"{python}" {flags}\n'.encode() + archive.getvalue()


def has_launcher() -> bool:
    return _launcher() is not None


def _launcher() -> bytes | None:
    name = _PROGRAMS.get(sysconfig.get_platform())
    if name is None:
        return None
    bundled = os.path.join(sysconfig.get_path("stdlib"), "ensurepip", "_bundled")
    for wheel in glob.glob(os.path.join(glob.escape(bundled), "pip-*.whl")):
        try:
            with zipfile.ZipFile(wheel) as pip:
                return pip.read(_IN_PIP + name)
        except (OSError, KeyError, zipfile.BadZipFile):
            continue
    installed = os.path.join(sysconfig.get_path("purelib"), *_IN_PIP.split("/"), name)
    return read_any(installed) or None
