"""The processes of Windows, as its tool help lists them: who started whom."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    from ctypes import wintypes

    _SNAP_PROCESSES = 0x2
    _QUERY_LIMITED_INFORMATION = 0x1000
    _MAX_PATH = 260
    _FROM_1601_TO_1970_S = 11_644_473_600

    class _Entry(ctypes.Structure):
        """PROCESSENTRY32W
        (https://learn.microsoft.com/windows/win32/api/tlhelp32/ns-tlhelp32-processentry32w)."""

        _fields_ = (
            ("size", wintypes.DWORD),
            ("usage", wintypes.DWORD),
            ("pid", wintypes.DWORD),
            ("heap", ctypes.c_size_t),
            ("module", wintypes.DWORD),
            ("threads", wintypes.DWORD),
            ("parent", wintypes.DWORD),
            ("priority", wintypes.LONG),
            ("flags", wintypes.DWORD),
            ("program", wintypes.WCHAR * _MAX_PATH),
        )

    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateToolhelp32Snapshot.restype = wintypes.HANDLE
    _kernel.CreateToolhelp32Snapshot.argtypes = (wintypes.DWORD, wintypes.DWORD)
    _kernel.Process32FirstW.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Entry))
    _kernel.Process32NextW.argtypes = (wintypes.HANDLE, ctypes.POINTER(_Entry))
    _kernel.OpenProcess.restype = wintypes.HANDLE
    _kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    _kernel.GetProcessTimes.argtypes = (
        wintypes.HANDLE,
        *(ctypes.POINTER(wintypes.FILETIME) for _ in range(4)),
    )
    _kernel.CloseHandle.argtypes = (wintypes.HANDLE,)

    def find(pid: int) -> tuple[int, str] | None:
        """Who started it, 0 where that has ended, and its program, in lower case and without
        `.exe`; None where there is no such process."""
        listed = _listed()
        if pid not in listed:
            return None
        parent, program = listed[pid]
        if parent not in listed or 0 < _started(pid) < _started(parent):
            parent = 0  # it has ended, and its id may be another's by now
        return parent, program.lower().removesuffix(".exe")

    def _listed() -> dict[int, tuple[int, str]]:
        snapshot = _kernel.CreateToolhelp32Snapshot(_SNAP_PROCESSES, 0)
        entry = _Entry(size=ctypes.sizeof(_Entry))
        listed = {}
        try:
            is_more = _kernel.Process32FirstW(snapshot, ctypes.byref(entry))
            while is_more:
                listed[entry.pid] = (entry.parent, entry.program)
                is_more = _kernel.Process32NextW(snapshot, ctypes.byref(entry))
        finally:
            _kernel.CloseHandle(snapshot)
        return listed

    def started_at(pid: int) -> float:
        """A `time.time()`, long ago where that may not be asked."""
        return _started(pid) / 1e7 - _FROM_1601_TO_1970_S

    def _started(pid: int) -> int:
        """In steps of 100 ns; 0 where that may not be asked, as of a service's process."""
        handle = _kernel.OpenProcess(_QUERY_LIMITED_INFORMATION, False, pid)
        if not handle:
            return 0
        times = [wintypes.FILETIME() for _ in range(4)]
        try:
            _kernel.GetProcessTimes(handle, *(ctypes.byref(time) for time in times))
        finally:
            _kernel.CloseHandle(handle)
        return int(times[0].dwHighDateTime << 32 | times[0].dwLowDateTime)
