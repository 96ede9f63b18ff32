"""What a file contradicts itself about is refused or asked, in one line, and never guessed."""

import json
from pathlib import Path

import edfio
import numpy as np
import pytest
from rigs.layout_files import EDA_US, opensignals
from rigs.recording_files import write_edf, write_xdf

from biofeedback.cli.app import run
from sensors.errors import RecordingError
from sensors.files import Recording, read
from sensors.files.memory import refuse_too_large
from sensors.signals import Signal


def only(found: Recording) -> np.ndarray:
    (chunk,) = found.series
    return chunk.values[:, 0]


@pytest.mark.parametrize("off", [-256, 256, 1])
def test_a_header_of_an_edf_is_as_long_as_its_signals_make_it(tmp_path: Path, off: int) -> None:
    path = write_edf(tmp_path / "a.edf")
    data = bytearray(path.read_bytes())
    data[184:192] = b"%-8d" % (int(data[184:192]) + off)
    path.write_bytes(data)
    with pytest.raises(RecordingError, match=r"says that it has \d+ bytes, and with 7 signals"):
        read(path)


def with_records_at(path: Path, starts: dict[int, int], kind: bytes) -> Path:
    data = write_edf(path).read_bytes().replace(b"EDF+C", kind, 1)
    for record, start in starts.items():
        told = b"+%d\x14\x14" % start
        old = b"+%d\x14\x14" % record
        place = data.index(old + b"\0")
        data = data[:place] + told + data[place + len(told) :]
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("start", [2, 90_000_000, 19])
def test_a_record_whose_clock_was_set_is_named(tmp_path: Path, start: int) -> None:
    path = with_records_at(tmp_path / "a.edf", {20: start}, b"EDF+D")
    with pytest.raises(RecordingError, match=r"record 2[12] begins .*clock was set"):
        read(path)


def test_records_that_follow_one_another_and_say_otherwise_are_told(tmp_path: Path) -> None:
    found = read(with_records_at(tmp_path / "a.edf", {20: 50}, b"EDF+C"))
    assert any("record 21 says that it began +30 s off" in one for one in found.warnings)
    assert found.duration_s == 60.0


def test_an_edf_in_milli_siemens_that_are_micro_is_asked(tmp_path: Path) -> None:
    eda = edfio.EdfSignal(np.full(240, 5.0), 4, label="EDA", physical_dimension="mS",
                          physical_range=(0, 10))  # fmt: skip
    edfio.Edf([eda]).write(tmp_path / "a.edf")
    with pytest.raises(RecordingError, match=r"'mS'.* in uS they could be"):
        read(tmp_path / "a.edf")
    assert only(read(tmp_path / "a.edf", columns={"eda": "EDA [uS]"}))[0] == pytest.approx(
        5.0, abs=1e-3
    )


@pytest.mark.parametrize(
    ("header", "value", "us"),
    [("EDA (mS)", "0.005", 5.0), ("EDA (uS)", "5", 5.0), ("EDA (S)", "0.000005", 5.0)],
)
def test_a_written_unit_that_fits_is_believed(
    tmp_path: Path, header: str, value: str, us: float
) -> None:
    path = tmp_path / "a.csv"
    path.write_text(f"time_s,{header}\n" + "".join(f"{i / 4},{value}\n" for i in range(40)))
    assert only(read(path))[0] == pytest.approx(us)


