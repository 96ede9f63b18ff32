"""Where music goes, as a user writes it: `midi:PORT NAME`, `wav:PATH` and the like."""

from __future__ import annotations

import re
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
_OPTIONS = re.compile(r"(?P<target>.*)\?(?P<options>(map=[^&?]+|clock)(&(map=[^&?]+|clock))*)")
_LIVE = frozenset({OutputKind.AUDIO, OutputKind.MIDI, OutputKind.MIDI_VIRTUAL})
_CLOCKED = frozenset({OutputKind.MIDI, OutputKind.MIDI_VIRTUAL})
_MAPPED = _CLOCKED | {OutputKind.MIDI_FILE}
_WITHOUT_TARGET = frozenset({OutputKind.AUDIO, OutputKind.WAV, OutputKind.NULL})


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A kind of output and its target: a device, a port name or a path; empty for the default.

    `midi_map` is the name or file of a MIDI map, `clock` whether the port is sent a MIDI clock:
    `midi:PORT?map=NAME&clock`.
    """

    kind: OutputKind
    target: str = ""
    midi_map: str = ""
    clock: bool = False

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
        found = _OPTIONS.fullmatch(target)
        if found is None:
            return cls(kind, target)
        options = dict(option.partition("=")[::2] for option in found["options"].split("&"))
        if ("clock" in options and kind not in _CLOCKED) or kind not in _MAPPED:
            raise OutputUnavailable(
                f"{uri!r} has an option that only MIDI ports have", hint="midi:PORT?map=NAME&clock"
            )
        return cls(kind, found["target"], options.get("map", ""), "clock" in options)

    @property
    def mapped(self) -> bool:
        """Tell whether a MIDI map applies to it."""
        return self.kind in _MAPPED

    @property
    def live(self) -> bool:
        """Tell whether a player process sounds it as the music goes."""
        return self.kind in _LIVE

    def __str__(self) -> str:
        options = [f"map={self.midi_map}"] if self.midi_map else []
        options += ["clock"] if self.clock else []
        return f"{self.kind}:{self.target}{'?' if options else ''}{'&'.join(options)}"
