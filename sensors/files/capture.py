"""Captures of the radio as recordings: what their drivers make of them, signal by signal."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from sensors.captures.archive import read_capture
from sensors.files.recording import Recording, assemble, name_of, on_grid
from sensors.files.series import Series
from sensors.signals import Chunk, Gap, Signal

__all__ = ["read_capture_recording"]


def read_capture_recording(path: Path) -> Recording:
    """Return a capture as a recording.

    Parameters
    ----------
    path
        As `biofeedback capture` wrote it.

    Returns
    -------
    Recording
        Each signal once.

    Raises
    ------
    RecordingError
        When it is damaged, or holds no samples.
    SettingsError
        When the profile in it has a mistake.
    """
    from sensors.captures.playing import samples_of  # with the drivers of all sensors

    capture, name = read_capture(path), name_of(path)
    chunks: dict[Signal, list[Chunk]] = defaultdict(list)
    gaps: list[Gap] = []
    for sample in samples_of(capture, name):
        if isinstance(sample, Chunk):
            chunks[sample.signal].append(sample)
        elif isinstance(sample, Gap):
            gaps.append(sample)
    warnings = [] if capture.values == "keep" else ["Its values were made coarse by its giver."]
    series = [_joined(signal, name, those) for signal, those in chunks.items()]
    kind = f"Bluetooth capture of {capture.name}"
    return assemble(path, kind, series, gaps, warnings=warnings)


def _joined(signal: Signal, name: str, chunks: list[Chunk]) -> Series:
    times_s = np.concatenate([chunk.times_s for chunk in chunks])
    values = np.concatenate([chunk.values for chunk in chunks])
    if all(chunk.rate_hz is None for chunk in chunks):
        return Chunk.events(signal, name, times_s, values)
    return on_grid(signal, name, times_s, values)
