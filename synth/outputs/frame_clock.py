"""Where session time falls on the frames of an audio server, and when a connection to it passes."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["FrameClock", "settle"]


_WRAP = 1 << 32  # the server's count has 32 bits: a day at 48 kHz
_SLOWEST = 1.0 / 200.0  # share of an error that a period corrects, once settled: about a second
_JUMP_S = 0.05
_TRUSTED = 8  # periods whose errors count whole; after them one that is late moves little
_LIMIT_S = 0.00015  # of an error, from then on: at 256 frames a period at most 140 ppm


class FrameClock:
    """Follows the server's clock slowly, so that the jitter of its periods reaches no event.

    Between two events the frames are those of the server within a frame, also where the server
    stumbles and loses some; over minutes they are those of the monotonic clock.
    """

    def __init__(self) -> None:
        self._frame = 0
        self._raw: int | None = None
        self._zero = 0.0  # the frame of session time 0
        self._periods = 0
        self._rate_hz = 48_000.0

    def cycle(self, raw: int, start_s: float, rate_hz: float) -> int:
        """Take in the period that begins at the server's frame `raw`; return its frame.

        Parameters
        ----------
        raw
            The server's own count, of 32 bits.
        start_s
            Session time of the period's beginning.
        rate_hz
            Frames a second.

        Returns
        -------
        int
            The frame at which it begins, in a count that does not wrap around.
        """
        self._frame += (raw - self._raw) % _WRAP if self._raw is not None else raw
        self._raw = raw
        self._rate_hz = rate_hz
        error = self._frame - start_s * rate_hz - self._zero
        if abs(error) > _JUMP_S * rate_hz:
            self._periods = 0  # the first, or the server was away for a while
        self._periods += 1
        if self._periods > _TRUSTED:
            error = max(-_LIMIT_S * rate_hz, min(_LIMIT_S * rate_hz, error))
        self._zero += error * max(1.0 / self._periods, _SLOWEST)
        return self._frame

    def frame_at(self, time_s: float) -> float:
        """Return the frame of a session time.

        Parameters
        ----------
        time_s
            Session time.

        Returns
        -------
        float
            With its fraction.
        """
        return self._zero + time_s * self._rate_hz


_PERIODS = 5  # it holds from a later period on; before, messages are lost without an error
_LOOK_S = 0.02
_LONGEST_WAIT_S = 2.0
_SILENT_LOOKS = 10  #: some servers tell such a client no frames: always 0


def settle(frame_of_period: Callable[[], int]) -> None:
    """Wait until a server has begun some periods more, a starved one too; 2 s at most.

    Parameters
    ----------
    frame_of_period
        Returns the frame at which the running period began.
    """
    pause, last, begun = threading.Event(), frame_of_period(), 0
    for look in range(1, round(_LONGEST_WAIT_S / _LOOK_S) + 1):
        pause.wait(_LOOK_S)
        frame = frame_of_period()
        begun += frame != last
        last = frame
        if begun == _PERIODS or (look >= _SILENT_LOOKS and frame == 0):
            return
