"""The session's end of a player process: it starts it, feeds it and starts it again."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
import time
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any, ClassVar, Self

from synth import wire
from synth.errors import OutputUnavailable
from synth.events import Cancel, Note
from synth.outputs.midi_map import MidiMap
from synth.outputs.sound_system import after_a_crash
from synth.outputs.uri import OutputKind
from synth.params import MusicParams
from synth.player import protocol
from synth.tempo_map import Segment, TempoMap

__all__ = ["RemotePlayer"]

_START_S = 15.0
_CLOSE_S = 2.0
_MOST_WAITING_BYTES = 4 * 1024 * 1024
_KEPT_SEGMENTS = 256
_KEPT_NOTES = 4096
_BAR_BEATS = 4.0
_PAUSES_S = (0.2, 1.0, 2.0)  # before each attempt to start again; the last one repeats


class RemotePlayer:
    """One live output. Open it in the task that plays; every other method returns at once.

    A player that dies is started again for ever: it gets the tempo, the parameters and the notes
    that begin from the next bar on. When it does not read fast enough, what does not fit is
    dropped and counted, so the session never waits.
    """

    command: ClassVar[tuple[str, ...]] = (sys.executable, "-P", "-m", "synth.player")

    def __init__(self, uri: str, t0_s: float, midi_map: MidiMap | None = None) -> None:
        """`t0_s` is the monotonic clock at session time 0; nothing starts before `open`."""
        self.uri = uri
        self._map = midi_map or MidiMap()
        kind = uri.partition(":")[0].strip().lower()
        self._is_sound = kind in (OutputKind.AUDIO, OutputKind.SOUNDFONT)
        self._tells_all = kind == OutputKind.OSC
        self.health: dict[str, Any] = {}  #: the last report, and `restarts` and `unsent`
        self._t0_s = t0_s
        self._process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._watch: asyncio.Task[None] | None = None
        self._tempo_map = TempoMap(())
        self._params: MusicParams | None = None
        self._volume: float | None = None
        self._notes: deque[Note] = deque(maxlen=_KEPT_NOTES)
        self._restarts = 0
        self._unsent = 0
        self._closing = False
        self._hanging = False  # a player went without its last word: notes may sound on

    @classmethod
    async def open(cls, uri: str, t0_s: float, midi_map: MidiMap | None = None) -> Self:
        """Start the player and open its output; raise `OutputUnavailable` when that fails.

        `midi_map` is General MIDI when it is not given; only MIDI outputs heed it.
        """
        player = cls(uri, t0_s, midi_map)
        await player._start()
        player._watch = asyncio.create_task(player._supervise(), name=f"player {uri}")
        return player

    def tempo(self, segment: Segment) -> None:
        """Let the music move as `segment` says from its time on."""
        kept = [s for s in self._tempo_map.segments if s.time_s < segment.time_s]
        self._tempo_map = TempoMap((*kept[1 - _KEPT_SEGMENTS :], segment))
        self._write(protocol.tempo(segment))

    def notes(self, notes: Iterable[Note]) -> None:
        """Queue notes; they may begin hours ahead or right now."""
        batch = list(notes)
        self._notes.extend(batch)
        self._write(protocol.notes(batch))

    def cancel(self, from_beat: float) -> None:
        """Withdraw notes that begin at `from_beat` or later; end earlier ones by then."""
        kept = [note for note in self._notes if note.beat < from_beat]
        self._notes = deque(kept, maxlen=_KEPT_NOTES)
        self._write(protocol.cancel(Cancel(from_beat)))

    def params(self, params: MusicParams) -> None:
        """Set the colour of the music."""
        self._params = params
        self._write(protocol.params(params))

    def volume(self, gain: float) -> None:
        """Set the loudness, 0 to 1."""
        self._volume = gain
        self._write(protocol.volume(gain))

    def signals(self, values: Mapping[str, float]) -> None:
        """Pass on those of the named values that the MIDI map routes, or all over OSC."""
        routed = {
            name: value
            for name, value in values.items()
            if (self._tells_all or name in self._map.signals) and math.isfinite(value)
        }
        if routed:
            self._write(protocol.signals(routed))

    def panic(self) -> None:
        """End all notes and forget those queued."""
        self._notes.clear()
        self._write(protocol.line("panic"))

    async def close(self) -> None:
        """Silence the output and end the process; harmless twice."""
        self._closing = True
        if self._watch is not None:
            self._watch.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._watch
            self._watch = None
        await self._stop()
        if self._hanging:
            with contextlib.suppress(OutputUnavailable, TimeoutError):
                async with asyncio.timeout(_CLOSE_S):
                    await self._start()  # an output that opens ends what hangs there
            await self._stop()

    async def _stop(self) -> None:
        process, self._process = self._process, None
        writer, self._writer = self._writer, None
        if process is None:
            return
        if writer is not None:
            writer.close()  # the end of the wire: the player falls silent and ends
        try:
            async with asyncio.timeout(_CLOSE_S):
                await process.wait()
        except TimeoutError:
            process.kill()
            await process.wait()
        self._hanging = self._hanging or process.returncode != 0

    async def _start(self) -> None:
        child = await wire.spawn(*self.command)
        self._process, self._reader, self._writer = child
        try:
            self._write(protocol.open_output(self.uri, self._t0_s, self._map))
            async with asyncio.timeout(_START_S):
                answer = await self._answer()
        except TimeoutError:
            await self._stop()
            raise OutputUnavailable(
                f"the output {self.uri} did not open within {_START_S:g} s",
                hint="Close other programs that use the device, and try again.",
            ) from None
        except BaseException:
            await self._stop()
            raise
        if answer["kind"] == "error":
            await self._stop()
            raise OutputUnavailable(answer["message"], hint=answer["hint"])
        self._hanging = False
        self._note_health(answer)

    async def _answer(self) -> dict[str, Any]:
        """Return the next message of the player; an error when it says no more."""
        lines = protocol.LineReader()
        with contextlib.suppress(ConnectionError):
            while self._reader is not None and (said := await self._reader.readline()):
                if messages := lines.feed(said):
                    return messages[0]
        return {
            "kind": "error",
            "message": f"the player of {self.uri} ended unexpectedly",
            "hint": after_a_crash() if self._is_sound else "Run biofeedback doctor.",
        }

    async def _supervise(self) -> None:
        while True:
            if self._process is not None:
                while (answer := await self._answer())["kind"] != "error":
                    self._note_health(answer)
                self.health["error"] = answer["message"]
                self._hanging = True
            await self._stop()
            await self._start_again()

    async def _start_again(self) -> None:
        attempt = 0
        while True:
            await asyncio.sleep(_PAUSES_S[min(attempt, len(_PAUSES_S) - 1)])
            attempt += 1
            self._restarts += 1
            try:
                await self._start()
            except OutputUnavailable as error:
                self.health.setdefault("error", str(error))
            else:
                self._catch_up()
                return

    def _catch_up(self) -> None:
        """Tell a new process all it needs to join at the next bar."""
        for segment in self._tempo_map.segments:
            self._write(protocol.tempo(segment))
        if self._params is not None:
            self._write(protocol.params(self._params))
        if self._volume is not None:
            self._write(protocol.volume(self._volume))
        if self._tempo_map.segments:
            beat = self._tempo_map.beat_at(time.monotonic() - self._t0_s)
            next_bar = math.ceil(beat / _BAR_BEATS) * _BAR_BEATS
            self._write(protocol.notes(note for note in self._notes if note.beat >= next_bar))

    def _note_health(self, answer: dict[str, Any]) -> None:
        details = {key: value for key, value in answer.items() if key != "kind"}
        self.health = {
            **self.health,
            **details,
            "restarts": self._restarts,
            "unsent": self._unsent,
        }
        self.health.pop("error", None)

    def _write(self, data: bytes) -> None:
        writer = self._writer
        if writer is None or writer.is_closing():
            self._unsent += not self._closing
            return
        if writer.transport.get_write_buffer_size() > _MOST_WAITING_BYTES:
            self._unsent += 1
            return
        writer.write(data)
