"""Sessions survive random trouble, and the judge of that sees what it should."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from rigs.bluetooth_draw import BESIDE, GROUP, KINDS, NAMESAKE, REFUSED, STRAP, draw
from rigs.bluetooth_judge import judge
from rigs.marks import needs_bluez

pytestmark = needs_bluez

COMMAND = Path(__file__).parents[2] / "benchmarks" / "bluetooth_scenarios.py"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    folder = tmp_path_factory.mktemp("scenarios")
    done = subprocess.run(
        [sys.executable, str(COMMAND), "--quick", "--keep", str(folder)],
        stdout=subprocess.PIPE,
        text=True,
        timeout=60,
        check=False,
    )
    return folder, done.stdout


def lines(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text().splitlines() if line[:1] == "{"]


def test_every_sensor_returns_and_no_beat_is_lost_or_invented(kept: tuple[Path, str]) -> None:
    assert "3 of 3 scenarios passed" in kept[1]


def without_a_beat(log: list[dict]) -> None:
    log.remove([line for line in log if line.get("signal") == "rr" and "values" in line][2])


def with_a_beat_twice(log: list[dict]) -> None:
    beats = [line for line in log if line.get("signal") == "rr" and "values" in line]
    log.insert(log.index(beats[2]), beats[2])


def without_gaps(log: list[dict]) -> None:
    log[:] = [line for line in log if line["kind"] != "gap"]


def with_another_reason(log: list[dict]) -> None:
    for line in log:
        if line["kind"] == "gap":
            line["reason"] = "no_contact"


def without_counts(log: list[dict]) -> None:
    log[-1].pop("bad")


def with_a_gap_too_many(log: list[dict]) -> None:
    gap = next(line for line in log if line["kind"] == "gap")
    log.insert(1, gap | {"start": 0.5, "end": 0.6, "reason": "clock"})


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (without_a_beat, "is not next in the log"),
        (with_a_beat_twice, "is not next in the log"),
        (without_gaps, "no gap for drop"),
        (with_another_reason, "a gap by no_contact instead of"),
        (with_a_gap_too_many, "without a cause"),
        (without_counts, "1 odd packets, and 0 counted"),
    ],
)
def test_the_judge_sees_what_is_wrong(
    kept: tuple[Path, str], spoil: Callable[[list[dict]], None], said: str
) -> None:
    folder = kept[0] / "3"
    (path,) = folder.glob("out/*/session.jsonl")
    truth, log = lines(folder / "truth.jsonl"), lines(path)
    first = next(line for line in log if line.get("signal") == "hr")
    sent = {event["no"]: event["t"] for event in truth if event["ev"] == "sent"}
    t0_s = sent[next(e for e in truth if e["ev"] == "hrm")["no"]] - first["times"][0]
    assert judge(truth, log, [], t0_s).failures == []
    spoil(log)
    assert any(said in failure for failure in judge(truth, log, [], t0_s).failures)


@pytest.mark.parametrize(
    ("event", "said"), [("connect", "was connected"), ("subscribe", "was listened to")]
)
def test_the_judge_sees_a_device_that_nobody_asked_for(
    kept: tuple[Path, str], event: str, said: str
) -> None:
    truth = lines(kept[0] / "3" / "truth.jsonl")
    truth.append({"t": 9.0, "ev": event, "dev": f"{NAMESAKE}{STRAP}"})
    (path,) = (kept[0] / "3").glob("out/*/session.jsonl")
    assert any(said in failure for failure in judge(truth, lines(path), [], 0.0).failures)


def connected(kind: str, at_s: float, address_type: str) -> list[dict]:
    """Return the truth of a namesake that is connected some time after a strap's trouble."""
    other = f"{NAMESAKE}{STRAP}"
    device = {"t": 0.0, "ev": "device", "name": STRAP, "address": "C0:00:00:00:00:01"}
    return [
        device | {"dev": STRAP, "address_type": "random"},
        device | {"dev": other, "address_type": address_type},
        {"t": 9.0, "ev": "step", "dev": STRAP, "do": kind, "why": kind, "away": 1.0},
        {"t": 9.0, "ev": "step", "dev": other, "do": "advertise", "why": BESIDE},
        {"t": at_s, "ev": "connect", "dev": other},
    ]


@pytest.mark.parametrize(
    ("kind", "at_s", "address_type", "excused"),
    [
        ("readdress", 43.0, "random", True),
        ("readdress", 38.0, "random", False),
        ("readdress", 43.0, "public", False),
        ("drop", 43.0, "random", False),
    ],
)
def test_the_judge_excuses_a_question_for_a_serial_number_after_a_new_address_alone(
    kind: str, at_s: float, address_type: str, excused: bool
) -> None:
    verdict = judge(connected(kind, at_s, address_type), [{"t": 60.0, "kind": "end"}], [], 0.0)
    told = [failure for failure in verdict.failures if "was connected" in failure]
    assert (not told) is excused


def test_a_hundred_seeds_draw_every_kind_of_trouble_and_the_same_again() -> None:
    drawn = [draw(seed) for seed in range(1, 101)]
    assert {kind for one in drawn for kind in one.kinds} == {*KINDS, REFUSED, BESIDE, GROUP}
    assert {len(one.sensors) for one in drawn} == {1, 2, 3}
    assert draw(7) == drawn[6]
