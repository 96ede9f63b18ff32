"""A session's readings as tab-separated text, for a spreadsheet.

biofeedback export SESSION readings.tsv --to tsv
"""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path

from biofeedback.record.tables import gather
from biofeedback.record.targets import new_file

__all__ = ["ENDING", "export"]

ENDING = ".tsv"


def export(
    session: Path, out: Path, *, force: bool, progress: Callable[[float], None]
) -> list[Path]:
    """Write a line for each second; what was not known then is empty."""
    readings = gather(session, lambda samples: None, progress)["readings"]
    with new_file(out, force=force) as path, path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(readings.columns), delimiter="\t", lineterminator="\n")
        writer.writeheader()
        writer.writerows(readings.rows)
    return [out]
