"""Where music goes as a user writes it, as in `midi:PORT NAME`, and which device is meant."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Self

from synth.errors import OutputUnavailable

__all__ = ["OutputKind", "OutputSpec", "choose"]


class OutputKind(StrEnum):
    """The kinds of output."""

    AUDIO = "audio"
    SOUNDFONT = "soundfont"
    MIDI = "midi"
    MIDI_VIRTUAL = "midi-virtual"
    MIDI_JACK = "midi-jack"
    OSC = "osc"
    MIDI_FILE = "mid"
    WAV = "wav"
    NULL = "null"


_EXAMPLES = (
    "audio:   soundfont:PATH   midi:PORT NAME   midi-virtual:NAME   midi-jack:NAME   "
    "osc:[HOST:]PORT   mid:PATH   wav:[PATH]   null:"
)
_OPTION = r"(?:(?:map|connect|device)=[^&?]+|clock)"
_OPTIONS = re.compile(rf"(?P<target>.*)\?(?P<options>{_OPTION}(?:&{_OPTION})*)")
_PORTS = frozenset({OutputKind.MIDI, OutputKind.MIDI_VIRTUAL, OutputKind.MIDI_JACK})
_LIVE = _PORTS | {OutputKind.AUDIO, OutputKind.SOUNDFONT, OutputKind.OSC}
_MAPPED = _PORTS | {OutputKind.MIDI_FILE, OutputKind.SOUNDFONT}
_WITHOUT_TARGET = frozenset({OutputKind.AUDIO, OutputKind.WAV, OutputKind.NULL})
#: Option: the kinds that have it, and how it is written.
_HAVE = {
    "map": (_MAPPED, "midi:PORT?map=NAME&clock"),
    "clock": (_PORTS, "midi:PORT?map=NAME&clock"),
    "connect": (frozenset({OutputKind.MIDI_JACK}), "midi-jack:NAME?connect=PORT"),
    "device": (frozenset({OutputKind.SOUNDFONT}), "soundfont:PATH?device=NAME"),
}


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """A kind of output and its target: a device, a port name or a path; empty for the default.

    `midi_map` is the name or file of a MIDI map, `clock` whether the port is sent a MIDI clock:
    `midi:PORT?map=NAME&clock`. `connect` is the port that a JACK client connects itself to,
    `device` the audio device of a soundfont. A kind that is text is one that others add, and all
    behind its colon is its target.
    """

    kind: OutputKind | str  #: of output
    target: str = ""  #: device, port name or path
    midi_map: str = ""
    clock: bool = False
    connect: str = ""
    device: str = ""

    @classmethod
    def parse(cls, uri: str, added: Collection[str] = ()) -> Self:
        """Return the output that `uri` names; raise `OutputUnavailable` when it names none.

        Parameters
        ----------
        uri
            As a user writes it, such as `midi:PORT NAME?clock`.
        added
            The kinds that there are besides those built in.

        Returns
        -------
        Self
            Whether it exists is not looked at.

        Raises
        ------
        OutputUnavailable
            When it names no kind of output, lacks a target or has an option of another kind.
        """
        name, _, target = uri.partition(":")
        name = name.strip().lower()
        if name in added:
            return cls(name, target.strip())
        try:
            kind = OutputKind(name)
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
        for option in options:
            kinds, example = _HAVE[option]
            if kind not in kinds:
                raise OutputUnavailable(
                    f"{uri!r}: {kind} has no option {option!r}", hint=f"It is for {example}"
                )
        return cls(
            kind,
            found["target"],
            options.get("map", ""),
            "clock" in options,
            options.get("connect", ""),
            options.get("device", ""),
        )

    @property
    def mapped(self) -> bool:
        """Tell whether a MIDI map applies to it."""
        return self.kind in _MAPPED

    @property
    def live(self) -> bool:
        """Tell whether a player process sounds it as the music goes."""
        return self.kind in _LIVE or not isinstance(self.kind, OutputKind)

    def __str__(self) -> str:
        options = [
            f"{name}={value}"
            for name, value in (
                ("map", self.midi_map),
                ("connect", self.connect),
                ("device", self.device),
            )
            if value
        ]
        options += ["clock"] if self.clock else []
        return f"{self.kind}:{self.target}{'?' if options else ''}{'&'.join(options)}"


def choose(wanted: str, names: Sequence[str], *, what: str, hint: str) -> str:
    """Return the one name that is meant; case does not matter.

    The exact name wins, then a pattern, then a part of a name; of two that fit, neither is taken.

    Parameters
    ----------
    wanted
        A name, a pattern with `*` or `?`, or a part of a name.
    names
        What exists.
    what
        A noun such as "MIDI port".
    hint
        A sentence of advice besides using what exists.

    Returns
    -------
    str
        As it stands in `names`.

    Raises
    ------
    OutputUnavailable
        When none fits, or several do; it lists what exists.
    """
    folded = wanted.casefold()
    tests = (
        lambda name: name.casefold() == folded,
        lambda name: fnmatchcase(name.casefold(), folded),
        lambda name: folded in name.casefold(),
    )
    for fits in tests:
        found = list(dict.fromkeys(name for name in names if fits(name)))
        if len(found) == 1:
            return found[0]
        if found:
            raise OutputUnavailable(
                f"{wanted!r} could be any {what} of these: {', '.join(map(repr, found))}",
                hint="Give the full name of one.",
            )
    if not names:
        raise OutputUnavailable(f"there is no {what} {wanted!r}; there is none at all", hint=hint)
    raise OutputUnavailable(
        f"there is no {what} {wanted!r}; there is {', '.join(map(repr, names))}",
        hint=f"Use one of these, or {hint[:1].lower()}{hint[1:]}",
    )
