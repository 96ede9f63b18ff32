"""What starts quickly stays quick because of what it does not import."""

import subprocess
import sys

import pytest

pytestmark = pytest.mark.rig

HEAVY = {
    "asyncio", "bleak", "matplotlib", "mido", "msgspec", "neurokit2", "numpy", "pandas", "pyo",
    "rich", "rtmidi", "scipy", "tomllib",
}  # fmt: skip


#: What parses a command line, and what it needs.
PARSING = {"logging", "typer"}


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        ("import biofeedback", set()),
        ("import sensors, synth", PARSING),
        ("from biofeedback.cli.app import run; run(['--help'])", set()),
        ("from biofeedback.cli.app import run; run(['run', '--help'])", PARSING),
        ("from biofeedback.cli.app import run; run(['--version'])", {"rich", *PARSING}),
    ],
)
def test_nothing_heavy_is_imported(statement: str, allowed: set[str]) -> None:
    program = f"import sys; {statement}; print(*sys.modules, file=sys.stderr)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    loaded = {name.partition(".")[0] for name in done.stderr.split()}
    assert not loaded & ((HEAVY | PARSING) - allowed)
