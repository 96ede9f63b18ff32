"""Text from outside, such as a device's name, as one short line that nothing obeys."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["LONGEST_NAME", "printable"]

LONGEST_NAME = 64  #: characters; names are shorter, and they end up on a line of the screen
#: What terminals obey (ECMA-48): control sequences, strings with their ends, other escapes.
_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]?"
    r"|(?:\x1b[\]PX^_]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c\n]*(?:\x07|\x1b\\|\x9c)?"
    r"|\x1b[ -/]*[0-~]?"
)
#: Marks that stack on one letter without end; no script needs more of them.
_MARKS = re.compile(
    r"(\S)([\u0300-\u036f\u0483-\u0489\u20d0-\u20f0]{2})[\u0300-\u036f\u20d0-\u20f0]+"
)


def printable(text: str, longest: int | None = None, *, lines: bool = False) -> str:
    """Return text without anything that a terminal, a page or a log line obeys.

    Escape sequences and invisible characters go (direction marks among them, which let text read
    backwards), what separates becomes one space, and letters are composed, so that equal names are
    equal.

    Parameters
    ----------
    text
        From outside, of any length.
    longest
        Characters that are shown; None for all. What is longer is cut and ends in "…".
    lines
        Whether line breaks and spaces stay as they are.

    Returns
    -------
    str
        It may be empty.
    """
    if not (text.isascii() and text.isprintable()):
        text = "".join(_shown(character, lines) for character in _ESCAPES.sub("", text))
        text = _MARKS.sub(r"\1\2", unicodedata.normalize("NFC", text))
    if not lines:
        text = " ".join(text.split())
    if longest is not None and len(text) > longest:
        text = f"{text[: longest - 1].rstrip()}…"
    return text


def _shown(character: str, lines: bool) -> str:
    if character.isprintable() or (lines and character == "\n"):
        return character
    # Cs: half a character; Cf: what steers how others are shown; Cn, Co: nothing that anybody knows
    return "" if unicodedata.category(character) in ("Cf", "Cs", "Cn", "Co") else " "
