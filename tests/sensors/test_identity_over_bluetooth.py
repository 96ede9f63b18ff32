"""Real bleak on the virtual BlueZ: only what was asked for is ever connected, and it is heard.

Straps of one name stand around in all runs, and what can be refused beside the heart rate is.
All scenarios run at the same time, since each spends its time waiting.
"""

import json
import shlex
import sys
from pathlib import Path
from random import Random

import pytest
from rigs.bluetooth_runs import RECORD, RIGS, Outcome, perform
from rigs.marks import needs_bluez

pytestmark = needs_bluez

RNG = Random("identity")
NAME = RNG.choice(["HRM-Dual", "Gurt 7", "T34 Strap"])
CONTROL, DATA = (f"fb005c8{n}-02e7-f387-1cad-8acd2d8df0c8" for n in (1, 2))
HOSTILE = "\x1b]0;x\x07\x1b[31m$(touch owned)\x1b[0m\nC0:00:00:00:00:00"


def address() -> str:
    return ":".join(["C0", *(f"{RNG.randrange(256):02X}" for _ in range(5))])


MINE, THEIRS, OTHERS, NEW = (address() for _ in range(4))


def strap(name: str, where: str, *timeline: dict, **more: object) -> dict:
    steps = [{"from": "subscribe"} | step for step in timeline]
    return {
        "id": more.pop("id", where), "type": "hr_strap", "name": name, "address": where,
        "timeline": steps, **more,
    }  # fmt: skip


def optical(where: str, **fault: object) -> dict:
    step = {"at": 0, "do": "fault", "times": 9999, **fault}
    name = f"Polar Sense {where[-5:].replace(':', '')}"
    return {
        "id": name, "type": "polar_verity", "name": name, "address": where,
        "timeline": [step] if fault else [], "heart": {"hr": 75},
        **({"services": []} if not fault else {}),
    }  # fmt: skip


#: What becomes of a Polar sensor's measurements, and what the wearer is told.
REFUSALS: dict[str, tuple[dict[str, object], str]] = {
    "notify of control": (
        {"op": "notify", "char": CONTROL, "text": "Operation failed with ATT error: 0x01"},
        "refuses that (Invalid Handle)",
    ),
    "notify of data": ({"op": "notify", "char": DATA, "error": "NotSupported"}, "refuses that"),
    "write": (
        {"op": "write", "char": CONTROL, "text": "Operation failed with ATT error: 0x0e"},
        "refuses that (Unlikely Error)",
    ),
    "read": ({"op": "read", "char": CONTROL, "error": "NotPermitted"}, "refuses that"),
    "read that hangs": ({"op": "read", "char": CONTROL, "hang": 99}, "does not answer"),
    "write that hangs": ({"op": "write", "char": CONTROL, "hang": 99}, "does not answer"),
    "pairing": (
        {"op": "notify", "char": CONTROL, "error": "NotPermitted", "text": "Not paired"},
        "paired",
    ),
}
#: What becomes of a strap's battery and device information.
SILENT: dict[str, dict[str, object]] = {
    "battery": {"op": "read", "char": "2a19", "error": "NotPermitted"},
    "maker that hangs": {"op": "read", "char": "2a29", "hang": 99},
    "serial number": {"op": "read", "char": "2a25", "text": "ATT error: 0x0e"},
}
REFUSING = {kind: optical(address(), **fault) for kind, (fault, _) in REFUSALS.items()}
MUTE = {
    kind: strap(f"Strap {number}", address())
    | {"timeline": [{"at": 0, "do": "fault", "times": 99, **fault}]}
    for number, (kind, fault) in enumerate(SILENT.items())
}
GARBAGE = strap("Strap 9", address(), info={"manufacturer": "\x1b[2J\x07", "serial": "\x00\x01"})

