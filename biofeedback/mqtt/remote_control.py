"""A desk's end of the link: what every wearer does, without a hole, and orders to them."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable

import msgspec

from biofeedback.common.errors import ConfigError
from biofeedback.common.tasks import together
from biofeedback.mqtt import topics
from biofeedback.mqtt.address import Login
from biofeedback.mqtt.link import (
    BrokerLink,
    LinkError,
    Message,
    check_library,
    heed_cancelling,
    linked,
    waits,
)
from biofeedback.mqtt.messages import (
    AnswerLine,
    EventMessage,
    OrderMessage,
    PictureMessage,
    ResendMessage,
    StatusMessage,
    decoded,
    encode,
)
from biofeedback.mqtt.orders import SILENCE
from biofeedback.mqtt.wearer import RemoteWearer

__all__ = ["MqttRemoteControl"]

_MOST_WEARERS = 500
_ASK_EVERY_S = 1.0
#: How long an order waits for its answer before the desk says that none came.
_ANSWER_S = 3.0
_SILENCE_ANSWER_S = 0.8  #: of one that is repeated until there is one


class MqttRemoteControl:
    """Watches all wearers of a broker; `order` steers one, with a therapist's login.

    `changed` is called with a wearer that looks different now, `happened` with each event in
    order. `trouble` says why there is no link, "" while there is one.
    """

    def __init__(
        self,
        login: Login,
        clock: Callable[[], float],
        changed: Callable[[RemoteWearer], None],
        happened: Callable[[RemoteWearer, EventMessage], None] = lambda wearer, event: None,
    ) -> None:
        check_library()
        login.needs("therapist", "observer")
        self._login = login
        self._clock = clock
        self._tell = changed
        self._happened = happened
        self._id = secrets.token_hex(8)
        self._number = 0
        self._link: BrokerLink | None = None
        self._answers: dict[str, asyncio.Future[str]] = {}
        self.wearers: dict[str, RemoteWearer] = {}
        self.malformed = 0
        self.trouble = "MQTT: not connected yet"

    @property
    def steers(self) -> bool:
        """Whether the login may give orders, as far as is known here."""
        return self._login.role != "observer"

    async def run(self) -> None:
        """Watch until cancelled; the link is opened again whenever it breaks."""
        pauses = iter(waits())
        while True:
            try:
                async with linked(self._login) as link:
                    await link.subscribe(topics.watched(self._login.user))
                    self._link, self.trouble, pauses = link, "", iter(waits())
                    self._all_changed()
                    await self._watch(link)
            except LinkError as error:
                self.trouble = f"MQTT: {error}"
            finally:
                self._link = None
                for wearer in self.wearers.values():
                    wearer.unheard()
            self._all_changed()
            heed_cancelling()
            await asyncio.sleep(next(pauses))

    async def order(self, wearer: str, who: str, what: str, value: str = "") -> None:
        """Send an order and wait until the wearer has carried it out.

        Raises `ConfigError` that says why it was not, or that no answer came: then it may still
        act, within the next seconds.
        """
        known, link = self.wearers.get(wearer), self._link
        if not self.steers:
            raise ConfigError("an observer changes nothing")
        if link is None:
            raise ConfigError(
                "there is no link to the broker", hint="The wearer's music may go on."
            )
        if known is None or not known.here:
            raise ConfigError(f"{wearer} is not connected", hint="Their music may go on.")
        patience_s = _SILENCE_ANSWER_S if what == SILENCE else _ANSWER_S
        self._number += 1
        order = OrderMessage(
            id=secrets.token_hex(8), session=known.session, desk=self._id, number=self._number,
            edge_ms=known.edge_ms(self._clock()), who=who, what=what, value=value,
        )  # fmt: skip
        answer = self._answers[order.id] = asyncio.get_running_loop().create_future()
        try:
            await link.publish(topics.orders(wearer, self._login.user), encode(order), qos=1)
            problem = await asyncio.wait_for(answer, patience_s)
        except LinkError as error:
            raise ConfigError(f"the order may not have arrived: {error}") from None
        except TimeoutError:
            raise ConfigError(
                f"{wearer} has not answered within {patience_s:g} s",
                hint="The order may still act within ten seconds; the picture will show it.",
            ) from None
        finally:
            self._answers.pop(order.id, None)
        if problem:
            raise ConfigError(problem)

    async def _watch(self, link: BrokerLink) -> None:
        await together(self._ask(link), self._receive(link))

    async def _ask(self, link: BrokerLink) -> None:
        """Ask for what is missing, and for what may be: events that nobody has told us of."""
        while True:
            for wearer in list(self.wearers.values()):
                ask = wearer.ask(self._clock(), _ASK_EVERY_S)
                if ask is not None:
                    topic = topics.asks(wearer.name, self._login.user)
                    await link.publish(topic, encode(ask), qos=1)
            await asyncio.sleep(_ASK_EVERY_S / 4)

    async def _receive(self, link: BrokerLink) -> None:
        async for message in link.messages():
            name, kind, _ = topics.split(message.topic)
            wearer = self._wearer(name)
            if wearer is None or not self._take(wearer, kind, message):
                self.malformed += 1

    def _take(self, wearer: RemoteWearer, kind: str, message: Message) -> bool:
        now_s, due, payload = self._clock(), list[EventMessage](), message.payload
        if kind == "picture" and (shown := decoded(payload, PictureMessage)):
            wearer.show(shown, now_s)
        elif kind == "status" and (status := decoded(payload, StatusMessage)):
            wearer.status(status, now_s, retained=message.retained)
        elif kind == "events" and (event := decoded(payload, EventMessage)):
            self._answered(event)
            due = wearer.event(event)
        elif kind == "again" and (again := decoded(payload, ResendMessage)):
            for event in again.events:
                self._answered(event)
            due = wearer.again(again)
        else:
            return False
        for event in due:
            self._happened(wearer, event)
        if kind != "events":
            self._tell(wearer)
        return True

    def _answered(self, event: EventMessage) -> None:
        """Hand an answer to whoever waits for it; it need not wait for events before it."""
        if b'"kind":"answer"' in bytes(event.line)[:40]:
            answer = _answer(event.line)
            waiting = self._answers.get(answer.order) if answer else None
            if answer and waiting is not None and not waiting.done():
                waiting.set_result(answer.problem)

    def _wearer(self, name: str) -> RemoteWearer | None:
        if not name:
            return None
        if name not in self.wearers and len(self.wearers) < _MOST_WEARERS:
            self.wearers[name] = RemoteWearer(name)
        return self.wearers.get(name)

    def _all_changed(self) -> None:
        for wearer in self.wearers.values():
            self._tell(wearer)


def _answer(line: msgspec.Raw) -> AnswerLine | None:
    try:
        return msgspec.json.decode(line, type=AnswerLine)
    except msgspec.DecodeError:
        return None
