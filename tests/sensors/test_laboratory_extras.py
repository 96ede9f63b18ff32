"""WFDB, BDF and .acq, made by other libraries, are read as they were meant; each is an extra."""

import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from rigs.laboratory_files import ECG_MV, EDA_US, STARTED, write_acq, write_bdf, write_wfdb

from sensors.errors import RecordingError
from sensors.files import Recording, read
from sensors.signals import Chunk, Signal

Writes = Callable[[Path], Path]
FILES: dict[str, tuple[Writes, str, str]] = {
    "rec.hea": (write_wfdb, "wfdb", "wfdb"),
    "rec.bdf": (write_bdf, "edfio", "bdf"),
    "rec.acq": (write_acq, "bioread.reader", "acq"),
}


def made(name: str, folder: Path) -> Path:
    write, module, _ = FILES[name]
    library = module.partition(".")[0]
    pytest.importorskip(library, reason=f"{library} is not installed: the extra `dev` has it")
    if name == "rec.bdf":
        pytest.importorskip("pyedflib", reason="pyedflib has no wheel here")
    return write(folder / name)


def one(recording: Recording, signal: Signal) -> Chunk:
    (chunk,) = [chunk for chunk in recording.series if chunk.signal is signal]
    return chunk


@pytest.mark.parametrize("name", FILES)
def test_the_signals_of_others_libraries_come_in_our_units(tmp_path: Path, name: str) -> None:
    found = read(made(name, tmp_path))
    ecg, eda = one(found, Signal.ECG), one(found, Signal.EDA)
    assert ecg.values[:, 0] == pytest.approx(ECG_MV, abs=1e-3)
    assert eda.values[:, 0] == pytest.approx(EDA_US, abs=1e-3)
    assert (ecg.rate_hz, eda.rate_hz) == (250.0, 25.0)
    assert found.started == (None if name == "rec.acq" else STARTED)
    assert found.markers == {"rec.bdf": ((12.5, "tone"),), "rec.acq": ((10.0, "tone"),)}.get(
        name, ()
    )
    assert [c.taken for c in found.channels] == [True, True]


@pytest.mark.parametrize("name", FILES)
def test_a_channel_can_be_named(tmp_path: Path, name: str) -> None:
    path = made(name, tmp_path)
    label = read(path).channels[1].label
    found = read(path, columns={"eda": label})
    assert [chunk.signal for chunk in found.series] == [Signal.EDA]
    with pytest.raises(RecordingError, match="no column 'other'") as caught:
        read(path, columns={"eda": "other"})
    assert label in caught.value.hint


@pytest.mark.parametrize("name", FILES)
def test_without_its_library_the_line_that_installs_it_is_named(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = made(name, tmp_path)
    _, module, extra = FILES[name]
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(RecordingError, match="is missing") as caught:
        read(path)
    assert f"pip install 'biofeedback[{extra}]'" in caught.value.hint


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_was_cut_is_one_line(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    path = made(name, tmp_path)
    target = path.with_suffix(".dat") if name == "rec.hea" else path
    target.write_bytes(target.read_bytes()[:700])
    with pytest.raises(RecordingError) as caught:
        read(path)
    assert caught.value.hint
    assert capfd.readouterr() == ("", "")


def test_a_record_is_found_by_any_of_its_names(tmp_path: Path) -> None:
    made("rec.hea", tmp_path)
    for name in ("rec", "rec.dat", "rec.hea"):
        assert read(tmp_path / name).format == "WFDB record"


def test_a_text_named_like_a_header_is_no_record(tmp_path: Path) -> None:
    path = tmp_path / "beats.hea"
    path.write_text("\n".join(str(800 + i % 9) for i in range(60)))
    assert read(path).format == "RR text"


def test_a_header_that_promises_too_much_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = made("rec.hea", tmp_path)
    text = path.read_text().replace(" 1000", " 1000000000000", 1)
    path.write_text(text)
    with pytest.raises(RecordingError, match="makes no sense"):
        read(path)


def test_triggers_of_a_biosemi_are_markers(tmp_path: Path) -> None:
    """Its channel of states is cut out of pyedflib's second signal by its name alone."""
    path = made("rec.bdf", tmp_path)
    copy = tmp_path / "status.bdf"
    shutil.copyfile(path, copy)
    copy.write_bytes(copy.read_bytes().replace(b"EDA             ", b"Status          ", 1))
    found = read(copy)
    assert [chunk.signal for chunk in found.series] == [Signal.ECG]
    assert len(found.markers) > 1
    assert np.all(np.diff([time_s for time_s, _ in found.markers]) >= 0.0)
