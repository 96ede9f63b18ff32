"""A session as LSL streams: what an independent inlet gets is what the log has."""

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from uuid import uuid4

import numpy as np
import pylsl
import pytest

from biofeedback.common.event_bus import EventBus
from biofeedback.common.tasks import beside
from biofeedback.engine.inputs import Command
from biofeedback.integrations.lsl_outlet import LslOutlet
from biofeedback.record import lines
from biofeedback.record.reader import read
from sensors.signals import Chunk, Signal

pytestmark = pytest.mark.rig

RUN = uuid4().hex[:8]
SECONDS = 4.0


class Heard:
    """All that one stream sends until the session is over."""

    def __init__(self, info: pylsl.StreamInfo) -> None:
        self.inlet = pylsl.StreamInlet(info, max_buflen=60)
        self.info = self.inlet.info(timeout=5.0)
        self.inlet.open_stream(timeout=5.0)
        self.samples: list[list[float]] = []
        self.times: list[float] = []

    def pull(self) -> None:
        samples, times = self.inlet.pull_chunk(timeout=0.0, max_samples=4096)
        self.samples += samples
        self.times += times


@pytest.fixture(scope="module")
def session(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Heard]]:
    """Play live for some seconds, and hear the streams from another process."""
    out = tmp_path_factory.mktemp("out")
    command = [
        "run",
        "-s",
        "sim:listener",
        "-o",
        "null:",
        "--style",
        "pulse",
        "--duration",
        str(SECONDS),
    ]
    child = subprocess.Popen(
        [sys.executable, "-m", "biofeedback", *command, "--lsl", RUN, "--out", str(out)],
        stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
    )  # fmt: skip
    around = pylsl.ContinuousResolver(pred=f"starts-with(name,'{RUN}')")
    heard: dict[str, Heard] = {}
    while child.poll() is None:
        for info in around.results():
            if info.name() not in heard:
                heard[info.name()] = Heard(info)
        for stream in heard.values():
            stream.pull()
        time.sleep(0.02)
    assert child.returncode == 0, child.stderr.read().decode() if child.stderr else ""
    assert child.stderr is not None
    child.stderr.close()
    (folder,) = out.iterdir()
    return folder, {name.removeprefix(f"{RUN} "): stream for name, stream in heard.items()}


def test_there_is_a_stream_for_each_kind_with_its_channels(
    session: tuple[Path, dict[str, Heard]],
) -> None:
    _, heard = session
    assert set(heard) == {"rr", "eda", "metrics", "music", "markers"}
    assert heard["eda"].info.get_channel_units() == ["uS"]
    assert heard["eda"].info.nominal_srate() == 4.0
    assert heard["rr"].info.nominal_srate() == pylsl.IRREGULAR_RATE
    assert heard["music"].info.get_channel_labels()[:5] == [
        "arousal", "low", "high", "confidence", "setpoint",
    ]  # fmt: skip
    metrics = heard["metrics"].info
    assert metrics.get_channel_labels()[:2] == ["heart_rate", "heart_rate quality"]
    assert metrics.get_channel_units()[0] == "bpm"


def test_samples_and_their_distances_are_those_of_the_log(
    session: tuple[Path, dict[str, Heard]],
) -> None:
    folder, heard = session
    logged: dict[str, list[tuple[float, float]]] = {"eda": [], "rr": []}
    music: dict[float, float] = {}
    for _, line in read(folder):
        match line:
            case lines.ChunkLine():
                rate_hz = line.rate_hz or 1.0
                times = line.times or [(line.t0 or 0) + i / rate_hz for i in range(10_000)]
                logged[line.signal] += zip(times, line.values, strict=False)
            case lines.DecisionLine():
                music[line.params.tempo_bpm] = line.t
            case _:
                pass
    offsets = []
    for name, pairs in logged.items():
        stream = heard[name]
        got = [sample[0] for sample in stream.samples]
        assert len(got) > 0.4 * len(pairs)
        assert got == [value for _, value in pairs][-len(got) :]
        offsets += (np.array(stream.times) - [t for t, _ in pairs][-len(got) :]).tolist()
    assert np.ptp(offsets) < 1e-5  # one clock for all of them
    tempo = [row[heard["music"].info.get_channel_labels().index("tempo_bpm")]
             for row in heard["music"].samples]  # fmt: skip
    assert len(tempo) > 4
    assert set(tempo) <= set(music)


def test_what_a_person_or_the_session_asked_for_is_a_marker(
    session: tuple[Path, dict[str, Heard]],
) -> None:
    _, heard = session
    assert ["stop"] in heard["markers"].samples


def test_a_stream_that_breaks_or_lags_is_told_and_raises_nothing() -> None:
    async def scenario() -> LslOutlet:
        bus: EventBus[object] = EventBus()
        outlet = LslOutlet(f"{RUN} alone", lambda: 0.0)
        await outlet.open()
        outlet.listen(bus)
        for number in range(10_000):
            bus.publish(Command("key", "marker", str(number)))
        bus.publish(Chunk.regular(Signal.ACC, "band", 0.0, 50.0, np.zeros((2, 3))))
        bus.publish(Chunk.regular(Signal.ACC, "band", 0.1, 50.0, np.zeros((2, 2))))
        async with asyncio.timeout(5.0), beside(outlet.run(None)):
            while not outlet.trouble:  # noqa: ASYNC110 - nothing tells
                await asyncio.sleep(0.01)
        await outlet.close()
        return outlet

    outlet = asyncio.run(scenario())
    assert outlet.dropped == 10_002 - 4096
    assert outlet.trouble.startswith("the LSL streams failed")
