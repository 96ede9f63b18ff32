"""A file that others rely on is there whole or not at all, and nobody else may read it."""

import os
import sys
from pathlib import Path

import pytest

from biofeedback.common.errors import FolderError
from biofeedback.storage import files


def test_a_file_is_replaced_whole(tmp_path: Path) -> None:
    path = tmp_path / "kept"
    files.replace(path, b"before")
    files.replace(path, b"after")
    assert path.read_bytes() == b"after"
    assert list(tmp_path.iterdir()) == [path]


def test_what_was_there_stays_when_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "kept"
    files.replace(path, b"before")

    def full(source: Path, target: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(FolderError, match=r"the list .*kept cannot be written: No space") as caught:
        files.save(path, b"after", what="the list ", hint="Make room.")
    assert caught.value.hint == "Make room."
    assert path.read_bytes() == b"before"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(sys.platform == "win32", reason="a profile of Windows is private as it is")
def test_a_file_was_never_readable_by_others(tmp_path: Path) -> None:
    modes = []
    opened = os.open

    def noted(path: Path, flags: int, mode: int = 0o777) -> int:
        modes.append(mode)
        return opened(path, flags, mode)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "open", noted)
        files.replace(tmp_path / "key", b"secret")
    assert modes == [0o600]
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
