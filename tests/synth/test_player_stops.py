"""No note hangs, however music is stopped; the benchmark does the same a thousand times."""

from __future__ import annotations

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rigs import jack, late_successor
from rigs.stops import WAYS, stuck_after

pytestmark = [
    pytest.mark.rig,
    pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGKILL"),
]


def test_no_note_hangs_however_music_is_stopped() -> None:
    with tempfile.TemporaryDirectory(prefix="cables") as folder, ThreadPoolExecutor(3) as pool:
        trials = [pool.submit(stuck_after, way, k, Path(folder)) for k, way in enumerate(WAYS)]
        stuck = [trial.result() for trial in trials]
    assert dict(zip(WAYS, stuck, strict=True)) == dict.fromkeys(WAYS, 0)


@pytest.mark.skipif(not jack.PRESENT, reason=jack.REASON)
def test_a_player_that_goes_just_before_a_stop_leaves_no_note_however_late_its_successor(
    tmp_path: Path,
) -> None:
    pytest.importorskip("rtmidi", reason="python-rtmidi has no wheel here")
    ways = late_successor.WAYS
    with jack.jack_server(realtime=True), ThreadPoolExecutor(len(ways)) as pool:
        trials = [
            pool.submit(late_successor.trial, way, 1.0, seed, tmp_path / way)
            for seed, way in enumerate(ways)
        ]
        found = [trial.result() for trial in trials]
    assert [trial for trial in found if not trial.good] == []
