"""Real bleak on the virtual BlueZ: each band's skin comes out as it was, whatever the link does.

All bands run at the same time, since each spends its time waiting.
"""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from rigs.marks import needs_bluez

pytestmark = needs_bluez

RIGS = Path(__file__).parent.parent / "rigs"
SCENARIO = RIGS / "scenarios" / "bands.yaml"

#: device of the scenario, arguments of record_band.py
RUNS: dict[str, list[str]] = {
    "text": ["--name", "text ba", "--seconds", "14"],
    "packed": ["--name", "My Packed Band", "--seconds", "14.5"],
    "float": ["--name", "My Float Band", "--seconds", "12"],
    "e4": ["--name", "Empatica E4 A00001", "--seconds", "13"],
    "bitalino": ["--name", "BITalino-00-01", "--ecg", "2", "--seconds", "6"],
    "shimmer": ["--kind", "shimmer3r", "--seconds", "8"],
    "strap": ["--name", "Virtual HRM 01", "--seconds", "5"],
    "chosen": ["--name", "C0:00:00:00:00:03", "--kind", "float32", "--seconds", "4"],
    "unknown": ["--name", "Text Band", "--kind", "nonesuch"],
    "scan": ["--scan", "--seconds", "2"],
}
#: How exactly a format can tell the value.
STEP_US = {"packed": 6e-4, "e4": 1e-4, "bitalino": 1e-5, "shimmer": 1e-5}


class Outcome:
    """What one run printed, and the truth about its device."""

    def __init__(self, device: str, output: str, truth: str) -> None:
        self.records = [json.loads(line) for line in output.splitlines() if line[:1] == "{"]
        events = [json.loads(line) for line in truth.splitlines()]
        self.truth = [event for event in events if event.get("dev") == device]

    def all(self, kind: str, **expected: object) -> list[dict]:
        found = [record for record in self.records if record["is"] == kind]
        return [r for r in found if all(r[key] == value for key, value in expected.items())]

    def samples(self, signal: str = "eda") -> tuple[list[float], list[float]]:
        chunks = self.all("chunk", signal=signal)
        times_s = [t for chunk in chunks for t in chunk["times"]]
        return times_s, [value for chunk in chunks for value in chunk["values"]]

    def sent(self) -> list[tuple[float, float]]:
        """Return the time and uS of each sample in packets that left the device, while worn."""
        sent, waiting, left = [], [], True
        for event in self.truth:
            if event["ev"] == "eda":
                if waiting and waiting[-1] == "sent":
                    waiting = []
                waiting.append((event["t"], event["us"]))
            elif event["ev"] == "notify" and waiting:
                if waiting[-1] != "sent":
                    sent.append(([*waiting], left := bool(event["ok"])))
                    waiting.append("sent")
                else:
                    left = left and bool(event["ok"])
                    sent[-1] = (sent[-1][0], left)
        worn = [(packet, ok) for packet, ok in sent if all(us > 0 for _, us in packet)]
        return [sample for packet, ok in worn if ok for sample in packet]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Outcome]:
    folder = tmp_path_factory.mktemp("bands")
    children = {}
    try:
        for name, arguments in RUNS.items():
            rig = [str(RIGS / "virtual_bluez.py"), str(SCENARIO), "--truth", str(folder / name)]
            record = [sys.executable, str(RIGS / "record_band.py"), *arguments]
            with (folder / f"{name}.out").open("w") as output:  # a pipe would fill up and block
                children[name] = subprocess.Popen(
                    [sys.executable, *rig, "--", *record], stdout=output
                )
        for child in children.values():
            child.wait(timeout=60)
    finally:
        for child in children.values():
            child.kill()
            child.wait()
    texts = {name: [(folder / f).read_text() for f in (f"{name}.out", name)] for name in RUNS}
    return {name: Outcome(name, *text) for name, text in texts.items()}


