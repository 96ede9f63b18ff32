"""What is wrong in a session, told so that it can be read and is remembered."""

from __future__ import annotations

from collections.abc import Sequence

__all__ = ["LOOK_S", "Troubles"]

LOOK_S = 0.1  #: how often it is looked for troubles
_SHOWN_S = 3.0  #: how long each is shown at least. Ours


class Troubles:
    """Feed it with `look`; `shown` is what is wrong now, or was a moment ago."""

    def __init__(self) -> None:
        self._until_s: dict[str, float] = {}

    @property
    def shown(self) -> list[str]:
        """The troubles that are to be shown, the oldest first."""
        return list(self._until_s)

    def look(self, troubles: Sequence[str], now_s: float) -> list[str]:
        """Take in what is wrong now; return what is to be noted: what began, and what is over."""
        begun = [trouble for trouble in troubles if trouble not in self._until_s]
        for trouble in [*begun, *troubles]:
            self._until_s[trouble] = now_s + _SHOWN_S
        over = [trouble for trouble, until_s in self._until_s.items() if until_s <= now_s]
        for trouble in over:
            del self._until_s[trouble]
        return [f"Trouble: {trouble}" for trouble in begun] + [f"Over: {text}" for text in over]
