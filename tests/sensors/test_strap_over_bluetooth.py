"""Real bleak on the virtual BlueZ: what the strap knows to be true is what comes out.

All scenarios run at the same time, since each spends its time waiting.
"""

import os
import shlex
import subprocess
from pathlib import Path

import pytest
from rigs.bluetooth_runs import RECORD, Outcome, perform
from rigs.marks import needs_bluez

pytestmark = needs_bluez

MEASUREMENT = "00002a37-0000-1000-8000-00805f9b34fb"

#: scenario file, arguments of record_strap.py
RUNS: dict[str, tuple[str, list[str]]] = {
    "drop": ("drop.yaml", ["--name", "virtual hrm", "--seconds", "24"]),
    "stall": ("stall.yaml", ["--seconds", "18"]),
    "crash": ("crash.yaml", ["--name", "Virtual HRM 01", "--seconds", "17"]),
    "garbage": ("garbage.yaml", ["--name", "c0:00:00:00:00:01", "--seconds", "8"]),
    "hostile": ("hostile.yaml", ["--name", "Virtual HRM 01", "--away", "2", "--seconds", "24"]),
    "twins": ("twins.yaml", ["--name", "c0:00:00:00:00:01", "--seconds", "18"]),
    "slow": ("slow.yaml", ["--name", "Virtual HRM 01", "--seconds", "7"]),
    "both": (
        "two.yaml",
        ["--name", "Virtual HRM 01", "--name", "Virtual HRM 02", "--seconds", "8"],
    ),
    "updated": ("updated.yaml", ["--name", "Virtual HRM 01", "--seconds", "5"]),
    "updated, paired": (
        "updated.yaml",
        ["--name", "Virtual HRM 02", "--wait", "4", "--seconds", "5"],
    ),
    "searching": ("stall.yaml", ["--once", "searching", "--seconds", "0.5"]),
    "connecting": (
        "slow.yaml",
        ["--name", "c0:00:00:00:00:01", "--once", "connecting", "--seconds", "1.5"],
    ),
    "ambiguous": ("two.yaml", []),
    "absent": ("two.yaml", ["--wait", "6", "--name", "Nobody"]),
    "scan": ("two.yaml", ["--scan", "--seconds", "2"]),
    "off": ("off.yaml", []),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("bluetooth")
    commands = {name: [*RECORD, *arguments] for name, (_, arguments) in RUNS.items()}
    scenarios = {name: scenario for name, (scenario, _) in RUNS.items()}
    first, second = (
        shlex.join([*RECORD, "--name", "Virtual HRM 01", *arguments])
        for arguments in (("--seconds", "40", "--killed-after", "4"), ("--seconds", "11"))
    )
    commands["killed"] = ["sh", "-c", f"{first}; {second}"]
    scenarios["killed"] = "garbage.yaml"
    return perform({name: (scenarios[name], commands[name]) for name in commands}, folder)


@pytest.mark.parametrize("name", ["drop", "stall", "crash", "slow", "hostile"])
def test_every_beat_that_was_notified_comes_out(runs: dict[str, Outcome], name: str) -> None:
    seen, true = runs[name].rr_s(), runs[name].true_rr_s()
    assert len(true) > 3
    assert seen == pytest.approx(true, abs=0.6 / 1024)


@pytest.mark.parametrize(
    ("name", "reason"), [("drop", "link"), ("stall", "stall"), ("crash", "stall")]
)
def test_a_loss_is_a_gap_that_no_interval_bridges(
    runs: dict[str, Outcome], name: str, reason: str
) -> None:
    gap = runs[name].all("gap", signal="rr", reason=reason)[0]
    assert gap["end"] - gap["start"] > 1.5
    assert max(runs[name].rr_s()) < 1.5
    assert len(runs[name].events("connect")) == 2
    assert runs[name].all("status", state="lost")[0]["detail"]


def test_a_stall_is_noticed_after_five_seconds(runs: dict[str, Outcome]) -> None:
    (lost,) = runs["stall"].all("status", state="lost")
    packets_s = [e["t"] for e in runs["stall"].events("hrm") if e["ok"]]
    last_s = max(t for t in packets_s if t < lost["t"])
    assert lost["t"] - last_s == pytest.approx(5.0, abs=0.5)


@pytest.mark.parametrize("name", ["drop", "stall", "crash", "garbage", "hostile"])
def test_beats_are_placed_where_they_happened(runs: dict[str, Outcome], name: str) -> None:
    times_s = [t for chunk in runs[name].all("chunk", signal="rr") for t in chunk["times"]]
    assert times_s == sorted(times_s)
    beats_s = [e["t"] for e in runs[name].events("beat")]
    assert all(min(abs(t - beat) for beat in beats_s) < 1.2 for t in times_s)


@pytest.mark.parametrize("name", ["drop", "stall", "crash", "garbage", "hostile"])
def test_closing_the_stream_disconnects_the_strap(runs: dict[str, Outcome], name: str) -> None:
    (closed,) = runs[name].all("closed")
    goodbye = runs[name].events("disconnect")[-1]
    assert goodbye["t"] <= closed["t"]


@pytest.mark.parametrize("name", ["searching", "connecting"])
def test_a_stream_can_be_closed_before_it_streams(runs: dict[str, Outcome], name: str) -> None:
    assert runs[name].all("closed")
    assert runs[name].all("status")[-1]["state"] == name
    connects, goodbyes = runs[name].events("connect"), runs[name].events("disconnect")
    assert len(connects) == len(goodbyes)


def test_a_connection_that_takes_long_is_not_taken_for_silence(runs: dict[str, Outcome]) -> None:
    assert runs["slow"].all("status", state="lost") == []
    assert len(runs["slow"].events("connect")) == 1


def test_a_strap_is_not_mistaken_for_another_of_its_name(runs: dict[str, Outcome]) -> None:
    outcome = runs["twins"]
    assert [event["dev"] for event in outcome.events("connect")][-1] == "mine"
    assert {event["dev"] for event in outcome.events("subscribe")} == {"mine"}
    assert outcome.rr_s() == pytest.approx(outcome.true_rr_s(), abs=0.6 / 1024)
    assert len(outcome.all("gap", signal="rr", reason="link")) == 1


def test_two_straps_stream_at_once(runs: dict[str, Outcome]) -> None:
    for strap, name in (("a", "Virtual HRM 01"), ("b", "Virtual HRM 02")):
        true = runs["both"].true_rr_s(strap, source=name)
        assert len(true) > 3
        assert runs["both"].rr_s(source=name) == pytest.approx(true, abs=0.6 / 1024)


def test_the_wearer_is_told_about_contact_and_battery(runs: dict[str, Outcome]) -> None:
    details = [status["detail"] for status in runs["drop"].all("status")]
    assert "No contact with the skin: wet the electrodes and tighten the strap." in details
    assert "The battery is at 12 %: change it soon." in details
    assert runs["drop"].all("status", battery=87)
    assert runs["drop"].all("gap", signal="rr", reason="no_contact")


def test_bad_packets_break_the_run_but_never_the_stream(runs: dict[str, Outcome]) -> None:
    outcome = runs["garbage"]
    assert len(outcome.events("connect")) == 1
    assert outcome.all("gap", signal="rr", reason="bad_data")
    assert outcome.all("gap", signal="hr", reason="bad_data")
    assert outcome.rr_s() == pytest.approx(outcome.true_rr_s(), abs=0.6 / 1024)


def test_a_hostile_link_is_tried_again_until_it_works(runs: dict[str, Outcome]) -> None:
    outcome = runs["hostile"]
    assert len({event["address"] for event in outcome.events("device")}) == 2
    assert outcome.all("status")[-1]["state"] == "streaming"
    assert any("switched off" in s["detail"] for s in outcome.all("status", state="lost"))


def test_a_strap_with_new_firmware_is_asked_anew_for_its_services(
    runs: dict[str, Outcome],
) -> None:
    outcome = runs["updated"]
    assert outcome.all("chunk", signal="rr")
    assert len(outcome.events("connect")) == 2


def test_a_strap_that_is_paired_keeps_its_keys_whatever_it_lacks(
    runs: dict[str, Outcome],
) -> None:
    outcome = runs["updated, paired"]
    (error,) = outcome.all("error")
    assert "sent nothing" in error["text"]
    assert "not found" in error["text"]
    assert not outcome.all("chunk")


def test_a_strap_left_connected_by_a_killed_program_is_found(runs: dict[str, Outcome]) -> None:
    outcome = runs["killed"]
    searches = [i for i, r in enumerate(outcome.records) if r.get("state") == "searching"]
    assert len(searches) == 2
    assert any(r["is"] == "chunk" for r in outcome.records[: searches[1]])
    assert any(r["is"] == "chunk" for r in outcome.records[searches[1] :])


def test_a_strap_that_is_not_there_is_an_error_that_says_what_was_seen(
    runs: dict[str, Outcome],
) -> None:
    (error,) = runs["absent"].all("error")
    assert error["type"] == "SensorNotFound"
    assert "'Nobody' was not found within 6 s" in error["text"]
    assert "Virtual HRM 02 (C0:00:00:00:00:02, -" in error["text"]
    assert error["hint"]


def test_two_straps_without_a_name_are_an_error_that_lists_them(
    runs: dict[str, Outcome],
) -> None:
    (error,) = runs["ambiguous"].all("error")
    assert error["type"] == "SensorNotFound"
    assert "Virtual HRM 01 (C0:00:00:00:00:01, -" in error["text"]
    assert "Virtual HRM 02 (C0:00:00:00:00:02, -" in error["text"]
    assert "Band" not in error["text"]


def test_a_scan_says_what_each_device_can_give(runs: dict[str, Outcome]) -> None:
    gives = {seen["name"]: seen["gives"] for seen in runs["scan"].all("seen")}
    assert gives == {
        "Virtual HRM 01": "heart rate, RR intervals",
        "Virtual HRM 02": "heart rate, RR intervals",
        "Virtual EDA Band": "nothing known",
    }


def test_bluetooth_that_is_switched_off_is_an_error_with_a_hint(
    runs: dict[str, Outcome],
) -> None:
    (error,) = runs["off"].all("error")
    assert error["type"] == "SensorUnavailable"
    assert "switched off" in error["text"]
    assert error["hint"]


def test_no_bluetooth_service_at_all_is_an_error_with_a_hint(tmp_path: Path) -> None:
    bus = f"unix:path={tmp_path / 'nothing'}"
    done = subprocess.run(
        RECORD,
        env={**os.environ, "DBUS_SYSTEM_BUS_ADDRESS": bus},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=30,
    )
    (error,) = Outcome(done.stdout, "").all("error")
    assert error["type"] == "SensorUnavailable"
    assert "bluetoothd" in error["hint"]
