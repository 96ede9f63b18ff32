"""Courses as a table: one row for each group of listeners."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from biofeedback.lab.measures import CourseVerdict

__all__ = ["HEADINGS", "GroupRow", "row", "text"]

HEADINGS = (
    "listeners", "n", "brought and kept", "arrived at", "kept", "overshoot 95 %", "cycles",
    "fall", "spread", "stopped", "paradox", "in 3 min", "moved up blind", "breathing captured",
)  # fmt: skip

_SOON_S = 180.0


class GroupRow(msgspec.Struct, frozen=True, kw_only=True):
    """A group's figures; shares are 0 to 1, arousal in parts of its range."""

    name: str
    n: int
    success: float
    arrived_s: float | None  #: median of those who arrived
    kept: float
    overshoot: float  #: 95th percentile
    cycles: float
    fall: float
    spread: float
    stopped: float  #: share in which a stop rule was at work
    paradox: float  #: share taken for listeners whom calm music stirs up
    paradox_within_3_min: float
    upward: int  #: ticks in all
    captured: float  #: share whose breath went with the music at the end


def row(name: str, verdicts: Sequence[CourseVerdict]) -> GroupRow:
    """Sum up a group; it must not be empty."""
    arrived = [v.arrived_s for v in verdicts if v.arrived_s is not None]
    falls = [v.fall for v in verdicts]
    stops = [v.stop_s for v in verdicts]
    paradoxes = [v.paradox_s for v in verdicts]
    return GroupRow(
        name=name,
        n=len(verdicts),
        success=float(np.mean([v.success for v in verdicts])),
        arrived_s=float(np.median(arrived)) if arrived else None,
        kept=float(np.mean([v.kept for v in verdicts])),
        overshoot=float(np.quantile([v.overshoot for v in verdicts], 0.95)),
        cycles=float(np.mean([v.cycles for v in verdicts])),
        fall=float(np.mean(falls)),
        spread=float(np.std(falls)),
        stopped=float(np.mean([s is not None for s in stops])),
        paradox=float(np.mean([s is not None for s in paradoxes])),
        paradox_within_3_min=float(np.mean([s is not None and s <= _SOON_S for s in paradoxes])),
        upward=sum(v.upward for v in verdicts),
        captured=float(np.mean([v.captured > 0.7 for v in verdicts])),
    )


def text(rows: Sequence[GroupRow]) -> str:
    """Return the rows as aligned columns under headings."""
    cells = [HEADINGS, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(len(HEADINGS))]
    return "\n".join(
        "  ".join(
            cell.ljust(width) if column == 0 else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in cells
    )


def _cells(row: GroupRow) -> tuple[str, ...]:
    return (
        row.name,
        str(row.n),
        f"{100 * row.success:.1f} %",
        "-" if row.arrived_s is None else f"{row.arrived_s:.0f} s",
        f"{100 * row.kept:.0f} %",
        f"{row.overshoot:.3f}",
        f"{100 * row.cycles:.0f} %",
        f"{row.fall:+.3f}",
        f"{row.spread:.3f}",
        f"{100 * row.stopped:.0f} %",
        f"{100 * row.paradox:.1f} %",
        f"{100 * row.paradox_within_3_min:.1f} %",
        str(row.upward),
        f"{100 * row.captured:.0f} %",
    )