def test_a_table_in_milli_siemens_that_are_micro_is_asked(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time_s,EDA (mS)\n" + "".join(f"{i / 4},5\n" for i in range(40)))
    with pytest.raises(RecordingError, match=r"'mS'.* in uS they could be") as told:
        read(path)
    assert "eda=EDA [UNIT]" in str(told.value) + told.value.hint
    assert only(read(path, columns={"eda": "EDA [mS]"}))[0] == pytest.approx(5000.0)


@pytest.mark.parametrize("word", ["id", "code", "name", "Participant", "ID", "user id", "Subject"])
@pytest.mark.parametrize("mixed", [True, False])
def test_two_people_of_a_table_are_not_read_as_one(tmp_path: Path, word: str, mixed: bool) -> None:
    who = ["anna", "bert"] * 20 if mixed else ["anna"] * 20 + ["bert"] * 20
    rows = "".join(f"{i / 4},5,{one}\n" for i, one in enumerate(who))
    (tmp_path / "a.csv").write_text(f"time_s,eda_us,{word}\n{rows}")
    with pytest.raises(RecordingError, match=r"2 people.*anna, bert"):
        read(tmp_path / "a.csv")


@pytest.mark.parametrize(
    "cells", [range(40), [7] * 40, [0] * 19 + [5] + [0] * 20, ["", *["x"] * 2, *[""] * 37]]
)
def test_an_id_that_numbers_rows_or_marks_some_is_nobody(tmp_path: Path, cells: list[str]) -> None:
    rows = "".join(f"{i / 4},5,{one}\n" for i, one in enumerate(cells))
    (tmp_path / "a.csv").write_text(f"time_s,eda_us,id\n{rows}")
    assert len(only(read(tmp_path / "a.csv"))) == 40


def test_a_code_that_is_no_person_is_passed_over_when_asked(tmp_path: Path) -> None:
    rows = "".join(f"{i / 4},5,{1 + i // 20}\n" for i in range(40))
    (tmp_path / "a.csv").write_text(f"time_s,eda_us,code\n{rows}")
    with pytest.raises(RecordingError, match="may hold 2 people") as told:
        read(tmp_path / "a.csv")
    assert "--columns" in told.value.hint
    assert len(only(read(tmp_path / "a.csv", columns={"eda": "eda_us"}))) == 40


def relabelled(path: Path, labels: list[str], sensors: tuple[str, str]) -> Path:
    head, rest = opensignals(path, sensors=sensors).read_text().split("# EndOfHeader", 1)
    told = json.loads(head.split("# ")[-1])
    told["20:16:07:18:00:01"]["label"] = labels
    path.write_text(f"# OpenSignals Text File Format\n# {json.dumps(told)}\n# EndOfHeader{rest}")
    return path


@pytest.mark.parametrize("label", ["EDA", "EDA (nS)", "A3 [kOhm]"])
def test_counts_become_units_once_whatever_their_label_says(tmp_path: Path, label: str) -> None:
    path = relabelled(tmp_path / "a.txt", ["A2", label], ("RAW", "EDA"))
    assert only(read(path))[0] == pytest.approx(EDA_US[0], abs=0.02)


def test_a_unit_that_is_told_is_that_of_the_numbers_in_the_file(tmp_path: Path) -> None:
    path = opensignals(tmp_path / "a.txt", sensors=("RAW", "EDA"))
    counts = EDA_US[0] * 0.132 / 3.3 * 1024
    told = read(path, columns={"eda": "A3 [nS]"})
    assert only(told)[0] == pytest.approx(counts / 1000, abs=1e-3)


def test_a_label_that_contradicts_its_sensor_is_asked(tmp_path: Path) -> None:
    path = relabelled(tmp_path / "a.txt", ["A2", "ECG"], ("RAW", "EDA"))
    with pytest.raises(RecordingError, match="label says ecg, and the header that its sensor is E"):
        read(path)
    assert only(read(path, columns={"eda": "ECG"}))[0] == pytest.approx(EDA_US[0], abs=0.02)


@pytest.mark.parametrize("digits", ["²", "٢٣٨", "①"])
def test_an_interval_in_foreign_digits_is_none(tmp_path: Path, digits: str) -> None:
    path = tmp_path / "a.hrm"
    path.write_text(f"[Params]\nInterval={digits}\n[HRData]\n800\n810\n", encoding="utf-8")
    with pytest.raises(RecordingError, match="does not say how"):
        read(path)


@pytest.mark.parametrize(
    ("time", "said"),
    [
        ("2024-05-17T09:03:{:02}+02:00", "from 2024-05-17 07:03:00 UTC"),
        ("2024-05-17T09:03:{:02}", "from 2024-05-17 09:03:00 by the recorder's own clock"),
    ],
)
def test_inspect_tells_whose_clock_a_start_is_by(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], time: str, said: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,hr_bpm\n" + "".join(f"{time.format(i)},70\n" for i in range(30)))
    assert read(path).series[0].signal is Signal.HR
    assert run(["inspect", str(path)]) == 0
    assert said in capsys.readouterr().out


def test_what_is_read_whole_is_refused_where_memory_is_short(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_xdf(tmp_path / "a.xdf")
    assert read(path).format == "XDF"
    monkeypatch.setattr("sensors.files.memory._memory_bytes", lambda: 17 * path.stat().st_size)
    with pytest.raises(RecordingError, match="too large for this computer: XDF"):
        read(path)
    refuse_too_large(100_000_000, "a.bdf", "its format", 2_000_000_000)
    with pytest.raises(RecordingError, match=r"about 1\.1 GB of its 2\.0 GB"):
        refuse_too_large(120_000_000, "a.bdf", "its format", 2_000_000_000)
