"""No note hangs, however music is stopped; the benchmark does the same a thousand times."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from rigs import jack

pytest.importorskip("rtmidi")
pytestmark = pytest.mark.skipif(not jack.PRESENT, reason=jack.REASON)


def test_no_note_hangs_however_music_is_stopped() -> None:
    from rigs.stops import WAYS, stuck_after

    with jack.jack_server(), ThreadPoolExecutor(3) as pool:
        stuck = list(pool.map(stuck_after, WAYS, range(len(WAYS))))
    assert dict(zip(WAYS, stuck, strict=True)) == dict.fromkeys(WAYS, 0)
