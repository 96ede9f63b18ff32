"""Chooses one source for a signal, so that two sensors never mix in one metric."""

from __future__ import annotations

__all__ = ["SourceChoice"]


class SourceChoice:
    """Stays with the first source that delivers; another takes over after `patience_s` silence."""

    def __init__(self, patience_s: float) -> None:
        self._patience_s = patience_s
        self.source: str | None = None
        self._last_s = 0.0

    def accepts(self, source: str, time_s: float) -> bool:
        """Say whether samples of `source` count; `time_s` is the time of the latest of them."""
        silent = time_s - self._last_s > self._patience_s
        if self.source is None or (source != self.source and silent):
            self.source = source
        if source != self.source:
            return False
        self._last_s = max(self._last_s, time_s)
        return True
