"""The player process: it waits, sends each event at its time, and falls silent when it ends.

One thread. It sleeps until a millisecond before the next event and spins for the rest, where it
has the rights for that. It ends on end of file, on "close", on SIGTERM and on error, and always
silences the output first, so that no note hangs however its parent went.

While it waits it goes the way from due to sent again and again, so that it is warm in the caches:
after a pause of a tenth of a second the first note would take three times as long to leave.
"""

from __future__ import annotations

import signal
import time
from importlib import import_module
from types import FrameType
from typing import Any

from synth.errors import OutputUnavailable, SynthError
from synth.events import Note
from synth.output import Output
from synth.outputs.midi_map import MidiMap
from synth.outputs.null import NullOutput
from synth.outputs.uri import OutputKind, OutputSpec
from synth.params import Layer
from synth.player.protocol import LineReader, line
from synth.player.realtime_priority import REALTIME, become_punctual
from synth.player.scheduler import Scheduler
from synth.score import decode_note, decode_params
from synth.tempo_map import TempoSegment
from synth.wire import ChildEnd

__all__ = ["CacheWarmup", "added", "build", "main"]


_NOTE = (Note(0, 0.0, 1.0, 60, 1, Layer.MELODY),)


class CacheWarmup:
    """Plays one note to nobody, through the same code that plays for real."""

    def __init__(self) -> None:
        self._scheduler = Scheduler(NullOutput(remember=4))
        self._scheduler.set_tempo(TempoSegment(0.0, 0.0, 60.0))

    def once(self) -> None:
        """Begin the note, and end it; takes some hundredths of a millisecond at most."""
        self._scheduler.feed(_NOTE)
        self._scheduler.step(0.0)
        self._scheduler.step(1.0)
        self._scheduler.lateness_s.clear()


_SPIN_S = 0.001
_SHORT_SPIN_S = 0.00025  # without real-time rights who spins long is made to wait when it matters
_SLEEPS = "short slices"  # who never spins gets such a turn at once, and one who spins does not
_LAST_S = 0.0001  # from here on nothing but the clock is looked at
_IDLE_S = 0.25
_COARSE_S = 0.004  # an output that looks ahead needs no finer step
_REPORT_S = 1.0
_ROOM_S = 0.02  # a check must not stand in the way of a note
_CHECK_AT_LATEST_S = 3.0


class _Ended(Exception):  # noqa: N818
    """The process was asked to end."""


def build(spec: OutputSpec, midi_map: MidiMap | None = None) -> Output:
    """Return the output that `spec` names, not yet open; raise `OutputUnavailable` for a file.

    Parameters
    ----------
    spec
        The output as its URI says.
    midi_map
        For outputs that speak MIDI; General MIDI when it is None.

    Returns
    -------
    Output
        It opens its device when it is told to.

    Raises
    ------
    OutputUnavailable
        For a file, which is written after the session.
    """
    if spec.kind is OutputKind.AUDIO:
        from synth.outputs.pyo_live import PyoOutput

        return PyoOutput(spec.target)
    if spec.kind in (OutputKind.MIDI, OutputKind.MIDI_VIRTUAL):
        from synth.outputs.midi_port import MidiPortOutput

        virtual = spec.kind is OutputKind.MIDI_VIRTUAL
        return MidiPortOutput(spec.target, virtual=virtual, midi_map=midi_map)
    if spec.kind is OutputKind.MIDI_JACK:
        from synth.outputs.midi_jack import MidiJackOutput

        return MidiJackOutput(spec.target, connect=spec.connect, midi_map=midi_map)
    if spec.kind is OutputKind.SOUNDFONT:
        from synth.outputs.soundfont import SoundfontOutput

        return SoundfontOutput(spec.target, device=spec.device, midi_map=midi_map)
    if spec.kind is OutputKind.OSC:
        from synth.outputs.osc import OscOutput

        return OscOutput(spec.target)
    if spec.kind is OutputKind.NULL:
        from synth.outputs.null import NullOutput

        return NullOutput()
    raise OutputUnavailable(f"{spec} is a file, written after the session", hint="")


def added(target: str, made_by: str) -> Output:
    """Return an output of a kind that others add, not yet open.

    Parameters
    ----------
    target
        What stands behind the colon of its URI.
    made_by
        The "module:attribute" that is called with it.

    Returns
    -------
    Output
        A new one.

    Raises
    ------
    OutputUnavailable
        When it cannot be imported or made.
    """
    module, _, attribute = made_by.partition(":")
    try:
        output: Output = getattr(import_module(module), attribute)(target)
    except SynthError:
        raise
    except Exception as error:  # others' code: whatever it raises is its own
        raise OutputUnavailable(
            f"the output {made_by} cannot be made: {type(error).__name__}: {error}",
            hint="Mend it, or leave this output out.",
        ) from error
    return output


