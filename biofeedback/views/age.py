"""How old a number may be: it fades, then it is gone. One rule for every screen."""

from __future__ import annotations

from typing import Literal

__all__ = ["GONE_S", "OLD_S", "WORDLESS_S", "Age", "age_of"]

#: The slowest heart that is read, of 25 a minute, whose beat is judged one beat late and delivered
#: within a second, is seen this long ago at most. What is older is shown with its age, and beyond
#: the second not at all.
OLD_S, GONE_S = 6.5, 30.0
#: Pictures come twice a second while a session runs; without one for so long a screen says so, and
#: calls all that it shows old.
WORDLESS_S = 2.0

Age = Literal["fresh", "old", "gone"]


def age_of(measured_s: float | None, now_s: float, wordless_s: float = 0.0) -> Age:
    """Return what a number that was measured at `measured_s` is worth at `now_s`.

    `wordless_s` is for how long there has been no picture. What nobody has measured is gone.
    """
    if measured_s is None or now_s - measured_s > GONE_S:
        return "gone"
    return "old" if now_s - measured_s > OLD_S or wordless_s > WORDLESS_S else "fresh"
