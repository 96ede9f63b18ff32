"""What was listened to is kept when it cannot be shared, or was not wanted so."""

from pathlib import Path

import pytest
from rigs.captured import MEASUREMENT, capture

from biofeedback.cli import capture as command
from biofeedback.cli.app import run
from sensors.captures.archive import read_capture
from sensors.captures.kept import HeardCapture, is_kept, read_kept, write_kept
from sensors.captures.needles import Identity

HEARD = HeardCapture(
    capture(
        ("packet", MEASUREMENT, b"\x10\x40\x00\x04"),
        driver="BITalino",
        options={"eda": 3, "ecg": 0, "rate_hz": 100},
    ),
    Identity(names=("Annika",), addresses=("D4:1E:0C:7A:92:3B",), serials=("4711471",)),
    1_790_003_123.0,
)


def test_a_capture_that_cannot_be_shared_so_is_kept_and_shared_otherwise(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_listen", lambda *_: HEARD)  # five minutes of it
    share, kept = tmp_path / "out.zip", tmp_path / "out.private.zip"
    assert run(["capture", "--share", str(share), "--values", "coarse", "--yes"]) == 2
    told = " ".join(capsys.readouterr().err.split())
    assert "cannot be made coarse" in told
    assert f"capture --again {kept} --share {share}" in told
    assert not share.exists()
    assert read_kept(kept) == HEARD
    assert run(["capture", "--check", str(kept)]) == 2
    assert "not to be shared" in capsys.readouterr().err
    assert run(["capture", "--again", str(kept), "--share", str(share), "--values", "coarse",
                "--yes"]) == 2  # fmt: skip
    assert read_kept(kept) == HEARD
    monkeypatch.undo()
    assert run(["capture", "--again", str(kept), "--share", str(share), "--yes"]) == 0
    assert next(read_capture(share).of("packet")).data == b"\x10\x40\x00\x04"
    assert not is_kept(share)
    assert list(tmp_path.iterdir()) == [share]


def test_what_was_kept_before_is_not_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "_listen", lambda *_: HEARD)
    words = ["capture", "--share", str(tmp_path / "a.zip"), "--values", "coarse", "--yes"]
    assert [run(words), run(words)] == [2, 2]
    assert {path.name for path in tmp_path.iterdir()} == {"a.private.zip", "a.private1.zip"}


def test_a_capture_that_was_shared_is_not_taken_for_one_that_was_kept(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_kept(tmp_path / "a.private.zip", HEARD)
    share = str(tmp_path / "a.zip")
    kept = str(tmp_path / "a.private.zip")
    assert run(["capture", "--again", kept, "--share", share, "--yes"]) == 0
    again = ["capture", "--again", share, "--share", str(tmp_path / "b.zip"), "--yes"]
    assert run(again) == 2
    assert "whose it is" in capsys.readouterr().err
    assert Path(share).exists()
