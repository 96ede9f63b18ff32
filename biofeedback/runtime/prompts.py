"""Short questions about how a person feels: before the music, during it, and after it.

Arousal and valence are asked, each 1 to 9, as on the self-assessment manikin (Bradley and Lang
1994). A question is in the log when it is asked; its answer is a rating like any other.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal

from biofeedback.engine.command_validation import SCALES

__all__ = ["ANSWER_S", "Moment", "Prompts", "Question"]

Moment = Literal["before", "during", "after"]

#: How long a question waits for its answer; the music begins, and the session ends, without it.
ANSWER_S = 60.0
_WORDS = {
    "arousal": "How stirred do you feel now? 1 calm, sleepy, to 9 excited, wide awake.",
    "valence": "How pleasant do you feel now? 1 unpleasant to 9 pleasant.",
}


@dataclass(frozen=True, slots=True)
class Question:
    """One scale that is asked about, with its ends."""

    scale: str
    text: str
    low: int
    high: int


class Prompts:
    """Holds which questions are open. `every_s` is the time between those during the music.

    0 asks before and after alone. A rating answers the question of its scale, whoever gives it.
    """

    def __init__(self, every_s: float = 0.0) -> None:
        self.every_s = every_s
        self._open: list[str] = []
        self._done = asyncio.Event()

    @property
    def now(self) -> Question | None:
        """The question that waits for an answer; None when there is none."""
        if not self._open:
            return None
        scale = self._open[0]
        return Question(scale, _WORDS[scale], *SCALES[scale])

    async def ask(self) -> None:
        """Open all questions, and return when each is answered or given up."""
        self._open = list(_WORDS)
        self._done.clear()
        try:
            async with asyncio.timeout(ANSWER_S):
                await self._done.wait()
        except TimeoutError:
            self.give_up()

    def answered(self, rating: str) -> None:
        """Close the question of this rating, such as "arousal=7", if it is open."""
        scale = rating.partition("=")[0].strip()
        if scale in self._open:
            self._open.remove(scale)
            if not self._open:
                self._done.set()

    def skip(self) -> None:
        """Leave the question out that is asked now."""
        if self._open:
            self.answered(self._open[0])

    def give_up(self) -> None:
        """Leave out all that are open."""
        self._open.clear()
        self._done.set()
