"""A recording plays in order, batch by batch, exactly as it was written."""

import asyncio
from pathlib import Path

import numpy as np
import pytest
from rigs.recording_files import FORMATS, write_e4

from biofeedback.common.clock import run_virtual
from sensors.base import Sample, SensorStatus
from sensors.files import Recording, read
from sensors.files.recording import assemble
from sensors.files.replay import play
from sensors.files.series import finite_rows
from sensors.signals import Chunk, Gap, Signal


def played(recording: Recording, *, batch_s: float = 1.0) -> list[tuple[float, Sample]]:
    async def main() -> list[tuple[float, Sample]]:
        clock = asyncio.get_running_loop().time
        return [(clock(), sample) async for sample in play(recording, clock, batch_s=batch_s)]

    return run_virtual(main)


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("batch_s", [0.1, 1.0, 7.0])
def test_every_finite_sample_is_played_once(tmp_path: Path, name: str, batch_s: float) -> None:
    recording = read(FORMATS[name](tmp_path / name))
    samples = [sample for _, sample in played(recording, batch_s=batch_s)]
    assert [s for s in samples if isinstance(s, Gap)] == list(recording.gaps)
    for whole in recording.series:
        parts = [s for s in samples if isinstance(s, Chunk) and s.signal is whole.signal]
        finite = finite_rows(whole)
        assert np.array_equal(np.concatenate([p.values for p in parts]), whole.values[finite])
        times_s = np.concatenate([p.times_s for p in parts])
        if whole.rate_hz is None:
            assert np.array_equal(times_s, whole.times_s)
        else:
            assert np.allclose(times_s, whole.times_s[finite], rtol=0.0, atol=1e-9)


def test_a_batch_comes_when_its_second_is_over_with_all_signals(tmp_path: Path) -> None:
    recording = read(write_e4(tmp_path / "S99"))
    for now_s, sample in played(recording):
        if isinstance(sample, Chunk):
            assert sample.times_s[0] >= now_s - 1.0
            assert sample.times_s[-1] < now_s


def test_a_gap_comes_after_the_beats_before_it_and_before_those_after_it(tmp_path: Path) -> None:
    recording = read(write_e4(tmp_path / "S99"))
    rr = [s for _, s in played(recording, batch_s=30.0) if not isinstance(s, SensorStatus)]
    rr = [s for s in rr if s.signal is Signal.RR]
    before, gap, after = rr[:3]
    assert isinstance(before, Chunk)
    assert isinstance(gap, Gap)
    assert isinstance(after, Chunk)
    assert before.times_s[-1] == gap.start_s
    assert after.times_s[0] > gap.end_s


def test_samples_that_are_not_finite_are_left_out(tmp_path: Path) -> None:
    eda = Chunk.regular(Signal.EDA, "x", 0.0, 4.0, [1.0, np.nan, np.inf, 2.0, 3.0])
    samples = [s for _, s in played(assemble(tmp_path / "x", "test", [eda]))]
    assert samples[1:-1] == [
        Chunk.regular(Signal.EDA, "x", 0.0, 4.0, [1.0]),
        Gap(Signal.EDA, "x", 0.25, 0.75, "bad_data"),
        Chunk.regular(Signal.EDA, "x", 0.75, 4.0, [2.0]),
        Chunk.regular(Signal.EDA, "x", 1.0, 4.0, [3.0]),
    ]


def test_a_series_that_stops_early_leaves_a_gap_to_the_end(tmp_path: Path) -> None:
    eda = Chunk.regular(Signal.EDA, "x", 0.0, 4.0, [3.0] * 120)
    beats = Chunk.events(Signal.RR, "x", [1.0, 2.0, 3.0], [1.0, 1.0, 1.0])
    heart_rate = Chunk.regular(Signal.HR, "x", 0.0, 1.0, [60.0] * 26)  # no loss, but its end
    recording = assemble(tmp_path / "x", "test", [eda, beats, heart_rate])
    assert recording.gaps == (Gap(Signal.RR, "x", 3.0, 30.0, "bad_data"),)
    assert recording.gaps[0] in [sample for _, sample in played(recording)]


def test_a_late_start_changes_no_time(tmp_path: Path) -> None:
    recording = read(write_e4(tmp_path / "S99"))

    async def main() -> list[Sample]:
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(12.3)
        return [sample async for sample in play(recording, clock)]

    late = [s for s in run_virtual(main) if isinstance(s, Chunk)]
    assert late == [s for _, s in played(recording) if isinstance(s, Chunk)]


@pytest.mark.recordings
def test_an_hour_of_a_real_wristband_is_read_and_played_within_seconds(recordings: Path) -> None:
    recording = read(recordings / "stress_predict" / "S05")
    assert {chunk.signal for chunk in recording.series} >= {Signal.EDA, Signal.RR, Signal.ACC}
    assert recording.duration_s == pytest.approx(3278, abs=2)
    assert len(recording.markers) == 7
    assert recording.warnings == ()
    beats = next(chunk for chunk in recording.series if chunk.signal is Signal.RR)
    neighbours = np.abs(np.diff(beats.times_s) - beats.values[1:, 0]) < 1 / 64 + 0.001
    assert len(recording.gaps) == np.count_nonzero(~neighbours) + 1
    # The wristband found no beat in the last minutes.
    (last,) = [gap for gap in recording.gaps if gap.end_s == recording.duration_s]
    assert (last.signal, last.start_s) == (Signal.RR, beats.times_s[-1])
    samples = [sample for _, sample in played(recording)]
    assert sum(len(s) for s in samples if isinstance(s, Chunk)) == sum(
        len(chunk) for chunk in recording.series
    )


@pytest.mark.recordings
@pytest.mark.parametrize(
    ("name", "beats", "mean_ms"),
    [
        ("rest_rri.txt", 910, 1058.72),
        ("exercise_rri.hrm", 4117, 622.25),
        ("noisy_rri.hrm", 3581, 671.05),
    ],
)
def test_real_interval_files_have_all_of_their_beats(
    recordings: Path, name: str, beats: int, mean_ms: float
) -> None:
    (rr,) = read(recordings / "polar_rr" / name).series
    assert len(rr) == beats
    assert 1000 * rr.values.mean() == pytest.approx(mean_ms, abs=0.01)


@pytest.mark.recordings
def test_all_real_wristband_recordings_can_be_read(recordings: Path) -> None:
    folders = sorted(p for p in (recordings / "stress_predict").iterdir() if p.is_dir())
    assert folders
    for folder in folders:
        recording = read(folder)
        assert len(recording.series) == 6
        assert recording.duration_s > 2000.0
