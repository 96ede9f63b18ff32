"""Streams of the Lab Streaming Layer, from real outlets on this computer."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import aclosing
from uuid import uuid4

import numpy as np
import pylsl
import pytest
from rigs.streams import chunks, heard_at_once

from sensors.base import Sample, SensorStatus
from sensors.errors import SensorNotFound, SettingsError
from sensors.network.link import SourceLink, SourceLost, SourceQuery
from sensors.network.lsl import _find, stream
from sensors.network.lsl_choice import LslSettings, channel_columns, identity
from sensors.signals import Chunk, Gap, Signal

RUN = uuid4().hex[:8]  # so that no other run of these tests is heard
Act = Callable[[], Awaitable[None]]


def outlet(name: str, kind: str, rate_hz: float, channels: dict[str, str]) -> pylsl.StreamOutlet:
    """Return an outlet with these channels, label and unit."""
    info = pylsl.StreamInfo(
        f"{name} {RUN}", f"{kind}-{RUN}", len(channels), rate_hz, "float32", f"{name}-{RUN}"
    )
    info.set_channel_labels(list(channels))
    info.set_channel_units(list(channels.values()))
    return pylsl.StreamOutlet(info)


async def heard(target: str, seconds: float, act: Act) -> list[Sample]:
    loop = asyncio.get_running_loop()
    began_s = loop.time()

    def clock() -> float:
        return loop.time() - began_s

    samples: list[Sample] = []
    acting = asyncio.ensure_future(act())
    async with aclosing(stream(LslSettings.parse(target, wait_s=8.0), clock)) as sensor:
        try:
            async with asyncio.timeout(seconds):
                async for sample in sensor:
                    now_s = clock()
                    assert not isinstance(sample, Chunk) or sample.times_s[-1] <= now_s
                    samples.append(sample)
        except TimeoutError:
            pass
    await acting
    return samples


async def band() -> None:
    """A wristband whose outlet is gone for a second, while its samples go on."""
    loop = asyncio.get_running_loop()
    out = outlet("band", "Wristband", 8.0, {"GSR": "uS", "AccX": "g", "AccY": "g", "odd": "kOhm"})
    began_s = loop.time()
    for i in range(72):
        if i == 20:
            del out
        if i == 28:
            out = outlet(
                "band", "Wristband", 8.0, {"GSR": "uS", "AccX": "g", "AccY": "g", "odd": ""}
            )
        if not 20 <= i < 28:
            out.push_sample([float(i), 0.5, -0.5, 9.0])
        await asyncio.sleep(began_s + (i + 1) / 8 - loop.time())


async def beats() -> None:
    out = outlet("beats", "Heart", pylsl.IRREGULAR_RATE, {"RR": "ms", "HR": "bpm"})
    await asyncio.sleep(1.0)
    for i in range(8):
        await asyncio.sleep(0.4)
        out.push_sample([400.0 + i, 150.0])


async def unlabelled() -> None:
    out = outlet("plain", "Numbers", 4.0, {"": ""})
    for _ in range(16):
        out.push_sample([2e-6])
        await asyncio.sleep(0.25)


CASES: dict[str, tuple[str, float, Act]] = {
    "band": (f"Wristband-{RUN}", 8.8, band),
    "beats": (f"beats {RUN}", 5.0, beats),
    "unlabelled": (f"plain {RUN}?signal=eda&unit=S", 4.0, unlabelled),
}


@pytest.fixture(scope="module")
def runs() -> dict[str, list[Sample]]:
    return heard_at_once(heard, CASES)


@pytest.mark.slow
def test_channels_are_known_by_label_and_unit(runs: dict[str, list[Sample]]) -> None:
    assert {s.signal for s in runs["band"] if isinstance(s, Chunk)} == {Signal.EDA, Signal.ACC}
    assert chunks(runs["band"], Signal.ACC)[0].values[0].tolist() == [0.5, -0.5]


@pytest.mark.slow
def test_a_stream_that_returns_goes_on_behind_a_gap(runs: dict[str, list[Sample]]) -> None:
    samples = runs["band"]
    states = [s.state for s in samples if isinstance(s, SensorStatus)]
    assert states[:3] == ["searching", "connecting", "streaming"]
    assert "lost" in states
    assert states[-1] == "streaming"
    (gap,) = [s for s in samples if isinstance(s, Gap) and s.signal is Signal.EDA]
    assert gap.reason == "link"
    eda = chunks(samples, Signal.EDA)
    assert {c.rate_hz for c in eda} == {8.0}
    times_s = np.concatenate([c.times_s for c in eda])
    values = np.concatenate([c.values[:, 0] for c in eda])
    assert (np.diff(times_s) > 0.0).all()
    (place,) = np.flatnonzero(np.diff(values) != 1.0)
    assert values[place] == 19.0
    assert values[-1] >= 60.0
    assert (gap.start_s, gap.end_s) == (times_s[place], times_s[place + 1])
    # The samples carry their own times: the gap is as long as what is missing.
    assert gap.end_s - gap.start_s == pytest.approx((values[place + 1] - 19.0) / 8, abs=0.1)


@pytest.mark.slow
def test_beats_stand_one_interval_apart(runs: dict[str, list[Sample]]) -> None:
    rr = chunks(runs["beats"], Signal.RR)
    intervals_s = np.concatenate([c.values[:, 0] for c in rr])
    assert len(intervals_s) >= 7
    assert np.diff(intervals_s) == pytest.approx(np.full(len(intervals_s) - 1, 0.001), abs=1e-6)
    times_s = np.concatenate([c.times_s for c in rr])
    assert np.diff(times_s).mean() == pytest.approx(0.404, abs=0.05)
    assert len(chunks(runs["beats"], Signal.HR)) >= 7
    assert not [s for s in runs["beats"] if isinstance(s, Gap)]


@pytest.mark.slow
def test_the_user_can_say_what_a_stream_is(runs: dict[str, list[Sample]]) -> None:
    eda = chunks(runs["unlabelled"], Signal.EDA)
    assert np.concatenate([c.values for c in eda])[0, 0] == pytest.approx(2.0)


@pytest.mark.slow
def test_a_stream_that_is_not_there_or_means_nothing_is_the_users_mistake() -> None:
    async def main() -> None:
        clock = asyncio.get_running_loop().time
        with pytest.raises(SensorNotFound, match=r"within 0\.3 s"):
            async for _ in stream(LslSettings(name=f"nobody {RUN}", wait_s=0.3), clock):
                pass
        out = outlet("eeg", "Brain", 4.0, {"Fp1": "uV"})
        with pytest.raises(SettingsError, match="Fp1") as caught:
            async for _ in stream(LslSettings(name=f"eeg {RUN}"), clock):
                pass
        assert "?signal=eda" in caught.value.hint
        del out

    asyncio.run(main())


@pytest.mark.parametrize("target", ["", "it's", "a?signal=what", "a?signal=eda&unit=volt", "a?x=1"])
def test_an_address_without_sense_is_refused_with_a_hint(target: str) -> None:
    with pytest.raises(SettingsError) as caught:
        LslSettings.parse(target)
    assert caught.value.hint


def info(name: str, kind: str, labels: list[str], source_id: str = "one") -> pylsl.StreamInfo:
    made = pylsl.StreamInfo(name, kind, len(labels), 4.0, "float32", source_id)
    if any(labels):
        made.set_channel_labels(labels)
    return made


def taken(target: str, made: pylsl.StreamInfo) -> dict[Signal, list[int]]:
    found = channel_columns(LslSettings.parse(target), made)
    return {meaning.signal: columns for meaning, columns in found}


def test_a_channel_that_says_what_it_is_is_taken_wherever_it_stands() -> None:
    made = info("box", "Data", ["counter", "GSR", "trigger"])
    assert taken("box", made) == {Signal.EDA: [1]}
    assert taken("box?signal=eda", made) == {Signal.EDA: [1]}
    assert taken("box?channel=3&signal=eda", made) == {Signal.EDA: [2]}
    assert taken("box?channel=gsr", made) == {Signal.EDA: [1]}


@pytest.mark.parametrize(
    ("label", "unit", "ours"),
    [("EDA [nS]", "", 0.004), ("GSR_kOhm", "", 0.25), ("EDA (uS)", "", 4.0), ("EDA", "nS", 0.004),
     ("EDA [uS]", "nS", 0.004), ("", "", 4.0), ("A1", "", 4.0)],
)  # fmt: skip
def test_the_unit_of_a_channel_may_stand_in_its_label(label: str, unit: str, ours: float) -> None:
    made = info("box", "EDA", [label])
    if unit:
        made.set_channel_units([unit])
    ((meaning, _),) = channel_columns(LslSettings.parse("box"), made)
    raw = 4000.0 if "k" in label else 4.0
    assert meaning.in_our_unit([raw]).tolist() == pytest.approx([ours])


@pytest.mark.parametrize("label", ["counter", "Sample Counter", "GSR_Range", "timestamp"])
def test_the_only_channel_of_a_stream_is_no_signal_where_it_says_so(label: str) -> None:
    for kind, name in (("EDA", "box"), ("Data", "EDA")):
        with pytest.raises(SettingsError, match="not clear what counts"):
            taken(name, info(name, kind, [label]))


@pytest.mark.parametrize(
    ("target", "kind", "labels"),
    [
        ("box?signal=eda", "EDA", ["counter", "A1"]),
        ("box", "EDA", ["counter", "A1"]),
        ("box", "ECG", ["ECG I", "ECG II"]),
        ("box", "EDA", ["", ""]),
        ("box?signal=eda", "EDA", ["", ""]),
        ("box?channel=4&signal=eda", "EDA", ["a", "b"]),
        ("box?channel=what", "EDA", ["a", "b"]),
    ],
)
def test_what_is_ambiguous_is_refused_with_the_list_of_channels(
    target: str, kind: str, labels: list[str]
) -> None:
    with pytest.raises(SettingsError) as caught:
        taken(target, info("box", kind, labels))
    assert "1 " in str(caught.value)
    assert f"2 {labels[1] or 'without a label'}" in str(caught.value)
    assert "channel=" in caught.value.hint


class Around:
    """What a resolver sees."""

    def __init__(self, *seen: pylsl.StreamInfo) -> None:
        self.seen = list(seen)

    def results(self) -> list[pylsl.StreamInfo]:
        return self.seen


def found(target: str, around: Around, device: str = "") -> pylsl.StreamInfo:
    async def main() -> pylsl.StreamInfo:
        query = SourceQuery(what="", hint="", wait_s=0.2)
        link = SourceLink("x", query, asyncio.get_running_loop().time)
        link.device = device
        return await _find(LslSettings.parse(target), link, around)  # type: ignore[arg-type]

    return asyncio.run(main())


@pytest.mark.slow
def test_streams_of_one_name_are_refused_with_a_way_to_each() -> None:
    kinds = Around(*(info("Muse", kind, ["x"], kind) for kind in ("EEG", "PPG", "ACC")))
    with pytest.raises(SensorNotFound) as caught:
        found("Muse", kinds)
    assert "'lsl:Muse?type=PPG&source_id=PPG'" in caught.value.hint
    sources = Around(info("EDA", "EDA", ["x"], "left"), info("EDA", "EDA", ["x"], "right"))
    with pytest.raises(SensorNotFound) as caught:
        found("EDA", sources)
    assert "'lsl:EDA?source_id=left'" in caught.value.hint


def test_a_stream_is_never_replaced_by_another_source_of_its_name() -> None:
    mine, theirs = info("EDA", "EDA", ["x"], "mine"), info("EDA", "EDA", ["x"], "theirs")
    assert found("EDA", Around(theirs, mine), identity(mine)).source_id() == "mine"
    with pytest.raises(SourceLost):
        found("EDA", Around(theirs), identity(mine))
