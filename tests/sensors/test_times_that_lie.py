"""Times that cannot be those of their rows are not believed, and that is said."""

from pathlib import Path

import numpy as np
import pytest

from sensors.errors import RecordingError
from sensors.files import read


def table(path: Path, head: str, times_s: np.ndarray, values: np.ndarray) -> Path:
    rows = zip(times_s.tolist(), values.tolist(), strict=True)
    path.write_text(head + "\n" + "".join(f"{a:.3f},{b:.4f}\n" for a, b in rows))
    return path


def test_intervals_beside_times_that_lie_follow_each_other(tmp_path: Path) -> None:
    rr_ms = 850 + 40 * np.sin(np.arange(300))
    times_s = np.cumsum(rr_ms) / 1000 * 144
    recording = read(table(tmp_path / "rr.csv", "time_s,rr_ms", times_s, rr_ms))
    assert recording.duration_s == pytest.approx(rr_ms.sum() / 1000, abs=0.01)
    assert not recording.gaps
    assert any("not believed" in warning for warning in recording.warnings)


def test_a_wave_that_claims_two_samples_a_second_is_refused(tmp_path: Path) -> None:
    times_s = np.arange(3000) / 250 * 144
    path = table(tmp_path / "ecg.csv", "time_s,ecg_mV", times_s, np.sin(np.arange(3000) / 9))
    with pytest.raises(RecordingError, match=r"1\.7 samples of ecg a second") as refused:
        read(path)
    assert "--rate" in (refused.value.hint or "")
    assert read(path, rate_hz=250.0).duration_s == pytest.approx(12.0)


def test_a_handful_of_rows_says_nothing_against_its_times(tmp_path: Path) -> None:
    path = table(tmp_path / "rr.csv", "time_s,rr_ms", np.arange(5) * 60.0, np.full(5, 800.0))
    (rr,) = read(path).series
    assert rr.times_s.tolist() == [0.0, 60.0, 120.0, 180.0, 240.0]
