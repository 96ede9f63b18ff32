"""What all tests share: a data folder of their own, and recordings only where they are."""

import atexit
import os
import shutil
import tempfile
from pathlib import Path

import hypothesis
import pytest

#: How long an example takes says more about the machine's other work than about the code.
hypothesis.settings.register_profile("any machine", deadline=None)
hypothesis.settings.load_profile("any machine")
#: For mutants: that an example fails is enough, the smallest one is not asked for.
hypothesis.settings.register_profile(
    "no shrinking",
    deadline=None,
    derandomize=True,
    phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
)

#: Whoever runs the tests may be a wearer: nothing is read from or written to their data.
#: A plain folder: mutants load this file more than once, and the folder outlives each load.
os.environ["XDG_DATA_HOME"] = tempfile.mkdtemp(prefix="biofeedback-tests-")
atexit.register(shutil.rmtree, os.environ["XDG_DATA_HOME"], ignore_errors=True)

RECORDINGS = "BIOFEEDBACK_RECORDINGS"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    for item in items:
        if "biofeedback/testing" in item.path.as_posix():  # for all that is built in, many seconds
            item.add_marker(pytest.mark.slow)
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


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    """Where everything is installed, a skipped test is a failure."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("BIOFEEDBACK_NO_SKIPS") and reporter and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
