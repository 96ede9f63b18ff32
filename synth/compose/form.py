"""Where a bar stands in the form: sections of sixteen bars, four phrases, A A B A."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = [
    "BEATS_PER_BAR",
    "PHRASES",
    "PHRASE_BARS",
    "SECTION_BARS",
    "BarPlace",
    "Treatment",
    "place",
]

BEATS_PER_BAR = 4
PHRASE_BARS = 4
SECTION_BARS = 16
_NAMES = ("A1", "A2", "B", "A3")
PHRASES = len(_NAMES)  #: of a section


class Treatment(StrEnum):
    """What a section does with the themes."""

    ORNAMENT = "ornament"  #: neighbours and passing notes between its own
    SEQUENCE = "sequence"  #: the whole of it some steps higher or lower
    INVERSION = "inversion"  #: up is down
    AUGMENTATION = "augmentation"  #: its first half, twice as slow


#: After a first section that states them; every fourth brings the first back as it was.
_TREATMENTS: tuple[tuple[Treatment, ...], ...] = (
    (Treatment.ORNAMENT,),
    (Treatment.INVERSION, Treatment.ORNAMENT),
    (),
    (Treatment.SEQUENCE, Treatment.ORNAMENT),
    (Treatment.AUGMENTATION, Treatment.ORNAMENT),
    (Treatment.INVERSION, Treatment.SEQUENCE, Treatment.ORNAMENT),
    (),
    (Treatment.SEQUENCE, Treatment.ORNAMENT, Treatment.ORNAMENT),
)
#: Where the first theme is back, its second phrase and the other theme differ from time to time.
_SECOND = ((Treatment.ORNAMENT,), (), (Treatment.SEQUENCE, Treatment.ORNAMENT))
_BRIDGE = ((Treatment.ORNAMENT,), (Treatment.SEQUENCE,), (Treatment.INVERSION,))


@dataclass(frozen=True, slots=True)
class BarPlace:
    """A bar's section, phrase (0 to 3) in the section and bar (0 to 3) in the phrase."""

    section: int
    phrase: int
    bar: int

    @property
    def name(self) -> str:
        """The phrase's: "A1", "A2", "B" or "A3"."""
        return _NAMES[self.phrase]

    @property
    def theme(self) -> str:
        """The letter of the phrase: "A" or "B"."""
        return self.name[0]

    @property
    def treatments(self) -> tuple[Treatment, ...]:
        """What is done with the theme, one after another; nothing when it is stated."""
        if not self.section:
            return ()
        turn, number = divmod(self.section - 1, len(_TREATMENTS))
        found = _TREATMENTS[number]
        if not found:
            if self.name in ("A1", "A3"):
                return ()
            return (_SECOND if self.theme == "A" else _BRIDGE)[self.section // 4 % len(_BRIDGE)]
        return (*found, Treatment.SEQUENCE) if turn else found

    @property
    def harmony(self) -> int:
        """The number of the chords: 0 for those that the theme was made up with."""
        developed = any(t is not Treatment.ORNAMENT for t in self.treatments)
        return self.section if developed else 0

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
        return f"{self.name} bar {self.bar + 1}/{PHRASE_BARS}"


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
