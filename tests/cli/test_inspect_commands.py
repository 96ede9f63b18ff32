"""The commands that look at what was recorded: what they print, write and refuse."""

import csv
import io
import json
import re
from pathlib import Path

import pytest
from replayed_session import cut, eda_csv, replayed, rr_text

from biofeedback.app.registry import profile_digests
from biofeedback.cli.app import run
from biofeedback.record.line import sealed


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("session")
    return replayed(folder, rr_text(folder / "rr.txt"), eda_csv(folder / "eda.csv"))


Capture = pytest.CaptureFixture[str]


def assert_mistake(code: int, capsys: Capture, *words: str) -> None:
    """Check for exit code 2, one line that holds the words, and a hint; no traceback."""
    seen = capsys.readouterr()
    assert code == 2
    assert seen.out == ""
    told = [line for line in seen.err.splitlines() if not line.endswith(" ...")]
    assert [line[:5] for line in told] == ["Error", "Hint:"]
    for word in words:
        assert word in told[0] + told[1]


@pytest.mark.slow
def test_report_writes_the_page_and_says_where(session: Path, capsys: Capture) -> None:
    assert run(["report", str(session)]) == 0
    assert capsys.readouterr().out.split() == [str(session / "report.html")]
    assert (session / "report.html").read_text().startswith("<!doctype html>")


