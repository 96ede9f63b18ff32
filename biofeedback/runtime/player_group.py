"""The players of a session as one: each is told what concerns it, and none can delay the rest."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from biofeedback.control.base import Decision
from biofeedback.engine.events import Derived
from biofeedback.group.subjects import SubjectEvent
from biofeedback.metrics.beats import Beat
from biofeedback.metrics.breathing import BreathLevel
from biofeedback.state.estimator import State
from synth.events import Bar, Cancel, Note
from synth.params import MusicParams
from synth.tempo_map import TempoSegment

__all__ = ["Player", "PlayerGroup"]


class Player(Protocol):
    """What plays in real time; nothing here waits."""

    @property
    def trouble(self) -> str:
        """What is wrong with it just now, in a sentence; "" for nothing."""

    def tempo(self, segment: TempoSegment) -> None:
        """Follow a tempo from its time on."""

    def notes(self, notes: Sequence[Note]) -> None:
        """Play these notes when their beats come."""

    def cancel(self, from_beat: float) -> None:
        """Forget what has not begun by this beat."""

    def params(self, params: MusicParams) -> None:
        """Take on the colour of these parameters."""

    def volume(self, volume: float) -> None:
        """Play at this volume, 0 to 1."""

    def signals(self, values: Mapping[str, float]) -> None:
        """Pass on what the body does, by name, to whatever instrument asked for it."""

    def panic(self) -> None:
        """Silence everything that sounds."""

    async def fall_silent(self) -> None:
        """Wait until nothing sounds, or that was tried for long enough."""


class PlayerGroup:
    """Passes on what the core derived, and what the listener asks of all players."""

    def __init__(self, players: Sequence[Player]) -> None:
        self._players = players
        self._shut = False
        self._breath = BreathLevel()

    @property
    def troubles(self) -> list[str]:
        """Why outputs are silent, or are not, in sentences; mostly nothing."""
        return [player.trouble for player in self._players if player.trouble]

    def pass_on(self, value: Derived) -> None:
        """Tell every player what concerns it of what was derived."""
        if self._shut:
            return
        match value:
            case Bar():
                for player in self._players:
                    player.notes(value.notes)
            case TempoSegment():
                for player in self._players:
                    player.tempo(value)
            case Cancel():
                for player in self._players:
                    player.cancel(value.from_beat)
            case Beat() if value.verdict != "extra":
                self._breath.feed(value)
                self._signal({"beat": value.rr_ms})
            case SubjectEvent(item=Beat() as beat) if beat.verdict != "extra":
                self._signal({"beat": beat.rr_ms})
            case tuple():
                self._signal({r.name: r.value for r in value if r.value is not None})
            case State():
                level = self._breath.read(value.time_s, value.breaths_per_minute)
                breath = {} if level is None else {"breath": level}
                self._signal({"arousal": value.arousal, **breath})
            case Decision():
                for player in self._players:
                    player.params(value.params)
                self._signal({n: x for n, x in value.numbers.items() if n.startswith(("cc ", "/"))})
            case _:
                pass

    def volume(self, volume: float) -> None:
        """Let all play at this volume, 0 to 1."""
        for player in self._players if not self._shut else ():
            player.volume(volume)

    def panic(self) -> None:
        """Silence all."""
        for player in self._players:
            player.panic()

    def shut(self) -> None:
        """Silence all for good: whatever is derived from now on, nothing sounds."""
        self._shut = True
        self.panic()

    async def fall_silent(self) -> None:
        """Wait until nothing sounds, or that was tried for long enough."""
        await asyncio.gather(*(player.fall_silent() for player in self._players))

    def _signal(self, values: Mapping[str, float]) -> None:
        for player in self._players if values else ():
            player.signals(values)
