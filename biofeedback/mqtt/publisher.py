"""A session's end of the link: it tells a broker what happens, and takes orders from desks.

It only listens to the session. A broker that is slow, dead or unreachable delays nothing: pictures
are skipped, decisions and markers wait in a bounded outbox, and both are counted.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from biofeedback.common.clock import utc_now
from biofeedback.common.errors import CommandError, ConfigError
from biofeedback.common.event_bus import EventBus, Subscription
from biofeedback.common.tasks import together
from biofeedback.control.base import Decision
from biofeedback.engine.inputs import Command
from biofeedback.mqtt import topics
from biofeedback.mqtt.address import Login
from biofeedback.mqtt.link import (
    BrokerLink,
    LinkError,
    cancellings,
    check_library,
    heed_cancelling,
    linked,
    waits,
)
from biofeedback.mqtt.messages import (
    AnswerLine,
    OrderMessage,
    PictureMessage,
    ResendRequest,
    StatusMessage,
    decoded,
    encode,
)
from biofeedback.mqtt.orders import SILENCE, OrderGate, who
from biofeedback.mqtt.outbox import Outbox
from biofeedback.record.derived import derived_lines
from biofeedback.record.inputs import input_line
from biofeedback.runtime.ports import SessionControl
from biofeedback.views.live_view import LiveView

__all__ = ["MqttPublisher"]

_CAPACITY = 4096  #: events of the session; more than come in a second with every signal
_WINDOW = 16  #: events under way at once
_PICTURES_S = 0.1  #: pictures come at most ten times a second
_ASKS_S = 0.5  #: one answer to each user in this time
_USERS = 64
_PATIENCE_S = 1.0  #: with a broker, before it is said that it does not answer
#: How long the end of a session waits for the broker to have everything.
_LAST_S, _LAST_IN_TROUBLE_S = 5.0, 1.0


class MqttPublisher:
    """Publishes a session under the wearer's name; `clock` gives session time in s.

    `skipped` counts the pictures that a slow link did not take.
    """

    name = "MQTT"

    def __init__(
        self, login: Login, clock: Callable[[], float], *, simulated: bool = False
    ) -> None:
        check_library()
        login.needs("wearer")
        self._login = login
        self._wearer = login.user
        self._clock = clock
        self.session = secrets.token_hex(8)
        self._outbox = Outbox(self.session)
        self._gate = OrderGate(self.session)
        self._view = LiveView()
        self._events: Subscription[Any] | None = None
        self._news = asyncio.Event()  # something to send
        self._changed = asyncio.Event()  # another picture
        self._answered: dict[str, float] = {}
        self.simulated = simulated
        self.skipped = 0
        self._trouble = ""
        self._asked_s: float | None = None  # since when the broker owes us an answer

    @property
    def dropped(self) -> int:
        """How many events were lost to the desk: too fast to be taken in, or unsent too long."""
        return self._outbox.lost + (0 if self._events is None else self._events.dropped)

    async def open(self) -> None:
        """Do nothing: a broker that is not there yet does not keep the music waiting."""

    def listen(self, bus: EventBus[Any]) -> None:
        """Hear everything that the session says from now on."""
        self._events = bus.subscribe(_CAPACITY, "MQTT")

    @property
    def trouble(self) -> str:
        """What is wrong with the link, or that a broker leaves us waiting."""
        asked_s = self._asked_s
        waits_long = asked_s is not None and self._clock() - asked_s > _PATIENCE_S
        return self._trouble or ("MQTT: the broker does not answer" if waits_long else "")

    async def run(self, control: SessionControl) -> None:
        """Publish what is heard, and pass on what desks order, until cancelled."""
        await together(self._hear(control), self._keep_linked(control))

    async def _keep_linked(self, control: SessionControl) -> None:
        pauses = iter(waits())
        while True:
            try:
                self._asked_s = self._clock()
                async with linked(self._login, self._will()) as link:
                    await self._serve(link, control)
            except LinkError as error:
                if not self._trouble:  # it was well until now
                    pauses = iter(waits())
                self._trouble = f"MQTT: {error}"
            heed_cancelling()
            await asyncio.sleep(next(pauses))

    async def close(self) -> None:
        """Hand over what waits, and say that the session is over; gives up after 5 s.

        A broker that was away already is given one second.
        """
        if self._events is None:
            return
        self._take_in()
        with suppress(LinkError, TimeoutError):
            async with asyncio.timeout(_LAST_IN_TROUBLE_S if self.trouble else _LAST_S):
                await self._finish()
        self._events = None

    async def _finish(self) -> None:
        ended = StatusMessage(
            state="ended", session=self.session, last=self._outbox.last,
            simulated=self.simulated, utc_ms=_now_ms(),
        )  # fmt: skip
        pauses, before = iter(waits()), cancellings()
        while True:
            try:
                async with linked(self._login) as link:
                    while self._outbox.waiting:
                        await self._send(link)
                    await link.publish(
                        topics.status(self._wearer), encode(ended), qos=1, retain=True
                    )
                return
            except LinkError:
                heed_cancelling(before)
                await asyncio.sleep(next(pauses))

    def _will(self) -> tuple[str, bytes]:
        lost = StatusMessage(state="lost", session=self.session, simulated=self.simulated)
        return topics.status(self._wearer), encode(lost)

    async def _serve(self, link: BrokerLink, control: SessionControl) -> None:
        """Use a link until it breaks."""
        wearer = self._wearer
        await link.subscribe((topics.orders(wearer, "+"), topics.asks(wearer, "+")))
        there = StatusMessage(
            state="online", session=self.session, last=self._outbox.last,
            simulated=self.simulated, utc_ms=_now_ms(),
        )  # fmt: skip
        await link.publish(topics.status(wearer), encode(there), qos=1, retain=True)
        self._trouble, self._asked_s = "", None
        self._changed.set()
        await together(
            self._send_events(link), self._send_pictures(link), self._obey(link, control)
        )

    async def _hear(self, control: SessionControl) -> None:
        """Take in what the session says, link or no link."""
        assert self._events is not None
        self._view.duration_s = getattr(control, "duration_s", None)
        self._view.volume = getattr(control, "volume", self._view.volume)
        while True:
            await self._events.wait()
            self._view.held = control.held
            self._take_in()
            self._view.troubles = tuple(
                trouble for trouble in getattr(control, "troubles", ()) if trouble != self.trouble
            )

    def _take_in(self) -> None:
        assert self._events is not None
        for event in self._events.drain():
            if self._view.feed(event):
                self._changed.set()
            if isinstance(event, Decision):
                self._put(encode(derived_lines(self._outbox.next, event.time_s, event)[0]))
            elif isinstance(event, Command):
                self._put(encode(input_line(self._outbox.next, self._clock(), event)))

    def _put(self, line: bytes) -> None:
        self._outbox.put(line, _now_ms())
        self._news.set()

    async def _send_events(self, link: BrokerLink) -> None:
        while True:
            if not self._outbox.waiting:
                self._news.clear()
                await self._news.wait()
            await self._send(link)

    async def _send(self, link: BrokerLink) -> None:
        """Publish some events in order; what the broker does not confirm is sent again."""
        events, topic = self._outbox.unsent(_WINDOW), topics.events(self._wearer)
        self._asked_s = self._clock()
        await asyncio.gather(*(link.publish(topic, encode(event), qos=1) for event in events))
        self._asked_s = None
        if events:
            self._outbox.confirm(events[-1].seq)

    async def _send_pictures(self, link: BrokerLink) -> None:
        topic = topics.picture(self._wearer)
        while True:
            await self._changed.wait()
            self._changed.clear()
            if link.busy:
                self.skipped += 1
            else:
                shown = PictureMessage(
                    session=self.session, last=self._outbox.last, utc_ms=_now_ms(),
                    simulated=self.simulated, picture=self._view.picture(),
                )  # fmt: skip
                await link.publish(topic, encode(shown), qos=0)
            await asyncio.sleep(_PICTURES_S)

    async def _obey(self, link: BrokerLink, control: SessionControl) -> None:
        async for topic, payload, _ in link.messages():
            _, kind, user = topics.split(topic)
            if kind == "orders" and (order := decoded(payload, OrderMessage)):
                self._order(user, order, control)
            elif kind == "asks" and (ask := decoded(payload, ResendRequest)):
                await self._repeat(user, ask, link)

    def _order(self, user: str, order: OrderMessage, control: SessionControl) -> None:
        problem = ""
        try:
            wanted = self._gate.admit(user, order, _now_ms())
            if wanted is None:
                return
            if order.what == SILENCE:
                control.silence(who(user, order.who))
            else:
                control.command(who(user, order.who), *wanted)
        except (ConfigError, CommandError) as error:
            problem = str(error)
        self._view.held = control.held
        self._take_in()  # what it did comes before the answer
        self._put(
            encode(
                AnswerLine(
                    t=self._clock(), seq=self._outbox.next, user=user, order=order.id,
                    problem=problem,
                )
            )
        )  # fmt: skip

    async def _repeat(self, user: str, ask: ResendRequest, link: BrokerLink) -> None:
        """Answer a user who missed something, not more often than twice a second."""
        now_s = self._clock()
        late = now_s - self._answered.get(user, -_ASKS_S) < _ASKS_S
        if late or ask.session != self.session or link.busy:
            return
        if len(self._answered) >= _USERS:
            self._answered.clear()
        self._answered[user] = now_s
        answer = self._outbox.again(ask.first, ask.last)
        if answer is not None:
            await link.publish(topics.again(self._wearer, user), encode(answer), qos=1)


def _now_ms() -> float:
    return utc_now().timestamp() * 1000.0
