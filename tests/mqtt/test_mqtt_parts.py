"""Outbox, inbox, orders, addresses and passwords of the MQTT link, without a broker."""

from __future__ import annotations

import asyncio
import base64
import random
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from biofeedback.common.errors import ConfigError, FolderError
from biofeedback.common.tasks import together
from biofeedback.mqtt import link, setup, topics
from biofeedback.mqtt.address import Login, load, sealed
from biofeedback.mqtt.inbox import EventInbox
from biofeedback.mqtt.messages import (
    EventMessage,
    OrderMessage,
    PictureMessage,
    StatusMessage,
    decoded,
    encode,
)
from biofeedback.mqtt.orders import OrderGate, who
from biofeedback.mqtt.outbox import AT_ONCE, Outbox
from biofeedback.mqtt.wearer import RemoteWearer
from biofeedback.views.picture import Picture
from biofeedback.web.remote_station import RemoteStation


class Nobody:
    """Gives no orders."""

    async def order(self, wearer: str, who: str, what: str, value: str = "") -> None: ...


def filled(count: int, kept: int = 100) -> Outbox:
    outbox = Outbox("s", kept)
    for number in range(count):
        outbox.put(b'{"n":%d}' % number, 0.0)
    return outbox


def order(number: int = 1, **fields: object) -> OrderMessage:
    usual = {"id": "i", "session": "s", "desk": "d", "edge_ms": 0.0, "what": "hold"}
    return OrderMessage(number=number, **(usual | fields))  # type: ignore[arg-type]


def test_what_the_broker_did_not_confirm_is_offered_again() -> None:
    outbox = filled(5)
    assert [event.seq for event in outbox.unsent(3)] == [1, 2, 3]
    assert [event.seq for event in outbox.unsent(3)] == [1, 2, 3]
    outbox.confirm(2)
    assert [event.seq for event in outbox.unsent(9)] == [3, 4, 5]
    outbox.confirm(5)
    assert outbox.waiting == 0
    assert outbox.unsent(9) == []


def test_a_full_outbox_drops_the_oldest_and_counts_it() -> None:
    outbox = filled(12, kept=10)
    assert outbox.lost == 2
    assert [event.seq for event in outbox.unsent(2)] == [3, 4]
    outbox.confirm(12)
    outbox.put(b"{}", 0.0)
    assert outbox.lost == 2  # what goes now has arrived


def test_events_are_told_again_as_far_as_they_are_kept() -> None:
    outbox = filled(300, kept=250)
    again = outbox.again(1, 300)
    assert again is not None
    assert again.oldest == 51
    assert [event.seq for event in again.events] == list(range(51, 51 + AT_ONCE))
    assert Outbox("s").again(1, 5) is None


def test_events_come_out_in_order_and_once_whatever_order_they_came_in() -> None:
    events = filled(60).unsent(60)
    for seed in range(50):
        rng, inbox = random.Random(seed), EventInbox()
        came = events + rng.sample(events, 20)
        rng.shuffle(came)
        out = [event.seq for each in came for event in inbox.take([each])]
        assert out == list(range(1, 61))
        assert (inbox.received, inbox.missing, inbox.gone, inbox.twice) == (60, 0, 0, 20)


def test_a_hole_is_known_as_soon_as_a_later_number_is_told_of() -> None:
    inbox = EventInbox()
    inbox.take(filled(4).unsent(4))
    inbox.reaches(9)
    assert inbox.missing == 5
    assert inbox.hole == (5, 9)
    inbox.take(filled(7).unsent(7)[6:])
    assert inbox.hole == (5, 6)


def test_what_the_wearer_no_longer_keeps_is_counted_as_gone() -> None:
    inbox = EventInbox()
    events = filled(20).unsent(20)
    inbox.take(events[:3])
    inbox.take(events[15:])
    freed = inbox.give_up(11)
    assert freed == []
    assert inbox.gone == 7
    assert [e.seq for e in inbox.take(events[10:15])] == list(range(11, 21))
    assert inbox.missing == 0


def test_an_order_acts_once_however_often_it_is_delivered() -> None:
    gate = OrderGate("s")
    assert gate.admit("ann", order(1), 0.0) == ("hold", "")
    assert gate.admit("ann", order(1), 0.0) is None
    assert gate.admit("ann", order(2, what="resume"), 0.0) == ("resume", "")
    assert gate.admit("ann", order(1), 0.0) is None  # and an old one never overtakes
    assert gate.admit("ann", order(1, desk="another"), 0.0) == ("hold", "")
    assert gate.duplicates == 2


def test_a_late_order_does_not_act_but_a_stop_always_does() -> None:
    gate = OrderGate("s")
    with pytest.raises(ConfigError, match="10 s late"):
        gate.admit("ann", order(1), 10_001.0)
    assert gate.admit("ann", order(2, what="stop"), 60_000.0) == ("stop", "")


