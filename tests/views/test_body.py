"""What a screen shows of a body."""

import pytest

from biofeedback.metrics.base import Reading
from biofeedback.metrics.beats import Beat
from biofeedback.views.body import UNKNOWN, BodyView


@pytest.mark.parametrize(("quality", "shown"), [(0.0, None), (0.1, 28.0), (1.0, 28.0)])
def test_a_number_that_nobody_may_trust_is_not_shown(quality: float, shown: float | None) -> None:
    view = BodyView()
    view.feed(Beat(59.0, 850.0, "normal"), 59.0)
    view.read((Reading("rmssd", 28.0, "ms", 60.0, 60.0, quality, 1.0),))
    assert view.measures(60.0)["rmssd"].value == shown
    assert (view.measures(60.0)["rmssd"] == UNKNOWN) == (shown is None)