def main() -> int:
    """Serve the wire until it ends; return the exit code.

    Returns
    -------
    int
        0 when it was asked to end, 1 after an error, which was told.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the session decides when the music ends
    for name in ("SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), _end)
    with ChildEnd() as wire:
        player = _Player(wire)
        try:
            player.run()
        except _Ended:
            return 0
        except SynthError as error:
            player.tell("error", message=str(error), hint=error.hint, type=type(error).__name__)
            return 1
        except Exception as error:
            if not player.is_added:
                raise
            player.tell("error", message=f"the output failed: {type(error).__name__}: {error}")
            return 1
        finally:
            player.silence()
    return 0


def _end(signum: int, frame: FrameType | None) -> None:
    raise _Ended


class _Player:
    def __init__(self, wire: ChildEnd) -> None:
        self._wire = wire
        self._reader = LineReader()
        self._output: Output | None = None
        self._scheduler: Scheduler | None = None
        self._t0_s = 0.0
        self._rights = "normal"
        self._spin_s = _SHORT_SPIN_S
        self._reported_s = 0.0
        self._checked_s = 0.0
        self._rehearsal = CacheWarmup()
        self.is_added = False  #: others' code plays, whose errors are its own

    def run(self) -> None:
        while True:
            data = self._wire.read(self._wait_s())
            if data == b"":
                return
            if data:
                for message in self._reader.feed(data):
                    self._handle(message)
            self._play()

    def _now_s(self) -> float:
        return time.monotonic() - self._t0_s

    def _wait_s(self) -> float:
        """Return how long to wait for messages before the next event asks for attention."""
        if self._scheduler is None or self._output is None:
            return _IDLE_S
        due_s = self._scheduler.next_due_s()
        if due_s is None:
            return _IDLE_S
        wait_s = due_s - self._now_s()
        if self._output.lookahead_s > 0.0:
            return min(_IDLE_S, max(_COARSE_S, wait_s))
        return min(_IDLE_S, wait_s - self._spin_s)

    def _play(self) -> None:
        scheduler, output = self._scheduler, self._output
        if scheduler is None or output is None:
            return
        due_s = scheduler.next_due_s()
        now_s = self._now_s()
        if due_s is not None and output.lookahead_s == 0.0 and due_s - now_s <= self._spin_s:
            while now_s < due_s:
                if due_s - now_s > _LAST_S:
                    self._rehearsal.once()
                now_s = self._now_s()
        scheduler.step(now_s)
        if now_s - self._reported_s >= _REPORT_S:
            self._reported_s = now_s
            self._report(scheduler, output)
        if now_s - self._checked_s >= _REPORT_S:
            due_s = scheduler.next_due_s()
            room = due_s is None or due_s - now_s >= _ROOM_S
            if room or now_s - self._checked_s >= _CHECK_AT_LATEST_S:
                self._checked_s = now_s
                output.check()

    def _handle(self, message: dict[str, Any]) -> None:
        kind = message["kind"]
        if kind == "open":
            midi_map = MidiMap.decode(message["map"]) if message["map"] else MidiMap()
            self._open(message["uri"], message["t0_s"], midi_map, message["made_by"])
        elif kind == "close":
            raise _Ended
        if self._scheduler is None or self._output is None:
            return
        if kind == "tempo":
            self._scheduler.set_tempo(TempoSegment(*message["segment"]))
        elif kind == "notes":
            self._scheduler.feed(decode_note(note) for note in message["notes"])
        elif kind == "cancel":
            self._scheduler.cancel(message["from_beat"])
        elif kind == "params":
            self._scheduler.set_params(decode_params(message["params"]))
        elif kind == "volume":
            self._output.set_volume(message["gain"])
        elif kind == "signals":
            self._output.set_signals(message["values"])
        elif kind == "panic":
            self._scheduler.panic(self._now_s())
            self.tell("silent")

    def _open(self, uri: str, t0_s: float, midi_map: MidiMap, made_by: str) -> None:
        self.is_added = bool(made_by)
        spec = OutputSpec.parse(uri, (uri.partition(":")[0],) if made_by else ())
        output = added(spec.target, made_by) if made_by else build(spec, midi_map)
        self._t0_s = t0_s
        if spec.kind is not OutputKind.AUDIO:  # so that threads of its library inherit the rights
            self._rights = become_punctual()
        sleeps = self._rights == _SLEEPS
        self._spin_s = _SPIN_S if self._rights in REALTIME else 0.0 if sleeps else _SHORT_SPIN_S
        output.open(t0_s)
        self._output = output
        sways = spec.kind is not OutputKind.NULL
        clocked: Any = output if spec.clock or spec.kind is OutputKind.OSC else None
        self._scheduler = Scheduler(
            output, clocked, early_s=midi_map.latency_ms / 1000.0, sways=sways
        )
        if spec.kind is OutputKind.AUDIO:
            self._rights = become_punctual()
        self.tell("ready", rights=self._rights, lookahead_s=output.lookahead_s)

    def _report(self, scheduler: Scheduler, output: Output) -> None:
        late_ms = sorted(1000.0 * late_s for late_s in scheduler.lateness_s)
        scheduler.lateness_s.clear()
        last = len(late_ms) - 1
        self.tell(
            "report",
            sent=scheduler.sent,
            dropped=scheduler.dropped,
            broken=self._reader.broken,
            late_p50_ms=late_ms[last // 2] if late_ms else 0.0,
            late_p99_ms=late_ms[round(0.99 * last)] if late_ms else 0.0,
            late_max_ms=late_ms[-1] if late_ms else 0.0,
            rights=self._rights,
            **output.health(),
        )

    def tell(self, kind: str, **fields: Any) -> None:
        """Tell the session; one that does not listen loses reports: the music does not wait."""
        self._wire.offer(line(kind, **fields))

    def silence(self) -> None:
        """End all notes and release the output, whatever state it is in."""
        for name in ("SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), signal.SIG_IGN)
        output, self._output = self._output, None
        if output is None or self._scheduler is None:
            return
        try:
            self._scheduler.panic(self._now_s())
        except SynthError:
            pass  # the port has gone, and the sound with it
        except Exception:
            if not self.is_added:
                raise
        finally:
            output.close()
