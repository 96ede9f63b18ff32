"""What a library tells its programmers stays off the screen, and harms nothing."""

import logging
import warnings

import pytest

from biofeedback.cli.streams import hush_libraries


@pytest.mark.parametrize(
    ("name", "level", "shown"),
    [
        ("pyxdf.pyxdf", logging.WARNING, False),
        ("pyxdf.pyxdf", logging.ERROR, True),
        ("biofeedback.web", logging.WARNING, True),
    ],
)
def test_only_what_concerns_the_user_is_shown(
    monkeypatch: pytest.MonkeyPatch, name: str, level: int, shown: bool
) -> None:
    last = logging.StreamHandler()
    monkeypatch.setattr(logging, "lastResort", last)
    with warnings.catch_warnings():
        hush_libraries()
    assert bool(last.filter(logging.makeLogRecord({"name": name, "levelno": level}))) == shown
