"""How much the system lets a process put itself before others."""

from __future__ import annotations

import gc
import os
import sys

__all__ = ["become_punctual"]

_FIFO_PRIORITY = 50
_NICE = -10


def become_punctual() -> str:
    """Take the best rights there are and stop collecting garbage; return what was granted.

    "fifo" is real-time scheduling, "nice" a higher priority, "normal" neither.
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    if sys.platform == "win32":
        return _windows_priority()
    if sys.platform == "linux":
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_FIFO_PRIORITY))
            return "fifo"
        except OSError:
            pass  # it takes a limit that desktops for audio set; the next best follows
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        return "nice"
    except OSError:
        return "normal"


def _windows_priority() -> str:
    import ctypes

    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    high_priority_class = 0x80
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.SetPriorityClass.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    granted = kernel.SetPriorityClass(kernel.GetCurrentProcess(), high_priority_class)
    return "nice" if granted else "normal"
