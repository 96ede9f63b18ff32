"""What every reader of recordings promises, tried on one recording of its format."""

from __future__ import annotations

import shutil
from pathlib import Path
from random import Random

import numpy as np
import pytest

from biofeedback.offline.recordings import READERS, read_recording
from sensors.errors import SensorError
from sensors.files.recording import Recording

KIND = "reader"
_CUTS = 12


@pytest.fixture
def copy(sample: Path, tmp_path: Path) -> Path:
    """Return a copy of the recording that may be spoiled."""
    target = tmp_path / sample.name
    return Path((shutil.copytree if sample.is_dir() else shutil.copyfile)(sample, target))


def test_it_recognises_its_format_and_no_other(part: str, sample: Path) -> None:
    if part in READERS.built_in:
        return
    reader = READERS.load(part)
    assert reader.recognises(sample, b"" if sample.is_dir() else sample.read_bytes())
    others = (
        b"",
        b"\x00",
        b"time,rr\n0,800\n",
        b"800\n810\n790\n",
        bytes(range(256)),
        b"\xff" * 99,
    )
    for data in others:
        assert not reader.recognises(Path("other.txt"), data)


def test_values_are_finite_or_in_a_gap_and_times_never_go_backwards(
    part: str, sample: Path
) -> None:
    recording = read_recording(sample)
    assert recording.series
    assert recording.duration_s > 0.0
    for chunk in recording.series:
        assert np.isfinite(chunk.times_s).all()
        assert (np.diff(chunk.times_s) >= 0.0).all()
        assert chunk.times_s[0] >= 0.0
        assert chunk.times_s[-1] <= recording.duration_s + 1e-6
        missing = chunk.times_s[~np.isfinite(chunk.values).all(axis=1)]
        gaps = [gap for gap in recording.gaps if gap.signal is chunk.signal]
        for time_s in missing:
            assert any(gap.start_s - 1e-6 <= time_s <= gap.end_s + 1e-6 for gap in gaps)
    assert [time_s for time_s, _ in recording.markers] == sorted(t for t, _ in recording.markers)


def test_reading_twice_gives_the_same(part: str, sample: Path) -> None:
    first, second = read_recording(sample), read_recording(sample)
    assert first.gaps == second.gaps
    for one, other in zip(first.series, second.series, strict=True):
        assert one.signal is other.signal
        assert np.array_equal(one.times_s, other.times_s)
        assert np.array_equal(one.values, other.values, equal_nan=True)


def test_reading_changes_and_leaves_nothing(part: str, copy: Path) -> None:
    before = _contents(copy.parent)
    read_recording(copy)
    assert _contents(copy.parent) == before


def test_a_recording_that_was_cut_or_spoiled_is_read_or_refused_with_a_hint(
    part: str, copy: Path
) -> None:
    rng = Random(1)
    for path in sorted(p for p in (copy.rglob("*") if copy.is_dir() else [copy]) if p.is_file()):
        data = path.read_bytes()
        for number in range(_CUTS):
            spoiled = bytearray(data[: rng.randrange(len(data) + 1)])
            if number % 2 and spoiled:
                spoiled[rng.randrange(len(spoiled))] = rng.randrange(256)
            path.write_bytes(spoiled)
            refused = _refusal(copy)
            assert refused is None or refused.hint
            assert "\n" not in str(refused)
        path.write_bytes(data)


def _refusal(path: Path) -> SensorError | None:
    try:
        found: object = read_recording(path)
    except SensorError as error:
        return error
    assert isinstance(found, Recording)
    return None


def _contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
