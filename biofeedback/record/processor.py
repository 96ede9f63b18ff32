"""Which processor computes here, as a log's header names it."""

from __future__ import annotations

import platform
import re
from functools import cache
from pathlib import Path

import numpy as np

from biofeedback.record.lines import ProcessorItem

__all__ = ["other_processor", "processor"]

_LINUX = Path("/proc/cpuinfo")


@cache
def processor() -> ProcessorItem:
    """Return the processor of this computer.

    Returns
    -------
    ProcessorItem
        Its features are those that numpy has found and not been told to leave alone.
    """
    simd = np.show_config(mode="dicts").get("SIMD Extensions", {})
    features = [*simd.get("baseline", []), *simd.get("found", [])]
    return ProcessorItem(model=_model(), features=features)


def other_processor(logged: ProcessorItem | None) -> tuple[str, str] | None:
    """Compare the processor that a log names with the one that is here.

    Parameters
    ----------
    logged
        What the header names; None where it names none.

    Returns
    -------
    tuple[str, str] | None
        The one of the log and this one, in words; None where they are alike or nothing is known.
    """
    here = processor()
    if logged is None or logged == here:
        return None
    return _named(logged), _named(here)


def _named(item: ProcessorItem) -> str:
    return f"{item.model} ({', '.join(item.features)})"


def _model() -> str:
    text = _LINUX.read_text(encoding="utf-8", errors="replace") if _LINUX.exists() else ""
    named = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return named[1].strip() if named else platform.processor() or platform.machine()
