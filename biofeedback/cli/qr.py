"""A QR code on the terminal, for a phone to take a link from."""

from __future__ import annotations

import io
from typing import TextIO

__all__ = ["show"]

_WHITE_ON_BLACK, _PLAIN = "\033[97;40m", "\033[0m"


def show(text: str, to: TextIO) -> str:
    """Write the code of a text; return why there is none, "" when there is one."""
    try:
        import segno
    except ImportError:
        return 'There is no QR code without segno: pip install "biofeedback[web]"'
    drawn = io.StringIO()
    segno.make(text, micro=False).terminal(drawn, compact=True)
    lines = drawn.getvalue().splitlines()
    if to.isatty():  # light on dark is what cameras expect, whatever the terminal's colours are
        lines = [f"{_WHITE_ON_BLACK}{line}{_PLAIN}" for line in lines]
    try:
        to.write("\n".join([*lines, ""]))
    except UnicodeEncodeError:
        return "There is no QR code: this terminal shows no block characters."
    to.flush()
    return ""
