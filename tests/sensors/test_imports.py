"""Every module of the package can be the first one that is imported."""

import subprocess
import sys
from pathlib import Path

import pytest

import sensors

pytestmark = pytest.mark.rig

EACH_ALONE = """
import importlib, sys
for module in sys.argv[1:]:
    for name in [name for name in sys.modules if name.split(".")[0] == "sensors"]:
        del sys.modules[name]
    importlib.import_module(module)
"""


def test_no_module_needs_another_one_to_be_imported_before_it() -> None:
    folder = Path(sensors.__file__).parent
    paths = [path.relative_to(folder.parent).with_suffix("") for path in folder.rglob("*.py")]
    modules = sorted(".".join(path.parts).removesuffix(".__init__") for path in paths)
    assert "sensors.network.osc" in modules
    done = subprocess.run(
        [sys.executable, "-c", EACH_ALONE, *modules],
        cwd=folder.parent, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
