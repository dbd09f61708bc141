"""Whether somebody can be asked."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import msvcrt

    def can_ask() -> bool:
        """Of NUL, which a program gets for its standard input that has none, `isatty` says that it
        is a terminal, since it is no file
        (https://learn.microsoft.com/cpp/c-runtime-library/reference/isatty). Only a console has a
        mode.
        """
        if sys.stdin is None or not sys.stdin.isatty():
            return False
        mode = ctypes.c_ulong()
        handle = ctypes.c_void_p(msvcrt.get_osfhandle(sys.stdin.fileno()))
        return bool(ctypes.windll.kernel32.GetConsoleMode(handle, ctypes.byref(mode)))

else:

    def can_ask() -> bool:
        return sys.stdin is not None and sys.stdin.isatty()
