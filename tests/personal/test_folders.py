"""Where data live, on computers that have a place for them and on one that has none."""

import os
import subprocess
import sys

import pytest

from biofeedback.storage import paths


def test_data_live_where_the_system_keeps_a_users_data(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/somewhere/data")
    if sys.platform == "linux":
        assert str(paths.data_folder()) == "/somewhere/data/biofeedback"
    assert paths.sessions_folder() == paths.data_folder() / "sessions"


@pytest.mark.rig
@pytest.mark.skipif(
    sys.platform != "linux", reason="users without a name are a thing of containers"
)
def test_a_user_without_a_home_has_a_folder_that_cannot_be_made() -> None:
    # A whole process, since the name comes from the system's list of users.
    nobody = 47_000
    homeless = {k: v for k, v in os.environ.items() if k != "HOME" and not k.startswith("XDG_")}
    code = """
import os, sys
sys.path[:] = {path!r}
from biofeedback.storage.paths import data_folder
os.setuid({nobody}) if os.getuid() == 0 else None
try:
    data_folder().mkdir(parents=True)
except OSError as error:
    print("cannot be made", error.errno is not None)
"""
    if os.getuid() != 0:
        pytest.skip("only root may become a user without a name")
    done = subprocess.run(
        [sys.executable, "-c", code.format(path=sys.path, nobody=nobody)],
        env=homeless, text=True, capture_output=True, check=False,
    )  # fmt: skip
    assert done.stdout == "cannot be made True\n", done.stderr