@pytest.mark.parametrize(
    "fields",
    [
        {"session": "another"},
        {"what": "panic"},
        {"what": "rating", "value": "distress=2"},
        {"what": "override", "value": "tempo_bpm=90; import os"},
        {"what": "volume", "value": "7"},
        {"what": "__class__"},
    ],
)
def test_what_a_therapist_may_not_ask_for_is_refused(fields: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        OrderGate("s").admit("ann", order(**fields), 0.0)


def test_the_log_names_the_user_that_the_broker_knows() -> None:
    assert who("ann", "") == "mqtt:ann"
    assert who("studio", "Ann B.") == "mqtt:studio:Ann B."
    assert who("studio", "key\n") == "mqtt:studio"


def test_how_old_an_order_is_does_not_depend_on_clocks_that_agree() -> None:
    wearer = RemoteWearer("robin")
    shown = PictureMessage(session="s", last=0, utc_ms=5e12, simulated=True, picture=Picture())
    wearer.show(shown, 100.0)
    assert wearer.edge_ms(103.5) == 5e12 + 3500.0


def test_the_will_of_an_earlier_session_does_not_take_a_wearer_away() -> None:
    wearer = RemoteWearer("robin")
    wearer.status(StatusMessage(state="online", session="new"), 0.0)
    wearer.status(StatusMessage(state="lost", session="old"), 0.0)
    assert wearer.here
    wearer.status(StatusMessage(state="lost", session="new"), 0.0)
    assert not wearer.here


def test_what_the_broker_kept_does_not_prove_that_a_wearer_is_there() -> None:
    wearer, online = RemoteWearer("robin"), StatusMessage(state="online", session="s")
    shown = PictureMessage(session="s", last=0, utc_ms=1.0, simulated=True, picture=Picture())
    wearer.status(online, 0.0, retained=True)
    assert (wearer.state, wearer.here) == ("unknown", False)
    wearer.show(shown, 0.5)
    assert (wearer.state, wearer.here) == ("online", True)
    wearer.unheard()  # the link of the desk broke, and is there again before the wearer's
    wearer.status(online, 9.0, retained=True)
    assert (wearer.state, wearer.here) == ("online", False)
    assert "no word" in RemoteStation(wearer, Nobody(), lambda: 5.0).picture().problem
    wearer.status(online, 9.5)
    assert wearer.here
    assert RemoteStation(wearer, Nobody(), lambda: 5.0).picture().problem == ""


@pytest.mark.parametrize("payload", [b"", b"[1]", b"{", b"\xff", b"[" * 100_000, "x", None,
                                     b'{"session":"s","seq":0,"utc_ms":0,"line":{}}'])  # fmt: skip
def test_a_malformed_message_is_none(payload: object) -> None:
    assert decoded(payload, EventMessage) is None


def test_a_message_comes_back_as_it_was() -> None:
    event = filled(1).unsent(1)[0]
    back = decoded(encode(event), EventMessage)
    assert back is not None
    assert (back.seq, bytes(back.line)) == (1, b'{"n":0}')


@pytest.mark.parametrize("name", ["", "Robin", "a/b", "+", "#", "a b", "x" * 33, "ä", "$SYS"])
def test_a_name_that_could_reach_other_topics_is_refused(name: str) -> None:
    with pytest.raises(ConfigError):
        topics.checked_name(name)


def test_a_password_is_kept_as_mosquitto_keeps_it() -> None:
    # What mosquitto_passwd 2.0.11 wrote for the password "secret".
    known = (
        "$7$101$VClMOAfWQK2cpapA$"
        "LIIbsred/B2Vw7ytulq/5tC4zkoXFVQMCl23d//LDLuU+zql3/WHKVROcV8mwgTZY3afrJICWBaqIrh2QSNunQ=="
    )
    salt = base64.b64decode(known.split("$")[3])
    assert sealed("secret", salt, iterations=101) == known
    assert sealed("secret") != sealed("secret")


@pytest.mark.parametrize(
    "url",
    ["mqtts://ann:hush@host", "mqtt://elsewhere.example", "http://host", "mqtts://", "mqtts://h:x",
     "mqtts://host/path", "mqtts://host?password=hush", "mqtts://host:99999"],
)  # fmt: skip
def test_an_address_with_a_secret_or_without_encryption_is_refused(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(url, {"BIOFEEDBACK_MQTT_USER": "ann", "BIOFEEDBACK_MQTT_PASSWORD": "hush"})
    assert "hush" not in str(caught.value).replace(url, "")


def test_credentials_come_from_the_environment_or_a_file(tmp_path: Path) -> None:
    known = {"BIOFEEDBACK_MQTT_USER": "ann", "BIOFEEDBACK_MQTT_PASSWORD": "hush"}
    login = load("mqtts://host", known)
    assert (login.host, login.port, login.user) == ("host", 8883, "ann")
    assert "hush" not in repr(login)
    file = tmp_path / "ann.toml"
    file.write_text('url = "mqtts://host:1"\nuser = "ann"\npassword = "hush"\nrole = "therapist"')
    assert load(str(file), {}).port == 1
    assert load("mqtts://there:2", {"BIOFEEDBACK_MQTT_LOGIN": str(file)}).host == "there"
    with pytest.raises(ConfigError, match="no credentials"):
        load("mqtts://host", {})
    with pytest.raises(ConfigError, match="cannot be read"):
        load(str(tmp_path / "nothing.toml"), {})


def test_a_login_of_another_role_is_refused_before_anything_starts() -> None:
    login = Login(url="mqtts://host", user="ann", password="", role="therapist")
    login.needs("therapist", "observer")
    with pytest.raises(ConfigError, match="therapist's"):
        login.needs("wearer")


def test_a_broker_folder_is_private_and_never_overwritten(tmp_path: Path) -> None:
    folder = tmp_path / "broker"
    setup.create(folder, "broker.example", 8883)
    setup.add(folder, "robin", "wearer")
    setup.add(folder, "ann", "therapist")
    assert setup.users(folder) == {"robin": "wearer", "ann": "therapist"}
    for path in folder.rglob("*"):
        assert path.stat().st_mode & 0o077 == 0, path
    with pytest.raises(FolderError, match="already"):
        setup.create(folder, "broker.example", 8883)
    before = load(str(folder / "logins" / "robin.toml"), {}).password
    setup.add(folder, "robin", "wearer")
    assert load(str(folder / "logins" / "robin.toml"), {}).password != before
    setup.revoke(folder, "robin")
    assert setup.users(folder) == {"ann": "therapist"}
    assert "robin" not in (folder / "passwords").read_text() + (folder / "rules").read_text()
    assert not (folder / "logins" / "robin.toml").exists()
    with pytest.raises(ConfigError, match="no user"):
        setup.revoke(folder, "robin")
    with pytest.raises(FolderError, match="no broker's folder"):
        setup.users(tmp_path)


class Wire:
    """Stands for the library's end of a socket; a full one takes no more bytes."""

    def __init__(self, opened: socket.socket, *, full: bool) -> None:
        self._opened: socket.socket | None = opened
        self._full = full
        self.written = 0

    def socket(self) -> socket.socket | None:
        return self._opened

    def loop_write(self) -> None:
        self.written += 1

    def want_write(self) -> bool:
        return self._full

    def close(self) -> None:
        assert self._opened is not None
        self._opened.close()
        self._opened = None


@pytest.mark.parametrize(
    ("full", "closed", "written", "watched"),
    [(False, False, 1, False), (True, False, 1, True), (True, True, 0, False)],
)
def test_bytes_are_written_at_once_and_a_socket_that_was_closed_meanwhile_is_left_alone(
    full: bool, closed: bool, written: int, watched: bool
) -> None:
    async def waiting() -> None:
        loop, (one, other) = asyncio.get_running_loop(), socket.socketpair()
        number, wire = one.fileno(), Wire(one, full=full)
        link._writing(None, loop)(wire, None, one)  # type: ignore[arg-type]
        if closed:
            wire.close()
        await asyncio.sleep(0)
        assert wire.written == written
        assert loop.remove_writer(number) == watched
        one.close()
        other.close()

    asyncio.run(waiting())


class Deaf:
    """Stands for the library where a cancellation comes together with what it waits for."""

    async def publish(self, *wanted: object, **options: object) -> None:
        with suppress(asyncio.CancelledError):
            await asyncio.Event().wait()


def test_whoever_publishes_in_a_loop_ends_even_if_the_library_overhears_it() -> None:
    async def publishing() -> None:
        one = link.BrokerLink(Deaf())  # type: ignore[arg-type]
        while True:
            await one.publish("topic", b"", qos=1)

    async def ending() -> None:
        task = asyncio.create_task(publishing())
        await asyncio.sleep(0)
        task.cancel()
        done, _ = await asyncio.wait([task], timeout=5.0)
        assert task in done
        assert task.cancelled()

    asyncio.run(ending())


async def breaks(*, when_cancelled: bool) -> None:
    try:
        await asyncio.sleep(60.0 if when_cancelled else 0.0)
    except asyncio.CancelledError:
        raise link.LinkError("it broke") from None
    raise link.LinkError("it broke")


def test_a_link_that_breaks_while_it_is_told_to_end_ends() -> None:
    async def ending() -> None:
        task = asyncio.create_task(together(breaks(when_cancelled=True)))
        await asyncio.sleep(0)
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()

    asyncio.run(ending())


def test_a_link_that_breaks_counts_as_no_cancellation() -> None:
    async def breaking() -> None:
        with pytest.raises(link.LinkError):
            await together(breaks(when_cancelled=False), asyncio.sleep(60.0))
        link.heed_cancelling()

    asyncio.run(breaking())
