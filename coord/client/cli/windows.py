"""What `coord run` needs of Windows: all that a command starts, ended together, and arguments for
batch files.
"""

from __future__ import annotations

import errno
import sys
from collections.abc import Sequence

ERROR_BAD_EXE_FORMAT = 193
NO_PROGRAM = "it is no program. Name the one that runs it: powershell -File, python, bash"
_CMDS_OWN = '"%\r\n'
_SPLITTING = " \t&|<>^()=;,!'`"


def batch_line(program: str, arguments: Sequence[str]) -> str:
    """The command line that calls a `.cmd` or `.bat`. Raises OSError for arguments that cannot be
    handed on as they are: cmd reads them once more, and has no escape for these
    (https://learn.microsoft.com/windows-server/administration/windows-commands/cmd).
    """
    if any(own in argument for argument in arguments for own in _CMDS_OWN):
        raise OSError(
            errno.EINVAL,
            "it is a batch file, and cmd reads quotes, % and line breaks in its arguments as its"
            " own. Call the program that it starts, or leave them out",
        )
    return " ".join([f'"{program}"', *map(_quoted_if_needed, arguments)])


def _quoted_if_needed(argument: str) -> str:
    if argument and not any(each in argument for each in _SPLITTING):
        return argument
    backslashes = len(argument) - len(argument.rstrip("\\"))
    return f'"{argument}{chr(92) * backslashes}"'


if sys.platform == "win32":
    import ctypes

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateJobObjectW.restype = ctypes.c_void_p
    _kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, ctypes.c_wchar_p)
    _kernel.AssignProcessToJobObject.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
    _kernel.TerminateJobObject.argtypes = (ctypes.c_void_p, ctypes.c_uint)

    class Job:
        """A process and all that it starts from now on, also what has lost its parent: a `.cmd`,
        as npm and gradlew are, starts the program proper.

        A process that Windows does not let into a job is ended alone by its caller. What is left
        goes on when coord ends: Gradle's daemon is to stay.
        """

        def __init__(self, process: int) -> None:
            self._handle = _kernel.CreateJobObjectW(None, None)
            _kernel.AssignProcessToJobObject(self._handle, process)

        def terminate(self) -> None:
            _kernel.TerminateJobObject(self._handle, 1)
