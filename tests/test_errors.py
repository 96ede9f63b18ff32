"""A mistake of the user is told with its hint, whichever part noticed it; a bug is not hidden."""

import pytest

from biofeedback.common.errors import BiofeedbackError, LogError, hint_of
from sensors.errors import RecordingError, SensorError
from synth.errors import OutputLost, SynthError


@pytest.mark.parametrize(
    "root", [BiofeedbackError, LogError, SensorError, RecordingError, SynthError, OutputLost]
)
def test_the_errors_of_all_three_packages_carry_a_hint(root: type[Exception]) -> None:
    assert hint_of(root("it went wrong", hint="Do this.")) == "Do this."  # type: ignore[call-arg]
    assert hint_of(root("it went wrong")) == ""


def test_an_error_of_a_plugin_needs_no_base_of_ours_to_carry_one() -> None:
    error = OSError("no glove")
    error.hint = "Put it on."  # type: ignore[attr-defined]
    assert hint_of(error) == "Put it on."


@pytest.mark.parametrize("hint", [None, 7, ["Do this."]])
def test_what_has_no_words_to_help_is_a_bug(hint: object) -> None:
    error = ValueError("it went wrong")
    assert hint_of(error) is None
    error.hint = hint  # type: ignore[attr-defined]
    assert hint_of(error) is None
