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
    """Passes on what the core derived, and what the listener asks of all players.

    `volume` is that of the players at first, 0 to 1; they know it.
    """

    def __init__(self, players: Sequence[Player], volume: float = 0.7) -> None:
        self._players = players
        self.volume = volume  #: as it was asked for, 0 to 1
        self._volume_most = 1.0
        self._shut = False
        self._breath = BreathLevel()

    @property
    def troubles(self) -> list[str]:
        """Why outputs are silent, or are not, in sentences; mostly nothing."""
        return [player.trouble for player in self._players if player.trouble]

    def feed(self, derived: Sequence[Derived]) -> None:
        """Tell every player what concerns it of what was derived."""
        for value in derived:
            if not self._shut:
                self._tell(value)
            if isinstance(value, Decision):
                self._bound(value.numbers.get("volume_most", 1.0))

    def _tell(self, value: Derived) -> None:
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

    def set_volume(self, volume: float) -> None:
        """Let all play at this volume, 0 to 1, or as loud as a bound permits."""
        self.volume = volume
        for player in self._players if not self._shut else ():
            player.volume(min(volume, self._volume_most))

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

    def _bound(self, volume_most: float) -> None:
        """Keep live sound within a bound that a person has set, from now on."""
        if volume_most != self._volume_most:
            self._volume_most = volume_most
            self.set_volume(self.volume)

    def _signal(self, values: Mapping[str, float]) -> None:
        for player in self._players if values else ():
            player.signals(values)
