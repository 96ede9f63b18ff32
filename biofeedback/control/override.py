"""What a person asks of the music in place of the strategy, for a while, within all limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

from biofeedback.common.errors import CommandError
from biofeedback.control.base import Wishes
from biofeedback.control.limits import Slew
from synth.params import DENSITY_RANGE, TEMPO_RANGE_BPM, Key, Mode, MusicParams

__all__ = ["NAMES", "OverrideRequest", "Overrides"]

DEFAULT_S = 300.0
LONGEST_S = 4 * 3600.0
#: A parameter crosses its whole range in this time: a glide, not a jump. Ours.
GLIDE_S = 20.0

#: Numbers that can be asked for, and their ranges: those that strategies and limits take up,
_STEERED = {"tempo_bpm": TEMPO_RANGE_BPM, "target": (0.0, 1.0), "level": (0.0, 1.0)}
#: bounds that all else keeps to, whoever asked for it,
_BOUNDS = {
    "tempo_least_bpm": TEMPO_RANGE_BPM,
    "tempo_most_bpm": TEMPO_RANGE_BPM,
    "volume_most": (0.0, 1.0),
}
#: Bounds that only ever calm: a stop rule, which lets go of every other wish, keeps them.
_CALMING = ("tempo_most_bpm", "volume_most")
#: ... and those that glide here.
_GLIDING = {
    "density": DENSITY_RANGE,
    "dynamics": (0.0, 1.0),
    "brightness": (0.0, 1.0),
    "register": (-1.0, 1.0),
}
_RANGES = _STEERED | _BOUNDS | _GLIDING
NAMES = (*_RANGES, "key", "mode", "style")


@dataclass(frozen=True, slots=True)
class OverrideRequest:
    """A parameter's name, what it shall be, and for how many seconds."""

    name: str
    value: float | Key | Mode | str  #: text is the name of a style
    for_s: float = DEFAULT_S

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the wish of "NAME=VALUE" or "NAME=VALUE for SECONDS"; raise `CommandError`."""
        wanted, _, seconds = text.partition(" for ")
        name, equals, value = (part.strip() for part in wanted.partition("="))
        if not equals or name not in NAMES:
            raise CommandError(
                f"override {text!r}: {name!r} is nothing that can be asked for"
                if equals
                else f"override {text!r} is not of the form NAME=VALUE",
                hint=f"Ask for one of {', '.join(NAMES)}, such as tempo_bpm=70 for 120.",
            )
        for_s = _number(text, seconds, 1.0, LONGEST_S, "seconds") if seconds else DEFAULT_S
        return cls(name, _value(text, name, value), for_s)

    def __str__(self) -> str:
        value = f"{self.value:g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.name}={value}"


@dataclass(frozen=True, slots=True)
class _Standing:
    wish: OverrideRequest
    who: str
    until_s: float


class Overrides:
    """Holds what was asked for until its time is over or it is released; the latest wish counts."""

    def __init__(self) -> None:
        self._standing: dict[str, _Standing] = {}
        self._glides: dict[str, Slew] = {}

    def feed(self, wish: OverrideRequest, who: str, now_s: float) -> None:
        """Grant a wish of `who` from now on."""
        self._standing[wish.name] = _Standing(wish, who, now_s + wish.for_s)

    def release(self, name: str = "") -> None:
        """Give a parameter back to the strategy, or all with no name."""
        if name:
            self._standing.pop(name, None)
        else:
            self._standing.clear()

    def back_off(self) -> Wishes:
        """Let go of every wish but the bounds that only calm; return those."""
        self._standing = {n: s for n, s in self._standing.items() if n in _CALMING}
        return self._wishes()

    def step(self, now_s: float) -> Wishes:
        """Forget the wishes whose time is over; return the others."""
        self._standing = {n: s for n, s in self._standing.items() if now_s < s.until_s}
        return self._wishes()

    def _wishes(self) -> Wishes:
        numbers = {
            name: standing.wish.value
            for name, standing in self._standing.items()
            if name not in _GLIDING and isinstance(standing.wish.value, float)
        }
        glides = any(glide.value != self._number(name) for name, glide in self._glides.items())
        return Wishes(**numbers, glides=glides, why=self._why())

    def _number(self, name: str) -> float | None:
        standing = self._standing.get(name)
        return standing.wish.value if standing and isinstance(standing.wish.value, float) else None

    @property
    def style(self) -> str:
        """The name of the style that is asked for; "" for nothing."""
        standing = self._standing.get("style")
        return str(standing.wish.value) if standing else ""

    def _glided(self, name: str, wanted: float, dt_s: float) -> float:
        """Return a parameter on its way to what was asked for, or back to what is wanted."""
        goal = self._number(name)
        if goal is None and name not in self._glides:
            return wanted
        low, high = _GLIDING[name]
        glide = self._glides.setdefault(name, Slew(wanted, (high - low) / GLIDE_S))
        value = glide.toward(wanted if goal is None else goal, dt_s)
        if goal is None and value == wanted:
            del self._glides[name]
        return value

    def _key(self, wanted: Key) -> Key:
        """Return the key, or the mode on the wanted tonic, that was asked for."""
        key, mode = self._standing.get("key"), self._standing.get("mode")
        if key is not None and isinstance(key.wish.value, Key):
            wanted = key.wish.value
        if mode is not None and isinstance(mode.wish.value, Mode):
            wanted = Key(wanted.tonic, mode.wish.value)
        return wanted

    def changed(self, params: MusicParams, dt_s: float) -> MusicParams:
        """Return the parameters as they were asked for, gliding there and back."""
        if not self._standing and not self._glides:
            return params
        return replace(
            params,
            key=self._key(params.key),
            density=self._glided("density", params.density, dt_s),
            dynamics=self._glided("dynamics", params.dynamics, dt_s),
            register=self._glided("register", params.register, dt_s),
            brightness=self._glided("brightness", params.brightness, dt_s),
        )

    def _why(self) -> str:
        parts = [
            f"{_person(standing.who)} asked for {standing.wish} until {_clock(standing.until_s)}"
            for standing in self._standing.values()
        ]
        return "; ".join(parts) + "." if parts else ""


def _value(text: str, name: str, value: str) -> float | Key | Mode | str:
    if name in _RANGES:
        return _number(text, value, *_RANGES[name], name)
    if name == "style":
        return value  # whoever takes it knows which styles there are
    try:
        return Key.parse(value) if name == "key" else Mode(value)
    except ValueError as error:
        raise CommandError(
            f"override {text!r}: there is no {name} {value!r}",
            hint=f"A key is a tonic and a mode, such as D dorian; modes are {', '.join(Mode)}.",
        ) from error


def _number(text: str, value: str, low: float, high: float, name: str) -> float:
    try:
        number = float(value)
    except ValueError:
        number = float("nan")
    if not low <= number <= high:
        raise CommandError(
            f"override {text!r}: {name} must be a number from {low:g} to {high:g}, not {value!r}",
            hint="For example tempo_bpm=70 for 120.",
        )
    return number


def _person(who: str) -> str:
    """Return a person's name, or what they used: "web:therapist:Ann" is Ann, "key" is You."""
    named = who.startswith(("web:", "mqtt:"))
    return "You" if who == "key" else who.rpartition(":")[2] if named else who


def _clock(time_s: float) -> str:
    return f"{int(time_s // 60)}:{int(time_s % 60):02d}"
