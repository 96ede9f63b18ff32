"""No note hangs, however music is stopped; the benchmark does the same a thousand times."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rigs.stops import WAYS, stuck_after

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL")


def test_no_note_hangs_however_music_is_stopped() -> None:
    with tempfile.TemporaryDirectory(prefix="cables") as folder, ThreadPoolExecutor(3) as pool:
        trials = [pool.submit(stuck_after, way, k, Path(folder)) for k, way in enumerate(WAYS)]
        stuck = [trial.result() for trial in trials]
    assert dict(zip(WAYS, stuck, strict=True)) == dict.fromkeys(WAYS, 0)
