"""Which channels are taken, of every format that holds several: said, and to be chosen."""

import struct
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from rigs import recording_files as made
from rigs.layout_files import LAYOUTS

from sensors.errors import RecordingError
from sensors.files import Recording, read
from sensors.files.channels import ChannelOffer
from sensors.files.choosing import misfit
from sensors.files.xdf_chunks import damage_of
from sensors.signals import Signal


def lab(path: Path, streams: list[tuple[str, str, dict[str, str]]], scale: float = 1.0) -> Path:
    """Write an XDF whose streams have the samples n, 2n, 3n ... in their channels."""
    data = b"XDF:" + made.xdf_chunk(1, b"<?xml version='1.0'?><info><version>1.0</version></info>")
    for number, (name, kind, channels) in enumerate(streams, 1):
        data += made.xdf_stream(number, name, kind, 8.0, "float32", channels)
        rows = [
            (100 + i / 8, struct.pack(f"<{len(channels)}f",
             *(scale * number * (1 + c) for c in range(len(channels)))))
            for i in range(400)
        ]  # fmt: skip
        data += b"".join(made.xdf_samples(number, rows[i : i + 200]) for i in (0, 200))
    path.write_bytes(data)
    return path


def first(recording: Recording, signal: Signal) -> float:
    (chunk,) = [chunk for chunk in recording.series if chunk.signal is signal]
    return float(chunk.values[0, 0])


def test_of_two_streams_of_a_signal_the_first_is_named_and_the_other_can_be_taken(
    tmp_path: Path,
) -> None:
    streams = [("left", "EDA", {"GSR": "uS"}), ("right", "EDA", {"GSR": "uS"})]
    path = lab(tmp_path / "two.xdf", streams)
    found = read(path)
    (said,) = found.warnings
    assert "'left: GSR'" in said
    assert '--columns "eda=right: GSR"' in said
    assert first(found, Signal.EDA) == 1.0
    assert first(read(path, columns={"eda": "right: GSR"}), Signal.EDA) == 2.0
    assert [(c.label, c.taken) for c in found.channels] == [
        ("left: GSR", True), ("right: GSR", False),
    ]  # fmt: skip


def test_streams_of_one_name_have_each_a_name_of_their_own(tmp_path: Path) -> None:
    path = lab(tmp_path / "twins.xdf", [("band", "EDA", {"": "uS"}), ("band", "EDA", {"": "uS"})])
    assert [channel.label for channel in read(path).channels] == ["band", "band #2"]
    assert first(read(path, columns={"eda": "band #2"}), Signal.EDA) == 2.0


def test_a_counter_is_not_taken_for_the_signal_of_its_stream(tmp_path: Path) -> None:
    path = lab(tmp_path / "c.xdf", [("band", "EDA", {"counter": "", "quality": "", "ch 3": "uS"})])
    assert first(read(path), Signal.EDA) == 3.0


def test_axes_are_those_of_one_stream(tmp_path: Path) -> None:
    axes = {"AccX": "g", "AccY": "g"}
    path = lab(tmp_path / "acc.xdf", [("a", "ACC", axes), ("b", "ACC", {**axes, "AccZ": "g"})])
    (acc,) = read(path).series
    assert acc.values[0].tolist() == [1.0, 2.0]
    (acc,) = read(path, columns={"acc": "b: AccX"}).series
    assert acc.values[0].tolist() == [2.0, 4.0, 6.0]


def test_numbers_in_no_unit_that_cannot_be_conductance_are_left_out_of_an_xdf_too(
    tmp_path: Path,
) -> None:
    path = lab(tmp_path / "raw.xdf", [("band", "GSR", {"GSR": "", "ECG": "mV"})], 400.0)
    found = read(path)
    assert [chunk.signal for chunk in found.series] == [Signal.ECG]
    assert any('--columns "eda=band: GSR [UNIT]"' in said for said in found.warnings)
    kohm = read(path, columns={"eda": "band: GSR [kOhm]"})
    assert first(kohm, Signal.EDA) == pytest.approx(2.5)


def test_an_unknown_channel_is_a_hint_with_those_that_there_are(tmp_path: Path) -> None:
    path = lab(tmp_path / "x.xdf", [("amp", "misc", {"A1": "", "A2": ""})])
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert "amp: A1, amp: A2" in caught.value.hint
    assert first(read(path, columns={"ecg": "amp: A2 [mV]"}), Signal.ECG) == 2.0
    with pytest.raises(RecordingError, match="no column 'amp: A3'"):
        read(path, columns={"ecg": "amp: A3"})


