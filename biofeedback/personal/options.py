"""Which kinds of session the learner may choose among; none of them touches a limit."""

from __future__ import annotations

import itertools
from typing import Literal

import msgspec

__all__ = ["FACTORS", "STYLES", "Factor", "MusicOption", "Preferences", "candidates"]

Style = Literal["ambient", "piano", "pulse", "chamber", "lofi", "drone_breath"]
Modes = Literal["wander", "bright", "dark"]
Density = Literal["sparse", "usual", "full"]
StrategyName = Literal["lead", "breathe"]
Pacing = Literal["0.75", "0.85"]
Goal = Literal["calm", "breathing", "sleep", "focus"]
Tonic = Literal["C", "Db", "D", "Eb", "E", "F", "Gb", "G", "Ab", "A", "Bb", "B"]
Instrument = Literal["pad", "bass", "melody", "pluck", "bells", "percussion", "drone"]
Factor = Literal["style", "modes", "density", "strategy", "pacing"]

STYLES: tuple[Style, ...] = ("ambient", "piano", "chamber", "lofi", "pulse", "drone_breath")
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

    liked: tuple[Style, ...] = ()
    avoided: tuple[Style, ...] = ()
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
        if not self.styles:
            raise ValueError("no style is left: every one that is liked is avoided too")

    @property
    def styles(self) -> tuple[Style, ...]:
        """The styles that may be played."""
        wanted = self.liked or STYLES
        return tuple(style for style in wanted if style not in self.avoided)


def candidates(wanted: Preferences) -> list[MusicOption]:
    """Return every option that a person allows, at least one, always in the same order."""
    ways = [
        (strategy, pacing)
        for strategy in wanted.strategies
        for pacing in (wanted.pacings if strategy == "breathe" else ("",))
    ]
    return [
        MusicOption(style=style, modes=modes, density=density, strategy=strategy, pacing=pacing)
        for style, modes, density, (strategy, pacing) in itertools.product(
            wanted.styles, wanted.modes, wanted.densities, ways
        )
    ]
