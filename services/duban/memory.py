"""How this process gives memory back."""

import ctypes

M_MMAP_THRESHOLD = -3
"""glibc's number of the option (malloc.h)."""
LARGE = 1024 * 1024


def return_large_blocks() -> None:
    """Have blocks of a mebibyte and more go back to the system when they are freed.

    By itself glibc stops doing so for sizes that it has seen freed. Each thread that hashed a password would then keep
    19 MiB for ever. Other C libraries have no such option and need none.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(M_MMAP_THRESHOLD, LARGE)
