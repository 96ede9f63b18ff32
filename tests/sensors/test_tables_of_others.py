"""More shapes of tables: whatever is in them is read rightly, or refused with what helps."""

from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from sensors.errors import RecordingError
from sensors.files import Recording, read
from sensors.signals import Chunk, Signal

START = datetime(2025, 11, 3, 23, 58, 40)
RR_MS = (820 + 35 * np.sin(np.arange(200) / 4) + np.arange(200) % 5).astype(int)
ENDS_S = np.cumsum(RR_MS) / 1000
TIMES_S = np.arange(240) / 4
EDA_US = 3 + np.sin(TIMES_S / 7)


def written(path: Path, head: str, rows: list[str]) -> Path:
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


def one(recording: Recording, signal: Signal) -> Chunk:
    (chunk,) = [chunk for chunk in recording.series if chunk.signal is signal]
    return chunk


def comma(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}".replace(",", "_").replace(".", ",").replace("_", ".")


def test_ticks_of_a_strap_are_told_from_milliseconds_by_the_times_beside_them(
    tmp_path: Path,
) -> None:
    ticks = [f"{1000 * e:.0f},{round(r * 1.024)}" for e, r in zip(ENDS_S, RR_MS, strict=True)]
    found = read(written(tmp_path / "ticks.csv", "ms,rr", ticks))
    assert 1000 * one(found, Signal.RR).values[:, 0] == pytest.approx(RR_MS, abs=0.6)
    assert "1/1024 s" in found.warnings[0]
    late = [
        f"{1004 * e:.0f},{r}" for e, r in zip(ENDS_S, RR_MS, strict=True)
    ]  # a clock that is off
    assert read(written(tmp_path / "late.csv", "ms,rr", late)).warnings == ()


def test_dates_are_the_time_whatever_heads_them(tmp_path: Path) -> None:
    rows = [f"{(START + timedelta(seconds=float(e))).isoformat()};{r}"
            for e, r in zip(ENDS_S, RR_MS, strict=True)]  # fmt: skip
    found = read(written(tmp_path / "received.csv", "received;rr_ms", rows))
    assert found.started == START + timedelta(seconds=float(ENDS_S[0]))


def test_points_between_thousands_are_no_decimal_points(tmp_path: Path) -> None:
    rows = [f"{comma(1000 * t, 0)};{comma(1000 * v, 1)}"
            for t, v in zip(TIMES_S, EDA_US, strict=True)]  # fmt: skip
    found = read(written(tmp_path / "thousands.csv", "Zeit (ms);EDA (nS)", rows))
    eda = one(found, Signal.EDA)
    assert eda.values[:, 0] == pytest.approx(EDA_US, abs=1e-3)
    assert eda.rate_hz == pytest.approx(4.0)


def test_one_note_with_a_comma_makes_no_decimal_commas(tmp_path: Path) -> None:
    rows = [f"{t:.3f};{v:.3f};{'1,5' if i == 9 else ''}"
            for i, (t, v) in enumerate(zip(TIMES_S, EDA_US, strict=True))]  # fmt: skip
    eda = one(read(written(tmp_path / "note.csv", "time;eda_us;note", rows)), Signal.EDA)
    assert eda.values[:, 0] == pytest.approx(EDA_US, abs=1e-3)
    assert eda.rate_hz == pytest.approx(4.0)


def test_a_unit_behind_a_number_with_a_comma_is_no_part_of_the_time(tmp_path: Path) -> None:
    rows = [f"{comma(e, 3)} s;{r} ms" for e, r in zip(ENDS_S, RR_MS, strict=True)]
    found = read(written(tmp_path / "suffix.csv", "Zeit;RR", rows))
    assert found.warnings == ()
    assert one(found, Signal.RR).times_s == pytest.approx(ENDS_S, abs=1e-3)


def test_dates_of_a_spreadsheet_are_days(tmp_path: Path) -> None:
    rows = [f"{45_000.5 + t / 86_400:.10f},{v:.4f}" for t, v in zip(TIMES_S, EDA_US, strict=True)]
    found = read(written(tmp_path / "serial.csv", "Date,EDA (uS)", rows))
    assert found.started == datetime(2023, 3, 15, 12)
    assert one(found, Signal.EDA).rate_hz == pytest.approx(4.0, rel=1e-4)


