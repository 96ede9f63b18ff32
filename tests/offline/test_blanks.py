"""Where a figure is blank, one sentence says why: in the table, and to programs."""

import json
from pathlib import Path

import numpy as np
import pytest

from biofeedback.cli.metrics_table import as_json, blank
from biofeedback.offline.analysis import Analysis, analyze


def written(path: Path, head: str, rows: list[str]) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def beats(path: Path, seconds: int, *, spoiled: tuple[int, int] = (0, 0)) -> Path:
    """Write RR intervals; those from one to another are artefacts."""
    rr = (850 + 40 * np.sin(np.arange(int(seconds / 0.85)) / 3)).astype(int)
    rr[slice(*spoiled)] = np.where(np.arange(spoiled[1] - spoiled[0]) % 2, 400, 1300)
    return written(path, "rr_ms", [str(value) for value in rr])


def skin(path: Path, rate_hz: float, seconds: int, *, hole_s: tuple[int, int] = (0, 0)) -> Path:
    times_s = np.arange(int(seconds * rate_hz)) / rate_hz
    rows = [f"{t:.3f},{4 + np.sin(t / 3):.4f}" for t in times_s
            if not hole_s[0] <= t < hole_s[1]]  # fmt: skip
    return written(path, "time [s],eda_us", rows)


def reasons(found: Analysis, name: str) -> list[str]:
    assert found.blanks is not None
    return [
        found.blanks.why(reading, window)
        for window in found.windows
        for reading in window.readings
        if reading.name == name
    ]


def test_a_value_has_no_reason_and_each_blank_has_one(tmp_path: Path) -> None:
    found = analyze(beats(tmp_path / "rr.txt", 60))
    assert found.blanks is not None
    for window in found.windows:
        for reading in window.readings:
            assert bool(found.blanks.why(reading, window)) == (reading.value is None)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("scl", "it holds no skin conductance"),
        ("motion", "it holds no acceleration"),
        ("lf", "it needs 120 s in one window: --window 150"),
        ("vlf", "it needs 270 s in one window: --window 300"),
    ],
)
def test_what_beats_alone_cannot_tell_is_said(tmp_path: Path, name: str, said: str) -> None:
    assert reasons(analyze(beats(tmp_path / "rr.txt", 60)), name) == [said]


def test_the_window_that_a_reason_names_gives_the_value(tmp_path: Path) -> None:
    path = beats(tmp_path / "rr.txt", 320)
    assert reasons(analyze(path, window_s=150), "lf")[:2] == ["", ""]
    assert reasons(analyze(path, window_s=300), "vlf")[0] == ""


def test_artefacts_and_too_few_beats_are_counted(tmp_path: Path) -> None:
    found = analyze(beats(tmp_path / "bad.txt", 60, spoiled=(5, 65)))
    (said,) = reasons(found, "rmssd")
    assert said.endswith("beats were left out as artefacts")
    assert said.split()[0].isdigit()


def test_skin_conductance_that_is_too_slow_or_has_a_hole_is_said(tmp_path: Path) -> None:
    slow = analyze(skin(tmp_path / "slow.csv", 0.1, 300))
    assert set(reasons(slow, "scr_rate")) == {
        "it has a sample every 10 s, and one a second is needed"
    }
    holed = analyze(skin(tmp_path / "hole.csv", 4.0, 180, hole_s=(60, 110)))
    assert reasons(holed, "scl")[1] == (
        "50 s of the window are a gap: samples are missing or unreadable"
    )
    assert reasons(holed, "rmssd")[0] == "it holds no RR intervals, no ECG and no pulse wave"


def test_an_ecg_without_beats_or_too_slow_to_have_any_is_said(tmp_path: Path) -> None:
    flat = written(tmp_path / "flat.csv", "time,ecg_mv", [f"{i / 100},0.1" for i in range(6000)])
    assert reasons(analyze(flat), "rmssd") == ["no beats were found in its ECG"]
    slow = written(tmp_path / "slow.csv", "ecg_mv", ["0.1", "0.2"] * 300)
    (said,) = reasons(analyze(slow, rate_hz=10.0), "rmssd")
    assert said == "10 samples of its ECG a second are too few to see beats"


def test_a_heart_rate_alone_has_no_beats(tmp_path: Path) -> None:
    path = written(tmp_path / "hr.csv", "time,hr", [f"{i},70" for i in range(60)])
    assert reasons(analyze(path), "rmssd") == ["it holds a heart rate alone, and no single beats"]
    assert reasons(analyze(path), "heart_rate") == [""]


def test_the_table_says_each_reason_once_and_the_windows_that_it_is_of(tmp_path: Path) -> None:
    lines = blank(analyze(skin(tmp_path / "hole.csv", 4.0, 180, hole_s=(60, 118))))
    assert len(lines) == 2
    assert lines[0].startswith("No HR, RMSSD,")
    assert lines[1].startswith("No SCL, SCR in one window from 1:00 on: 58 s")


def test_programs_read_the_reasons_too(tmp_path: Path) -> None:
    told = json.loads(as_json(analyze(skin(tmp_path / "eda.csv", 4.0, 60))))
    metrics = told["windows"][0]["metrics"]
    assert metrics["rmssd"]["why"] == "it holds no RR intervals, no ECG and no pulse wave"
    assert "why" not in metrics["scl"]
    assert set(told["blank"]) == {"hrv", "spectrum", "nonlinear"}
