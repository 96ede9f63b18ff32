"""Every parameter is followed in every style, from its lowest value to its middle and highest."""

from __future__ import annotations

import argparse
import importlib
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from synth.styles.load import load, names

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "benchmarks"))
params_effect = importlib.import_module("params_effect")
SIZE = argparse.Namespace(seeds=2, bars=16)
LONGER = argparse.Namespace(seeds=8, bars=32)  # chords are few, and drawn by lot


@pytest.mark.parametrize("row", params_effect.ROWS, ids=lambda row: row[0])
@pytest.mark.parametrize("name", names())
def test_a_parameter_is_followed(name: str, row: tuple) -> None:
    style = load(name, ROOT / "configs" / "styles")
    field, values, _, measure = row
    if field == "layers":
        values = values[: len(style.settings.layers)]
    few = sorted({values[0], values[len(values) // 2], values[-1]})
    size = LONGER if field == "tension" else SIZE
    found = [params_effect.effect(style, field, value, measure, size) for value in few]
    assert all(b > a for a, b in pairwise(found)), found
