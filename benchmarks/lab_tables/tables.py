"""Rows with what was asked and whether it is met."""

from dataclasses import dataclass, field

__all__ = ["Lines", "share"]


@dataclass
class Lines:
    """Lines of a part of the table, and how many fell short."""

    title: str
    lines: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.lines.append(f"-- {self.title}")

    def row(self, item: str, found: str, asked: str = "", met: bool | None = None) -> None:
        """Add a line; `met` is None where nothing was asked."""
        verdict = "" if met is None else "PASS" if met else "SHORT"
        self.lines.append(f"{item:54}{found:>34}  {asked:22}{verdict}".rstrip())


def share(part: int, whole: int) -> str:
    """Return a share as a percentage, with the counts."""
    return f"{100.0 * part / max(1, whole):.1f} % ({part} of {whole})"
