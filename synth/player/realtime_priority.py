"""How much the system lets a process put itself before others."""

from __future__ import annotations

import ctypes
import gc
import os
import platform
import shutil
import struct
import subprocess
import sys
from types import FrameType

__all__ = ["REALTIME", "ask_rtkit", "become_punctual"]

#: Rights with which nothing but the kernel delays us.
REALTIME = frozenset({"fifo", "rtkit"})

_FIFO_PRIORITY = 50
_RTKIT_PRIORITY = 20  # the most that it grants unless configured otherwise
_RTKIT = "org.freedesktop.RealtimeKit1"
_RTKIT_PATH = "/org/freedesktop/RealtimeKit1"
_RTKIT_CALL = "MakeThreadRealtimeWithPID"
_RTKIT_WAIT_S = 2.0
_AT_A_STRETCH_US = (150_000, 200_000)  # rtkit wants a limit: a process that hangs must not rule
_NICE = -10
_SLICE_NS = 100_000  # the shortest there is
_SET_TIMER_SLACK = 29
_SCHED_SETATTR = {"x86_64": 314, "aarch64": 274}  # by the kernel's tables of system calls


def become_punctual() -> str:
    """Take the best rights there are and stop collecting garbage; return what was granted.

    "fifo" is real-time scheduling, "rtkit" the same from the desktop's service for it, "nice" a
    higher priority, "short slices" an early turn for a short one, "normal" nothing of all that.

    Returns
    -------
    str
        One of "fifo", "rtkit", "nice", "short slices" and "normal".
    """
    gc.collect()
    gc.freeze()
    gc.disable()
    if sys.platform == "win32":
        return _windows_priority()
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_SET_TIMER_SLACK, 1, 0, 0, 0)  # wake up when asked, not 50 us later
        try:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(_FIFO_PRIORITY))
            return "fifo"
        except OSError:
            pass  # it takes a limit that desktops for audio set; the next best follows
        if ask_rtkit():
            return "rtkit"
    short = sys.platform == "linux" and _short_slices()
    try:
        os.setpriority(os.PRIO_PROCESS, 0, _NICE)
        return "nice"
    except OSError:
        return "short slices" if short else "normal"


def ask_rtkit() -> bool:
    """Ask the desktop's RealtimeKit for this thread; False where there is none, or it refuses.

    Returns
    -------
    bool
        Whether this thread has a real-time priority now.
    """
    import resource
    import signal

    def step_back(signum: int, frame: FrameType | None) -> None:
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))

    numbers = str(os.getpid()), str(os.getpid()), str(_RTKIT_PRIORITY)
    if busctl := shutil.which("busctl"):
        target = _RTKIT, _RTKIT_PATH, _RTKIT, _RTKIT_CALL
        command = [busctl, "--system", "--timeout=1", "call", *target, "ttu", *numbers]
    elif dbus_send := shutil.which("dbus-send"):
        kinds = ("uint64", "uint64", "uint32")
        typed = (f"{kind}:{number}" for kind, number in zip(kinds, numbers, strict=True))
        target = f"--dest={_RTKIT}", "--print-reply", _RTKIT_PATH, f"{_RTKIT}.{_RTKIT_CALL}"
        command = [dbus_send, "--system", *target, *typed]
    else:
        return False
    try:
        resource.setrlimit(resource.RLIMIT_RTTIME, _AT_A_STRETCH_US)
        signal.signal(signal.SIGXCPU, step_back)
        done = subprocess.run(command, capture_output=True, timeout=_RTKIT_WAIT_S, check=False)
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _short_slices() -> bool:
    """Ask for short turns, which come sooner (Linux 6.12 and later; anybody may)."""
    number = _SCHED_SETATTR.get(platform.machine())
    if number is None:
        return False
    size = 56  # of struct sched_attr: size, policy, flags, nice, priority, runtime and five more
    request = struct.pack("IIQiIQQQII", size, 0, 0, 0, 0, _SLICE_NS, 0, 0, 0, 0)
    return bool(ctypes.CDLL(None).syscall(number, 0, ctypes.c_char_p(request), 0) == 0)


def _windows_priority() -> str:
    kernel = ctypes.WinDLL("kernel32")  # type: ignore[attr-defined,unused-ignore]
    high_priority_class = 0x80
    kernel.GetCurrentProcess.restype = ctypes.c_void_p
    kernel.SetPriorityClass.argtypes = [ctypes.c_void_p, ctypes.c_uint32]
    granted = kernel.SetPriorityClass(kernel.GetCurrentProcess(), high_priority_class)
    return "nice" if granted else "normal"
