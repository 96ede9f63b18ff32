"""Real bleak on the virtual BlueZ: what a profile wants a band to be told, in its order."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from rigs.marks import needs_bluez

pytestmark = needs_bluez

ROOT = Path(__file__).parents[2]
RIGS = ROOT / "tests" / "rigs"


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[dict], list[dict]]:
    """Return what came of the band, and what it saw, at a keep-alive every half second."""
    folder = tmp_path_factory.mktemp("duo")
    section = (ROOT / "docs" / "sensors.md").read_text().split("### A band with more to it")[1]
    text = re.findall(r"```toml\n(.*?)```", section, flags=re.DOTALL)[0]
    text = text.replace("every_s = 20", "every_s = 0.5")
    (folder / "duo.toml").write_text(text)
    rig = [str(RIGS / "virtual_bluez.py"), str(RIGS / "scenarios" / "duo.yaml")]
    record = [sys.executable, str(RIGS / "record_band.py"), "--name", "Duo-1", "--seconds", "3"]
    done = subprocess.run(
        [
            *(sys.executable, *rig, "--truth", str(folder / "truth"), "--"),
            *(*record, "--kind", str(folder / "duo.toml")),
        ],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    records = [json.loads(line) for line in done.stdout.splitlines() if line[:1] == "{"]
    return records, [json.loads(line) for line in (folder / "truth").read_text().splitlines()]


def test_what_is_written_comes_in_order_and_waits_for_its_answer(
    outcome: tuple[list[dict], list[dict]],
) -> None:
    _, truth = outcome
    writes = [(event["t"], event["hex"]) for event in truth if event["ev"] == "write"]
    first, *kept, last = [data for _, data in writes]
    assert (first, last) == ("0104", "02")
    assert set(kept) == {"7f"}
    assert len(kept) >= 3
    told = {event["hex"]: event["t"] for event in truth if event["ev"] == "notify"}
    assert writes[1][0] > told["80010700"] > told["aabb"] > writes[0][0]


def test_both_signals_of_one_characteristic_come_out(
    outcome: tuple[list[dict], list[dict]],
) -> None:
    records, _ = outcome
    values = {
        signal: {
            v for r in records if r["is"] == "chunk" and r["signal"] == signal for v in r["values"]
        }
        for signal in ("eda", "temp")
    }
    assert values == {"eda": {4.0, 4.01}, "temp": {33.4}}
