"""Every signal, spoilt in every way that sensors do it, and what is still trusted then."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

from body.table import Table

__all__ = ["run"]


def run(table: Table, quick: bool) -> None:
    """Add a row for each way, over all signals; the tests hold the same."""
    sys.path.insert(0, str(Path(__file__).parents[2] / "tests" / "metrics"))
    bad_input = importlib.import_module("bad_input")
    body = bad_input.body()
    truths = {
        signal: bad_input.readings([[chunk] for chunk in chunks]) for signal, chunks in body.items()
    }
    for way in bad_input.WAYS:
        wrong, failed = 0, 0
        for signal, chunks in body.items():
            try:
                said = bad_input.readings(bad_input.spoil(chunks, way))
            except Exception:  # whatever it is, it must not happen
                failed += 1
                continue
            wrong += len(bad_input.confidently_wrong(said, truths[signal]))
        table.row(
            f"{way}, {len(body)} signals: exceptions; trusted and wrong", f"{failed}; {wrong}",
            "0; 0", failed == wrong == 0,
        )  # fmt: skip
