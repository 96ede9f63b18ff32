"""The packages under examples: installed as anybody would, used in sessions, held to the suites.

They are built and installed into an environment of their own, beside a wheel of this checkout;
what both depend on is lent by the environment that runs the tests.
"""

import csv
import json
import math
import os
import socket
import struct
import subprocess
import sys
import sysconfig
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.marks import needs_bluez

pytestmark = pytest.mark.rig

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/pyproject.toml"))
SECONDS = 60


class Site:
    """An environment with all examples in it, and a home of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
        self.env |= {"HOME": str(folder), "XDG_DATA_HOME": str(folder / "data")}
        venv = folder / "venv"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
        binaries = venv / ("Scripts" if os.name == "nt" else "bin")
        self.python, self.command = binaries / "python", binaries / "biofeedback"
        found = self.run(
            self.python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"
        )
        lent = sysconfig.get_path("purelib")
        (Path(found.strip()) / "lent.pth").write_text(f"{lent}\n", encoding="utf-8")
        subprocess.run(
            [sys.executable, "-m", "pip", "--python", self.python, "install", "--quiet",
             "--no-deps", "--no-build-isolation", "--disable-pip-version-check", ROOT, *EXAMPLES],
            check=True, env=self.env, cwd=folder,
        )  # fmt: skip

    def run(self, *command: str | Path, code: int = 0) -> str:
        done = subprocess.run(
            list(map(str, command)), env=self.env, cwd=self.folder, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, check=False,
        )  # fmt: skip
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout

    def biofeedback(self, *arguments: str | Path, code: int = 0) -> str:
        return self.run(self.command, *arguments, code=code)

    def session(self, name: str, *arguments: str | Path) -> list[dict]:
        """Return the lines of a session's log; the session verifies."""
        out = self.folder / name
        self.biofeedback(*arguments, "--out", out, "--seed", "5")
        (folder,) = out.iterdir()
        assert "Identical" in self.biofeedback("verify", folder)
        text = (folder / "session.jsonl").read_text(encoding="utf-8")
        return [json.loads(line) for line in text.splitlines()]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    return Site(tmp_path_factory.mktemp("site"))


@pytest.fixture(scope="module")
def belt() -> Iterator[int]:
    """Serve a belt whose wearer takes twelve breaths a minute; return its port."""
    server = socket.create_server(("127.0.0.1", 0))
    over = threading.Event()

    def serve(connection: socket.socket) -> None:
        with connection:
            start_s = time.monotonic()
            while not over.wait(0.05):
                phase = 2 * math.pi * 0.2 * (time.monotonic() - start_s)
                try:
                    connection.sendall(b"%.4f\n" % math.sin(phase))
                except OSError:
                    return

    def accept() -> None:
        while not over.is_set():
            try:
                connection, _ = server.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield server.getsockname()[1]
    over.set()
    server.close()


@pytest.fixture(scope="module")
def recording(site: Site) -> Path:
    """Write a recording of a laboratory: skin, and twelve breaths a minute."""
    path = site.folder / "laboratory.txt"
    device = {
        "sensor": ["EDA", "RESP", "LUX"], "sampling rate": 100, "resolution": [4, 1, 10, 10, 10],
        "column": ["nSeq", "I1", "A1", "A2", "A3"],
    }  # fmt: skip
    lines = [
        "# Recording of our laboratory",
        f"# {json.dumps({'00:11': device})}",
        "# EndOfHeader",
    ]
    for row in range(SECONDS * 100):
        belt = round(512 + 300 * math.sin(2 * math.pi * 0.2 * row / 100))
        lines.append(f"{row % 16}\t0\t{200 + row // 1000}\t{belt}\t7\t")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_all_are_listed_with_their_packages(site: Site) -> None:
    parts = json.loads(site.biofeedback("plugins", "--json"))["parts"]
    added = {one["name"]: one for one in parts if one["whence"] != "built in"}
    assert added.keys() == {
        "artnet", "belt", "belt_rate", "grove-gsr", "kalimba", "lab_text", "slow_movers",
        "staircase", "tsv",
    }  # fmt: skip
    assert not [one for one in added.values() if one["problem"]]
    assert added["kalimba"]["whence"] == "biofeedback-kalimba 1.0"


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        ("device", "grove-gsr"),
        ("metric", "belt_rate"),
        ("strategy", "staircase"),
        ("style", "kalimba"),
        ("output", "artnet:127.0.0.1:9"),
        ("listener", "slow_movers"),
        ("sensor", "belt:127.0.0.1:{belt}"),
        ("reader", "lab_text"),
        ("exporter", "tsv"),
    ],
)
def test_each_passes_the_suite_of_its_kind(
    site: Site, belt: int, recording: Path, kind: str, name: str
) -> None:
    told = site.run(
        site.python, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:randomly",
        "--pyargs", "biofeedback.testing", "--kind", kind, "--name", name.format(belt=belt),
        "--sample", recording,
    )  # fmt: skip
    assert " passed" in told
    assert "skipped" not in told


