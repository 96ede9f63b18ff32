"""STOP on a page: it wins in whichever phase it comes, once, and no Start from before it plays."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from rigs.page_server import PageServer, page_server
from rigs.stops import Device

from biofeedback.common.errors import ConfigError
from biofeedback.web.receipts import Receipts
from biofeedback.web.session_choice import SessionChoice
from biofeedback.web.station import Station
from biofeedback.web.stations import Stations
from synth.player.remote import RemotePlayer

SLOW_S = 1.0
SLOW_PLAYER = str(Path(__file__).parents[1] / "rigs" / "slow_player.py")


@pytest.fixture
def device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Device]:
    """A synthesiser whose player takes its time to open and to close."""
    cables = tmp_path / "cables"
    cables.mkdir()
    monkeypatch.setenv("CABLES", str(cables))
    monkeypatch.setenv("SLOW_PLAYER", f"{SLOW_S},{SLOW_S}")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setattr(RemotePlayer, "command", (sys.executable, SLOW_PLAYER))
    made = Device(cables / "Synth")
    yield made
    made.unplug()


async def until(true) -> None:
    async with asyncio.timeout(60):
        while not true():  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0.005)


async def stopped_in(station: Station, phase: str, device: Device) -> list[str]:
    """Start, press STOP in a phase, and return the stages that were seen from then on."""
    starting = asyncio.create_task(station.start(SessionChoice(sensor="sim:", output="midi:Synth")))
    if phase == "planning":
        await until(lambda: station.stage == "starting")
    elif phase == "opening":
        await starting
    else:
        await until(lambda: device.read() or device.begun)
    station.silence("hand")
    seen = [station.stage]
    assert await starting is (phase != "planning")
    while station.stage != "idle":
        await asyncio.sleep(0.005)
        seen += [station.stage] if seen[-1] != station.stage else []
    return seen


@pytest.mark.rig
@pytest.mark.parametrize("phase", ["planning", "opening", "playing"])
def test_a_stop_wins_in_each_phase_and_a_start_after_it_plays(
    tmp_path: Path, device: Device, phase: str
) -> None:
    async def main() -> None:
        stations = Stations(tmp_path / "out")
        station = stations.home
        stages = await stopped_in(station, phase, device)
        assert stages[0] == "ending"
        assert ("writing" in stages) is (phase == "playing")
        device.read()
        assert not device.held
        begun = device.begun
        assert (begun > 0) is (phase == "playing")
        if phase != "playing":
            assert not list((tmp_path / "out").glob("*/session.jsonl"))
        assert await station.start(SessionChoice(sensor="sim:", output="midi:Synth"), station.stops)
        await until(lambda: device.read() or device.begun > begun)
        await stations.close()
        device.read()
        assert not device.held

    asyncio.run(main())


def test_a_start_from_before_a_stop_starts_nothing_however_late_it_comes(tmp_path: Path) -> None:
    async def main() -> None:
        station = Stations(tmp_path / "out").home
        known = station.stops
        station.silence("hand")
        with pytest.raises(ConfigError, match="STOP came in between"):
            await station.start(SessionChoice(sensor="sim:", output="null:"), known)
        assert station.stage == "idle"

    asyncio.run(main())


def test_a_station_that_is_closed_while_it_plans_is_silent_and_cannot_be_started_again(
    tmp_path: Path,
) -> None:
    async def main() -> None:
        station = Stations(tmp_path / "out").home
        choice = SessionChoice(sensor="sim:listener", output="null:")
        starting = asyncio.create_task(station.start(choice))
        await until(lambda: station.stage == "starting")
        await station.close()
        assert await starting is False
        assert station.stage == "idle"
        with pytest.raises(ConfigError, match="being closed"):
            await station.start(choice)
        assert not (tmp_path / "out").exists()

    asyncio.run(main())


def test_a_station_that_two_pages_remove_at_once_is_gone(tmp_path: Path) -> None:
    async def main() -> None:
        stations = Stations(tmp_path / "out")
        guest = stations.add("Kim")
        await asyncio.gather(stations.remove(guest.id), stations.remove(guest.id))
        assert list(stations.by_id) == ["home"]

    asyncio.run(main())


def test_a_stop_that_cannot_be_passed_on_stops_all_the_same(tmp_path: Path) -> None:
    class Broken:
        def silence(self, who: str) -> None:
            raise OSError("no space left on device")

    async def main() -> None:
        station = Stations(tmp_path / "out").home
        starting = asyncio.create_task(
            station.start(SessionChoice(sensor="sim:listener", output="null:"))
        )
        await until(lambda: station.stage == "starting")
        station._session = Broken()  # type: ignore[assignment]
        with pytest.raises(OSError, match="no space"):
            station.silence("hand")
        assert station.stage == "ending"
        assert await starting is False
        await until(lambda: station.stage == "idle")

    asyncio.run(main())


def test_an_order_that_broke_is_tried_again_and_one_that_was_refused_is_not() -> None:
    tried: list[str] = []

    async def asked(receipts: Receipts, order: str, error: Exception | None) -> str:
        async def act() -> str:
            tried.append(order)
            if error is not None:
                raise error
            return "done"

        try:
            return str(await receipts.once("kim", order, act))
        except (OSError, ConfigError) as told:
            return type(told).__name__

    async def main() -> list[str]:
        receipts, broken, refused = Receipts(), OSError("disk"), ConfigError("too late")
        outcomes = [await asked(receipts, "a", broken), await asked(receipts, "a", None)]
        return outcomes + [await asked(receipts, "b", error) for error in (refused, None)]

    assert asyncio.run(main()) == ["OSError", "done", "ConfigError", "ConfigError"]
    assert tried == ["a", "a", "b"]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[PageServer]:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    with page_server(tmp_path / "out") as made:
        yield made


def asked(server: PageServer, cookie: str, path: str, **value: object) -> tuple[int, dict]:
    body = json.dumps(value).encode()
    answer = server.ask("POST", f"/api/stations/home{path}", cookie=cookie, body=body)
    return answer.status, json.loads(answer.body)


@pytest.mark.slow
def test_what_is_sent_again_acts_once_and_what_is_old_raises_nothing(server: PageServer) -> None:
    cookie, _ = server.invite("listener", "home")
    station = server.stations.home
    begin = {"sensor": "sim:", "output": "null:", "volume": 0.5}
    assert asked(server, cookie, "/start", **begin, since=station.stops) == (200, {"began": True})
    server.do(until(lambda: station.picture().picture.streaming))
    run = station.run

    def wish(order: str, what: str, value: str = "", **more: object) -> int:
        return asked(server, cookie, "/command", what=what, value=value, id=order, **more)[0]

    assert [wish("a", "marker", "1", age_s=0.9), wish("a", "marker", "1", age_s=2.9)] == [200, 200]
    assert wish("b", "marker", "2", run="another") == 409
    late = {"age_s": 30.0, "run": run}
    assert wish("c", "volume", "0.9", **late) == 409
    assert wish("d", "volume", "0.2", **late) == 200
    assert wish("e", "hold", **late) == 200
    assert wish("f", "resume", **late) == 409
    assert wish("f", "resume") == 409  # the same order has the same answer
    assert station.picture().picture.held
    stop = f"/silence?id={'s' * 16}"
    first = asked(server, cookie, stop)
    assert first == asked(server, cookie, stop)
    assert first[1] == {"stopped": True, "was": "playing", "stops": station.stops}
    while station.stage != "idle":  # the report takes its time
        asyncio.run(asyncio.sleep(0.05))
    assert wish("g", "marker", "3") == 409
    assert asked(server, cookie, "/start", **begin, since=first[1]["stops"])[0] == 200
    again = station.run
    assert asked(server, cookie, stop) == first  # heard once, it reaches no later session
    server.do(until(lambda: station.picture().picture.streaming))
    assert station.run == again != run
    server.do(server.stations.close())
    (first_log, _) = sorted(server.out.glob("*/session.jsonl"))
    lines = [json.loads(line) for line in first_log.read_text().splitlines()]
    said = [line for line in lines if line["kind"] == "command"]
    assert [(line["what"], line.get("value", "")) for line in said] == [
        ("marker", "1"), ("volume", "0.200"), ("hold", ""), ("panic", ""), ("stop", ""),
        ("stop", ""),
    ]  # fmt: skip
    assert said[0]["t"] - said[0]["time"] == pytest.approx(0.9, abs=0.05)


def test_a_stop_while_the_page_asks_whether_there_is_a_consent_holds(server: PageServer) -> None:
    cookie, _ = server.invite("listener", "home")
    desk, _ = server.invite("therapist")
    station = server.stations.home
    known = station.stops
    assert asked(server, desk, "/silence")[1]["was"] == "idle"
    code, said = asked(server, cookie, "/start", sensor="sim:", output="null:", since=known)
    assert code == 409
    assert "STOP came in between" in said["error"]
    assert station.stage == "idle"
