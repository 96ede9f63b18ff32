"""The layouts that makers and programs export, each with the values that were put into it."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from rigs.layout_files import (
    ECG_MV,
    EDA_US,
    LAYOUTS,
    RR_MS,
    START,
    acq_text,
    hrv4training,
    opensignals,
)

from sensors.errors import RecordingError
from sensors.files import Recording, read
from sensors.signals import Chunk, FloatArray, Signal


def one(recording: Recording, signal: Signal) -> Chunk:
    (chunk,) = [chunk for chunk in recording.series if chunk.signal is signal]
    return chunk


def written(name: str, folder: Path) -> Recording:
    return read(LAYOUTS[name](folder / name))


@pytest.mark.parametrize(
    "name", ["polar_rr.txt", "emotibit_BI.csv", "two_columns.txt", "elite_hrv.txt",
             "hrv_logger.csv"],
)  # fmt: skip
def test_the_beats_of_a_layout_are_those_in_it(tmp_path: Path, name: str) -> None:
    found = written(name, tmp_path)
    assert (1000 * one(found, Signal.RR).values[:, 0]).tolist() == pytest.approx(RR_MS.tolist())
    assert found.gaps == ()
    assert found.warnings == ()


@pytest.mark.parametrize(
    ("name", "signal", "values", "rate_hz"),
    [
        ("polar_ecg.txt", Signal.ECG, np.sin(np.arange(7300) * 0.05) * 0.8, 130.0),
        ("polar_acc.txt", Signal.ACC, np.full(3000, 0.012), 50.0),
        ("polar_hr.txt", Signal.HR, 70.0 + np.arange(60) % 4, 1.0),
        ("consensys.csv", Signal.EDA, EDA_US, 10.0),
        ("consensys.csv", Signal.ACC, np.full(600, 0.1 / 9.80665), 10.0),
        ("emotibit_EA.csv", Signal.EDA, np.repeat(EDA_US, 2)[:900], 15.0),
        ("embrace_raw.csv", Signal.EDA, EDA_US, 10.0),
        ("acqknowledge.txt", Signal.ECG, ECG_MV, 100.0),
        ("acqknowledge.txt", Signal.EDA, EDA_US, 10.0),
    ],
)
def test_the_samples_of_a_layout_are_those_in_it(
    tmp_path: Path, name: str, signal: Signal, values: FloatArray, rate_hz: float
) -> None:
    found = written(name, tmp_path)
    chunk = one(found, signal)
    assert chunk.values[:, 0] == pytest.approx(values, abs=6e-4)
    assert chunk.rate_hz == pytest.approx(rate_hz, rel=1e-4)
    assert chunk.times_s[0] == pytest.approx(0.0, abs=1e-6)
    assert found.gaps == ()
    assert found.warnings == ()


@pytest.mark.parametrize(
    "name",
    ["polar_rr.txt", "polar_ecg.txt", "consensys.csv", "emotibit_EA.csv", "embrace_raw.csv",
     "opensignals.txt"],
)  # fmt: skip
def test_the_start_is_the_recordings_own(tmp_path: Path, name: str) -> None:
    started = written(name, tmp_path).started
    assert started is not None
    assert 0.0 <= (started.replace(tzinfo=None) - START).total_seconds() < 1.0


def test_minutes_without_the_wristband_are_a_gap(tmp_path: Path) -> None:
    found = written("embrace_minutes.csv", tmp_path)
    assert one(found, Signal.EDA).rate_hz == pytest.approx(1 / 60)
    assert found.started == datetime(2024, 5, 17, 9, 3, tzinfo=UTC)
    assert [(gap.start_s, gap.end_s) for gap in found.gaps] == [(2400.0, 2700.0)]


def test_one_row_a_day_is_no_recording(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"1\.0 days apart: a table of results") as caught:
        read(hrv4training(tmp_path / "measurements.csv"))
    assert "RR intervals" in caught.value.hint


@pytest.mark.parametrize("scale", [True, False])
@pytest.mark.parametrize("name", [True, False])
def test_text_of_acqknowledge_is_read_with_its_rate_with_and_without_times(
    tmp_path: Path, scale: bool, name: bool
) -> None:
    found = read(acq_text(tmp_path / "rest.txt", scale=scale, name=name))
    assert one(found, Signal.ECG).values[:, 0] == pytest.approx(ECG_MV, abs=1e-4)
    assert one(found, Signal.EDA).values[:, 0] == pytest.approx(EDA_US, abs=1e-4)


def test_counts_of_a_bitalino_become_units_and_its_counter_shows_what_was_lost(
    tmp_path: Path,
) -> None:
    found = written("opensignals.txt", tmp_path)
    lost = slice(3000, 3005)
    ecg, eda = one(found, Signal.ECG).values[:, 0], one(found, Signal.EDA).values[:, 0]
    assert np.delete(ecg, np.r_[lost]) == pytest.approx(np.delete(ECG_MV, np.r_[lost]), abs=2e-3)
    assert eda[0] == pytest.approx(5.0, abs=0.02)
    assert np.isnan(ecg[lost]).all()
    assert {(gap.start_s, gap.end_s) for gap in found.gaps} == {(30.0, 30.05)}


def test_counts_of_an_unknown_sensor_are_refused_until_it_is_named(tmp_path: Path) -> None:
    path = opensignals(tmp_path / "raw.txt", sensors=("RAW", "RAW"))
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert "A2, A3" in caught.value.hint
    eda = one(read(path, columns={"eda": "A3"}), Signal.EDA).values[:, 0]
    assert eda[0] == pytest.approx(5.0, abs=0.02)


def test_counts_of_an_unknown_device_are_refused_with_the_reason(tmp_path: Path) -> None:
    path = opensignals(tmp_path / "other.txt", device="other")
    with pytest.raises(RecordingError, match="what a count of other is worth is not known"):
        read(path, columns={"eda": "A3"})


def test_a_biosignalsplux_has_transfer_functions_of_its_own(tmp_path: Path) -> None:
    path = opensignals(tmp_path / "plux.txt", device="biosignalsplux", sensors=("ECG", "EDABIT"))
    found = read(path)
    assert one(found, Signal.EDA).values[0, 0] == pytest.approx(
        5.0 * 0.132 / 3.3 * 3 / 0.12, abs=0.03
    )
    assert one(found, Signal.ECG).values[:9, 0] == pytest.approx(
        ECG_MV[:9] * 1.1 * 3 / 3.3, abs=3e-3
    )


def test_a_delimiter_at_the_end_of_each_row_moves_no_column(tmp_path: Path) -> None:
    """Resistance stood beside it, and would have been taken for conductance."""
    rows = [f"{i / 4},{4 + i % 3 / 10},{250 - i % 3}," for i in range(200)]
    path = tmp_path / "ends.csv"
    path.write_text("time,eda_us,skin resistance kOhm\n" + "\n".join(rows) + "\n")
    assert one(read(path), Signal.EDA).values[:3, 0] == pytest.approx([4.0, 4.1, 4.2])
