"""What was recorded comes out of the CSV files as it went in."""

import csv
from pathlib import Path

import pytest
from replayed_session import eda_csv, replayed, rr_text

from biofeedback.common.errors import FolderError
from biofeedback.record import lines
from biofeedback.record.export_csv import export
from biofeedback.record.reader import read
from biofeedback.record.score import score_of
from biofeedback.record.tables import column


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("session")
    return replayed(folder, rr_text(folder / "rr.txt"), eda_csv(folder / "eda.csv"))


@pytest.fixture(scope="module")
def exported(session: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("exported") / "csv"
    paths = export(session, out, force=False, progress=lambda share: None)
    assert sorted(paths) == sorted(out.iterdir())
    return out


def test_every_sample_is_there_exactly(session: Path, exported: Path) -> None:
    for signal, name in (("rr", "rr_s"), ("eda", "eda_usiemens")):
        logged = [
            value
            for _, line in read(session)
            if isinstance(line, lines.ChunkLine) and line.signal == signal
            for value in line.values
        ]
        found = rows(exported / f"{signal}.csv")
        assert [float(row[name]) for row in found] == logged
        times_s = [float(row["time_s"]) for row in found]
        assert times_s == sorted(times_s)


def test_a_regular_series_gets_its_times_from_start_and_rate(exported: Path) -> None:
    times_s = [float(row["time_s"]) for row in rows(exported / "eda.csv")]
    assert times_s[:5] == [0.0, 0.25, 0.5, 0.75, 1.0]


def test_readings_have_a_row_a_second_and_a_column_a_metric(exported: Path) -> None:
    found = rows(exported / "readings.csv")
    assert [float(row["time_s"]) for row in found[:3]] == [0.0, 1.0, 2.0]
    assert found[0]["heart_rate_bpm"] == ""
    late = found[60]
    assert 70 < float(late["heart_rate_bpm"]) < 80
    assert 0 < float(late["scl_quality"]) <= 1
    assert {"rmssd_ms", "rmssd_quality", "rmssd_coverage", "scr_rate_per_min"} <= set(late)


def test_notes_carry_the_times_at_which_they_sounded(session: Path, exported: Path) -> None:
    score, found = score_of(session), rows(exported / "notes.csv")
    assert len(found) == len(score.notes)
    last = score.notes[-1]
    assert float(found[-1]["time_s"]) == score.tempo_map.time_at(last.beat)
    assert int(found[-1]["pitch_midi"]) == last.pitch


def test_decisions_say_why_in_words_and_numbers(exported: Path) -> None:
    found = rows(exported / "decisions.csv")
    assert found[0]["why"].endswith(".")
    assert float(found[0]["number_confidence"]) == 0.0
    assert 40 <= float(found[0]["tempo_bpm"]) <= 160


def test_events_are_in_order_and_hold_status_keys_and_the_end(exported: Path) -> None:
    found = rows(exported / "events.csv")
    times_s = [float(row["time_s"]) for row in found]
    assert times_s == sorted(times_s)
    assert {"status", "key", "end"} <= {row["kind"] for row in found}


def test_a_folder_with_something_in_it_is_left_alone(session: Path, tmp_path: Path) -> None:
    mine = tmp_path / "notes.csv"
    mine.write_text("mine")
    with pytest.raises(FolderError, match="not empty"):
        export(session, tmp_path, force=False, progress=lambda share: None)
    assert mine.read_text() == "mine"
    assert list(tmp_path.iterdir()) == [mine]


def test_force_writes_into_it_and_keeps_what_has_another_name(
    session: Path, tmp_path: Path
) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    export(session, tmp_path, force=True, progress=lambda share: None)
    assert (tmp_path / "mine.txt").read_text() == "mine"
    assert rows(tmp_path / "rr.csv")


def test_a_file_in_the_place_of_the_folder_is_refused(session: Path, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(FolderError):
        export(session, tmp_path / "out", force=True, progress=lambda share: None)


@pytest.mark.parametrize(
    ("name", "unit", "expected"),
    [
        ("rmssd", "ms", "rmssd_ms"),
        ("ln_rmssd", "ln ms", "ln_rmssd"),
        ("pnn50", "%", "pnn50_percent"),
        ("lf_hf", "", "lf_hf"),
        ("new", "kg/m", "new_kg_m"),
    ],
)
def test_columns_say_their_unit(name: str, unit: str, expected: str) -> None:
    assert column(name, unit) == expected
