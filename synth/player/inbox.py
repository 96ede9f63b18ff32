"""Bytes from standard input, awaited with a deadline, on every system."""

from __future__ import annotations

import os
import queue
import select
import sys
import threading

__all__ = ["open_inbox"]

_PIECE = 1 << 16


class _SelectInbox:
    """Waits with `select`, which pipes support everywhere but on Windows."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def read(self, timeout_s: float) -> bytes | None:
        """Return what arrived within the time: None for nothing, empty at the end of file."""
        ready, _, _ = select.select([self._descriptor], [], [], max(0.0, timeout_s))
        return os.read(self._descriptor, _PIECE) if ready else None


class _ThreadInbox:
    """Waits for a thread that reads: Windows cannot select on a pipe."""

    def __init__(self, descriptor: int) -> None:
        self._pieces: queue.Queue[bytes] = queue.Queue(maxsize=256)
        threading.Thread(target=self._read, args=(descriptor,), daemon=True).start()

    def _read(self, descriptor: int) -> None:
        piece = b"start"
        while piece:
            try:
                piece = os.read(descriptor, _PIECE)
            except OSError:
                piece = b""
            self._pieces.put(piece)

    def read(self, timeout_s: float) -> bytes | None:
        """Return what arrived within the time: None for nothing, empty at the end of file."""
        try:
            if timeout_s <= 0.0:
                return self._pieces.get_nowait()
            return self._pieces.get(timeout=timeout_s)
        except queue.Empty:
            return None


def open_inbox(descriptor: int = 0) -> _SelectInbox | _ThreadInbox:
    """Return the inbox that works here."""
    return _ThreadInbox(descriptor) if sys.platform == "win32" else _SelectInbox(descriptor)
