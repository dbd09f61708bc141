"""What a worker asks of the interpreter, the C library and the system before it serves."""

import contextlib
import ctypes
import gc
import resource

DESCRIPTORS = 8192  # what a worker may open, where the system lets it: most systems begin with 1024
M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
LONG_BLOCK_BYTES = 256 * 1024
COLLECT_AFTER = 10_000  # objects more than before, of those that can be in a circle


def collect_less() -> None:
    """What the start made stays for as long as the process does, so no collection looks through it;
    and a call, which makes a few hundred objects and leaves no circle, is not collected after.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)


def return_long_blocks() -> None:
    """Where the C library has it so: what a long answer took goes back to the system once it is
    sent, and not to the heap of the thread that made it.
    """
    with contextlib.suppress(AttributeError):
        ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LONG_BLOCK_BYTES)


def raise_descriptors() -> int:
    """Asks the system for more; how many this process may open now."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = DESCRIPTORS if most == resource.RLIM_INFINITY else min(DESCRIPTORS, most)
    resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
    return wanted