@pytest.mark.parametrize("name", ["text", "packed", "float", "e4", "bitalino", "shimmer"])
def test_every_sample_that_was_notified_comes_out_with_its_value(
    runs: dict[str, Outcome], name: str
) -> None:
    _, seen = runs[name].samples()
    true = [us for _, us in runs[name].sent()]
    if name == "text":
        # Each of the two connections may begin with the rest of a line, and the last packet, of
        # two lines, may be on its way at the end.
        assert 0 <= len(true) - len(seen) <= 2 + 2
        true = [us for us in true if round(us, 4) in seen]
    assert len(true) > 8
    assert seen == pytest.approx(true[: len(seen)], abs=STEP_US.get(name, 6e-5))
    on_its_way = 0 if name in ("bitalino", "shimmer") else 6  # one packet, at the end
    assert len(true) - len(seen) <= on_its_way


@pytest.mark.parametrize("name", ["text", "packed", "float", "e4", "bitalino", "shimmer"])
def test_samples_stand_where_they_were_taken(runs: dict[str, Outcome], name: str) -> None:
    times_s, values = runs[name].samples()
    assert times_s == sorted(times_s)
    true_s = np.array([t for t, _ in runs[name].sent()])
    nearest = [float(np.abs(true_s - t).min()) for t in times_s]
    assert np.median(nearest) < 0.05
    assert max(nearest) < 0.3
    assert len(times_s) == len(values)


@pytest.mark.parametrize(
    ("name", "reason", "least_s"),
    [
        ("text", "link", 1.5),
        ("packed", "bad_data", 0.1),
        ("packed", "stall", 4.5),
        ("float", "link", 1.0),
        ("float", "no_contact", 1.5),
        ("e4", "link", 3.0),
    ],
)
def test_what_is_missing_is_a_gap_with_its_reason(
    runs: dict[str, Outcome], name: str, reason: str, least_s: float
) -> None:
    (gap,) = runs[name].all("gap", reason=reason)
    assert gap["end"] - gap["start"] > least_s
    times_s, _ = runs[name].samples()
    assert not [t for t in times_s if gap["start"] < t < gap["end"]]


@pytest.mark.parametrize("name", ["bitalino", "shimmer", "strap", "chosen"])
def test_an_undisturbed_device_has_no_gaps(runs: dict[str, Outcome], name: str) -> None:
    assert not runs[name].all("gap")
    assert runs[name].all("chunk")


def test_a_board_is_told_what_to_send_and_to_stop(runs: dict[str, Outcome]) -> None:
    writes = {n: [e["hex"] for e in runs[n].truth if e["ev"] == "write"] for n in RUNS}
    assert writes["bitalino"] == ["83", "19", "00"]  # 100 Hz, A2 and A3, stop
    assert writes["shimmer"] == ["050008", "08040000", "5e01", "2104", "07", "20"]
    assert [len(write) for write in writes["e4"]] == [10]


def test_a_board_sends_its_ecg_beside_the_skin(runs: dict[str, Outcome]) -> None:
    times_s, values = runs["bitalino"].samples("ecg")
    assert len(times_s) == len(runs["bitalino"].samples()[0])
    assert set(values) == {0.0}


def test_a_dry_or_loose_band_is_said_in_words(runs: dict[str, Outcome]) -> None:
    assert "moisten" in runs["float"].all("status", contact=False)[0]["detail"]
    assert "15 %" in runs["packed"].all("status", battery=15)[0]["detail"]


def test_a_strap_is_still_a_strap(runs: dict[str, Outcome]) -> None:
    assert {chunk["signal"] for chunk in runs["strap"].all("chunk")} == {"hr", "rr"}


def test_an_unknown_profile_is_one_clear_line(runs: dict[str, Outcome]) -> None:
    (error,) = runs["unknown"].all("error")
    assert error["type"] == "SettingsError"
    assert "edamove4" in error["hint"]
    assert "shimmer3r" in error["hint"]


def test_a_scan_says_which_devices_are_bands(runs: dict[str, Outcome]) -> None:
    gives = {seen["name"]: (seen["kind"], seen["gives"]) for seen in runs["scan"].all("seen")}
    assert gives["Virtual HRM 01"][0] == "heart rate strap"
    bands = {name for name, (kind, _) in gives.items() if kind == "skin conductance band"}
    assert bands == set(gives) - {"Virtual HRM 01"}
    assert "unofficial" in gives["Empatica E4 A00001"][1]
    assert "not tried" in gives["BITalino-00-01"][1]