def test_a_strategy_and_a_style_make_a_session(site: Site) -> None:
    lines = site.session(
        "indoors", "run", "-s", "sim:stress", "-o", "null:", "--fast", "--duration", "60",
        "--style", "kalimba", "--set", "control.strategy=staircase",
        "--set", "control.plugins.staircase.stairs=2", "--set", "state.rest.rest_s=30",
    )  # fmt: skip
    assert {item["package"] for item in lines[0]["plugins"]} == {
        "biofeedback-kalimba", "biofeedback-staircase",
    }  # fmt: skip
    assert {line["layer"] for line in lines if line["kind"] == "note"} <= {"pluck", "melody"}
    assert "Stair 1 of 2" in str([line["why"] for line in lines if line["kind"] == "decision"])


def test_an_exporter_writes_a_session_s_readings(site: Site) -> None:
    lines = site.session("told", "run", "-s", "sim:", "-o", "null:", "--fast", "--duration", "20")
    (folder,) = (site.folder / "told").iterdir()
    site.biofeedback("export", folder, "readings.tsv", "--to", "tsv")
    text = (site.folder / "readings.tsv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines(), delimiter="\t"))
    assert len(rows) == len([line for line in lines if line["kind"] == "reading"])
    assert 40.0 < float(rows[-1]["heart_rate_bpm"]) < 140.0


def test_a_recording_is_read_and_its_breath_is_measured(site: Site, recording: Path) -> None:
    lines = site.session(
        "replayed", "replay", recording, "-o", "null:", "--set", "metrics.plugins.belt_rate={}"
    )
    last = [line for line in lines if line["kind"] == "reading"][-1]["readings"]
    rates = {reading[0]: reading[1] for reading in last}
    assert rates["belt_rate"] == pytest.approx(12.0, abs=0.5)


def test_a_belt_is_heard_and_lamps_are_lit(site: Site, belt: int) -> None:
    lamp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    with lamp:
        lamp.bind(("127.0.0.1", 0))
        lines = site.session(
            "live", "run", "-s", f"belt:127.0.0.1:{belt}", "--duration", "8",
            "-o", f"artnet:127.0.0.1:{lamp.getsockname()[1]}",
        )  # fmt: skip
        lamp.setblocking(False)
        packets = []
        while True:
            try:
                packets.append(lamp.recv(64))
            except BlockingIOError:
                break
    assert any(line["kind"] == "chunk" and line["signal"] == "resp" for line in lines)
    assert len(packets) > 10
    assert all(struct.unpack("<8sH", packet[:10]) == (b"Art-Net\0", 0x5000) for packet in packets)
    assert any(packet[19] for packet in packets)  # the tune
    assert packets[-1][18:21] == b"\0\0\0"


def test_the_lab_has_one_more_family(site: Site) -> None:
    told = site.biofeedback("lab", "--family", "slow_movers", "--listeners", "1", "--minutes", "3",
                            "--type", "responder", "--json")  # fmt: skip
    assert json.loads(told)["rows"][0]["name"] == "responder slow_movers"


@pytest.mark.parametrize("name", [pytest.param("Grove-GSR-1", marks=needs_bluez)])
def test_a_band_without_code_plays_a_session_over_the_radio(site: Site, name: str) -> None:
    """Its skin has 200 kOhm, then half of it, which is 5 and 10 uS."""
    packets = [f"{number:02x}{5 * ('d007' if number < 6 else 'e803')}" for number in range(256)]
    data = {
        "uuid": "6b1c0002-7f3a-4f0e-8a55-2d9d0b6f1a00", "props": ["notify"],
        "stream": {"every": 0.5, "hex": packets},
    }  # fmt: skip
    service = {"uuid": "6b1c0001-7f3a-4f0e-8a55-2d9d0b6f1a00", "chars": [data]}
    band = {
        "id": "band",
        "type": "generic",
        "name": name,
        "address": "C0:00:00:00:00:07",
        "services": [service],
    }
    scenario = site.folder / "band.json"
    scenario.write_text(json.dumps({"devices": [band]}), encoding="utf-8")
    out = site.folder / "worn"
    site.run(
        sys.executable, ROOT / "tests" / "rigs" / "virtual_bluez.py", scenario, "--",
        site.command, "run", "-s", f"ble:{name}", "-o", "null:", "--duration", "5",
        "--out", out, "--seed", "5",
    )  # fmt: skip
    (folder,) = out.iterdir()
    text = (folder / "session.jsonl").read_text(encoding="utf-8")
    chunks = [line for line in map(json.loads, text.splitlines()) if line["kind"] == "chunk"]
    assert {(chunk["signal"], chunk["source"]) for chunk in chunks} == {("eda", name)}
    values = [value for chunk in chunks for value in chunk["values"]]
    assert len(values) >= 10
    assert set(values) <= {5.0, 10.0}
    assert "Identical" in site.biofeedback("verify", folder)


def test_a_band_without_code_is_known_by_its_name(site: Site) -> None:
    """Its packets are the suite's; here the session knows the profile, and looks for the band."""
    program = (
        "from biofeedback.app.registry import SensorOptions, device_profiles, sensor\n"
        "from sensors.codecs.described import DescribedDecoder\n"
        "sensor('ble:Grove-GSR-1?profile=grove-gsr', SensorOptions())\n"
        "profile = {p.name: p for p in device_profiles()}['grove-gsr']\n"
        "(frame,) = DescribedDecoder(profile.streams).decode(bytes.fromhex('07' + 5 * 'd007'))\n"
        "print(frame.values)"
    )
    assert site.run(site.python, "-c", program).strip() == "(5.0, 5.0, 5.0, 5.0, 5.0)"
