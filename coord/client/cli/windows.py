"""What `coord run` needs of Windows: all that a command starts, ended together, and arguments for
batch files.
"""

from __future__ import annotations

import errno
import subprocess
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
    if argument and not any(character in argument for character in _SPLITTING):
        return argument
    backslashes = len(argument) - len(argument.rstrip("\\"))
    return f'"{argument}{chr(92) * backslashes}"'


if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _BASIC_PROCESS_ID_LIST = 3  # JOBOBJECTINFOCLASS
    _MAX_LISTED = 1024
    _CREATE_SUSPENDED = 0x4

    class _ProcessIds(ctypes.Structure):
        """JOBOBJECT_BASIC_PROCESS_ID_LIST."""

        _fields_ = (
            ("assigned", wintypes.DWORD),
            ("listed", wintypes.DWORD),
            ("ids", ctypes.c_size_t * _MAX_LISTED),
        )

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateJobObjectW.restype = wintypes.HANDLE
    _kernel.CreateJobObjectW.argtypes = (ctypes.c_void_p, wintypes.LPCWSTR)
    _kernel.AssignProcessToJobObject.argtypes = (wintypes.HANDLE, wintypes.HANDLE)
    _kernel.TerminateJobObject.argtypes = (wintypes.HANDLE, wintypes.UINT)
    _kernel.QueryInformationJobObject.argtypes = (
        wintypes.HANDLE,
        ctypes.c_int,
        ctypes.POINTER(_ProcessIds),
        wintypes.DWORD,
        ctypes.POINTER(wintypes.DWORD),
    )
    _kernel.GetConsoleProcessList.argtypes = (ctypes.POINTER(wintypes.DWORD), wintypes.DWORD)
    _system = ctypes.WinDLL("ntdll")
    _system.NtResumeProcess.argtypes = (wintypes.HANDLE,)

    def as_spelt(environment: dict[str, str]) -> dict[str, str]:
        """With the names that this process was given: os.environ has them in capitals, and in Git
        Bash `http_proxy` is another variable than `HTTP_PROXY`.
        """
        given = {name.upper(): name for name in vars(sys.modules["nt"])["environ"]}
        return {given.get(name.upper(), name): value for name, value in environment.items()}

    class Job:
        """A process and all that it starts, also what has lost its parent: a `.cmd`, as npm and
        gradlew are, starts the program proper.

        A process that Windows does not let into a job is alone.
        """

        def __init__(self, command: list[str] | str, environment: dict[str, str]) -> None:
            """Raises OSError. The process begins once it is in the job: nothing that it starts is
            outside."""
            self.process = subprocess.Popen(
                command, env=as_spelt(environment), creationflags=_CREATE_SUSPENDED
            )
            handle = int(self.process._handle)
            self._handle = _kernel.CreateJobObjectW(None, None)
            _kernel.AssignProcessToJobObject(self._handle, handle)
            # Popen has closed its thread's handle, for which ResumeThread would ask.
            _system.NtResumeProcess(handle)

        def others(self) -> list[int]:
            """The processes of the job that run besides the command itself, by their ids.

            Of a console's command those that share it: who leaves it, as Gradle's daemon does, is
            to stay, like what leaves its session on Unix.
            """
            ids = _ProcessIds()
            size = ctypes.sizeof(ids)
            _kernel.QueryInformationJobObject(
                self._handle, _BASIC_PROCESS_ID_LIST, ctypes.byref(ids), size, None
            )
            others = set(ids.ids[: ids.listed]) - {self.process.pid}
            return sorted(others & (_sharing_console() or others)) if others else []

        def terminate(self) -> None:
            _kernel.TerminateJobObject(self._handle, 1)

    def _sharing_console() -> set[int]:
        """Empty where this process has none."""
        ids = (wintypes.DWORD * _MAX_LISTED)()
        count = _kernel.GetConsoleProcessList(ids, _MAX_LISTED)
        return set(ids[:count]) if count <= _MAX_LISTED else set()
