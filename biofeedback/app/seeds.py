"""A seed of its own for each session: nobody hears the same first notes twice by chance."""

from __future__ import annotations

import secrets

__all__ = ["MOST", "draw"]

MOST = 999_999_999  #: nine digits: short enough to type, and two of a million rarely agree


def draw() -> int:
    """Return a seed from 1 to `MOST`, from the system's own source of randomness.

    It stands in the session's header, and `--seed` repeats the session's music with it.
    """
    return 1 + secrets.randbelow(MOST)
