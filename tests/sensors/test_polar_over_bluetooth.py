"""Polar's sensors through real bleak on the virtual BlueZ: everything they measured comes out."""

import shlex
from itertools import pairwise

import numpy as np
import pytest
from rigs.bluetooth_runs import RECORD, Outcome, perform
from rigs.marks import needs_bluez

pytestmark = needs_bluez

ECG_NAME = "Polar H10 12345678"
ARMBAND = "Polar Sense 87654321"
STOPS = {"ecg": "0300", "ppg": "0301", "acc": "0302", "ppi": "0303"}

#: scenario file, arguments of record_strap.py
RUNS: dict[str, tuple[str, list[str]]] = {
    "h10": (
        "h10.yaml",
        ["--name", ECG_NAME, "--stream", "ecg", "--stream", "acc", "--seconds", "20"],
    ),
    "busy": ("busy.yaml", ["--name", ECG_NAME, "--stream", "ecg", "--seconds", "18"]),
    "optical": (
        "verity.yaml",
        ["--stream", "ppg", "--stream", "ppi", "--stream", "acc", "--seconds", "17"],
    ),
    "optical by itself": ("verity.yaml", ["--seconds", "17"]),
    "unpaired": ("shy.yaml", ["--name", "Polar H10 AAAA", "--stream", "ecg"]),
    "unpaired heart rate": ("shy.yaml", ["--name", "Polar H10 AAAA", "--seconds", "6"]),
    "charging": ("shy.yaml", ["--name", "Polar H10 BBBB", "--stream", "ecg"]),
    "serial": ("shy.yaml", ["--serial", "sn-42", "--seconds", "12"]),
    "scan": ("shy.yaml", ["--scan", "--seconds", "3"]),
    "lacking": ("h10.yaml", ["--name", ECG_NAME, "--stream", "ppi"]),
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    commands = {name: (file, [*RECORD, *arguments]) for name, (file, arguments) in RUNS.items()}
    first, second = (
        shlex.join([*RECORD, "--name", ARMBAND, "--stream", "acc", *arguments])
        for arguments in (("--seconds", "40", "--killed-after", "12"), ("--seconds", "9"))
    )
    commands["killed"] = ("verity.yaml", ["sh", "-c", f"{first}; {second}"])
    return perform(commands, tmp_path_factory.mktemp("polar"))


def sent(outcome: Outcome, event: str) -> list[dict]:
    """Return what was notified while the reader listened: it leaves a little before the stops."""
    last_s = outcome.events("connect")[-1]["t"]
    (closed,) = outcome.all("closed")
    stops = [w["t"] for w in outcome.events("write") if w["t"] > last_s and w["hex"][:2] == "03"]
    until_s = min([closed["t"], *stops]) - 0.1
    return [e for e in outcome.events(event) if e["ok"] and e["t"] < until_s]


@pytest.mark.parametrize(
    ("run", "signal"), [("h10", "ecg"), ("h10", "acc"), ("optical", "ppg"), ("optical", "acc")]
)
def test_every_frame_that_was_notified_comes_out(
    runs: dict[str, Outcome], run: str, signal: str
) -> None:
    true = sent(runs[run], signal)
    seen = runs[run].all("chunk", signal=signal)[: len(true)]
    assert len(true) > 15
    assert [len(chunk["values"]) for chunk in seen] == [frame["n"] for frame in true]
    device_s = [chunk["device_times"][-1] for chunk in seen]
    assert device_s == pytest.approx([frame["dev_ns"] / 1e9 for frame in true], abs=1e-6)


def test_compressed_light_is_what_was_measured(runs: dict[str, Outcome]) -> None:
    chunks, frames = runs["optical"].all("chunk", signal="ppg"), sent(runs["optical"], "ppg")
    for chunk, frame in zip(chunks, frames, strict=False):
        assert chunk["values"][0] == frame["first"][0]
        assert chunk["values"][-1] == frame["last"][0]


def test_compressed_acceleration_is_in_g(runs: dict[str, Outcome]) -> None:
    chunks, frames = runs["optical"].all("chunk", signal="acc"), sent(runs["optical"], "acc")
    for chunk, frame in zip(chunks, frames, strict=False):
        assert chunk["values"][0] == pytest.approx(frame["first"][0] * 0.25 / 1000)


def test_intervals_of_the_heart_rate_service_come_at_the_same_time(
    runs: dict[str, Outcome],
) -> None:
    assert runs["h10"].rr_s() == pytest.approx(runs["h10"].true_rr_s(), abs=0.6 / 1024)


@pytest.mark.parametrize("signal", ["ecg", "acc"])
def test_samples_stand_where_they_were_taken(runs: dict[str, Outcome], signal: str) -> None:
    chunks, frames = runs["h10"].all("chunk", signal=signal), sent(runs["h10"], signal)
    for chunk, frame in zip(chunks, frames, strict=False):
        assert chunk["times"][-1] == pytest.approx(frame["t1"], abs=0.1)
    times_s = [t for chunk in chunks for t in chunk["times"]]
    assert (np.diff(times_s) >= 0.0).all()


def test_chunks_join_so_closely_that_a_filter_runs_on(runs: dict[str, Outcome]) -> None:
    gaps = runs["h10"].all("gap", signal="ecg")
    for before, after in pairwise(runs["h10"].all("chunk", signal="ecg")):
        if any(gap["start"] <= after["times"][0] <= gap["end"] + 0.01 for gap in gaps):
            continue
        step_s = after["times"][0] - before["times"][-1]
        assert 0.0 <= step_s <= 2.0 / 130.0


@pytest.mark.parametrize("signal", ["ecg", "acc"])
def test_streams_that_the_device_stopped_are_started_again(
    runs: dict[str, Outcome], signal: str
) -> None:
    stall, loss = runs["h10"].all("gap", signal=signal)
    assert stall["reason"] == "stall"
    assert stall["end"] - stall["start"] < 3.0
    assert loss["reason"] == "link"


def test_a_strap_that_is_too_busy_for_its_ecg_keeps_its_heart_rate(
    runs: dict[str, Outcome],
) -> None:
    (heart,) = runs["busy"].all("gap", signal="hr")
    (ecg,) = runs["busy"].all("gap", signal="ecg")
    # Three refusals, with 0.5, 1 and 2 s between; the first heart rate takes up to a second.
    assert ecg["end"] - heart["end"] > 2.4
    assert ecg["reason"] == "link"
    assert len(runs["busy"].events("connect")) == 2
    assert runs["busy"].rr_s() == pytest.approx(runs["busy"].true_rr_s(), abs=0.6 / 1024)


@pytest.mark.parametrize("signal", ["ecg", "acc", "rr", "hr"])
def test_a_lost_link_is_a_gap_in_every_signal(runs: dict[str, Outcome], signal: str) -> None:
    (gap,) = runs["h10"].all("gap", signal=signal, reason="link")
    assert 2.0 < gap["end"] - gap["start"] < 6.0


@pytest.mark.parametrize(
    ("run", "signals"),
    [("h10", ["ecg", "acc"]), ("optical", ["ppg", "acc", "ppi"]), ("optical by itself", ["ppi"])],
)
def test_streams_are_stopped_before_the_goodbye(
    runs: dict[str, Outcome], run: str, signals: list[str]
) -> None:
    goodbye = runs[run].events("disconnect")[-1]
    last = runs[run].events("connect")[-1]["t"]
    written = [w["hex"] for w in runs[run].events("write") if last < w["t"] < goodbye["t"]]
    assert set(written[-len(signals) :]) == {STOPS[signal] for signal in signals}
    assert all(cp["reply"][6:8] == "00" for cp in runs[run].events("cp"))


def test_streams_that_a_killed_program_left_running_are_taken_over(
    runs: dict[str, Outcome],
) -> None:
    replies = [cp["reply"] for cp in runs["killed"].events("cp")]
    taken = replies.index("f0020206")  # runs already
    assert [reply[:8] for reply in replies[taken + 1 :]] == ["f0030200", "f0020200", "f0030200"]
    (closed,) = runs["killed"].all("closed")
    assert runs["killed"].all("chunk", signal="acc")[-1]["times"][-1] > closed["t"] - 3.0


@pytest.mark.parametrize("run", ["optical", "optical by itself"])
def test_pulse_intervals_become_beats_without_those_that_movement_spoiled(
    runs: dict[str, Outcome], run: str
) -> None:
    true = [rr / 1000 for batch in sent(runs[run], "ppi") for rr in batch["rr_ms"]]
    assert len(true) > 3
    assert runs[run].rr_s() == pytest.approx(true)
    assert runs[run].all("gap", signal="rr", reason="bad_data")


def test_a_sensor_that_wants_to_be_paired_says_so_in_one_sentence(
    runs: dict[str, Outcome],
) -> None:
    (error,) = runs["unpaired"].all("error")
    assert error["text"] == "Polar H10 AAAA talks only to computers that it is paired with"
    assert "bluetoothctl pair" in error["hint"]
    assert runs["unpaired heart rate"].rr_s()


def test_a_sensor_on_its_charger_says_so(runs: dict[str, Outcome]) -> None:
    (error,) = runs["charging"].all("error")
    assert error["text"] == "Polar H10 BBBB does not measure while it is charged"


def test_a_measurement_that_the_sensor_lacks_is_refused(runs: dict[str, Outcome]) -> None:
    (error,) = runs["lacking"].all("error")
    assert error["text"] == f"{ECG_NAME} cannot send ppi; it can send ecg, acc"


def test_a_scan_says_what_can_be_asked_for(runs: dict[str, Outcome]) -> None:
    gives = {seen["name"]: seen["gives"] for seen in runs["scan"].all("seen")}
    assert gives["Polar H10 AAAA"] == "heart rate, RR intervals, ECG, acceleration"


def test_a_serial_number_chooses_among_devices(runs: dict[str, Outcome]) -> None:
    assert runs["serial"].all("status", source="Polar H10 BBBB", state="streaming")
    assert runs["serial"].rr_s()


def test_a_device_tells_who_made_it(runs: dict[str, Outcome]) -> None:
    details = [status["detail"] for status in runs["h10"].all("status", state="streaming")]
    assert "Polar Electro Oy, H10, serial number 12345678, firmware 5.0.0." in details
