"""Cuts recordings into the seconds in which a sensor would have delivered them."""

from __future__ import annotations

import os
from collections import defaultdict
from itertools import pairwise
from pathlib import Path

import numpy as np

from sensors.files import Recording, read
from sensors.signals import Chunk, Gap, Signal

__all__ = ["recordings_folder", "seconds", "stress_predict"]

_MEASURED = set(Signal) - {Signal.RESP}


def recordings_folder() -> Path:
    """Return the folder of the public recordings, which `BIOFEEDBACK_RECORDINGS` names."""
    folder = os.environ.get("BIOFEEDBACK_RECORDINGS")
    if not folder:
        raise SystemExit("Set BIOFEEDBACK_RECORDINGS to the folder with the public recordings.")
    return Path(folder)


def stress_predict() -> dict[str, Recording]:
    """Return the people of the Stress-Predict data set by name."""
    folder = recordings_folder() / "stress_predict"
    return {path.name: read(path) for path in sorted(folder.glob("S*")) if path.is_dir()}


def seconds(recording: Recording) -> list[list[Chunk | Gap]]:
    """Return what arrives at second 0, 1, 2 and so on; samples come in the second after theirs."""
    arrivals: dict[int, list[Chunk | Gap]] = defaultdict(list)
    for gap in recording.gaps:
        if gap.signal in _MEASURED:
            arrivals[int(np.ceil(gap.end_s))].append(gap)
    for chunk in recording.series:
        if chunk.signal not in _MEASURED:
            continue
        second = np.ceil(chunk.times_s).astype(int)
        edges = [0, *(np.flatnonzero(np.diff(second)) + 1).tolist(), len(second)]
        for start, end in pairwise(edges):
            piece = slice(start, end)
            arrivals[int(second[start])].append(
                Chunk(
                    chunk.signal,
                    chunk.source,
                    chunk.times_s[piece],
                    chunk.values[piece],
                    chunk.rate_hz,
                )
            )
    return [arrivals[second] for second in range(int(recording.duration_s) + 1)]
