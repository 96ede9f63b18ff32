"""A swell is heard as loudness over pairs of bars, and nothing else changes."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synth.compose.composer import Composer
from synth.events import Note
from synth.params import MusicParams
from synth.styles.load import load

STYLES = Path(__file__).parents[2] / "configs" / "styles"


def notes(params: MusicParams) -> list[Note]:
    composer = Composer(load("piano", STYLES), 3, params)
    return [note for _ in range(32) for note in composer.bar(params).notes]


def test_without_a_swell_nothing_breathes_and_with_one_only_loudness_changes() -> None:
    plain, swelling = notes(MusicParams()), notes(MusicParams(swell=1.0))
    assert [replace(n, velocity=64) for n in plain] == [replace(n, velocity=64) for n in swelling]


@pytest.mark.parametrize(("depth", "least", "most"), [(0.0, 0.8, 1.2), (1.0, 0.25, 0.6)])
def test_a_pair_of_bars_is_softest_at_its_ends_and_loudest_in_the_middle(
    depth: float, least: float, most: float
) -> None:
    swelling = notes(MusicParams(swell=depth))
    place = np.array([n.beat % 8 for n in swelling])
    loud = np.array([n.velocity for n in swelling])
    ends = loud[(place < 1) | (place >= 7)].mean()
    middle = loud[(place >= 3) & (place < 5)].mean()
    assert least < ends / middle < most
