"""Silence at once, the room's echo and slow releases included; in virtual time."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.rig

pytest.importorskip("pyo", reason="pyo has no wheel here", exc_type=ImportError)

# pyo wants a process of its own: one server a process, ended without its collector.
_PLAY = """
import json, os, sys
import numpy as np
from synth.instruments import pyo_library
from synth.instruments.orchestra import Orchestra
from synth.instruments.sequencer import Sequencer
from synth.output import NoteOn
from synth.params import Layer
pyo = pyo_library.load()
server = pyo.Server(sr=48000, nchnls=2, buffersize=240, duplex=0, audio="manual")
server.verbosity = 0
server.deactivateMidi()
server.boot()
orchestra = Orchestra(pyo, 48000.0, Layer, sys.argv[1])
table = pyo.DataTable(240, chnls=2)
recorder = pyo.TableFill(orchestra.stereo, table)
server.start()
sides = [np.asarray(table.getBuffer(side)) for side in range(2)]
sequencer = Sequencer(orchestra)

def loudest(seconds):
    peaks = []
    for _ in range(round(seconds * 200)):
        sequencer.block(240)
        server.process()
        peaks.append(max(float(np.abs(side).max()) for side in sides))
    return max(peaks)

def chord():
    for number, layer in enumerate(Layer):
        note = NoteOn(number, layer, 40 + 7 * number, 100)
        sequencer.add(sequencer.now, note)

orchestra.set_volume(0.5)
chord()
playing = loudest(2.0)
sequencer.clear()
orchestra.panic()
falling = loudest(0.06)
silent = loudest(1.0)
orchestra.set_volume(0.6)
still_silent = loudest(0.2)
chord()
again = loudest(1.0)
print("\\n" + json.dumps([playing, silent, still_silent, again]))
sys.stdout.flush()
os._exit(0)
"""


@pytest.mark.parametrize("sound", ["ambient", "drone_breath"])
def test_panic_is_silent_within_60_ms_until_the_next_note(sound: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _PLAY, sound], capture_output=True, text=True, check=True
    )
    playing, silent, still_silent, again = json.loads(done.stdout.splitlines()[-1])
    assert playing > 0.1
    assert max(silent, still_silent) < 1e-4 * playing  # 80 dB down
    assert again > 0.5 * playing
