"""The list of programmes, and the options that run and replay share."""

import inspect
import json

import pytest

from biofeedback.cli.app import run
from biofeedback.cli.play import replay
from biofeedback.cli.play import run as run_command
from biofeedback.config.loader import programmes


def test_programmes_lists_phases_and_lengths(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["programmes"]) == 0
    shown = capsys.readouterr().out
    assert "rest, meet, lead, stay, return" in shown
    assert "until you stop" in shown
    assert run(["programmes", "--json"]) == 0
    known = {one["name"]: one for one in json.loads(capsys.readouterr().out)}
    assert known["resonance"]["phases"][1] == "search"
    assert known["mirror"]["minutes"] is None
    assert set(known) == set(programmes())


def test_run_and_replay_share_their_options() -> None:
    of_run, of_replay = (set(inspect.signature(c).parameters) for c in (run_command, replay))
    assert {"programme", "style", "seed", "volume", "midi_map"} <= of_run & of_replay
    assert of_replay - of_run == {"source", "columns", "rate", "sessions"}
