"""Which MIDI channels, programs and controllers carry the layers of the music, and what else."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, Protocol, Self

from synth.breath import expression
from synth.params import Layer, MusicParams

__all__ = ["EXPRESSION_CC", "ControllerSpec", "Message", "MidiMap", "MidiVoice", "SignalRoute"]

Message = tuple[int, ...]

EXPRESSION_CC = 11
_LSB_OFFSET = 32  # controllers 32 to 63 hold the fine part of 0 to 31
_NRPN_MSB_CC, _NRPN_LSB_CC, _DATA_MSB_CC, _DATA_LSB_CC = 99, 98, 6, 38
_MOST = {"cc": 119, "cc14": 31, "nrpn": 16383}  # 120 to 127 are channel mode messages
_PERCUSSION_CHANNEL = 9  # channel 10 as musicians count, of General MIDI


@dataclass(frozen=True, slots=True)
class ControllerSpec:
    """A controller that follows a value: 7 bits, 14 bits in two controllers, or an NRPN.

    The value `lowest` sends `low`, `highest` sends `high`; both in steps of 0 to 127, which finer
    controllers divide further.
    """

    kind: Literal["cc", "cc14", "nrpn"]  #: 7 bits, 14 bits, or an NRPN
    number: int  #: up to 119, 31 or 16383 by its kind
    low: float = 0.0
    high: float = 127.0
    lowest: float = 0.0
    highest: float = 1.0

    def __post_init__(self) -> None:
        most = _MOST[self.kind]
        if not 0 <= self.number <= most:
            raise ValueError(f"{self.kind} {self.number} is not within 0 to {most}")
        if not (0.0 <= self.low <= 127.0 and 0.0 <= self.high <= 127.0):
            raise ValueError("low and high lie within 0 to 127")
        if self.lowest == self.highest:
            raise ValueError("from and to must differ")

    def messages(self, channel: int, value: float) -> tuple[Message, ...]:
        """Return what sends `value`, which is held within the range, on `channel` (0 to 15).

        Parameters
        ----------
        channel
            As sent, 0 to 15.
        value
            Held between `lowest` and `highest`.

        Returns
        -------
        tuple[Message, ...]
            One, two or four control changes.
        """
        share = (value - self.lowest) / (self.highest - self.lowest)
        steps = self.low + (self.high - self.low) * min(1.0, max(0.0, share))
        status = 0xB0 | channel
        if self.kind == "cc":
            return ((status, self.number, round(steps)),)
        fine = round(steps * 16383.0 / 127.0)
        if self.kind == "cc14":
            msb, lsb = self.number, self.number + _LSB_OFFSET
            return (status, msb, fine >> 7), (status, lsb, fine & 127)
        return (
            (status, _NRPN_MSB_CC, self.number >> 7),
            (status, _NRPN_LSB_CC, self.number & 127),
            (status, _DATA_MSB_CC, fine >> 7),
            (status, _DATA_LSB_CC, fine & 127),
        )


_BRIGHTNESS = ControllerSpec(
    "cc", 74, low=20.0
)  # "sound controller 5, brightness" of General MIDI 2


@dataclass(frozen=True, slots=True)
class MidiVoice:
    """Where a layer sounds. What is None is left as the instrument has it.

    `channel` 0 to 15, `program` and `volume` and `pan` 0 to 127, `bank` 0 to 16383, `transpose`
    in semitones.
    """

    channel: int
    program: int | None = None
    bank: int | None = None
    volume: int = 127
    pan: int | None = None
    transpose: int = 0
    brightness: ControllerSpec | None = _BRIGHTNESS  #: what follows it; None for nothing
    dynamics: ControllerSpec | None = None  #: what follows them; None for nothing

    def __post_init__(self) -> None:
        for name, most in (("channel", 15), ("program", 127), ("volume", 127), ("pan", 127)):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= most:
                raise ValueError(f"MIDI {name} {value} is not within 0 to {most}")
        if self.bank is not None and not 0 <= self.bank <= 16383:
            raise ValueError(f"MIDI bank {self.bank} is not within 0 to 16383")

    def colours(self, params: MusicParams) -> tuple[Message, ...]:
        """Return the control changes that follow the colour of the music.

        Parameters
        ----------
        params
            Brightness and dynamics count.

        Returns
        -------
        tuple[Message, ...]
            None for what the voice leaves alone.
        """
        followed = (self.brightness, params.brightness), (self.dynamics, params.dynamics)
        return tuple(
            message
            for control, value in followed
            if control is not None
            for message in control.messages(self.channel, value)
        )

    def preset(self) -> tuple[Message, ...]:
        """Return what chooses bank, program and place.

        Returns
        -------
        tuple[Message, ...]
            Empty where the voice leaves all of that alone.
        """
        status = 0xB0 | self.channel
        found: list[Message] = []
        if self.bank is not None:
            found += [(status, 0, self.bank >> 7), (status, 32, self.bank & 127)]
        if self.program is not None:
            found.append((0xC0 | self.channel, self.program))
        if self.pan is not None:
            found.append((status, 10, self.pan))
        return tuple(found)

    def pitch(self, pitch: int) -> int:
        """Return the transposed pitch, an octave or more aside where MIDI's range ends.

        Parameters
        ----------
        pitch
            MIDI note number.

        Returns
        -------
        int
            0 to 127.
        """
        moved = pitch + self.transpose
        while moved > 127:
            moved -= 12
        while moved < 0:
            moved += 12
        return moved


@dataclass(frozen=True, slots=True)
class SignalRoute:
    """Where a named value goes: to a controller, or, when it is an event, to a short note."""

    channel: int  #: as sent, 0 to 15
    control: ControllerSpec | None = None  #: the controller; None for none
    note: int | None = None  #: MIDI note number; None for none
    velocity: int = 100  #: of the note, 1 to 127


class _Placed(Protocol):
    @property
    def layer(self) -> Layer: ...
    @property
    def channel(self) -> int: ...
    @property
    def program(self) -> int: ...


_GENERAL_MIDI: Mapping[Layer, MidiVoice] = MappingProxyType(
    {
        Layer.PAD: MidiVoice(0, 89),  # warm pad
        Layer.BASS: MidiVoice(1, 32),  # acoustic bass
        Layer.MELODY: MidiVoice(2, 0),  # grand piano
        Layer.PLUCK: MidiVoice(3, 46),  # harp
        Layer.BELLS: MidiVoice(4, 14),  # tubular bells
        Layer.PERCUSSION: MidiVoice(_PERCUSSION_CHANNEL, 0),
        Layer.DRONE: MidiVoice(5, 95),  # sweep pad
    }
)


def _beside(own: Mapping[Layer, MidiVoice]) -> dict[Layer, MidiVoice]:
    """Return voices for all layers: those that are missing on channels that no other has.

    Else the program that a missing layer is to have would be chosen for another one.
    """
    voices = dict(own)
    for layer, voice in _GENERAL_MIDI.items():
        if layer not in voices:
            taken = {each.channel for each in voices.values()}
            free = (c for c in range(16) if c not in taken and c != _PERCUSSION_CHANNEL)
            channel = next(free, voice.channel) if voice.channel in taken else voice.channel
            voices[layer] = replace(voice, channel=channel)
    return voices


@dataclass(frozen=True, slots=True)
class MidiMap:
    """A voice for each layer; General MIDI unless told otherwise.

    `latency_ms` is how much earlier this port wants everything, because what hangs on it answers
    late; negative for later.
    """

    #: a layer that is missing has that of General MIDI
    voices: Mapping[Layer, MidiVoice] = field(default_factory=lambda: _GENERAL_MIDI)
    signals: Mapping[str, SignalRoute] = field(default_factory=dict)  #: where named values go
    latency_ms: float = 0.0

    @classmethod
    def of_style(cls, instruments: Iterable[_Placed]) -> Self:
        """Return the channels and programs that a style gives its layers.

        Layers that it has not are those of General MIDI, on channels of their own.

        Parameters
        ----------
        instruments
            The style's, each with layer, channel (0 to 15) and program (0 to 127).

        Returns
        -------
        Self
            Without signals, on time.
        """
        own = {i.layer: MidiVoice(i.channel, i.program) for i in instruments}
        return cls(_beside(own))

    def colours(self, params: MusicParams) -> tuple[tuple[Message, ...], ...]:
        """Return the control changes that follow the colour of the music, of each layer.

        Parameters
        ----------
        params
            Those that are equal in this sound alike here.

        Returns
        -------
        tuple[tuple[Message, ...], ...]
            In the order of the layers.
        """
        return tuple(self[layer].colours(params) for layer in Layer)

    def expressions(self, params: MusicParams, loud: float) -> tuple[Message, ...]:
        """Return controller 11 of every channel: how loud the breath is just now.

        Parameters
        ----------
        params
            Where their dynamics move the same controller, the breath is a share of that.
        loud
            The gain of the breath, 0 to 1.

        Returns
        -------
        tuple[Message, ...]
            One for each channel, in order.
        """
        full = {self[layer].channel: 127 for layer in Layer}
        for layer in Layer:
            for message in self[layer].colours(params):
                if message[1] == EXPRESSION_CC:
                    full[self[layer].channel] = message[2]
        share = expression(loud) / 127.0
        return tuple(
            (0xB0 | channel, EXPRESSION_CC, round(most * share))
            for channel, most in sorted(full.items())
        )

    def __getitem__(self, layer: Layer) -> MidiVoice:
        return self.voices[layer] if layer in self.voices else _beside(self.voices)[layer]

    def encode(self) -> dict[str, Any]:
        """Return JSON values of which `decode` makes an equal map.

        Returns
        -------
        dict[str, Any]
            For `json.dumps`.
        """
        return {
            "voices": {layer.value: asdict(voice) for layer, voice in self.voices.items()},
            "signals": {name: asdict(route) for name, route in self.signals.items()},
            "latency_ms": self.latency_ms,
        }

    @classmethod
    def decode(cls, data: dict[str, Any]) -> Self:
        """Return the map that `encode` made JSON values of.

        Parameters
        ----------
        data
            What `encode` made.

        Returns
        -------
        Self
            An equal map.

        Raises
        ------
        KeyError
            When a part is missing.
        ValueError
            For an unknown layer, or a number out of range.
        """
        return cls(
            {Layer(name): MidiVoice(**_controls(voice)) for name, voice in data["voices"].items()},
            {name: SignalRoute(**_controls(route)) for name, route in data["signals"].items()},
            data["latency_ms"],
        )


def _controls(values: dict[str, Any]) -> dict[str, Any]:
    return {k: ControllerSpec(**v) if isinstance(v, dict) else v for k, v in values.items()}