DROP = {"at": 2.5, "do": "drop", "away": 4}
SCENARIOS = {
    "address": [strap(NAME, MINE), strap(NAME, THEIRS), strap(NAME, OTHERS)],
    "loss": [strap(NAME, MINE, DROP | {"away": 8}, no_dis=True), strap(NAME, THEIRS, no_dis=True)],
    "new address": [
        strap(NAME, MINE, {"at": 3, "do": "readdress", "address": NEW, "away": 1}, id="mine"),
        strap(NAME, THEIRS),
    ],
    "lost": [
        strap(NAME, MINE, {"at": 3, "do": "readdress", "address": NEW, "away": 1}, no_dis=True),
        strap(NAME, THEIRS, no_dis=True),
    ],
    "group": [strap(NAME, MINE, DROP), strap(NAME, THEIRS)],
    "name": [strap(NAME, MINE), strap(NAME, THEIRS, battery=None)],
    "programs": [strap(NAME, MINE), strap(NAME, THEIRS)],
    "refused": [*REFUSING.values()],
    "silent": [*MUTE.values(), GARBAGE],
    "asked for": [REFUSING["notify of control"]],
    "scan": [strap(HOSTILE, MINE), strap(NAME, THEIRS), strap(NAME, OTHERS)],
}
PATIENT = ("--wait", "120")  # a busy machine connects to many one after another
BANDS = [sys.executable, str(RIGS / "record_band.py")]  # straps are found by it as well


def names(*devices: dict) -> list[str]:
    return [word for device in devices for word in ("--name", device["address"])]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("identity")


@pytest.fixture(scope="module")
def runs(folder: Path) -> dict[str, Outcome]:
    def heard(seconds: float, *wanted: str) -> list[str]:
        words = [word for one in wanted for word in ("--name", one)]
        return [*BANDS, *words, "--seconds", str(seconds)]

    first = shlex.join([*RECORD, "--name", MINE, "--seconds", "99"])
    second = shlex.join([*RECORD, "--name", MINE, "--wait", "12"])
    said = folder / "first"
    scan = [sys.executable, "-m", "biofeedback", "scan", "--timeout", "2", "--no-battery"]
    commands = {
        "address": heard(2, MINE),
        "loss": heard(18, MINE),
        "new address": [*heard(14, MINE), "--away", "2"],
        "lost": heard(8, MINE),
        "group": heard(11, MINE, THEIRS),
        "name": heard(2, NAME),
        "programs": [
            "sh", "-c",
            f"{first} > {said} & until grep -q chunk {said}; do sleep 0.2; done; "
            f"{second}; kill $!; wait; cat {said}",
        ],
        "refused": [*RECORD, *names(*REFUSING.values()), *PATIENT, "--seconds", "12"],
        "silent": [*RECORD, *names(*MUTE.values(), GARBAGE), *PATIENT, "--seconds", "6"],
        "asked for": [
            *RECORD, *names(REFUSING["notify of control"]), "--stream", "ppg", "--seconds", "5",
        ],
        "scan": ["sh", "-c", f"{shlex.join([*scan, '--json'])}; {shlex.join(scan)}"],
    }  # fmt: skip
    files = {}
    for name, devices in SCENARIOS.items():
        files[name] = str(folder / f"{name}.json")
        Path(files[name]).write_text(json.dumps({"seed": 3, "devices": devices}))
    return perform({name: (files[name], command) for name, command in commands.items()}, folder)


def connected(outcome: Outcome) -> list[str]:
    return [event["dev"] for event in outcome.events("connect")]


def details(outcome: Outcome) -> str:
    return " ".join(status["detail"] for status in outcome.all("status"))


def test_an_address_connects_to_that_device_alone(runs: dict[str, Outcome]) -> None:
    assert connected(runs["address"]) == [MINE]


def test_after_a_loss_a_namesake_is_left_alone_and_that_is_said(
    runs: dict[str, Outcome],
) -> None:
    assert connected(runs["loss"]) == [MINE, MINE]
    said = details(runs["loss"])
    assert f"({MINE}) is not in sight. Another of that name, at {THEIRS}, is left alone" in said