@pytest.mark.parametrize("head", ["subject,time,eda", "Participant ID,unix,eda", "VP,t,eda"])
def test_rows_of_two_people_are_refused_and_both_are_named(tmp_path: Path, head: str) -> None:
    start_s = 1.7e9 if "unix" in head else 0.0
    rows = [f"{who},{start_s + late_s + t},{v:.4f}" for who, late_s in (("P1", 0), ("P2", 900))
            for t, v in zip(TIMES_S, EDA_US, strict=True)]  # fmt: skip
    path = written(tmp_path / "both.csv", head, rows)
    with pytest.raises(RecordingError, match=r"holds 2 people .*P1, P2"):
        read(path)
    written(path, head, rows[: len(rows) // 2])
    assert one(read(path), Signal.EDA).values[:, 0] == pytest.approx(EDA_US, abs=1e-3)


@pytest.mark.parametrize(
    ("head", "row", "said"),
    [
        ("time,gsr", "{t},512", "eda=gsr [UNIT]"),
        ("sec,SkinRes_MOhm", "{t},0.25", "eda=SkinRes_MOhm"),
        ("time,chest (uV)", "{t},512", "ecg=chest (uV)"),
    ],
)
def test_the_hint_of_a_table_that_tells_too_little_names_what_to_type(
    tmp_path: Path, head: str, row: str, said: str
) -> None:
    path = written(tmp_path / "x.csv", head, [row.format(t=i / 100) for i in range(300)])
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert f'--columns "{said}"' in caught.value.hint


def test_of_two_tables_above_each_other_the_header_next_to_the_samples_counts(
    tmp_path: Path,
) -> None:
    """As in a sports watch's export: a row about the session stands above the samples."""
    head = "Name,Sport,Date,Start time,Average heart rate (bpm)\nJ,OTHER,03-11-2025,22:58:40,72\n"
    rows = [f"1,00:{i // 60:02}:{i % 60:02},{70 + i % 5},," for i in range(120)]
    head += "Sample rate,Time,HR (bpm),Speed (km/h),Pace (min/km)"
    hr = one(read(written(tmp_path / "watch.csv", head, rows)), Signal.HR)
    assert hr.values[:3, 0].tolist() == [70.0, 71.0, 72.0]
    assert hr.rate_hz == pytest.approx(1.0)


@pytest.mark.parametrize("pattern", ["%d %b %Y %H:%M:%S.%f", "%b %d, %Y %H:%M:%S.%f",
                                     "%Y%m%dT%H%M%S.%f", "%d-%b-%Y %H:%M:%S.%f"])  # fmt: skip
def test_dates_with_names_of_months_and_without_signs_are_dates(
    tmp_path: Path, pattern: str
) -> None:
    rows = [f'"{(START + timedelta(seconds=float(t))).strftime(pattern)}";{v:.4f}'
            for t, v in zip(TIMES_S, EDA_US, strict=True)]  # fmt: skip
    found = read(written(tmp_path / "dates.csv", "datetime;EDA", rows))
    assert found.started == START
    assert one(found, Signal.EDA).rate_hz == pytest.approx(4.0)


@pytest.mark.parametrize(
    "text",
    [
        " ".join(map(str, RR_MS)),
        ", ".join(map(str, RR_MS)) + "\n",
        "[" + ", ".join(map(str, RR_MS)) + "]",
        "\n".join(f"{rr};" for rr in RR_MS),
        "\n".join(f"{rr} N" for rr in RR_MS),
    ],
)
def test_a_list_of_intervals_is_one_however_it_is_written(tmp_path: Path, text: str) -> None:
    path = tmp_path / "list.txt"
    path.write_text(text)
    assert 1000 * one(read(path), Signal.RR).values[:, 0] == pytest.approx(RR_MS)


def test_times_of_beats_are_refused_as_what_they_are(tmp_path: Path) -> None:
    path = written(tmp_path / "peaks.txt", "peak", [f"{e:.3f}" for e in ENDS_S])
    with pytest.raises(RecordingError, match="only rise, as the times of beats do"):
        read(path)


def test_numbers_that_are_often_negative_are_no_conductance(tmp_path: Path) -> None:
    rows = [f"{t},{v - 3:.4f}" for t, v in zip(TIMES_S, EDA_US, strict=True)]
    with pytest.raises(RecordingError, match="negative, as no conductance is"):
        read(written(tmp_path / "z.csv", "time,EDA", rows))


def test_words_of_a_header_stand_together_where_two_spaces_part_its_columns(
    tmp_path: Path,
) -> None:
    rows = [f"{t:.2f}     {v:.4f}" for t, v in zip(TIMES_S, EDA_US, strict=True)]
    found = read(written(tmp_path / "wide.txt", "Time (s)  Skin Conductance (uS)", rows))
    assert one(found, Signal.EDA).values[:, 0] == pytest.approx(EDA_US, abs=1e-3)


@pytest.mark.parametrize("sign", [".", "*", "?", "nil"])
def test_signs_for_a_missing_value_are_gaps(tmp_path: Path, sign: str) -> None:
    rows = [f"{t},{sign if i == 9 else round(v, 4)}"
            for i, (t, v) in enumerate(zip(TIMES_S, EDA_US, strict=True))]  # fmt: skip
    (gap,) = read(written(tmp_path / "missing.csv", "time,eda", rows)).gaps
    assert (gap.start_s, gap.end_s) == (2.25, 2.5)
