"""Where all text for a person goes; nothing in it steers the terminal but our own styles."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

try:
    from sensors.printable import printable
except ImportError:  # a file of the user's is in the way, which `doctor` has to tell

    def printable(text: str, longest: int | None = None, *, lines: bool = False) -> str:
        """Return what is visible of a text."""
        return "".join(c for c in text if c.isprintable() or (lines and c == "\n"))


__all__ = ["Terminal", "printable"]


class Terminal(Console):
    """A console that shows names of devices, ports and files as text, whatever is in them."""

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield what is to be written, without control characters of others."""
        for segment in super().render(renderable, options):
            if segment.control or segment.text.isprintable() or segment.text == "\n":
                yield segment
            else:
                yield Segment(printable(segment.text, lines=True), segment.style)
