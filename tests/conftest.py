"""What all tests share: tests on public recordings run only where the recordings are."""

import os
from pathlib import Path

import pytest

RECORDINGS = "BIOFEEDBACK_RECORDINGS"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    if os.environ.get(RECORDINGS):
        return
    wanting = [item for item in items if item.get_closest_marker("recordings")]
    config.hook.pytest_deselected(items=wanting)
    items[:] = [item for item in items if item not in wanting]


@pytest.fixture(scope="session")
def recordings() -> Path:
    folder = Path(os.environ[RECORDINGS])
    assert folder.is_dir(), f"{RECORDINGS} names no folder: {folder}"
    return folder
