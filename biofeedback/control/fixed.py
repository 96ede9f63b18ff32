"""Fixed: music that ignores the body, as a condition to compare with.

Silence can calm more than slow music does: in Bernardi et al. (2005) two minutes of it between
pieces brought heart rate, blood pressure and ventilation below their baseline.
"""

from __future__ import annotations

from typing import Annotated

import msgspec

from biofeedback.control.base import ControlInput, ControlTarget
from biofeedback.control.breathe import RestingBreathRate

__all__ = ["Fixed", "FixedSettings", "Silence"]


_SLOWEST = 4.0


class FixedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The activation that stays, and a pace to breathe with, if there shall be one."""

    level: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.25
    #: of a swell that is the same for everybody; 0: none
    breaths_per_minute: Annotated[float, msgspec.Meta(ge=0.0, le=10.0)] = 0.0

    def __post_init__(self) -> None:
        if 0.0 < self.breaths_per_minute < _SLOWEST:
            raise ValueError(f"breaths_per_minute is below {_SLOWEST:g} and not 0")


class Fixed:
    """Keeps one level, and one pace, from beginning to end.

    The own breathing rate bounds the pace as everywhere else: nobody is led to breathe faster than
    they do.
    """

    follows_body = False
    finished = False

    def __init__(self, settings: FixedSettings) -> None:
        self._settings = settings
        self._own = RestingBreathRate()

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Return the same aim each time."""
        settings = self._settings
        if not settings.breaths_per_minute:
            why = "Fixed music: it does not follow the body."
            return ControlTarget(settings.level, None, why, cause="fixed")
        self._own.feed(moment)
        own = self._own.per_minute
        pace = min(settings.breaths_per_minute, own or settings.breaths_per_minute)
        return ControlTarget(
            settings.level,
            None,
            f"A swell of {pace:.1f} breaths a minute, the same for everybody. Never strain.",
            swell=1.0,
            pace_per_minute=pace,
            most_per_minute=own,
            cause="fixed",
            numbers={"pace_per_minute": pace},
        )


_LEVEL = 0.2  #: at which the music comes back, softly. Ours.


class Silence:
    """Lets the phrase close, and is silent from there on."""

    follows_body = False
    finished = False

    def aim(self, moment: ControlInput) -> ControlTarget:
        """Return the same aim each time."""
        why = "The music pauses: silence is part of it."
        return ControlTarget(_LEVEL, None, why, silent=True, cause="silence")
