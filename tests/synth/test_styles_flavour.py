"""What a style adds of its own: swing, swell and sevenths at parameters that ask for none."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from biofeedback.control.curves import Curves, Palette
from synth.compose.composer import Composer
from synth.events import Bar
from synth.params import Layer, MusicParams
from synth.styles.load import load

FOLDER = Path(__file__).parents[2] / "configs" / "styles"


def compose(name: str, bars: int = 32, **changes: object) -> list[Bar]:
    style = load(name, FOLDER)
    params = replace(style.settings.home, **changes)
    composer = Composer(style, 3, params)
    return [composer.bar(params) for _ in range(bars)]


def test_drone_breath_swells_though_nobody_paces() -> None:
    own = Curves(Palette(), load("drone_breath", FOLDER).settings.home, 0.3).params(0.3, 48.0)
    plain = Curves(Palette(), load("piano", FOLDER).settings.home, 0.3).params(0.3, 48.0)
    assert (own.swell, plain.swell) == (0.5, 0.0)


def test_its_drone_begins_with_the_in_breath_and_lets_go_with_the_out_breath() -> None:
    drones = [n for b in compose("drone_breath") for n in b.notes if n.layer is Layer.DRONE]
    assert len(drones) >= 16
    for note in drones:
        assert note.beat % 8 < 0.1
        assert note.beats == pytest.approx(4.0, abs=0.1)


def test_lofi_swings_and_swings_further_when_asked() -> None:
    def offbeat(swing: float) -> float:
        bars = compose("lofi", swing=swing)
        places = [n.beat % 1 for bar in bars for n in bar.notes if 0.45 < n.beat % 1 < 0.7]
        return float(np.mean(places))

    assert offbeat(0.5) == pytest.approx(0.6, abs=0.01)
    assert offbeat(0.67) == pytest.approx(0.67, abs=0.01)


def test_lofi_has_sevenths_where_piano_has_none() -> None:
    def sevenths(name: str) -> int:
        bars = compose(name, 64, tension=0.0)
        # A section in Lydian has the D7/C that tells it from Ionian.
        at_home = [bar for bar in bars if bar.key == bars[0].key]
        assert len(at_home) >= 48
        return sum("7" in c for bar in at_home for c in bar.chords)

    assert sevenths("piano") == 0
    assert sevenths("lofi") >= 16


def test_a_styles_own_flavour_leaves_every_parameter_its_effect() -> None:
    settings = load("lofi", FOLDER).settings
    steps = [settings.flavoured(MusicParams(tension=k / 4, swing=0.5 + k * 0.04)) for k in range(5)]
    assert all(a.tension < b.tension and a.swing < b.swing for a, b in pairwise(steps))
    assert settings.flavoured(MusicParams(tension=1.0)).tension == 1.0


def test_the_bows_of_chamber_are_lifted_before_every_phrase() -> None:
    bars = compose("chamber", 32)
    bowed = [n for bar in bars for n in bar.notes if n.layer is not Layer.DRONE]
    for bar in bars[3::4]:
        line = bar.beat + bar.beats
        assert not any(n.beat < line - 0.5 and n.beat + n.beats > line - 0.3 for n in bowed)
