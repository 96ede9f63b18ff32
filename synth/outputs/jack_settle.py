"""How long a new connection of JACK's takes until messages pass through it."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["settle"]

_PERIODS = 5  # it holds from a later period on; before, messages are lost without an error
_LOOK_S = 0.02
_LIMIT_S = 2.0
_SILENT_LOOKS = 10  #: some servers tell such a client no frames: always 0


def settle(frame_of_period: Callable[[], int]) -> None:
    """Wait until a server has begun some periods more, a starved one too; 2 s at most.

    `frame_of_period` returns the frame at which the running period began.
    """
    pause, last, begun = threading.Event(), frame_of_period(), 0
    for look in range(1, round(_LIMIT_S / _LOOK_S) + 1):
        pause.wait(_LOOK_S)
        frame = frame_of_period()
        begun += frame != last
        last = frame
        if begun == _PERIODS or (look >= _SILENT_LOOKS and frame == 0):
            return
