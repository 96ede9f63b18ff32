"""A block of a trial as its listener sees it: time, sensors and questions, never the music.

Nothing here depends on what is played: no tempo, no reason, no estimate, and on a terminal that
can't be drawn on no time of day either, since a block ends with a phrase of its music. What a
stop rule asks of the body is the one exception, in words that fit every arm.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from rich.live import Live
from rich.panel import Panel
from rich.text import Text

from biofeedback.cli.keys import Controls, Keyboard
from biofeedback.cli.numbers import sensor_text
from biofeedback.cli.terminal import Terminal
from biofeedback.cli.words import clock_text
from biofeedback.common.event_bus import Subscription
from biofeedback.control.base import Decision
from biofeedback.runtime.session import Event, Session
from biofeedback.trials.blinding import SKIP
from biofeedback.trials.folder import ANSWERS, BEFORE, BLOCK
from biofeedback.views.live_view import LiveView

__all__ = ["BlockWatch", "PreparedAnswers"]

_FRAME_S = 0.25
_EVENTS = 2048
_STOPS = "qpQP"  #: which silence, whatever is asked
_ALLOWED = "dqp+-=_DQP"  #: keys that end or soften a block; none that says what is played

_SAID = {
    BEFORE: "Quiet time before the block. Sit still and rest.",
    BLOCK: "The block runs. Sit still; eyes closed or open, as you like.",
}
_STOPPED = {
    "stop:heart_rate": "Your heart rate is outside its limits: check the sensor, and rest.",
    "stop:distress": "You said that you feel unwell. Rest; q ends the block.",
}


@dataclass(frozen=True, slots=True)
class PreparedAnswers:
    """What was answered beforehand, for where nobody can be asked; None is asked."""

    relaxation: float | None = None
    guess: str | None = None


class BlockWatch:
    """Shows a block, asks its questions when it is over, and ends it."""

    def __init__(
        self, title: str, arms: Sequence[str], answers: PreparedAnswers, *, asks: bool = True
    ) -> None:
        self._asks = asks  #: False in virtual time, in which nobody can answer
        self._title = title
        self._arms = tuple(arms)
        self._answers = answers
        self._view = LiveView()
        self._phase = BEFORE
        self._left_s: float | None = None
        self._cause = ""
        self._rated = self._guessed = self._asked_to_end = False
        self._keys = False
        self.keyboard = Keyboard()

    async def __call__(self, session: Session) -> None:
        """Run beside a session until cancelled."""
        with session.bus.subscribed(_EVENTS, "The screen") as events:
            await self._show(session, events)

    async def _show(self, session: Session, events: Subscription[Event]) -> None:
        controls = Controls(session)

        def press(key: str) -> None:
            if self._phase == ANSWERS and key not in _STOPS:
                self._answer(session, key)
            elif key in _ALLOWED:
                controls.press(key)

        screen = Terminal(stderr=True, emoji=False, highlight=False)
        with self.keyboard.given(press, session.stop) as has_keys:
            self._keys = has_keys and self._asks
            if screen.is_terminal and not screen.is_dumb_terminal:
                with Live(console=screen, auto_refresh=False) as live:
                    while True:
                        self._step(session, events)
                        said = controls.said if self._phase != ANSWERS else ""
                        live.update(self._panel(session, said), refresh=True)
                        await asyncio.sleep(_FRAME_S)
            said = ""
            while True:
                self._step(session, events)
                if (now := self._line()) != said:
                    said = now
                    screen.print(now, markup=False)
                await asyncio.sleep(_FRAME_S)

    def take(self, event: Event) -> None:
        """Remember what may be shown of an event."""
        self._view.feed(event)
        if isinstance(event, Decision):
            self._phase, self._cause = event.phase, event.cause
            self._left_s = event.numbers.get("phase_left_s")

    def _step(self, session: Session, events: Subscription[Event]) -> None:
        for event in events.drain():
            self.take(event)
        if self._phase != ANSWERS:
            return
        if not self._rated and (self._answers.relaxation is not None or not self._keys):
            self._rate(session, self._answers.relaxation)
        if self._rated and not self._guessed:
            if self._answers.guess is not None or not self._keys:
                self._guess(session, self._answers.guess or SKIP)
        if self._rated and self._guessed and not self._asked_to_end:
            self._asked_to_end = True
            session.command("session", "stop")

    def _answer(self, session: Session, key: str) -> None:
        if not self._rated and (key in "0123456789" or key in "sS"):
            self._rate(session, float(key) if key.isdigit() else None)
        elif self._rated and not self._guessed:
            if key.isdigit() and 1 <= int(key) <= len(self._arms):
                self._guess(session, self._arms[int(key) - 1])
            elif key in "sS":
                self._guess(session, SKIP)

    def _rate(self, session: Session, value: float | None) -> None:
        self._rated = True
        if value is not None:
            session.command("key", "rating", f"relaxation={value:g}")

    def _guess(self, session: Session, guess: str) -> None:
        self._guessed = True
        session.command("key", "guess", guess)

    def _line(self) -> str:
        if self._cause in _STOPPED:
            return _STOPPED[self._cause]
        if self._phase != ANSWERS:
            return _SAID.get(self._phase, "")
        if not self._rated:
            return "How relaxed are you now, 0 to 9? s skips."
        if not self._guessed:
            listed = ", ".join(f"{number} {arm}" for number, arm in enumerate(self._arms, 1))
            return f"Which arm was it, do you think: {listed}? s skips."
        return "Thank you. The block is recorded."

    def _panel(self, session: Session, said: str) -> Panel:
        text = Text()
        picture = self._view.picture()
        for sensor in picture.sensors:
            text.append("Sensor   ", "dim")
            text.append_text(sensor_text(sensor, picture.t))
            text.append("\n")
        text.append(f"\n{self._line()}\n", "bold")
        if self._phase != ANSWERS and self._left_s is not None:
            text.append(f"{clock_text(self._left_s)} left\n", "dim")
        for trouble in session.troubles:
            text.append(f"{trouble}; trying again\n", "yellow")
        if said:
            text.append(f"{said}\n", "dim")
        if self._phase != ANSWERS:
            text.append("\nq stop   d I feel unwell   + - volume   p panic", "dim")
        return Panel(text, title=self._title, title_align="left", width=78)
