"""The session's end of a player process: it starts it, feeds it and starts it again."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import math
import sys
import time
from collections.abc import Iterable, Mapping
from itertools import chain, repeat
from typing import Any, ClassVar, Self

from synth.errors import OutputUnavailable
from synth.events import Cancel, Note
from synth.outputs.midi_map import MidiMap
from synth.outputs.system_libraries import after_a_crash
from synth.params import MusicParams
from synth.player import protocol
from synth.player.child import PlayerProcess
from synth.player.memory import PlayerMemory
from synth.player.output_traits import OutputTraits
from synth.tempo_map import TempoSegment

__all__ = ["RemotePlayer"]

_log = logging.getLogger(__name__)

_START_S = 15.0
#: How long an output is tried to be silenced in the end, and how long when it refuses. Ours.
_SILENCE_S, _REFUSED_S = 30.0, 5.0
#: A player that has not silenced its output within this has frozen. Ours.
_OBEYS_S = 1.5
_MAY_HANG = "notes may hang there: All Notes Off, or its power switch, ends them"
_CUT_OFF_SHOWN_S = 30.0
_PAUSES_S = (0.2, 1.0, 2.0)  # before each attempt to start again; the last one repeats


class RemotePlayer:
    """One live output. Open it in the task that plays; what is not awaited returns at once.

    A player that dies or freezes is replaced for ever: the next one gets the tempo, the parameters
    and the notes that begin from the next bar on, and opening the output ends what hangs there.
    When it does not read fast enough, what does not fit is dropped and counted, so the session
    never waits.

    Parameters
    ----------
    uri, t0_s, midi_map, made_by
        As for `open`; nothing starts before it.
    """

    command: ClassVar[tuple[str, ...]] = (sys.executable, "-P", "-m", "synth.player")

    def __init__(
        self, uri: str, t0_s: float, midi_map: MidiMap | None = None, made_by: str = ""
    ) -> None:
        self.uri, self._made_by = uri, made_by
        self._traits = OutputTraits.of(uri, added=bool(made_by))
        self._map = midi_map or MidiMap()
        self.health: dict[str, Any] = {}  #: the last report, and `restarts` and `unsent`
        self._t0_s = t0_s
        self._child: PlayerProcess | None = None
        self._watch: asyncio.Task[None] | None = None
        self._memory = PlayerMemory()
        self._restarts = self._unsent = 0
        self._closing = self._hanging = False  # hanging: gone without a word, notes may sound on
        self._owed_s: float | None = None  # since when silence is owed that was asked for
        self._refused = False  # by the output itself, at the last attempt to start
        self._cut_off_s: float | None = None  # when a port that others connect to was made anew
        self._deadline_s: float | None = None  # until when silence is tried for in the end
        self._changed = asyncio.Event()

    @classmethod
    async def open(
        cls, uri: str, t0_s: float, midi_map: MidiMap | None = None, made_by: str = ""
    ) -> Self:
        """Start the player and open its output; raise `OutputUnavailable` when that fails.

        Parameters
        ----------
        uri
            The output as a user writes it, such as `midi:PORT NAME`.
        t0_s
            The monotonic clock at session time 0, in s.
        midi_map
            General MIDI when it is None; only MIDI outputs heed it.
        made_by
            The "module:attribute" that makes an output of a kind that others add.

        Returns
        -------
        Self
            The player, which has opened its output and is watched.
        """
        player = cls(uri, t0_s, midi_map, made_by)
        await player._start()
        player._watch = asyncio.create_task(player._supervise(), name=f"player {uri}")
        return player

    def tempo(self, segment: TempoSegment) -> None:
        """Let the music move as `segment` says from its time on.

        Parameters
        ----------
        segment
            Takes the place of those from its time on.
        """
        self._memory.tempo(segment)
        self._write(protocol.tempo(segment))

    def notes(self, notes: Iterable[Note]) -> None:
        """Queue notes; they may begin hours ahead or right now.

        Parameters
        ----------
        notes
            In any order.
        """
        batch = list(notes)
        self._memory.notes(batch)
        self._write(protocol.notes(batch))

    def cancel(self, from_beat: float) -> None:
        """Withdraw notes that begin at `from_beat` or later; end earlier ones by then.

        Parameters
        ----------
        from_beat
            In beats of the session.
        """
        self._memory.cancel(from_beat)
        self._write(protocol.cancel(Cancel(from_beat)))

    def params(self, params: MusicParams) -> None:
        """Set the colour of the music.

        Parameters
        ----------
        params
            The colour asked for.
        """
        self._memory.params = params
        self._write(protocol.params(params))

    def volume(self, gain: float) -> None:
        """Set the loudness, 0 to 1.

        Parameters
        ----------
        gain
            0 silent to 1 full.
        """
        self._memory.volume = gain
        self._write(protocol.volume(gain))

    def signals(self, values: Mapping[str, float]) -> None:
        """Pass on those of the named values that the MIDI map routes, or all over OSC.

        Parameters
        ----------
        values
            By name; those that are not finite are left out.
        """
        routed = {
            name: value
            for name, value in values.items()
            if (self._traits.tells_all or name in self._map.signals) and math.isfinite(value)
        }
        if routed:
            self._write(protocol.signals(routed))

    def panic(self) -> None:
        """End all notes and forget those queued."""
        self._memory.panic()
        if self._owed_s is None and not self._hanging:
            self._owed_s = time.monotonic()
        self._write(protocol.line("panic"))

    @property
    def pid(self) -> int | None:
        """The number of the process that plays; None while there is none."""
        return None if self._child is None else self._child.pid

    @property
    def trouble(self) -> str:
        """Why it is silent, while it is, or that notes may hang; "" while all is well."""
        error = str(self.health.get("error", ""))
        owed_s = 0.0 if self._owed_s is None else time.monotonic() - self._owed_s
        if owed_s > _OBEYS_S and not error:
            error = f"the player of {self.uri} does not answer"
        if error and self._traits.lingers and (self._hanging or owed_s > 0.0):
            return f"{error}; {_MAY_HANG}"
        if self._cut_off_s is not None and time.monotonic() - self._cut_off_s < _CUT_OFF_SHOWN_S:
            return f"what was connected to {self.uri} has to be connected again; {_MAY_HANG}"
        return error

    @property
    def may_hang(self) -> bool:
        """Whether notes may sound on that nobody here can end."""
        return self._traits.lingers and (self._hanging or self._cut_off_s is not None)

    async def fall_silent(self) -> None:
        """Wait until the output is silent, or that was tried for half a minute.

        One that refuses, since its port has gone, is not waited for so long.
        """
        while not self._silent and (left_s := self._left_s()) > 0.0:
            if self._owed_s is not None and time.monotonic() - self._owed_s > _OBEYS_S:
                await self._give_up_on_child()
            self._changed.clear()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(min(left_s, _PAUSES_S[0])):
                    await self._changed.wait()

    async def close(self) -> None:
        """Silence the output and end the process; harmless twice, and raises nothing.

        `may_hang` says then whether that succeeded.
        """
        self._closing = True
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})
            self._watch = None
        await self._stop()
        for pause_s in chain(_PAUSES_S, repeat(_PAUSES_S[-1])):
            if not (self._traits.lingers and self._hanging) or self._left_s() <= 0.0:
                return
            await self._try_to_start()  # an output that opens ends what hangs there
            await self._stop()
            if self._hanging:
                await asyncio.sleep(min(pause_s, max(0.0, self._left_s())))

    @property
    def _silent(self) -> bool:
        if self._traits.lingers:
            return not self._hanging and self._owed_s is None
        return self._child is None or self._owed_s is None

    def _left_s(self) -> float:
        """Return how long it is still worth trying; the first call begins the time."""
        now_s = time.monotonic()
        if self._deadline_s is None:
            self._deadline_s = now_s + _SILENCE_S
        refused_s = self._deadline_s - _SILENCE_S + _REFUSED_S
        return (refused_s if self._refused else self._deadline_s) - now_s

    async def _stop(self) -> None:
        """End the child; whatever it was doing, it plays no more."""
        if (child := self._child) is None:
            return
        await child.end()
        self._child = None
        self._hanging = self._hanging or not child.ended_well

    async def _give_up_on_child(self) -> None:
        """Kill a child that has frozen; the supervisor finds it dead, and replaces it."""
        if self._child is not None:
            self._hanging = True
            self._fail(f"the player of {self.uri} does not answer")
            await self._child.kill()

    async def _start(self) -> None:
        self._refused = False
        child = self._child = await PlayerProcess.start(self.uri, self.command)
        try:
            self._write(protocol.open_output(self.uri, self._t0_s, self._map, self._made_by))
            answer = await child.first_answer(_START_S)
        except BaseException:
            await self._stop()
            raise
        if answer["kind"] == "error":
            self._refused = "type" in answer  # the player lives, and says why it cannot play
            await self._stop()
            crashed = self._traits.is_sound and not self._refused
            hint = after_a_crash() if crashed else answer.get("hint", "Run biofeedback doctor.")
            raise OutputUnavailable(str(answer.get("message")), hint=str(hint))
        if self._hanging and not self._traits.reaches_again:
            self._cut_off_s = time.monotonic()
        self._hanging, self._owed_s = False, None
        self._note_health(answer)

    async def _supervise(self) -> None:
        """Follow the child and replace it, until cancelled; nothing else ends this."""
        while True:
            try:
                await self._follow()
            except Exception as error:  # whatever it is: the music needs a player that is watched
                _log.warning("the player of %s: %r", self.uri, error)
                self._fail(f"the player of {self.uri} failed ({error!r})")
            self._hanging, self._owed_s = True, None  # now silence is the next one's to bring
            if self._child is not None:
                await self._child.end()
                self._child = None
            for pause_s in chain(_PAUSES_S, repeat(_PAUSES_S[-1])):
                await asyncio.sleep(pause_s)
                self._restarts += 1
                if await self._try_to_start():
                    break

    async def _follow(self) -> None:
        """Take in what the child says, until there is no more to come."""
        if (child := self._child) is not None:
            while (answer := await child.answer())["kind"] != "error":
                if answer["kind"] == "silent":
                    self._owed_s = None
                    self._changed.set()
                else:
                    self._note_health(answer)
            if "error" not in self.health:  # else it was killed for a reason that is told
                self._fail(str(answer.get("message", f"the player of {self.uri} failed")))

    async def _try_to_start(self) -> bool:
        """Start a child and tell it what it missed; return whether that succeeded."""
        try:
            await self._start()
            if not self._closing:
                for message in self._memory.messages(time.monotonic() - self._t0_s):
                    self._write(message)
        except OutputUnavailable as error:
            self._fail(str(error))
            return False
        except Exception as error:  # whatever it is: the next attempt may succeed
            _log.warning("the player of %s could not be started: %r", self.uri, error)
            self._fail(f"the player of {self.uri} could not be started ({error!r})")
            return False
        return True

    def _note_health(self, answer: dict[str, Any]) -> None:
        details = {key: value for key, value in answer.items() if key != "kind"}
        counts = {"restarts": self._restarts, "unsent": self._unsent}
        self.health = {**self.health, **details, **counts}
        self.health.pop("error", None)
        self._changed.set()

    def _fail(self, why: str) -> None:
        self.health["error"] = why
        self._changed.set()

    def _write(self, data: bytes) -> None:
        if self._child is None or not self._child.write(data):
            self._unsent += not self._closing
