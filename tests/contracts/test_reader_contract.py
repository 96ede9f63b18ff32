"""The shipped suite, for a recording of every format that is built in."""

from pathlib import Path

import pytest
from rigs.recording_files import FORMATS

from biofeedback.testing.test_reader import (  # noqa: F401
    copy,
    test_a_recording_that_was_cut_or_spoiled_is_read_or_refused_with_a_hint,
    test_reading_changes_and_leaves_nothing,
    test_reading_twice_gives_the_same,
    test_values_are_finite_or_in_a_gap_and_times_never_go_backwards,
)

pytestmark = pytest.mark.slow


@pytest.fixture
def part() -> str:
    return "built in"


@pytest.fixture(params=FORMATS)
def sample(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "made"
    folder.mkdir()
    return FORMATS[request.param](folder / request.param)