def test_damage_a_fault_of_the_library_and_our_own_are_told_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyxdf

    from sensors.files import xdf

    path = made.write_xdf(tmp_path / "lab.xdf")
    whole = path.read_bytes()
    assert damage_of(whole) == ""

    def fails(*given: object, **more: object) -> object:
        raise ValueError("not expected")

    with monkeypatch.context() as patch:
        patch.setattr(pyxdf, "load_xdf", fails)
        with pytest.raises(
            RecordingError, match=r"pyxdf .* cannot read .*: ValueError: not expected"
        ):
            read(path)
        path.write_bytes(whole[: len(whole) // 2])
        with pytest.raises(RecordingError, match="is damaged: it ends within the chunk at byte"):
            read(path)
    assert any("is damaged" in said for said in read(path).warnings)
    path.write_bytes(whole)
    monkeypatch.setattr(xdf, "on_grid", fails)
    with pytest.raises(ValueError, match="not expected"):  # a bug of ours is no damage
        read(path)


def test_a_bracket_for_one_column_is_no_unit_of_another(tmp_path: Path) -> None:
    path = tmp_path / "both.csv"
    rows = [f"{i / 100},{500 + i % 9},{i % 50}" for i in range(800)]
    path.write_text("time,gsr,Lead II\n" + "\n".join(rows) + "\n")
    found = read(path, columns={"time": "time", "ecg": "Lead II [uV]", "eda": "gsr"})
    assert [chunk.signal for chunk in found.series] == [Signal.ECG]
    assert any("eda=gsr [UNIT]" in said for said in found.warnings)
    assert (
        misfit(Signal.EDA, ChannelOffer("gsr"), {"eda": "gsr [kOhm]"}, np.full((9, 1), 500)) == ""
    )


def test_the_files_of_an_e4_can_be_chosen(tmp_path: Path) -> None:
    folder = made.write_e4(tmp_path / "e4")
    assert {c.label for c in read(folder).channels if c.taken} == {
        "EDA", "IBI", "HR", "BVP", "TEMP", "ACC", "tags",
    }  # fmt: skip
    found = read(folder, columns={"ppg": "BVP"})
    assert [chunk.signal for chunk in found.series] == [Signal.PPG]
    with pytest.raises(RecordingError, match="no column 'GSR'"):
        read(folder, columns={"eda": "GSR"})
    with pytest.raises(RecordingError, match="EDA of an E4 is eda, not rr"):
        read(folder, columns={"rr": "EDA"})


def test_recordings_of_several_people_are_refused(tmp_path: Path) -> None:
    for person, later in (("S01", timedelta()), ("S02", timedelta(days=3))):
        folder = made.write_e4(tmp_path / "study" / person)
        eda = folder / "EDA.csv"
        start_s = made.START_UTC_S + later.total_seconds()
        eda.write_text(eda.read_text().replace(str(made.START_UTC_S), f"{start_s:.0f}", 1))
    with pytest.raises(RecordingError, match=r"2 recordings.*S01.*S02"):
        read(tmp_path / "study")
    with pytest.raises(RecordingError, match=r"of several recordings: EDA begins 72\.0 h"):
        read(tmp_path / "study" / "S02")


def test_a_report_of_kubios_with_two_samples_tells_both(tmp_path: Path) -> None:
    head = "Kubios HRV\n,Time,RR interval,Time,RR interval\n,(s),(s),(s),(s)\n"
    rows = [f",{i * 0.8:.3f},0.800,{500 + i * 0.9:.3f},0.900" for i in range(1, 60)]
    path = tmp_path / "report.csv"
    path.write_text(head + "\n".join(rows) + "\n")
    found = read(path)
    assert first(found, Signal.RR) == 0.8
    assert '--columns "rr=sample 2"' in found.warnings[0]
    assert first(read(path, columns={"rr": "sample 2"}), Signal.RR) == 0.9


@pytest.mark.parametrize("name", made.FORMATS)
def test_every_format_tells_its_channels(tmp_path: Path, name: str) -> None:
    found = read(made.FORMATS[name](tmp_path / name))
    assert any(channel.taken for channel in found.channels)
    assert all(channel.why for channel in found.channels if not channel.taken)


def test_the_librarys_own_messages_stay_off_the_screen(
    tmp_path: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    path = made.write_xdf(tmp_path / "lab.xdf")
    path.write_bytes(path.read_bytes()[:-500])
    assert any("is damaged" in said for said in read(path).warnings)
    assert capfd.readouterr() == ("", "")
    assert caplog.messages == []


@pytest.mark.parametrize("name", [*made.FORMATS, *LAYOUTS])
def test_the_command_that_takes_a_channel_takes_it(tmp_path: Path, name: str) -> None:
    path = {**made.FORMATS, **LAYOUTS}[name](tmp_path / name)
    for channel in read(path).channels:
        if channel.columns and "[UNIT]" not in channel.columns:
            signal, _, label = channel.columns.partition("=")
            told = read(path, columns={signal: label}).channels
            assert [one.taken for one in told if one.label == channel.label] == [True]
