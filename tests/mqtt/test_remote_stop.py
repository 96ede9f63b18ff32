"""STOP for a wearer elsewhere: repeated until their computer answers, whatever the link does."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from biofeedback.cli.serve import _wearers
from biofeedback.common.clock import run_virtual
from biofeedback.common.errors import ConfigError
from biofeedback.mqtt.address import Login
from biofeedback.mqtt.messages import OrderMessage, StatusMessage
from biofeedback.mqtt.orders import SILENCE, OrderGate
from biofeedback.mqtt.wearer import RemoteWearer
from biofeedback.web.remote_station import RemoteStation
from biofeedback.web.stations import Stations
from biofeedback.web.tokens import Grant

ANN = Grant("1", "therapist", "Ann", None, 1e9)
OLGA = Grant("2", "observer", "Olga", None, 1e9)


class Broker:
    """Passes orders on while there is a link, and remembers what arrived."""

    def __init__(self) -> None:
        self.linked = False
        self.arrived: list[str] = []

    async def order(self, wearer: str, who: str, what: str, value: str = "") -> None:
        if not self.linked:
            raise ConfigError("there is no link to the broker")
        self.arrived.append(what)


def wearer(session: str = "a") -> RemoteWearer:
    made = RemoteWearer("robin")
    made.status(StatusMessage(state="online", session=session, utc_ms=1.0), 0.0)
    return made


def during(act: Callable[[RemoteStation, RemoteWearer, Broker], Awaitable[None]]) -> Broker:
    broker, robin = Broker(), wearer()
    run_virtual(
        lambda: act(RemoteStation(robin, broker, asyncio.get_running_loop().time), robin, broker)
    )
    return broker


def test_a_stop_without_a_link_waits_for_it_is_shown_and_then_acts_once() -> None:
    async def act(station: RemoteStation, robin: RemoteWearer, broker: Broker) -> None:
        assert await station.silence(ANN, "x") is False
        assert station.picture().stopping
        await asyncio.sleep(60.0)
        assert await station.silence(ANN, "x") is False
        broker.linked = True
        await asyncio.sleep(0.3)
        assert not station.picture().stopping
        assert await station.silence(ANN, "x") is True
        assert await station.silence(ANN, "y") is True  # another STOP is another order

    assert during(act).arrived == [SILENCE, SILENCE]


@pytest.mark.parametrize(("state", "session"), [("ended", "a"), ("online", "b")])
def test_a_stop_whose_session_is_over_reaches_no_other_one(state: str, session: str) -> None:
    async def act(station: RemoteStation, robin: RemoteWearer, broker: Broker) -> None:
        assert await station.silence(ANN, "x") is False
        robin.status(StatusMessage(state=state, session=session, utc_ms=2.0), 1.0)  # type: ignore[arg-type]
        broker.linked = True
        await asyncio.sleep(1.0)
        assert await station.silence(ANN, "x") is True

    assert during(act).arrived == []


def test_a_wearer_who_is_lost_may_play_on_and_can_be_stopped() -> None:
    async def act(station: RemoteStation, robin: RemoteWearer, broker: Broker) -> None:
        for state, may_play in (("lost", True), ("ended", False)):
            robin.status(StatusMessage(state=state, session="a", utc_ms=2.0), 1.0)  # type: ignore[arg-type]
            assert station.picture().may_play is may_play

    during(act)


def test_two_pages_that_stop_at_once_are_both_answered_also_when_it_is_given_up() -> None:
    async def act(station: RemoteStation, robin: RemoteWearer, broker: Broker) -> None:
        both = asyncio.gather(station.silence(ANN), station.silence(ANN))
        await asyncio.sleep(0.1)
        station.give_up()
        assert await both == [True, True]

    assert during(act).arrived == []


def test_who_only_looks_stops_nobody() -> None:
    async def act(station: RemoteStation, robin: RemoteWearer, broker: Broker) -> None:
        with pytest.raises(ConfigError, match="for a therapist"):
            await station.silence(OLGA, "x")

    assert during(act).arrived == []


def test_an_order_to_be_silent_is_never_too_old_for_its_session_and_stops_no_other() -> None:
    gate = OrderGate("a")
    old = OrderMessage(id="1", session="a", desk="d", number=1, edge_ms=0.0, what=SILENCE)
    assert gate.admit("ann", old, 1e9) == ("stop", "")
    other = OrderMessage(id="2", session="b", desk="d", number=2, edge_ms=0.0, what=SILENCE)
    with pytest.raises(ConfigError, match="another session"):
        gate.admit("ann", other, 0.0)


def test_a_stop_without_an_answer_outlives_a_failure_of_what_watches_the_broker(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    class Broken(Broker):
        """Watches as a desk does, and fails at first."""

        trouble = ""

        def __init__(
            self, login: Login, clock: object, changed: Callable[[RemoteWearer], None]
        ) -> None:
            super().__init__()
            made.append(self)
            self._changed = changed

        async def run(self) -> None:
            self._changed(robin)
            await asyncio.sleep(1.0)
            if not self.linked:
                self.linked = True
                raise ZeroDivisionError("a bug")
            await asyncio.Event().wait()

    made: list[Broken] = []
    robin = wearer()
    login = Login(url="mqtts://broker", user="ann", password="")
    monkeypatch.setattr("biofeedback.mqtt.remote_control.MqttRemoteControl", Broken)

    async def act() -> None:
        stations = Stations(tmp_path)
        stations.tasks.keep("The link", _wearers(login, stations))
        await asyncio.sleep(0.1)
        station = stations.remotes["remote-robin"]
        made[0].linked = False
        assert await station.silence(ANN, "x") is False
        await asyncio.sleep(3.0)
        assert stations.remotes["remote-robin"] is station
        assert await station.silence(ANN, "x") is True
        await stations.close()

    run_virtual(act)
    assert [desk.arrived for desk in made] == [[SILENCE]]
