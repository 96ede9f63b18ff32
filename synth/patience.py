"""How long to wait for a child on a computer that is demonstrably slow: longer, never shorter."""

from __future__ import annotations

import contextlib
import subprocess
import sys
import time

__all__ = ["bare_interpreter_s", "patience_s"]

#: Bare interpreters that could start in the time that a child is given. Ours: on two cores of a
#: server a bare one took 0.07 s beside other work, and a player that plays to nobody 0.56 s.
_WORTH = 60
_MOST_S = 300.0


def bare_interpreter_s() -> float:
    """Return how long an interpreter that does nothing takes now.

    Returns
    -------
    float
        In s; where that is too long to wait for, that long.
    """
    began_s = time.monotonic()
    with contextlib.suppress(OSError, subprocess.TimeoutExpired):
        subprocess.run(
            [sys.executable, "-I", "-S", "-c", "pass"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=_MOST_S / _WORTH,
            check=False,
        )
    return time.monotonic() - began_s


def patience_s(usual_s: float, bare_s: float | None = None) -> float:
    """Return how long a child may take that usually answers much sooner.

    Asked when the usual time is over, so that a computer that is fast enough measures nothing.

    Parameters
    ----------
    usual_s
        How long it may take on any computer.
    bare_s
        How long a bare interpreter takes; None to measure it.

    Returns
    -------
    float
        At least `usual_s`.
    """
    bare_s = bare_interpreter_s() if bare_s is None else bare_s
    return max(usual_s, min(_MOST_S, _WORTH * bare_s))
