"""What the URI of an output says about how its player has to be treated."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from synth.errors import SynthError
from synth.outputs.uri import OutputKind, OutputSpec

__all__ = ["OutputTraits"]

_LINGERING = frozenset(
    {OutputKind.MIDI, OutputKind.MIDI_VIRTUAL, OutputKind.MIDI_JACK, OutputKind.OSC}
)


@dataclass(frozen=True, slots=True)
class OutputTraits:
    """How an output behaves when the process that plays to it comes and goes."""

    lingers: bool  #: notes sound on when the process that began them is gone
    is_sound: bool  #: the process computes sound by itself
    tells_all: bool  #: named values go there without a map
    #: False for a port of our own: it goes with its process, and whoever was connected to it is
    #: not any more
    reaches_again: bool

    @classmethod
    def of(cls, uri: str, *, added: bool = False) -> Self:
        """Return the traits of an output, known or not.

        Parameters
        ----------
        uri
            The output as a user writes it, such as `midi:PORT NAME`.
        added
            Whether its kind is one that others add.

        Returns
        -------
        Self
            Of a URI that makes no sense, all are those of an unknown output.
        """
        kind = uri.partition(":")[0].strip().lower()
        return cls(
            lingers=added or kind in _LINGERING,
            is_sound=kind in (OutputKind.AUDIO, OutputKind.SOUNDFONT),
            tells_all=added or kind == OutputKind.OSC,
            reaches_again=not _is_own_port(uri),
        )


def _is_own_port(uri: str) -> bool:
    try:
        spec = OutputSpec.parse(uri)
    except SynthError:
        return False
    jack_alone = spec.kind is OutputKind.MIDI_JACK and not spec.connect
    return spec.kind is OutputKind.MIDI_VIRTUAL or jack_alone
