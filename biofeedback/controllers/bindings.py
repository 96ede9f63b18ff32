"""Which control does what: read from TOML, written by learning; errors name file and key."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from biofeedback.common.errors import ConfigError
from biofeedback.controllers.midi_events import ControlKind, MidiControl
from biofeedback.storage import files
from synth.outputs.uri import choose
from synth.params import DENSITY_RANGE, TEMPO_RANGE_BPM, Mode

__all__ = [
    "ACTIONS",
    "RANGES",
    "Action",
    "Binding",
    "find",
    "path_of",
    "plain_name",
    "read",
    "write",
]

Action = Literal[
    "tempo", "key", "density", "dynamics", "brightness", "register", "level", "volume",
    "hold", "go_on", "marker", "release", "stop", "panic",
]  # fmt: skip

#: Action: what it means to whoever learns it, in the order of learning.
ACTIONS: dict[Action, str] = {
    "tempo": "a knob or fader",
    "key": "a knob, or a key of the keyboard, which then sets the tonic",
    "density": "a knob or fader",
    "volume": "a knob or fader",
    "hold": "a button: the music stays as it is, and follows again",
    "marker": "a button",
    "stop": "a button: the session ends",
    "panic": "a button: silence at once",
    "dynamics": "a knob or fader",
    "brightness": "a knob or fader",
    "register": "a knob or fader",
    "level": "a knob or fader: how strongly the strategy acts",
    "go_on": "a button: the music follows again, after a stop rule as well",
    "release": "a button: the music is the strategy's again",
}

#: What the ends of a knob mean where the file does not say.
RANGES: dict[str, tuple[float, float]] = {
    "tempo": TEMPO_RANGE_BPM,
    "density": DENSITY_RANGE,
    "dynamics": (0.0, 1.0),
    "brightness": (0.0, 1.0),
    "register": (-1.0, 1.0),
    "level": (0.0, 1.0),
    "volume": (0.0, 1.0),
}

_Number = Annotated[int, msgspec.Meta(ge=0, le=127)]


class Binding(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One control and what it does; the control is a `cc`, a `note`, a `program` or the `bend`.

    `low` and `high` are what its ends mean, in BPM for the tempo; `for_s` is how long a wish
    lasts, `mode` that of a key. `any_note` lets every key of the channel set the tonic.
    """

    action: Action
    channel: Annotated[int, msgspec.Meta(ge=1, le=16)] = 1
    cc: _Number | None = None
    note: _Number | None = None
    program: _Number | None = None
    bend: bool = False
    any_note: bool = False
    low: float | None = None
    high: float | None = None
    for_s: Annotated[float, msgspec.Meta(ge=1.0, le=14400.0)] = 300.0
    mode: Mode = Mode.IONIAN
    text: str = ""  #: of a marker

    def __post_init__(self) -> None:
        named = [self.cc, self.note, self.program]
        if sum(n is not None for n in named) + self.bend + self.any_note != 1:
            raise ValueError("name one of cc, note, program, bend, any_note")
        if self.any_note and self.action != "key":
            raise ValueError("any_note is for the key")

    @property
    def ends(self) -> tuple[float, float]:
        """What the lower and the upper end of the control mean."""
        low, high = RANGES.get(self.action, (0.0, 1.0))
        return low if self.low is None else self.low, high if self.high is None else self.high

    def fits(self, control: MidiControl) -> bool:
        """Tell whether this is about `control`."""
        if control.channel != self.channel:
            return False
        if control.kind == "note" and self.any_note:
            return True
        if control.kind == "bend":
            return self.bend
        return bool(getattr(self, control.kind) == control.number)

    @classmethod
    def of(cls, action: Action, control: MidiControl) -> Binding:
        """Return the binding that learning makes: a keyboard's key for the tonic means any."""
        kind: ControlKind = control.kind
        if kind == "bend":
            return cls(action=action, channel=control.channel, bend=True)
        if kind == "note" and action == "key":
            return cls(action=action, channel=control.channel, any_note=True)
        return msgspec.convert(
            {"action": action, "channel": control.channel, kind: control.number}, cls
        )


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    title: str = ""
    binding: tuple[Binding, ...] = ()


def plain_name(port: str) -> str:
    """Return a port's name without the numbers that ALSA adds, which change."""
    return re.sub(r"\s\d+:\d+$", "", port.strip())


def path_of(port: str, folder: Path) -> Path:
    """Return the file of what was learned from a port."""
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", plain_name(port)).strip("-.").lower()
    return folder / f"{name or 'port'}.toml"


def find(port: str, folder: Path) -> Path:
    """Return the file of what was learned from the port that a user means, as ports are chosen."""
    learned: dict[str, Path] = {}
    for path in sorted(folder.glob("*.toml")):
        learned[plain_name(_table(path).title or path.stem)] = path
    hint = f'Learn it: biofeedback midi-learn "{port}"'
    return learned[choose(plain_name(port), list(learned), what="learned controller", hint=hint)]


def read(path: Path) -> tuple[Binding, ...]:
    """Return the bindings of a file; raise `ConfigError` when it cannot be read."""
    bindings = _table(path).binding
    if not bindings:
        raise ConfigError(f"{path} binds nothing", hint="Make one: biofeedback midi-learn PORT")
    return bindings


def _table(path: Path) -> _File:
    try:
        return msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), _File)
    except FileNotFoundError:
        raise ConfigError(
            f"there is no control map {path}", hint="Make one: biofeedback midi-learn PORT"
        ) from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ConfigError(
            f"{path} cannot be read: {error}", hint="docs/midi.md shows one."
        ) from error
    except msgspec.ValidationError as error:
        reason, _, key = str(error).partition(" - at ")
        where = key.strip("`").removeprefix("$.")
        raise ConfigError(
            f"{path}: {where}{': ' if where else ''}{reason}", hint="docs/midi.md shows one."
        ) from error


def write(path: Path, title: str, bindings: Sequence[Binding]) -> None:
    """Write a file that `read` reads back to equal bindings, whole or not at all."""
    lines = [f"title = {_quoted(title)}"]
    for binding in bindings:
        lines += ["", "[[binding]]"]
        for field in msgspec.structs.fields(Binding):
            value = getattr(binding, field.name)
            if field.required or value != field.default or field.name == "channel":
                lines.append(f"{field.name} = {_quoted(value)}")
    text = "\n".join(lines) + "\n"
    files.save(path, text.encode(), hint="`biofeedback doctor` checks the folder.")


def _quoted(value: object) -> str:
    """Return a value as TOML, whose strings, numbers and booleans are JSON's."""
    return msgspec.json.encode(value).decode()
