"""Where music goes, as a user writes it: `midi:PORT NAME`, `wav:PATH` and the like."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Self

from synth.errors import OutputUnavailable

__all__ = ["OutputKind", "OutputSpec"]


class OutputKind(StrEnum):
    """The kinds of output."""

    AUDIO = "audio"
    MIDI = "midi"
    MIDI_VIRTUAL = "midi-virtual"
    MIDI_FILE = "mid"
    WAV = "wav"
    NULL = "null"


_EXAMPLES = "audio:   midi:PORT NAME   midi-virtual:NAME   mid:PATH   wav:[PATH]   null:"
_LIVE = frozenset({OutputKind.AUDIO, OutputKind.MIDI, OutputKind.MIDI_VIRTUAL})
_WITHOUT_TARGET = frozenset({OutputKind.AUDIO, OutputKind.WAV, OutputKind.NULL})


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A kind of output and its target: a device, a port name or a path; empty for the default."""

    kind: OutputKind
    target: str = ""

    @classmethod
    def parse(cls, uri: str) -> Self:
        """Return the output that `uri` names; raise `OutputUnavailable` when it names none."""
        name, _, target = uri.partition(":")
        try:
            kind = OutputKind(name.strip().lower())
        except ValueError:
            raise OutputUnavailable(
                f"{uri!r} is not an output", hint=f"Outputs are: {_EXAMPLES}"
            ) from None
        target = target.strip()
        if not target and kind not in _WITHOUT_TARGET:
            raise OutputUnavailable(
                f"{uri!r} does not say where to", hint=f"Outputs are: {_EXAMPLES}"
            )
        return cls(kind, target)

    @property
    def live(self) -> bool:
        """Tell whether a player process sounds it as the music goes."""
        return self.kind in _LIVE

    def __str__(self) -> str:
        return f"{self.kind}:{self.target}"
