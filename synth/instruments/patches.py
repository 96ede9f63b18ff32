"""The sets of instruments: for each layer of each sound, its timbre and its place in the mix.

Every number here is our own choice, made by spectrum and by loudness.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

from synth.params import Layer

__all__ = [
    "PLAIN",
    "SOUNDS",
    "TABLES",
    "BellPatch",
    "DrumPatch",
    "MixPart",
    "StruckPatch",
    "StyleSound",
    "SustainedPatch",
]

#: One period of each wave: the strengths of its harmonics.
TABLES: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "saw": tuple(1 / n**1.1 for n in range(1, 19)),
        "soft saw": tuple(1 / n**1.35 for n in range(1, 17)),
        "strings": (1.0, 0.62, 0.5, 0.22, 0.3, 0.12, 0.14, 0.05, 0.08, 0.03, 0.04),
        "cello": (0.8, 1.0, 0.45, 0.5, 0.2, 0.22, 0.08, 0.1, 0.04),
        "round": (1.0, 0.42, 0.2, 0.12, 0.08, 0.05, 0.04, 0.03),
        "organ": (1.0, 0.5, 0.33, 0.16, 0.12, 0.1, 0.04, 0.08, 0.03, 0.04),
        "choir": (1.0, 0.75, 0.28, 0.34, 0.08, 0.05, 0.12, 0.04),
        "flute": (1.0, 0.24, 0.12, 0.05, 0.03, 0.02),
        "felt": (1.0, 0.32, 0.14, 0.08, 0.05, 0.04, 0.03, 0.02),
        "grand": (1.0, 0.46, 0.24, 0.18, 0.1, 0.08, 0.05, 0.05, 0.03, 0.02),
        "tine": (1.0, 0.06, 0.1),
        "reed": (0.1, 0.3, 0.15, 0.35, 0.1, 0.2, 0.1, 0.15),
        "wire": (0.2, 0.5, 0.45, 0.35, 0.28, 0.18, 0.12, 0.07),
        "nylon": (1.0, 0.2, 0.3, 0.08, 0.06),
        "wood": (1.0, 0.05, 0.02, 0.22, 0.02, 0.04),
    }
)


@dataclass(frozen=True, slots=True)
class SustainedPatch:
    """Oscillators on one wave under a slow envelope."""

    table: str  #: one of `TABLES`
    cents: tuple[float, ...]  #: the detuning of each oscillator
    rise_s: float  #: time constants of the envelope
    fall_s: float  #: and of its end
    vibrato_cents: float = 0.0  #: depth to either side; 0 for none
    vibrato_hz: float = 5.2  #: its rate
    air: float = 0.0  #: share of breath noise


@dataclass(frozen=True, slots=True)
class StruckPatch:
    """A string or bar that is struck or plucked: a body, and a bright part that fades sooner."""

    body: str  #: one of `TABLES`
    bright: str  #: one of `TABLES`
    seconds: float  #: how long middle C rings; higher notes ring shorter
    bright_share: float  #: loudness of the bright part
    attack_s: float  #: time constant of the onset
    damping_s: float  #: time constant after the note-off
    bright_seconds: float = 0.3  #: as a share of `seconds`
    vibrato_cents: float = 0.0  #: depth to either side; 0 for none
    vibrato_hz: float = 5.2  #: its rate


@dataclass(frozen=True, slots=True)
class BellPatch:
    """Frequency modulation over a sine, whose index dies away before the tone does."""

    ratio: float  #: of the modulator's frequency to the tone's
    index: float  #: depth of the modulation
    seconds: float  #: how long it rings an octave above middle C


@dataclass(frozen=True, slots=True)
class DrumPatch:
    """A soft thump and brushed noise."""

    thump_s: float  #: how long the thump lasts
    brush_s: float  #: how long the noise lasts
    brush_ratio: float  #: centre of the noise as a multiple of the key's frequency


@dataclass(frozen=True, slots=True)
class MixPart:
    """An instrument and how it sits in the mix."""

    timbre: SustainedPatch | StruckPatch | BellPatch | DrumPatch  #: how it sounds
    voices: int  #: notes at once
    level: float  #: factor of the amplitude
    send: float  #: share that goes to the reverb
    dark_hz: float  #: cutoff at brightness 0
    bright_hz: float  #: and at 1
    width: float  #: how far from the centre its voices stand, 0 to 1


@dataclass(frozen=True, slots=True)
class StyleSound:
    """A set of instruments, and the gain that brings its style near -17 LUFS when neutral."""

    parts: Mapping[Layer, MixPart]  #: of all layers
    gain: float  #: factor of the amplitude
    room_s: float  #: reverberation time


_PLAIN_PARTS: Mapping[Layer, MixPart] = MappingProxyType(
    {
        Layer.PAD: MixPart(
            SustainedPatch("saw", (-7, 6, 3, -2), 0.22, 0.45), 8, 0.36, 0.35, 180, 5500, 0.35
        ),
        Layer.BASS: MixPart(
            SustainedPatch("round", (0,), 0.012, 0.09), 3, 0.75, 0.04, 110, 2080, 0.0
        ),
        Layer.MELODY: MixPart(
            StruckPatch("felt", "wire", 3.6, 0.5, 0.0035, 0.16), 8, 1.15, 0.30, 590, 11700, 0.15
        ),
        Layer.PLUCK: MixPart(
            StruckPatch("nylon", "wire", 1.8, 0.35, 0.002, 0.35), 8, 1.30, 0.30, 500, 10400, 0.5
        ),
        Layer.BELLS: MixPart(BellPatch(3.5, 1.2, 4.0), 6, 0.56, 0.50, 1050, 14000, 0.6),
        Layer.PERCUSSION: MixPart(DrumPatch(0.5, 0.14, 40.0), 4, 1.60, 0.12, 1050, 14000, 0.25),
        Layer.DRONE: MixPart(
            SustainedPatch("organ", (-4, 4, 2, -1), 1.2, 1.5), 4, 0.70, 0.25, 130, 3100, 0.2
        ),
    }
)


def _sound(gain: float, room_s: float, parts: dict[Layer, MixPart]) -> StyleSound:
    return StyleSound(MappingProxyType({**_PLAIN_PARTS, **parts}), gain, room_s)


_FELT = StruckPatch("felt", "wire", 4.2, 0.28, 0.005, 0.3, 0.18)
_GRAND = StruckPatch("grand", "wire", 5.0, 0.34, 0.003, 0.34, 0.2)
_TINES = StruckPatch("tine", "reed", 3.0, 0.5, 0.003, 0.2, 0.22, vibrato_cents=5, vibrato_hz=0.7)

PLAIN = "plain"
SOUNDS: Mapping[str, StyleSound] = MappingProxyType(
    {
        PLAIN: _sound(1.2, 3.2, {}),
        "ambient": _sound(
            1.24,
            4.5,
            {
                Layer.PAD: MixPart(
                    SustainedPatch("soft saw", (-8, 7, 3, -3), 0.5, 0.9),
                    8, 0.46, 0.42, 210, 5500, 0.45,
                ),
                Layer.MELODY: MixPart(
                    StruckPatch("felt", "wood", 4.5, 0.45, 0.006, 0.5),
                    8, 1.1, 0.45, 590, 11700, 0.2,
                ),
                Layer.BASS: MixPart(
                    SustainedPatch("round", (-2, 2), 0.08, 0.3), 3, 0.7, 0.08, 100, 1920, 0.0
                ),
            },
        ),
        "piano": _sound(
            1.42,
            2.6,
            {
                Layer.PAD: MixPart(_FELT, 14, 1.25, 0.26, 380, 9100, 0.3),
                Layer.BASS: MixPart(_GRAND, 4, 1.0, 0.16, 210, 4600, 0.1),
                Layer.MELODY: MixPart(_GRAND, 8, 1.2, 0.28, 630, 12400, 0.15),
                Layer.PLUCK: MixPart(_FELT, 8, 1.2, 0.34, 500, 10400, 0.4),
                Layer.BELLS: MixPart(BellPatch(4.0, 0.5, 2.6), 6, 0.7, 0.5, 1050, 13000, 0.5),
            },
        ),
        "pulse": _sound(
            1.38,
            2.2,
            {
                Layer.PAD: MixPart(
                    SustainedPatch("saw", (-9, 8), 0.09, 0.25), 8, 0.34, 0.3, 180, 6500, 0.5
                ),
                Layer.BASS: MixPart(
                    StruckPatch("round", "reed", 1.6, 0.35, 0.004, 0.08), 3, 1.6, 0.03, 130, 2880, 0
                ),
                Layer.PLUCK: MixPart(
                    StruckPatch("wood", "wire", 1.0, 0.5, 0.002, 0.18),
                    8, 2.0, 0.28, 590, 11700, 0.6,
                ),
                Layer.MELODY: MixPart(
                    SustainedPatch("flute", (-4, 4), 0.03, 0.2, vibrato_cents=6), 4, 0.42, 0.32,
                    590, 10400, 0.1,
                ),
                Layer.PERCUSSION: MixPart(
                    DrumPatch(0.45, 0.1, 44.0), 6, 2.7, 0.08, 1260, 14000, 0.3,
                ),
            },
        ),
        "chamber": _sound(
            0.75,
            2.4,
            {
                Layer.PAD: MixPart(
                    SustainedPatch("strings", (-5, 4), 0.16, 0.22, vibrato_cents=9, vibrato_hz=4.6),
                    8, 0.42, 0.32, 290, 7200, 0.6,
                ),
                Layer.BASS: MixPart(
                    SustainedPatch("cello", (0,), 0.07, 0.16, vibrato_cents=6, vibrato_hz=4.2),
                    3, 0.6, 0.12, 180, 3100, 0.1,
                ),
                Layer.MELODY: MixPart(
                    SustainedPatch("strings", (-2, 2), 0.06, 0.18, vibrato_cents=14, air=0.015),
                    4, 0.5, 0.34, 630, 10400, 0.15,
                ),
                Layer.PLUCK: MixPart(
                    StruckPatch("nylon", "wire", 0.8, 0.3, 0.002, 0.12),
                    8, 2.4, 0.26, 500, 9100, 0.5,
                ),
                Layer.DRONE: MixPart(
                    SustainedPatch("cello", (-3, 3), 0.6, 0.9, vibrato_cents=4, vibrato_hz=3.8),
                    4, 0.7, 0.2, 150, 3100, 0.2,
                ),
            },
        ),
        "lofi": _sound(
            2.4,
            1.6,
            {
                Layer.PAD: MixPart(_TINES, 14, 1.0, 0.16, 290, 5500, 0.35),
                Layer.BASS: MixPart(
                    StruckPatch("round", "round", 2.2, 0.3, 0.006, 0.07), 3, 1.4, 0.02, 110, 1760, 0
                ),
                Layer.MELODY: MixPart(
                    replace(_TINES, body="nylon", bright="wire", bright_share=0.25), 8, 1.1, 0.22,
                    420, 7200, 0.15,
                ),
                Layer.BELLS: MixPart(BellPatch(4.0, 0.5, 2.2), 6, 0.65, 0.4, 760, 10400, 0.5),
                Layer.PERCUSSION: MixPart(
                    DrumPatch(0.38, 0.11, 26.0), 6, 2.4, 0.06, 760, 9800, 0.2,
                ),
            },
        ),
        "drone_breath": _sound(
            0.98,
            4.5,
            {
                Layer.DRONE: MixPart(
                    SustainedPatch("organ", (-4, 4, 2, -1), 1.2, 1.5, air=0.01),
                    6, 1.4, 0.3, 130, 3100, 0.3,
                ),
                Layer.PAD: MixPart(
                    SustainedPatch("choir", (-6, 5, -1), 0.8, 1.1, vibrato_cents=7, vibrato_hz=4.4,
                              air=0.02),
                    8, 0.4, 0.45, 220, 4900, 0.5,
                ),
                Layer.MELODY: MixPart(
                    SustainedPatch("flute", (-2, 2), 0.12, 0.35, vibrato_cents=8, air=0.03),
                    4, 0.4, 0.5, 550, 9100, 0.2,
                ),
                Layer.BASS: MixPart(
                    SustainedPatch("round", (-2, 2), 0.3, 0.5), 3, 0.7, 0.08, 100, 1760, 0.0
                ),
            },
        ),
    }
)  # fmt: skip
