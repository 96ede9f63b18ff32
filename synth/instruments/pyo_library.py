"""The pyo library, imported without its banner and without its window toolkit.

A decaying filter ends in denormal numbers, with which a processor is some twenty times slower. pyo
leaves them on. The switch belongs to a thread, so the one that computes sound must set it.
"""

from __future__ import annotations

import ctypes
import os
import platform
import sys
from types import ModuleType

from synth.errors import OutputUnavailable

__all__ = ["flush", "load"]


def load() -> ModuleType:
    """Import pyo; raise `OutputUnavailable` where it is not installed or cannot load.

    Only a process that makes sound may call this: pyo installs an audio thread and holds the
    interpreter while it computes.

    Returns
    -------
    ModuleType
        The library `pyo`.

    Raises
    ------
    OutputUnavailable
        Where it is not installed or cannot load.
    """
    os.environ["PYO_GUI_WX"] = "0"  # without it the import prints about a missing toolkit
    try:
        import pyo
    except (ImportError, OSError) as error:
        raise OutputUnavailable(
            f"the audio engine pyo cannot be loaded: {error}",
            hint="pip install pyo (Linux x86_64, macOS arm64, Windows), or play through MIDI.",
        ) from error
    module: ModuleType = pyo
    return module


_FENV_BYTES = 64  # room for every platform's fenv_t
_MXCSR_OFFSET = 28  # in fenv_t of x86-64 on Linux (glibc, musl): 28 bytes of x87 state come first
_MXCSR_FTZ_DAZ = 0x8040
_FPCR_OFFSET = 8  # in fenv_t of arm64 macOS: fpsr, then fpcr, 8 bytes each
_FPCR_FZ = 1 << 24
_WINDOWS_FLUSH = 0x01000000  # _DN_FLUSH
_WINDOWS_MASK = 0x03000000  # _MCW_DN


def flush() -> bool:
    """Flush denormal numbers to zero in this thread; tell whether that is possible here.

    Returns
    -------
    bool
        False where this system or processor has no switch that we know.
    """
    machine = platform.machine().lower()
    if sys.platform == "win32":
        state = ctypes.c_uint(0)
        ctypes.CDLL("ucrtbase")._controlfp_s(ctypes.byref(state), _WINDOWS_FLUSH, _WINDOWS_MASK)
        return True
    if sys.platform == "linux" and machine == "x86_64":
        return _set_bits("libm.so.6", _MXCSR_OFFSET, _MXCSR_FTZ_DAZ)
    if sys.platform == "darwin" and machine == "arm64":
        return _set_bits("libSystem.dylib", _FPCR_OFFSET, _FPCR_FZ)
    return False


def _set_bits(library: str, offset: int, bits: int) -> bool:
    try:
        maths = ctypes.CDLL(library)
    except OSError:
        return False
    environment = ctypes.create_string_buffer(_FENV_BYTES)
    maths.fegetenv(environment)
    register = ctypes.c_uint32.from_buffer(environment, offset)
    register.value |= bits
    maths.fesetenv(environment)
    return True
