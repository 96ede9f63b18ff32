"""Which of the devices that exist a user means."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

from synth.errors import OutputUnavailable

__all__ = ["choose"]


def choose(wanted: str, names: Sequence[str], *, what: str, hint: str) -> str:
    """Return the one name that is meant; case does not matter.

    The exact name wins, then a pattern with `*` or `?`, then a part of a name; of two that fit,
    neither is taken. Raises `OutputUnavailable`, which lists what exists; `what` is a noun such
    as "MIDI port", `hint` a sentence of advice besides using what exists.
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
