"""Wearers and desks on a real mosquitto, with TLS and rules: what is refused, what is not lost."""

from __future__ import annotations

import asyncio
import json
import signal
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import msgspec
import pytest
from rigs.broker import Broker, broker, needs_mosquitto

from biofeedback.app import runner
from biofeedback.app.plan import SessionPlan
from biofeedback.common.errors import ConfigError
from biofeedback.config import loader
from biofeedback.mqtt import setup, topics
from biofeedback.mqtt.address import Login
from biofeedback.mqtt.link import LinkError, linked
from biofeedback.mqtt.messages import AnswerLine, EventMessage, OrderMessage, StatusMessage, encode
from biofeedback.mqtt.remote_control import MqttRemoteControl
from biofeedback.mqtt.wearer import RemoteWearer
from biofeedback.record.reader import read
from biofeedback.record.rebuild import core_of
from biofeedback.record.verify import verify
from biofeedback.runtime.session import Session

#: A handshake that fails leaves its socket to the garbage collector: so the library does it.
pytestmark = [
    pytest.mark.rig,
    needs_mosquitto,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]
PATIENCE_S = 20.0


class Watched:
    """A desk, and every event that it was told, in the order of telling."""

    def __init__(self, login: Login) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []
        clock = asyncio.get_running_loop().time
        self.desk = MqttRemoteControl(login, clock, lambda wearer: None, self._happened)
        self._task = asyncio.create_task(self.desk.run())

    def _happened(self, wearer: RemoteWearer, event: EventMessage) -> None:
        self.events.append((wearer.name, json.loads(bytes(event.line))))

    async def close(self) -> None:
        self._task.cancel()
        with suppress(asyncio.CancelledError):
            await self._task

    def told(self, kind: str) -> list[dict[str, object]]:
        return [line for _, line in self.events if line["kind"] == kind]


def here(watched: Watched, name: str) -> bool:
    wearer = watched.desk.wearers.get(name)
    return wearer is not None and wearer.here


