"""The digest of the code in a log's header: complete, and the same wherever it is installed."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from test_architecture import ROOT, imports, modules, within

from biofeedback.engine.digest import DERIVING, code_digest


@pytest.mark.slow
def test_all_that_the_core_imports_is_in_the_digest() -> None:
    known = modules()
    waiting = ["biofeedback.engine.core", "biofeedback.record.inputs", "biofeedback.record.derived"]
    seen = set()
    while waiting:
        name = waiting.pop()
        while name and name not in known:
            name = name.rpartition(".")[0]  # a name within a module
        if name and name not in seen:
            seen.add(name)
            waiting += imports(known[name])
    only_form = {"biofeedback.record", "sensors", "synth", "biofeedback"}  # not what is derived
    outside = {
        name
        for name in seen
        if not any(within(name, prefix) for prefix in DERIVING)
        and not within(name, "biofeedback.record")
        and name not in only_form
    }
    assert not outside, f"add these to code_digest.DERIVING: {sorted(outside)}"


@pytest.fixture
def wheel(tmp_path: Path) -> Path:
    """The packages as a wheel lays them out."""
    for package in ("biofeedback", "sensors", "synth"):
        shutil.copytree(ROOT / package, tmp_path / package,
                        ignore=shutil.ignore_patterns("__pycache__", "web"))  # fmt: skip
    shutil.copytree(ROOT / "configs", tmp_path / "biofeedback" / "_configs")
    return tmp_path


def digest_of(folder: Path) -> str:
    ask = "from biofeedback.engine.digest import code_digest; print(code_digest())"
    done = subprocess.run(
        [sys.executable, "-c", ask], cwd=folder, capture_output=True, text=True, check=True,
        env={**os.environ, "PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"},
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.rig
def test_a_wheel_has_the_digest_of_its_source_and_any_change_gives_another(wheel: Path) -> None:
    assert digest_of(wheel) == code_digest()
    (wheel / "synth" / "compose" / "a_note.py").write_text("")
    added = digest_of(wheel)
    (wheel / "biofeedback" / "_configs" / "styles" / "ambient.toml").write_text("")
    assert len({code_digest(), added, digest_of(wheel)}) == 3
