"""Fixed: music that ignores the body, as a condition to compare with."""

from __future__ import annotations

from typing import Annotated

import msgspec

from biofeedback.control.base import Aim, Moment

__all__ = ["Fixed", "FixedSettings"]


class FixedSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The activation that stays."""

    level: Annotated[float, msgspec.Meta(ge=0.0, le=1.0)] = 0.25


class Fixed:
    """Keeps one level from beginning to end."""

    follows_body = False
    finished = False

    def __init__(self, settings: FixedSettings) -> None:
        self._level = settings.level

    def aim(self, moment: Moment) -> Aim:
        """Return the same aim each time."""
        why = "Fixed music: it does not follow the body."
        return Aim(self._level, None, why, cause="fixed")
