"""What is nobody else's, wherever it is."""

from __future__ import annotations

import os

from coord.client.paths import is_below, real_path


def is_private(real: str, top: str | None) -> bool:
    """Whether a file is one of Claude Code's own notes, or a temporary one of the system's; not
    within a checkout that is in there. `top`: of the file's checkout."""
    home = os.environ.get("CLAUDE_CONFIG_DIR") or os.path.join(os.path.expanduser("~"), ".claude")
    temporary = [os.environ.get(name) for name in ("TMPDIR", "TEMP", "TMP")]
    for folder in (home, *temporary, "/tmp", "/var/tmp"):
        around = real_path(folder) if folder else ""
        is_checkout_within = top and top != around and is_below(top, around)
        if around and is_below(real, around) and not is_checkout_within:
            return True
    return False
