"""What the music says, as MIDI messages: the same for every kind of port."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from synth.breath import gain
from synth.output import ClockPulse, NoteOff, NoteOn
from synth.outputs.midi_map import EXPRESSION_CC, Message, MidiMap
from synth.params import Layer, MusicParams

__all__ = ["MidiMessages", "everything_off"]

_VOLUME_CC = 7
_SUSTAIN_CC, _ALL_NOTES_OFF_CC, _ALL_SOUND_OFF_CC = 64, 123, 120
_REALTIME = {"tick": 0xF8, "start": 0xFA, "continue": 0xFB, "stop": 0xFC}
_POSITION = 0xF2
_MOST_SIXTEENTHS = 0x3FFF
_EVENTS = frozenset({"beat"})  # on a controller they are a pulse: all the way, and back


class MidiMessages:
    """Turns events into messages by a map; remembers only what it need not repeat.

    Parameters
    ----------
    midi_map
        Which channels and controllers carry the layers.
    """

    def __init__(self, midi_map: MidiMap) -> None:
        self._map = midi_map
        self._params = MusicParams()
        self._expression: tuple[Message, ...] = ()
        self._colours: dict[Layer, tuple[Message, ...]] = {}
        self._volumes: tuple[Message, ...] = ()
        self._used: set[int] = set()
        self._values: dict[str, tuple[Message, ...]] = {}
        self._gates: set[tuple[int, int]] = set()
        self._pulsed: dict[str, tuple[Message, ...]] = {}

    def presets(self) -> Iterator[Message]:
        """Yield silence for what may still sound, then banks, programs and places.

        Yields
        ------
        Message
            For every channel of the map.
        """
        channels = {self._map[layer].channel for layer in Layer}
        yield from _silence(channels)
        yield from self._choices()

    def settings(self) -> Iterator[Message]:
        """Yield all that was set so far, for an instrument that has just been connected.

        Yields
        ------
        Message
            In the order in which they were set.
        """
        yield from self._choices()
        yield from self._volumes
        for messages in (*self._colours.values(), self._expression, *self._values.values()):
            yield from messages

    def _choices(self) -> Iterator[Message]:
        for layer in Layer:
            yield from self._map[layer].preset()

    def note(self, event: NoteOn | NoteOff) -> Message:
        """Return a note's beginning or end.

        Parameters
        ----------
        event
            A note's beginning or end.

        Returns
        -------
        Message
            Three bytes.
        """
        voice = self._map[event.layer]
        if isinstance(event, NoteOn):
            self._used.add(voice.channel)
            return 0x90 | voice.channel, voice.pitch(event.pitch), event.velocity
        return 0x80 | voice.channel, voice.pitch(event.pitch), 0

    def colours(self, params: MusicParams) -> Iterator[Message]:
        """Yield the controllers of each layer where they changed.

        Parameters
        ----------
        params
            The colour asked for.

        Yields
        ------
        Message
            Nothing when all is as it was.
        """
        self._params = params
        for layer in Layer:
            messages = self._map[layer].colours(params)
            if params.swell:
                messages = tuple(m for m in messages if m[1] != EXPRESSION_CC)
            if self._colours.get(layer) != messages:
                self._colours[layer] = messages
                yield from messages

    def volume(self, gain: float) -> Iterator[Message]:
        """Yield controller 7 of every channel: a share, 0 to 1, of the volume in the map.

        Parameters
        ----------
        gain
            Held within 0 to 1.

        Yields
        ------
        Message
            One for each channel.
        """
        share = min(1.0, max(0.0, gain))
        levels = {self._map[layer].channel: self._map[layer].volume for layer in Layer}
        self._volumes = tuple(
            (0xB0 | channel, _VOLUME_CC, round(level * share))
            for channel, level in sorted(levels.items())
        )
        yield from self._volumes

    def breath(self, loud: float) -> Iterator[Message]:
        """Yield controller 11 of every channel, where it changed.

        Parameters
        ----------
        loud
            The gain of the breath, 0 to 1.

        Yields
        ------
        Message
            One for each channel.
        """
        messages = self._map.expressions(self._params, loud)
        if messages != self._expression:
            self._expression = messages
            yield from messages

    def signals(self, values: Mapping[str, float]) -> Iterator[Message]:
        """Yield what the map sends for named values: controllers that changed, and notes.

        A note ends with the next of its kind, or when `end_gates` is called.

        Parameters
        ----------
        values
            By name; names that the map does not route are ignored.

        Yields
        ------
        Message
            In the order of the values.
        """
        if "pacer" in values:
            yield from self.breath(gain(values["pacer"], self._params.swell))
        for name, value in values.items():
            route = self._map.signals.get(name)
            if route is None:
                continue
            if route.control is not None and name in _EVENTS:
                yield from self._pulsed.get(name, ())
                yield from route.control.messages(route.channel, route.control.highest)
                self._pulsed[name] = route.control.messages(route.channel, route.control.lowest)
            elif route.control is not None:
                messages = route.control.messages(route.channel, value)
                if self._values.get(name) != messages:
                    self._values[name] = messages
                    yield from messages
            elif route.note is not None:
                gate = route.channel, route.note
                if gate in self._gates:
                    yield 0x80 | route.channel, route.note, 0
                self._gates.add(gate)
                self._used.add(route.channel)
                yield 0x90 | route.channel, route.note, route.velocity

    def end_gates(self) -> Iterator[Message]:
        """Yield the ends of notes and pulses that signals began.

        Yields
        ------
        Message
            Nothing when none is open.
        """
        while self._pulsed:
            yield from self._pulsed.popitem()[1]
        while self._gates:
            channel, note = self._gates.pop()
            yield 0x80 | channel, note, 0

    def pulse(self, pulse: ClockPulse) -> Iterator[Message]:
        """Yield a clock or transport message; to continue, the position comes first.

        Parameters
        ----------
        pulse
            A tick, or a word of transport.

        Yields
        ------
        Message
            One byte; before a continue, three.
        """
        if pulse.what == "continue":
            sixteenths = min(_MOST_SIXTEENTHS, round(4.0 * pulse.beat))
            yield _POSITION, sixteenths & 127, sixteenths >> 7
        yield (_REALTIME[pulse.what],)

    def panic(self) -> Iterator[Message]:
        """Lift the pedal and end all notes on the channels that have played: no flood.

        Yields
        ------
        Message
            For channels that have played only.
        """
        yield from self.end_gates()
        if self._expression:
            yield from self.breath(1.0)
        yield from _silence(self._used)


def everything_off() -> Iterator[Message]:
    """Yield the end of whatever may sound; some instruments heed each note's own end alone.

    Yields
    ------
    Message
        Some 2100 messages, for all 16 channels.
    """
    for channel in range(16):
        for pitch in range(128):
            yield 0x80 | channel, pitch, 0
    yield from _silence(range(16))


def _silence(channels: Iterable[int]) -> Iterator[Message]:
    for channel in sorted(channels):
        for control in (_SUSTAIN_CC, _ALL_NOTES_OFF_CC, _ALL_SOUND_OFF_CC):
            yield 0xB0 | channel, control, 0
