"""An E4 export in a zip whose parts are damaged is one clear line, whatever the damage."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from rigs.recording_files import write_e4_zip

from sensors.errors import RecordingError
from sensors.files import read

NAME, CENTRAL = b"export/EDA.csv", b"PK\x01\x02"


def unknown_version(data: bytes) -> bytes:
    """Ask for a later version of the format in the central directory."""
    at = data.index(CENTRAL) + 6
    return data[:at] + b"\xff" + data[at + 1 :]


def undecodable_name(data: bytes) -> bytes:
    """Flag a name as UTF-8 that is none."""
    at = data.index(CENTRAL)
    name = at + 46
    flagged = data[: at + 8] + b"\x00\x08" + data[at + 10 :]
    return flagged[:name] + b"\xff" * 5 + flagged[name + 5 :]


def cut_inside(data: bytes) -> bytes:
    """Make the extra field of a member so long that its data lie behind the file's end."""
    at = data.index(NAME) - 2
    return data[:at] + b"\xff\xff" + data[at + 2 :]


@pytest.mark.parametrize("damage", [unknown_version, undecodable_name])
def test_a_damaged_zip_is_refused_with_a_hint(
    tmp_path: Path, damage: Callable[[bytes], bytes]
) -> None:
    path = write_e4_zip(tmp_path / "export.zip")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(RecordingError, match=r"export\.zip is damaged: ") as caught:
        read(path)
    assert caught.value.hint


def test_a_member_that_is_cut_is_left_out_with_a_warning(tmp_path: Path) -> None:
    path = write_e4_zip(tmp_path / "export.zip")
    path.write_bytes(cut_inside(path.read_bytes()))
    recording = read(path)
    assert any("EDA.csv is damaged: " in warning for warning in recording.warnings)
    assert recording.duration_s > 50


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_member_without_a_name_is_passed_over(tmp_path: Path) -> None:
    path = write_e4_zip(tmp_path / "export.zip")
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(zipfile.ZipInfo("x"), "")
    data = bytearray(path.read_bytes())
    entry = data.rindex(CENTRAL)
    data[entry + 28 : entry + 30] = b"\x00\x00"  # the name's length, then the name itself
    del data[entry + 46]
    size = data.rindex(b"PK\x05\x06") + 12
    data[size : size + 4] = (int.from_bytes(data[size : size + 4], "little") - 1).to_bytes(
        4, "little"
    )
    path.write_bytes(data)
    assert read(path).duration_s > 50


def test_the_recordings_of_two_people_are_refused_and_both_are_named(tmp_path: Path) -> None:
    path = tmp_path / "study.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for person, kind in (("anna", "EDA"), ("anna", "BVP"), ("ben", "EDA")):
            archive.writestr(f"study/{person}/{kind}.csv", "1600000000\n4\n" + "2.5\n" * 40)
    with pytest.raises(RecordingError, match=r"anna.*ben") as caught:
        read(path)
    assert "study/anna" in caught.value.hint


def test_an_archive_that_swells_is_refused_before_it_is_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "swells.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for kind in ("EDA", "BVP", "TEMP"):
            archive.writestr(f"x/{kind}.csv", b"0" * (1 << 20))
    monkeypatch.setattr("sensors.files.e4.PACKED_BYTES", 1 << 20)
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda *args: pytest.fail("it was unpacked"))
    with pytest.raises(RecordingError, match="times its size") as caught:
        read(path)
    assert caught.value.hint
