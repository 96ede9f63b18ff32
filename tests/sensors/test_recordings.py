"""Recordings of every format: exact values, gaps where beats are missing, errors that help."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rigs.recording_files import FORMATS, START_UTC_S, rr_ms, write_e4, write_e4_zip

from sensors.errors import RecordingError, SettingsError
from sensors.files import Recording, read
from sensors.signals import Chunk, Gap, Signal


def series(recording: Recording, signal: Signal) -> Chunk:
    (chunk,) = [chunk for chunk in recording.series if chunk.signal is signal]
    return chunk


def values(recording: Recording, signal: Signal) -> list[float]:
    return series(recording, signal).values[:, 0].tolist()


def text(path: Path, content: str) -> Path:
    path.write_text(content)
    return path


def test_an_e4_export_gives_every_signal_in_its_unit(tmp_path: Path) -> None:
    recording = read(write_e4(tmp_path / "S99"))
    rates = {chunk.signal: chunk.rate_hz for chunk in recording.series}
    assert rates == {
        Signal.EDA: 4.0,
        Signal.RR: None,
        Signal.HR: 1.0,
        Signal.PPG: 64.0,
        Signal.TEMP: 4.0,
        Signal.ACC: 32.0,
    }
    assert series(recording, Signal.ACC).values[5].tolist() == [-2 / 64, 3 / 64, 63 / 64]
    assert values(recording, Signal.EDA)[0] == 3.0
    assert series(recording, Signal.HR).times_s[0] == 10.0
    assert recording.started is not None
    assert recording.started.timestamp() == START_UTC_S
    assert recording.duration_s == 60.0
    assert recording.markers == ((12.5, "button"), (30.0, "button"))
    assert recording.warnings == ()


@pytest.mark.parametrize(
    ("name", "signal"), [("EDA", Signal.EDA), ("TEMP", Signal.TEMP), ("IBI", Signal.RR)]
)
def test_one_file_of_an_e4_export_is_that_signal_and_not_a_column_of_intervals(
    tmp_path: Path, name: str, signal: Signal
) -> None:
    folder = write_e4(tmp_path / "S99")
    (alone,) = read(folder / f"{name}.csv").series
    whole = series(read(folder), signal)
    assert alone.signal is signal
    assert alone.values.tolist() == whole.values.tolist()


def test_beats_of_an_e4_that_are_not_neighbours_have_a_gap_between_them(tmp_path: Path) -> None:
    recording = read(write_e4(tmp_path / "S99"))
    (gap,) = recording.gaps
    # beat 20 ends at 17.0625 s; beat 25, the first found again, begins one interval before it ends
    assert gap == Gap(Signal.RR, "S99", 20 * 0.8125, 25 * 0.8125, "bad_data")


def test_a_zip_reads_like_its_folder(tmp_path: Path) -> None:
    packed = read(write_e4_zip(tmp_path / "S99.zip"))
    folder = read(tmp_path / "S99")
    assert packed.series == folder.series
    assert packed.gaps == folder.gaps


@pytest.mark.parametrize("name", ["rr_ms.txt", "rr_s.txt", "rr.hrm", "table.csv"])
def test_intervals_come_out_in_seconds_whatever_their_unit(tmp_path: Path, name: str) -> None:
    recording = read(FORMATS[name](tmp_path / name))
    assert values(recording, Signal.RR) == pytest.approx([rr / 1000 for rr in rr_ms()])
    times_s = series(recording, Signal.RR).times_s
    assert np.diff(times_s) == pytest.approx(np.array(rr_ms()[1:]) / 1000, abs=0.0011)
    assert recording.gaps == ()


def test_a_polar_heart_rate_of_zero_is_a_gap(tmp_path: Path) -> None:
    recording = read(FORMATS["bpm.hrm"](tmp_path / "bpm.hrm"))
    assert series(recording, Signal.HR).rate_hz == 0.2
    assert recording.gaps == (Gap(Signal.HR, "bpm", 35.0, 40.0, "bad_data"),)


def test_missing_cells_and_rows_of_a_table_are_gaps(tmp_path: Path) -> None:
    recording = read(FORMATS["holes.csv"](tmp_path / "holes.csv"))
    assert series(recording, Signal.EDA).rate_hz == 4.0
    assert [(gap.start_s, gap.end_s) for gap in recording.gaps] == [(2.25, 2.75), (10.0, 10.25)]


def test_a_column_map_names_the_columns(tmp_path: Path) -> None:
    path = text(tmp_path / "odd.csv", "a,b,c\n0.0,800,x\n0.8,810,y\n1.61,805,z\n")
    recording = read(path, columns={"time": "a", "rr": "b"})
    assert values(recording, Signal.RR) == [0.8, 0.81, 0.805]


def test_times_that_mark_the_beginning_of_intervals_are_moved_to_their_end(
    tmp_path: Path,
) -> None:
    starts_s = np.cumsum([0, *rr_ms()[:-1]]) / 1000
    rows = "\n".join(f"{t:.3f},{rr}" for t, rr in zip(starts_s, rr_ms(), strict=True))
    recording = read(text(tmp_path / "begin.csv", "time,rr_ms\n" + rows))
    assert recording.gaps == ()
    assert series(recording, Signal.RR).times_s[0] == pytest.approx(0.85)


def test_a_rate_stands_in_for_a_time_column(tmp_path: Path) -> None:
    path = text(tmp_path / "eda.csv", "EDA\n" + "\n".join(["4.5"] * 20))
    assert read(path, rate_hz=10.0).duration_s == 2.0
    with pytest.raises(RecordingError, match="no time column") as error:
        read(path)
    assert "rate" in error.value.hint


@pytest.mark.parametrize(
    "stamps", [(1.6e9, 1.6e9 + 1, 1.6e9 + 2), (1.6e12, 1.6e12 + 1000, 1.6e12 + 2000)]
)
def test_unix_times_become_the_utc_start(tmp_path: Path, stamps: tuple[float, ...]) -> None:
    rows = "\n".join(f"{stamp:.0f},4.5" for stamp in stamps)
    recording = read(text(tmp_path / "utc.csv", "timestamp,eda\n" + rows))
    assert recording.started is not None
    assert recording.started.timestamp() == 1.6e9
    assert series(recording, Signal.EDA).times_s.tolist() == [0.0, 1.0, 2.0]


def test_a_decimal_comma_reads_between_semicolons(tmp_path: Path) -> None:
    path = text(tmp_path / "eu.csv", "time;eda\n0,0;4,5\n0,5;4,75\n1,0;5,0\n")
    assert values(read(path), Signal.EDA) == [4.5, 4.75, 5.0]


def test_an_implausible_interval_is_left_out_and_its_time_is_a_gap(tmp_path: Path) -> None:
    recording = read(text(tmp_path / "rr.txt", "800\n800\n4000\n800\nnan\n800\n"))
    assert values(recording, Signal.RR) == [0.8] * 4
    assert [(g.start_s, g.end_s) for g in recording.gaps] == [
        (1.6, pytest.approx(5.6)),
        (pytest.approx(6.4), pytest.approx(6.4)),
    ]


def test_a_recording_that_was_cut_keeps_what_is_whole_and_says_so(tmp_path: Path) -> None:
    recording = read(text(tmp_path / "cut.csv", "time,eda\n0.0,4.5\n0.25,4.6\n0.5,"[:-1]))
    assert values(recording, Signal.EDA) == [4.5, 4.6]
    assert "line 4" in recording.warnings[0]


def test_a_gzip_that_was_cut_keeps_its_whole_lines(tmp_path: Path) -> None:
    folder = write_e4(tmp_path / "S99")
    packed = folder / "BVP.csv.gz"
    packed.write_bytes(packed.read_bytes()[: packed.stat().st_size // 2])
    whole = gzip.decompress(write_e4(tmp_path / "S98").joinpath("BVP.csv.gz").read_bytes())
    expected = [float(line) for line in whole.decode().split()[2:]]
    got = values(read(folder), Signal.PPG)
    assert 0 < len(got) < len(expected)
    assert got == expected[: len(got)]


def test_a_stream_that_is_broken_costs_only_itself(tmp_path: Path) -> None:
    folder = write_e4(tmp_path / "S99")
    (folder / "TEMP.csv").write_text("garbage\n")
    (folder / "IBI.csv").write_text("")
    recording = read(folder)
    assert {chunk.signal for chunk in recording.series} == {
        Signal.EDA,
        Signal.HR,
        Signal.PPG,
        Signal.ACC,
    }
    assert len(recording.warnings) == 2


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.txt", b""),
        ("blank.csv", b" \n\n \n"),
        ("binary.bin", bytes(range(256)) * 20),
        ("words.txt", b"these are words\nand more words\n"),
        ("letters.csv", b"time,rr\n0.0,800\nabc,def\n0.8,800\n"),
        ("letters.txt", b"800\n810\nabc\n805\n"),
        ("header.csv", b"time,eda\n"),
        ("nothing.csv", b"time,eda\n0.0,\n0.25,nan\n"),
        ("unknown.csv", b"apples,pears\n1,2\n"),
        ("backwards.csv", b"time,eda\n1.0,4\n0.5,4\n0.0,4\n"),
        ("cut.hrm", b"[Params]\nInterval=238\n"),
        ("laps.hrm", b"[Params]\nInterval=204\n[HRData]\n1\n2\n"),
        ("no_beats.hrm", b"[Params]\nInterval=238\n[HRData]\n"),
        ("zeros.txt", b"0\n0\n0\n"),
        ("broken.csv.gz", b"\x1f\x8bnot really gzip"),
        ("broken.zip", b"PK\x03\x04not really zip"),
    ],
)
def test_what_cannot_be_read_is_one_line_with_a_hint(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(RecordingError) as error:
        read(path)
    assert "\n" not in str(error.value)
    assert error.value.hint


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("1644829925.000000\n4.000000\n0.5\n0.6\n0.7\n", "E4"),  # as EDA.csv, under another name
        ("3.1\n4.2\n5.0\n4.8\n", "no RR intervals"),
        ("85.0\n86.0\n85.5\n", "no RR intervals"),
    ],
)
def test_a_column_of_other_numbers_is_not_taken_for_intervals(
    tmp_path: Path, content: str, said: str
) -> None:
    with pytest.raises(RecordingError, match=said) as caught:
        read(text(tmp_path / "column.csv", content))
    assert caught.value.hint


def test_a_zip_that_was_cut_is_called_so(tmp_path: Path) -> None:
    whole = write_e4_zip(tmp_path / "S99.zip").read_bytes()
    (tmp_path / "cut.zip").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(RecordingError, match="was cut"):
        read(tmp_path / "cut.zip")


def test_missing_files_and_folders_without_streams_are_errors(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="there is no recording at"):
        read(tmp_path / "nowhere.csv")
    with pytest.raises(RecordingError, match="holds no recording"):
        read(tmp_path)
    (tmp_path / "EDA.csv").write_text("")
    with pytest.raises(RecordingError, match="holds no samples"):
        read(tmp_path)


def test_a_line_that_is_wrong_is_named_by_its_number(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"line 3 of rr\.txt: 'abc' is not a number"):
        read(text(tmp_path / "rr.txt", "800\n810\nabc\n805\n"))


def test_a_map_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    path = FORMATS["table.csv"](tmp_path / "table.csv")
    with pytest.raises(SettingsError, match="no signal 'mood'"):
        read(path, columns={"mood": "rr_ms"})
    with pytest.raises(RecordingError, match="no column 'RR'") as error:
        read(path, columns={"rr": "RR"})
    assert "t_end_s, rr_ms, kind" in error.value.hint
    with pytest.raises(SettingsError):
        read(path, rate_hz=0.0)


def read_if_possible(path: Path) -> Recording | None:
    try:
        return read(path, rate_hz=4.0)
    except RecordingError:
        return None


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    head=st.sampled_from(
        [b"", b"time,eda\n", b"rr_ms\n", b"[Params]\nInterval=5\n[HRData]\n", b"\x1f\x8b", b"PK"]
    ),
    body=st.binary(max_size=60)
    | st.text("0123456789.,;\tnae-+\n", max_size=80).map(str.encode)
    | st.lists(st.floats(), max_size=9).map(lambda x: "\n".join(map(repr, x)).encode()),
)
def test_no_content_whatever_crashes_the_readers(tmp_path: Path, head: bytes, body: bytes) -> None:
    path = tmp_path / "anything"
    path.write_bytes(head + body)
    if recording := read_if_possible(path):
        assert np.isfinite(recording.duration_s)
        assert all(np.isfinite(chunk.times_s).all() for chunk in recording.series)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(content=st.text("0123456789.,nae-\n", max_size=60))
def test_no_content_of_an_e4_file_crashes_its_reader(tmp_path: Path, content: str) -> None:
    for name in ("EDA.csv", "IBI.csv", "ACC.csv", "tags.csv"):
        head = "1600000000.0\n4.0\n" if name != "tags.csv" else ""
        (tmp_path / name).write_text(head + content)
    if recording := read_if_possible(tmp_path):
        assert np.isfinite(recording.duration_s)