def test_a_strap_under_a_new_address_is_known_by_its_serial_number(
    runs: dict[str, Outcome],
) -> None:
    assert connected(runs["new address"]) == ["mine", "mine"]
    assert runs["new address"].all("status")[-1]["state"] == "streaming"


def test_without_a_serial_number_it_is_waited_for_and_that_is_said(
    runs: dict[str, Outcome],
) -> None:
    assert connected(runs["lost"]) == [MINE]
    assert f"({MINE}) is not in sight. Another of that name" in details(runs["lost"])


def test_a_loss_of_one_wearer_leaves_the_other_ones_link_alone(
    runs: dict[str, Outcome],
) -> None:
    assert sorted(connected(runs["group"])) == sorted([MINE, MINE, THEIRS])
    ends = [e["why"] for e in runs["group"].events("disconnect") if e["dev"] == THEIRS]
    assert ends == ["local disconnect"]
    packets = [e for e in runs["group"].events("hrm") if e["dev"] == THEIRS and e["ok"]]
    (lost,) = (e for e in runs["group"].events("disconnect") if "scripted" in e["why"])
    assert packets[-1]["t"] - lost["t"] > 5.0


def test_a_name_that_two_carry_is_a_mistake_that_tells_them_apart(
    runs: dict[str, Outcome],
) -> None:
    assert connected(runs["name"]) == []
    (error,) = runs["name"].all("error")
    assert f"{NAME} ({MINE}, -" in error["text"]
    assert f"{NAME} ({THEIRS}, -" in error["text"]


def test_what_another_program_listens_to_is_left_alone(runs: dict[str, Outcome]) -> None:
    outcome = runs["programs"]
    assert connected(outcome) == [MINE]
    (error,) = outcome.all("error")
    assert error["text"] == f"{NAME} ({MINE}) is in use by another program on this computer."
    until_s = max(chunk["times"][-1] for chunk in outcome.all("chunk", signal="hr"))
    assert until_s > error["t"] - 3.0  # the first program heard on
    assert outcome.events("disconnect") == []


@pytest.mark.parametrize("kind", REFUSALS)
def test_heart_rate_comes_whatever_is_refused_beside_it_and_the_reason_is_said(
    runs: dict[str, Outcome], kind: str
) -> None:
    device, why = REFUSING[kind]["name"], REFUSALS[kind][1]
    assert connected(runs["refused"]).count(device) == 1
    assert len(runs["refused"].all("chunk", source=device, signal="hr")) >= 9
    said = [s["detail"] for s in runs["refused"].all("status", source=device)]
    assert any("No pulse intervals yet, heart rate all the same" in s and why in s for s in said)
    assert not any("electrodes" in s for s in said)


def test_heart_rate_comes_without_battery_and_device_information(
    runs: dict[str, Outcome],
) -> None:
    for device in (*MUTE.values(), GARBAGE):
        chunks = runs["silent"].all("chunk", source=device["name"], signal="hr")
        assert len(chunks) >= 4, device
    assert len(connected(runs["silent"])) == len(MUTE) + 1
    assert all(s["detail"].isprintable() for s in runs["silent"].all("status"))


def test_heart_rate_comes_where_what_was_asked_for_is_refused(runs: dict[str, Outcome]) -> None:
    assert len(runs["asked for"].all("chunk", signal="hr")) >= 3
    said = [s["detail"] for s in runs["asked for"].all("status")]
    assert any("No pulse wave yet, heart rate all the same" in s for s in said)


def test_a_scan_shows_hostile_names_as_text_and_offers_just_the_device(
    runs: dict[str, Outcome], folder: Path
) -> None:
    assert connected(runs["scan"]) == []
    written = (folder / "scan.out").read_text()
    assert written.replace("\n", "").isprintable()
    (found,) = (json.loads(line) for line in written.splitlines() if line[:2] == "[{")
    assert {d["address"]: d["name"] for d in found}[MINE] == ("$(touch owned) C0:00:00:00:00:00")
    for device in found:
        assert shlex.split(device["command"])[-1] == f"ble:{device['address']}" == device["uri"]
        assert written.count(device["command"]) == 2
