"""Where a bar stands in the form: sections of sixteen bars, four phrases, A A B A."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["BEATS_PER_BAR", "PHRASE_BARS", "SECTION_BARS", "BarPlace", "place"]

BEATS_PER_BAR = 4
PHRASE_BARS = 4
SECTION_BARS = 16
_NAMES = ("A1", "A2", "B", "A3")


@dataclass(frozen=True, slots=True)
class BarPlace:
    """A bar's section, phrase (0 to 3) in the section and bar (0 to 3) in the phrase."""

    section: int
    phrase: int
    bar: int

    @property
    def theme(self) -> str:
        """The letter of the phrase: "A" or "B"."""
        return _NAMES[self.phrase][0]

    @property
    def first(self) -> bool:
        """Whether the bar starts a phrase."""
        return self.bar == 0

    @property
    def last(self) -> bool:
        """Whether the bar ends a phrase."""
        return self.bar == PHRASE_BARS - 1

    @property
    def closes_section(self) -> bool:
        """Whether the phrase ends with the full cadence; the others end on the dominant."""
        return self.phrase == 3

    def __str__(self) -> str:
        return f"{_NAMES[self.phrase]} bar {self.bar + 1}/{PHRASE_BARS}"


def place(index: int) -> BarPlace:
    """Return the place of the bar with this index, from 0.

    Parameters
    ----------
    index
        Of the bar in the piece; counted from where the form begins.

    Returns
    -------
    BarPlace
        Section from 0, phrase and bar 0 to 3.
    """
    section, rest = divmod(index, SECTION_BARS)
    phrase, bar = divmod(rest, PHRASE_BARS)
    return BarPlace(section, phrase, bar)