@pytest.mark.slow
def test_report_takes_the_log_as_well_as_the_folder(session: Path, capsys: Capture) -> None:
    assert run(["report", str(session / "session.jsonl"), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["files"] == [str(session / "report.html")]


def test_report_on_nothing_is_the_users_mistake(tmp_path: Path, capsys: Capture) -> None:
    assert_mistake(run(["report", str(tmp_path)]), capsys, "no session log")


def test_render_writes_the_same_midi_again(session: Path, tmp_path: Path, capsys: Capture) -> None:
    for name in ("a.mid", "b.midi"):
        assert run(["render", str(session), str(tmp_path / name)]) == 0
    assert (tmp_path / "a.mid").read_bytes() == (tmp_path / "b.midi").read_bytes()
    assert (tmp_path / "a.mid").read_bytes().startswith(b"MThd")


def test_render_plays_what_a_crashed_session_had(
    session: Path, tmp_path: Path, capsys: Capture
) -> None:
    crashed = cut(session, tmp_path / "crashed", 600)
    assert run(["render", str(crashed), str(tmp_path / "a.mid")]) == 0
    assert (tmp_path / "a.mid").stat().st_size > 100


def test_render_to_an_unknown_format_is_refused(
    session: Path, tmp_path: Path, capsys: Capture
) -> None:
    target = tmp_path / "a.ogg"
    assert_mistake(
        run(["render", str(session), str(target)]), capsys, "a.ogg", ".wav, .flac or .mid"
    )
    assert not target.exists()


def test_render_into_a_file_as_a_folder_is_refused(
    session: Path, tmp_path: Path, capsys: Capture
) -> None:
    (tmp_path / "file").write_text("mine")
    code = run(["render", str(session), str(tmp_path / "file" / "a.mid")])
    assert_mistake(code, capsys, "cannot be written")


def test_export_names_the_files_that_it_wrote(
    session: Path, tmp_path: Path, capsys: Capture
) -> None:
    out = tmp_path / "out"
    assert run(["export", str(session), "--to", "csv", str(out)]) == 0
    assert sorted(capsys.readouterr().out.split()) == sorted(str(path) for path in out.iterdir())


def test_export_leaves_a_full_folder_alone(session: Path, tmp_path: Path, capsys: Capture) -> None:
    (tmp_path / "mine").write_text("mine")
    code = run(["export", str(session), "--to", "csv", str(tmp_path)])
    assert_mistake(code, capsys, "not empty", "--force")


def test_a_session_that_is_named_twice_is_exported_once(session: Path, tmp_path: Path) -> None:
    out = tmp_path / "beats.txt"
    log = str(session / "session.jsonl")
    assert run(["export", str(session), log, "--to", "rr", str(out)]) == 0
    assert out.is_file()


def test_export_to_an_unknown_format_lists_what_there_is(
    session: Path, tmp_path: Path, capsys: Capture
) -> None:
    code = run(["export", str(session), "--to", "mat", str(tmp_path / "out")])
    assert_mistake(code, capsys, "mat", "bids", "csv")
    assert not (tmp_path / "out").exists()


def test_analyze_shows_a_table_with_a_summary(session: Path, capsys: Capture) -> None:
    assert run(["analyze", str(session), "--window", "30"]) == 0
    shown = capsys.readouterr().out
    assert "RMSSD" in shown
    assert "SCL" in shown
    assert "1.5 min in windows of 30 s" in shown
    assert "Heart as a whole: mean NN" in shown
    assert "Skin as a whole: median" in shown


def test_analyze_prints_json_that_programs_can_read(session: Path, capsys: Capture) -> None:
    assert run(["analyze", str(session), "--window", "30", "--json"]) == 0
    result = json.loads(capsys.readouterr().out)
    assert [window["start_s"] for window in result["windows"]] == [0, 30, 60]
    metric = result["windows"][1]["metrics"]["heart_rate"]
    assert metric["unit"] == "bpm"
    assert metric["value"] == pytest.approx(75, abs=2)
    assert result["hrv"]["heart_rate_bpm"] == pytest.approx(75, abs=2)
    assert result["eda"]["responses"] >= 3


def test_analyze_prints_csv_with_units_in_its_header(session: Path, capsys: Capture) -> None:
    assert run(["analyze", str(session), "--window", "30", "--csv"]) == 0
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert float(rows[1]["end_s"]) == 60.0
    assert float(rows[1]["heart_rate_bpm"]) == pytest.approx(75, abs=2)
    assert float(rows[1]["scl_quality"]) > 0.5


def test_analyze_maps_the_columns_of_a_csv(tmp_path: Path, capsys: Capture) -> None:
    table = tmp_path / "t.csv"
    rows = "\n".join(f"{0.8 * n:.1f},{800 + 10 * (n % 2)}" for n in range(1, 100))
    table.write_text(f"when,interval\n{rows}\n")
    assert run(["analyze", str(table), "--columns", "time=when,rr=interval", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["beats"] > 80


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["analyze", "{nothing}"], ["nothing"]),
        (["analyze", "{rr}", "--json", "--csv"], ["--json and --csv"]),
        (["analyze", "{rr}", "--columns", "time"], ["--columns", "time=t"]),
    ],
)
def test_analyze_refuses_with_a_hint(
    tmp_path: Path, capsys: Capture, arguments: list[str], words: list[str]
) -> None:
    rr_text(tmp_path / "rr.txt")
    places = {"nothing": str(tmp_path / "nothing"), "rr": str(tmp_path / "rr.txt")}
    assert_mistake(run([part.format(**places) for part in arguments]), capsys, *words)


@pytest.mark.slow
def test_a_pdf_without_a_browser_is_one_line_and_says_what_to_do(
    session: Path, capsys: Capture, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert_mistake(run(["report", str(session), "--pdf"]), capsys, "PDF", "print")


@pytest.mark.slow
def test_verify_tells_other_code_from_a_changed_log(
    session: Path, tmp_path: Path, capsys: Capture
) -> None:
    assert run(["verify", str(session)]) == 0
    assert "Note:" not in capsys.readouterr().err
    header, _, rest = (session / "session.jsonl").read_bytes().partition(b"\n")
    bare = re.sub(rb',"code":"\w+"', b"", header.rpartition(b',"crc"')[0]) + b"}"
    log = tmp_path / "session.jsonl"
    log.write_bytes(sealed(bare) + b"\n" + rest)
    assert run(["verify", str(log)]) == 0
    assert "made by other code of the same version" in capsys.readouterr().err
    log.write_bytes(sealed(bare) + b"\n" + rest.replace(b'"bpm":', b'"bpm":1'))
    assert run(["verify", str(log), "--json"]) == 3
    told = json.loads(capsys.readouterr().out)
    assert told["other_code"]
    assert not told["identical"]
    log.write_bytes(header + b"\n" + rest.replace(b'"bpm":', b'"bpm":1'))
    assert run(["verify", str(log)]) == 1


def test_verify_says_when_a_band_was_decoded_by_another_profile(
    session: Path, tmp_path: Path, capsys: Capture
) -> None:
    here = profile_digests()["packed"]
    lines = (session / "session.jsonl").read_bytes().splitlines()
    log = tmp_path / "session.jsonl"
    for profile, code, words in (
        (f"packed {here}", 0, "Identical"),
        ("packed 0123456789abcdef", 3, f"is another one here ({here})"),
        (f"my band {here}", 3, "'my band'"),
    ):
        told = b'"profile":"%s"}' % profile.encode()
        log.write_bytes(
            b"\n".join(
                sealed(line.rpartition(b',"crc"')[0] + b"," + told)
                if line.startswith(b'{"kind":"status"')
                else line
                for line in lines
            )
            + b"\n"
        )
        assert run(["verify", str(log)]) == code
        seen = " ".join(capsys.readouterr().out.split())
        assert "Identical" in seen
        assert words in seen
    assert run(["verify", str(log), "--json"]) == 3
    found = json.loads(capsys.readouterr().out)
    assert found["identical"]
    assert "is not here" in found["profiles"]


def test_inspect_says_what_is_taken_and_the_command_for_the_rest(
    tmp_path: Path, capsys: Capture
) -> None:
    path = tmp_path / "two.csv"
    rows = "".join(f"{i / 250},{i % 7},{i % 9}\n" for i in range(1000))
    path.write_text("time,ECG I,ECG II\n" + rows)
    assert run(["inspect", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(c["label"], c["taken"]) for c in told["channels"]] == [
        ("time", True),
        ("ECG I", True),
        ("ECG II", False),
    ]
    assert "ecg=ECG II" in told["channels"][2]["command"]
    assert run(["inspect", str(path)]) == 0
    assert "'ECG II' is left out: another channel of ecg is taken" in capsys.readouterr().out
