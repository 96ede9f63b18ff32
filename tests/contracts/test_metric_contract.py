"""Odd input beyond what the shipped suite tries of each metric."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from biofeedback.testing.test_metric import NAMES, RATES_HZ, run
from sensors.base import Sample, SensorStatus
from sensors.signals import Chunk, Gap, Signal

ODD = st.one_of(
    st.floats(allow_nan=True, allow_infinity=True, width=32), st.floats(0.2, 2.5), st.just(0.0)
)
SIGNALS = st.sampled_from(list(Signal))


@pytest.mark.slow
@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.tuples(
            SIGNALS,
            st.sampled_from(["a", "b"]),
            st.lists(ODD, max_size=30),
            st.booleans(),
            st.floats(0.0, 30.0),
        ),
        max_size=8,
    )
)
def test_odd_and_gappy_input_is_survived(pieces: list) -> None:
    samples: list[tuple[float, Sample]] = []
    now_s = 0.0
    for signal, source, values, gap, pause_s in pieces:
        rate_hz = RATES_HZ.get(signal, 1.0)
        if gap:
            samples.append((now_s + pause_s, Gap(signal, source, now_s, now_s + pause_s, "link")))
        now_s += pause_s
        chunk = Chunk.regular(signal, source, now_s, rate_hz, np.array(values, dtype=float))
        if signal is Signal.RR:
            chunk = replace(chunk, rate_hz=None)
        now_s += len(values) / rate_hz
        samples.append((now_s, chunk))
        samples.append((now_s, SensorStatus(source, now_s, "streaming", contact=not gap)))
    run(samples, now_s + 5.0)


def test_the_suite_knows_every_reading_that_is_built_in() -> None:
    assert [reading.name for reading in run([], 1.0)[-1]] == NAMES
