"""Which kinds of session the learner may choose among; none of them touches a limit."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Literal

import msgspec

from biofeedback.common.errors import ConfigError
from biofeedback.config.styles import STYLES

__all__ = ["FACTORS", "Factor", "MusicOption", "Preferences", "candidates"]

Modes = Literal["wander", "bright", "dark"]
Density = Literal["sparse", "usual", "full"]
StrategyName = Literal["lead", "breathe"]
Pacing = Literal["0.75", "0.85"]
Goal = Literal["calm", "breathing", "sleep", "focus"]
Tonic = Literal["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]
Instrument = Literal["pad", "bass", "melody", "pluck", "bells", "percussion", "drone"]
Factor = Literal["style", "modes", "density", "strategy", "pacing"]

BUILT_IN = STYLES.built_in
FACTORS: tuple[Factor, ...] = ("style", "modes", "density", "strategy", "pacing")


class MusicOption(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One kind of session. Pacing is a share of the own breathing rate, "" where nothing paces."""

    style: str = "ambient"
    modes: str = "wander"
    density: str = "usual"
    strategy: str = "lead"
    pacing: str = ""

    def level(self, factor: Factor) -> str:
        """Return what this option has of a factor."""
        return str(getattr(self, factor))


class Preferences(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a person wants and does not want; the learner keeps to it.

    `liked` styles are the only ones when there are any; `avoided` are never played. `keys` are
    tonics of the calmest music, `without` are instruments left out. `exploration` is how freely
    other options are tried, 1 as much as is useful, 0 not at all.
    """

    liked: tuple[str, ...] = ()
    avoided: tuple[str, ...] = ()
    modes: tuple[Modes, ...] = ("wander", "bright")
    densities: tuple[Density, ...] = ("usual",)
    strategies: tuple[StrategyName, ...] = ("lead", "breathe")
    pacings: tuple[Pacing, ...] = ("0.75",)
    without: tuple[Instrument, ...] = ()
    keys: tuple[Tonic, ...] = ()
    goals: tuple[Goal, ...] = ("calm",)
    loudest: float = 1.0  #: cap of the volume, 0 to 1
    exploration: float = 1.0

    def __post_init__(self) -> None:
        for name in ("loudest", "exploration"):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise ValueError(f"{name} is not between 0 and 1")
        for name in ("modes", "densities", "strategies", "pacings", "goals"):
            if not getattr(self, name):
                raise ValueError(f"{name} leaves nothing to choose")
        if self.liked and not set(self.liked) - set(self.avoided):
            raise ValueError("no style is left: every one that is liked is avoided too")

    def styles(self, there: Sequence[str]) -> tuple[str, ...]:
        """Return those of the styles that there are that may be played."""
        wanted = [style for style in self.liked if style in there] if self.liked else there
        return tuple(style for style in wanted if style not in self.avoided)


def candidates(wanted: Preferences, styles: Sequence[str] = BUILT_IN) -> list[MusicOption]:
    """Return every option that a person allows, at least one, always in the same order.

    `styles` are those that there are. Raises `ConfigError` when none of them is left.
    """
    allowed = wanted.styles(styles)
    if not allowed:
        raise ConfigError(
            "no style is left that is wanted and can be played",
            hint=f"There are {', '.join(styles)}: biofeedback profile set NAME liked= avoided=",
        )
    ways = [
        (strategy, pacing)
        for strategy in wanted.strategies
        for pacing in (wanted.pacings if strategy == "breathe" else ("",))
    ]
    return [
        MusicOption(style=style, modes=modes, density=density, strategy=strategy, pacing=pacing)
        for style, modes, density, (strategy, pacing) in itertools.product(
            allowed, wanted.modes, wanted.densities, ways
        )
    ]
