"""Many sessions become one table, whatever some of them are like."""

import json
import re
import shutil
from datetime import datetime
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from replayed_session import eda_csv, replayed, rr_text

from biofeedback.cli.app import run
from biofeedback.common.errors import FolderError, LogError
from biofeedback.offline import cohort
from biofeedback.offline.analysis import analyze
from biofeedback.record.reader import LOG_NAME, read_header


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Hold three sessions, one of them in a folder below, and one that is damaged."""
    made = tmp_path_factory.mktemp("made")
    session = replayed(made, rr_text(made / "rr.txt"), eda_csv(made / "eda.csv"))
    out = tmp_path_factory.mktemp("sessions")
    for name in ("one", "two", "below/three", "bad"):
        (out / name).mkdir(parents=True)
        shutil.copy(session / LOG_NAME, out / name)
    (out / "bad" / LOG_NAME).write_text("no log\n")
    return out


@pytest.mark.slow
def test_each_session_gives_a_row_a_window_and_a_bad_one_is_listed(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "all.parquet"
    command = ["analyze", str(folder), "--window", "30", "--out", str(out), "--processes", "2"]
    assert run([*command, "--json"]) == 0
    seen = capsys.readouterr()
    assert json.loads(seen.out)["sessions"] == 3
    assert "bad" in seen.err
    table = pd.read_parquet(out)
    begun = f"{datetime.fromisoformat(read_header(folder / 'one').started_utc):%Y%m%dT%H%M%SZ}"
    assert set(table["session"]) == {begun, f"{begun}x2", f"{begun}x3"}  # no folder's name
    windows = analyze(folder / "one", window_s=30.0).windows
    one = table[table["session"] == begun]
    assert len(one) == len(windows)
    rates = [r.value for w in windows for r in w.readings if r.name == "heart_rate"]
    assert one["heart_rate_bpm"].tolist() == rates
    assert one["tempo_bpm"].between(40, 160).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["all.parquet"]
    assert run(command) == 2  # the table is there
    capsys.readouterr()


@pytest.mark.slow
def test_an_analysis_that_was_cut_short_goes_on(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sessions = cohort.find_sessions([folder])
    out = tmp_path / "all.csv"

    def stopped(share: float) -> None:
        if share > 0.3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cohort.analyze_all(sessions, out, window_s=30.0, processes=1, progress=stopped)
    assert not out.exists()
    shares: list[float] = []
    cohort.analyze_all(sessions, out, window_s=30.0, processes=1, progress=shares.append)
    assert shares[0] >= 0.25
    assert shares[-1] == 1.0
    assert len(set(pd.read_csv(out)["session"])) == 3


@pytest.mark.slow
def test_a_cluster_gives_the_same_table_as_processes(folder: Path, tmp_path: Path) -> None:
    from distributed import LocalCluster

    sessions = cohort.find_sessions([folder])
    with LocalCluster(
        n_workers=1, threads_per_worker=1, dashboard_address=None, processes=False
    ) as cluster:
        address = cluster.scheduler_address
        cohort.analyze_all(sessions, tmp_path / "a.csv", window_s=30.0, cluster=address)
    cohort.analyze_all(sessions, tmp_path / "b.csv", window_s=30.0, processes=1)
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()


@pytest.mark.parametrize("name", ["all.txt", "all"])
def test_a_table_of_another_kind_is_refused(folder: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(FolderError, match="no table"):
        cohort.analyze_all(cohort.find_sessions([folder]), tmp_path / name)


def test_a_folder_without_sessions_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(LogError, match="no sessions"):
        cohort.find_sessions([tmp_path])
    with pytest.raises(LogError, match="no folder"):
        cohort.find_sessions([tmp_path / "missing"])


@pytest.mark.slow
def test_duckdb_reads_the_table_with_the_line_of_the_docs(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    guide = Path(__file__).parents[2] / "docs" / "session-log.md"
    (query,) = re.findall(r'duckdb -c "(.+)"', guide.read_text(encoding="utf-8"))
    sessions = cohort.find_sessions([folder / "one", folder / "two"])
    cohort.analyze_all(sessions, tmp_path / "sessions.parquet", processes=1)
    monkeypatch.chdir(tmp_path)
    table = pd.read_parquet("sessions.parquet")
    trusted = table[table["rmssd_quality"] > 0.5]["rmssd_ms"].mean()
    assert duckdb.sql(query).fetchall() == [(None, pytest.approx(trusted))]


def test_a_recording_or_nothing_readable_makes_no_table(
    folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out, recording = tmp_path / "all.csv", rr_text(tmp_path / "rr.txt")
    assert run(["analyze", str(recording), "--out", str(out)]) == 2
    assert "rr.txt is a recording, not a session" in capsys.readouterr().err
    (tmp_path / "lost").mkdir()
    (tmp_path / "lost" / LOG_NAME).write_bytes(b"{}\n")
    assert run(["analyze", str(tmp_path / "lost"), "--out", str(out), "--processes", "1"]) == 2
    assert "there is nothing to put into a table" in capsys.readouterr().err
    assert not out.exists()
