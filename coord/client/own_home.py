"""The user's folder as the system knows it, whatever variables say that a repository may ship."""

from __future__ import annotations

import os
import sys

_found: list[str] = []  # found out once: each workspace asks for it


def own_home() -> str:
    if not _found:
        _found.append(_find())
    return _found[0]


if sys.platform == "win32":

    def _find() -> str:
        """From what Windows writes down when somebody logs on; who has come by ssh, or is a
        service, has no such note.
        """
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, "Volatile Environment") as key:
                return str(winreg.QueryValueEx(key, "USERPROFILE")[0])
        except OSError:
            return _profile() or os.path.expanduser("~")

    def _profile() -> str:
        """Empty where the system does not say."""
        import ctypes  # 15 ms for a hook
        from ctypes import wintypes

        size = wintypes.DWORD(0)
        token = wintypes.HANDLE()
        process = ctypes.windll.kernel32.GetCurrentProcess
        process.restype = wintypes.HANDLE
        query, ask = 0x8, ctypes.windll.userenv.GetUserProfileDirectoryW
        opened = ctypes.windll.advapi32.OpenProcessToken(
            wintypes.HANDLE(process()), query, ctypes.byref(token)
        )
        if not opened:
            return ""
        ask(token, None, ctypes.byref(size))
        path = ctypes.create_unicode_buffer(size.value)
        is_told = ask(token, path, ctypes.byref(size))
        ctypes.windll.kernel32.CloseHandle(token)
        return path.value if is_told else ""

else:

    def _find() -> str:
        import pwd

        try:
            return pwd.getpwuid(os.getuid()).pw_dir
        except KeyError:  # as in a container, of a number without a name
            return os.path.expanduser("~")