async def until(what: Callable[[], object]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not what():  # noqa: ASYNC110 - what is waited for is in other processes too
            await asyncio.sleep(0.02)


def performance(out: Path, login: Login, seed: int = 1) -> runner.SessionRunner:
    plan = SessionPlan(
        config=loader.load("settle"), sensors=("sim:",), out=out, seed=seed, duration_s=600.0,
        realtime=True, mqtt=login,
    )  # fmt: skip
    return runner.SessionRunner(plan)


def during_a_session(
    out: Path, login: Login, act: Callable[[Session], Awaitable[None]]
) -> list[dict[str, object]]:
    """Play, do something meanwhile, stop; return the lines of the log, which must be whole."""

    async def playing() -> None:
        async def acting(session: Session) -> None:
            failed: BaseException | None = None
            try:
                await until(lambda: session.has_streamed)
                await act(session)
            except BaseException as error:
                failed = error
            session.command("key", "stop")
            session.command("key", "stop")
            if failed is not None:
                raise failed

        await performance(out, login).play(acting)

    asyncio.run(playing())
    session = next(out.iterdir())
    verdict = verify(session, core_of)
    assert verdict.complete
    assert verdict.difference is None
    lines = [json.loads(raw) for raw, _ in read(session)]
    return lines


def same(told: list[dict[str, object]], logged: list[dict[str, object]]) -> None:
    """Hold that a desk was told exactly what the log says, in order, each once."""
    ours = [{k: v for k, v in line.items() if k in ("why", "what", "value", "who", "cause")}
            for line in told]  # fmt: skip
    theirs = [{k: v for k, v in line.items() if k in mine} for line, mine in
              zip(logged, ours, strict=True)]  # fmt: skip
    assert ours == theirs


def markers(watch: Watched) -> list[object]:
    """Return the markers that a desk was told; the session notes its troubles besides."""
    return [line["value"] for line in watch.told("command") if line["what"] == "marker"]


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_decision_and_no_marker_is_lost_over_an_outage(
    tmp_path: Path, how: signal.Signals
) -> None:
    with broker(tmp_path / "broker", "robin") as there:
        watched: list[Watched] = []

        async def act(session: Session) -> None:
            watch = Watched(there.login("ann"))
            watched.append(watch)
            await until(lambda: len(watch.told("decision")) >= 3)
            session.command("key", "marker", "before")
            there.stop(how)
            session.command("key", "marker", "during")
            await until(lambda: watch.desk.trouble)
            await until(lambda: session.troubles)
            await asyncio.sleep(1.0)  # decisions that nobody hears
            there.start()
            await until(lambda: not watch.desk.trouble and not session.troubles)
            session.command("key", "marker", "after")
            await until(lambda: len(markers(watch)) == 3)

        lines = during_a_session(tmp_path / "out", there.login("robin"), act)
        wearer = watched[0].desk.wearers["robin"]
        told = watched[0].told("decision")
        assert len(told) >= 5
        logged = [line for line in lines if line["kind"] == "decision"]
        same(told, logged[: len(told)])
        assert markers(watched[0]) == ["before", "during", "after"]
        assert (wearer.inbox.gone, wearer.inbox.missing) == (0, 0)


def test_a_desk_that_comes_late_is_told_everything_from_the_beginning(tmp_path: Path) -> None:
    with broker(tmp_path / "broker", "robin") as there:

        async def act(session: Session) -> None:
            session.command("key", "marker", "first")
            await asyncio.sleep(1.5)
            for user in ("ann", "olga"):
                watch = Watched(there.login(user))
                await until(lambda watch=watch: watch.told("command"))
                seqs = [line["seq"] for _, line in watch.events]
                assert seqs == list(range(1, len(seqs) + 1))
                await watch.close()

        during_a_session(tmp_path / "out", there.login("robin"), act)


def test_an_answer_does_not_wait_for_the_events_before_it(tmp_path: Path) -> None:
    async def wearer(login: Login) -> None:
        async with linked(login) as link:
            await link.subscribe([topics.orders("robin", "+")])
            there = StatusMessage(state="online", session="s", last=4)
            await link.publish(topics.status("robin"), encode(there), qos=1, retain=True)
            async for _, payload, _ in link.messages():
                order = msgspec.json.decode(payload, type=OrderMessage)
                line = encode(
                    AnswerLine(t=0.0, seq=5, user="ann", order=order.id, problem="why not")
                )
                event = EventMessage(session="s", seq=5, utc_ms=0.0, line=msgspec.Raw(line))
                await link.publish(topics.events("robin"), encode(event), qos=1)

    async def steering(there: Broker) -> None:
        ann = Watched(there.login("ann"))
        await until(lambda: not ann.desk.trouble)
        robin = asyncio.create_task(wearer(there.login("robin")))
        await until(lambda: here(ann, "robin"))
        with pytest.raises(ConfigError, match="why not"):
            await ann.desk.order("robin", "Ann", "hold")
        assert ann.events == []  # 1 to 4 never came
        robin.cancel()
        await ann.close()

    with broker(tmp_path / "broker", "robin") as there:
        asyncio.run(steering(there))


def test_a_therapist_steers_from_elsewhere_and_the_log_says_who(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with broker(tmp_path / "broker", "robin", "kim") as there:

        async def act(session: Session) -> None:
            ann, olga = Watched(there.login("ann")), Watched(there.login("olga"))
            await until(lambda: all(here(each, "robin") for each in (ann, olga)))
            await ann.desk.order("robin", "Ann", "hold")
            await ann.desk.order("robin", "", "override", "tempo_bpm=60 for 30")
            with pytest.raises(ConfigError, match="tempo_bpm"):
                await ann.desk.order("robin", "Ann", "override", "tempo_bpm=900")
            with pytest.raises(ConfigError, match="not connected"):
                await ann.desk.order("kim", "Ann", "hold")
            with pytest.raises(ConfigError, match="observer"):
                await olga.desk.order("robin", "Olga", "hold")
            wrong = olga.desk
            wrong._login = msgspec.structs.replace(there.login("olga"), role=None)
            monkeypatch.setattr("biofeedback.mqtt.remote_control._ANSWER_S", 0.3)
            with pytest.raises(ConfigError, match="not answered"):  # the broker refuses it
                await wrong.order("robin", "Olga", "note", "from nobody")
            asked = "ann asked for tempo_bpm=60"
            await until(lambda: any(asked in str(line["why"]) for line in ann.told("decision")))
            await ann.close()
            await olga.close()

        lines = during_a_session(tmp_path / "out", there.login("robin"), act)
        done = [(line["who"], line["what"]) for line in lines if line["kind"] == "command"]
        assert done[:2] == [("mqtt:ann:Ann", "hold"), ("mqtt:ann", "override")]
        assert "from nobody" not in str(lines)


def test_a_broker_that_is_not_there_keeps_no_music_waiting(tmp_path: Path) -> None:
    made = Broker(tmp_path / "broker", ("robin",))

    async def act(session: Session) -> None:
        await until(lambda: session.tempo_bpm is not None)
        await until(lambda: session.troubles)
        assert "no link to the broker" in session.troubles[0]

    during_a_session(tmp_path / "out", made.login("robin"), act)


def test_a_broker_that_hangs_keeps_no_music_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("biofeedback.mqtt.link.ANSWER_S", 1.0)
    with broker(tmp_path / "broker", "robin") as there:

        async def act(session: Session) -> None:
            await until(lambda: not session.troubles)
            there.tell(signal.SIGSTOP)
            try:
                await until(lambda: session.troubles)
            finally:
                there.tell(signal.SIGCONT)

        during_a_session(tmp_path / "out", there.login("robin"), act)


async def heard(there: Broker, topic: str) -> bool:
    """Return whether a message of each user but its owner reaches ann on a topic."""
    async with linked(there.login("ann")) as ann:
        await ann.subscribe(topics.watched("ann"))
        for user in ("kim", "olga", "ann"):
            async with linked(there.login(user)) as other:
                await other.publish(topic, b"forged", qos=1)
        async with linked(there.login("robin")) as robin, asyncio.timeout(PATIENCE_S):
            await robin.publish(topic, b"true", qos=1)
            async for _, payload, _ in ann.messages():
                if payload in (b"forged", b"true"):
                    return payload == b"forged"
    return False


def test_the_broker_refuses_every_topic_that_is_not_ones_own(tmp_path: Path) -> None:
    with broker(tmp_path / "broker", "robin", "kim") as there:

        async def trying() -> None:
            for topic in (topics.status("robin"), topics.picture("robin"), topics.events("robin"),
                          topics.again("robin", "ann")):  # fmt: skip
                assert not await heard(there, topic), topic
            may = {
                "robin": {topics.orders("robin", "ann"), topics.asks("robin", "olga")},
                "olga": {topics.picture("kim")},
                "ann": {topics.picture("kim"), topics.again("kim", "ann")},
            }
            for user, allowed in may.items():
                assert set(await all_that_is_heard(there, user)) == allowed
            async with linked(there.login("robin")) as robin:
                await robin.subscribe([topics.orders("robin", "+")])
                for user in ("kim", "olga", "ann"):  # ann may give orders, as ann alone
                    async with linked(there.login(user)) as other:
                        for name in {"ann", "olga", "root"} - {user if user == "ann" else ""}:
                            await other.publish(topics.orders("robin", name), b"x", qos=1)
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.5):
                        await anext(robin.messages())

        asyncio.run(trying())


async def all_that_is_heard(there: Broker, user: str) -> list[str]:
    """Return the topics that reach a user who subscribes to everything there is."""
    async with linked(there.login(user)) as link:
        for wanted in ("#", "biofeedback/+/orders/+", "biofeedback/+/again/+", "$SYS/#"):
            with suppress(LinkError):
                await link.subscribe([wanted])
        sent = {
            "kim": [topics.picture("kim"), topics.again("kim", "ann")],
            "ann": [topics.orders("kim", "ann"), topics.orders("robin", "ann")],
            "olga": [topics.asks("kim", "olga"), topics.asks("robin", "olga")],
        }
        for sender, places in sent.items():
            async with linked(there.login(sender)) as other:
                for place in places:
                    await other.publish(place, b"private", qos=1)
        came: list[str] = []
        with suppress(TimeoutError):
            async with asyncio.timeout(0.3):
                async for topic, _, _ in link.messages():
                    came.append(topic)
        return came


def test_nobody_comes_in_with_a_wrong_name_password_or_certificate(tmp_path: Path) -> None:
    with broker(tmp_path / "broker", "robin") as there:
        good = there.login("robin")
        replace = msgspec.structs.replace

        async def comes_in(login: Login) -> str:
            try:
                async with linked(login):
                    return ""
            except LinkError as error:
                return str(error)

        async def trying() -> None:
            assert await comes_in(good) == ""
            assert "name or password" in await comes_in(replace(good, password="wrong"))
            assert "name or password" in await comes_in(replace(good, user="nobody"))
            assert "name or password" in await comes_in(replace(good, user="", password=""))
            assert "not to be trusted" in await comes_in(replace(good, ca=""))

        asyncio.run(trying())

        async def thrown_out() -> None:
            async with linked(good) as link:
                setup.revoke(there.folder, "robin")
                there.tell(signal.SIGHUP)
                with pytest.raises(LinkError):
                    async with asyncio.timeout(5.0):
                        await anext(link.messages())

        asyncio.run(thrown_out())
        assert "name or password" in asyncio.run(refused(good))
        for user in ("robin", "ann", "olga"):
            assert good.password not in there.said
            assert user == "robin" or there.login(user).password not in there.said


async def refused(login: Login) -> str:
    """Return why a login that was taken away no longer works, once the broker knows."""
    for _ in range(100):
        try:
            async with linked(login):
                await asyncio.sleep(0.05)
        except LinkError as error:
            return str(error)
    return ""


def test_only_current_tls_is_spoken(tmp_path: Path) -> None:
    with broker(tmp_path / "broker") as there:
        login = there.login("ann")
        context = ssl.create_default_context(cadata=login.ca)

        async def version() -> str | None:
            _, writer = await asyncio.open_connection(
                "127.0.0.1", there.port, ssl=context, server_hostname="localhost"
            )
            found = writer.get_extra_info("ssl_object").version()
            writer.close()
            with suppress(ConnectionError, ssl.SSLError):
                await writer.wait_closed()
            return str(found)

        assert asyncio.run(version()) in ("TLSv1.2", "TLSv1.3")
