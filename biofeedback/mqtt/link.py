"""One connection to a broker, and in words why there is none; the only module that knows aiomqtt.

Nothing here blocks the loop: name look-up, TCP and TLS are done in a thread, bounded in time.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from biofeedback.common.errors import ConfigError
from biofeedback.mqtt.address import Login

if TYPE_CHECKING:
    import ssl

    from aiomqtt import Client
    from paho.mqtt import client as paho

__all__ = [
    "BrokerLink",
    "LinkError",
    "Message",
    "cancellings",
    "check_library",
    "heed_cancelling",
    "linked",
    "waits",
]

#: The broker is taken for dead when it has not answered for so long.
ANSWER_S = 5.0
_CONNECT_S = 4.0
_KEEP_ALIVE_S = 10
#: Waits between attempts: at once after a restart, and no storm on a broker that stays away.
_WAITS_S = (0.2, 0.5, 1.0, 2.0, 4.0)
_REFUSED = (4, 5, 134, 135)  #: reason codes: wrong name or password, not authorised
_FORBIDDEN = 128  #: reason codes from here on mean no


class LinkError(Exception):
    """The link is not there, or broke; its text is a sentence for a screen."""


def waits() -> Iterable[float]:
    """Return how long to wait before each next attempt, in s, without end."""
    yield from _WAITS_S
    while True:
        yield _WAITS_S[-1]


def check_library() -> None:
    """Raise `ConfigError` when the library for MQTT is missing."""
    try:
        import aiomqtt
    except ImportError as error:
        raise ConfigError(
            f"MQTT needs more than is installed ({error.name})",
            hint="pip install 'biofeedback[mqtt]'",
        ) from error
    del aiomqtt


def cancellings() -> int:
    """Return how often this task was cancelled until now; it may be ending just for that."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def heed_cancelling(before: int = 0) -> None:
    """Raise `CancelledError` when this task was cancelled more than `before` times.

    `asyncio.wait_for`, which the library uses, lets a cancellation go that comes together with what
    is waited for, before Python 3.12. Whoever goes round in a loop would never end.
    """
    if cancellings() > before:
        raise asyncio.CancelledError


class Message(NamedTuple):
    """What came in; `retained`: the broker kept it, and it may have been said long ago."""

    topic: str
    payload: bytes
    retained: bool


class BrokerLink:
    """An open connection; every method raises `LinkError` when it breaks."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._opener, self._before = asyncio.current_task(), cancellings()

    def _heed_cancelling(self) -> None:
        heed_cancelling(self._before if asyncio.current_task() is self._opener else 0)

    @property
    def busy(self) -> bool:
        """Whether bytes wait to go out: the network or the broker is slower than we are."""
        return bool(self._client._client.want_write())

    async def subscribe(self, topics: Iterable[str]) -> None:
        """Subscribe with QoS 1; a topic that the broker refuses is an error."""
        from aiomqtt import MqttError

        for topic in topics:
            try:
                codes = await self._client.subscribe(topic, qos=1)
            except MqttError as error:
                raise LinkError(_words(error)) from None
            self._heed_cancelling()
            if any(getattr(code, "value", code) >= _FORBIDDEN for code in codes):
                raise LinkError(f"the broker does not let this login read {topic}")

    async def publish(self, topic: str, payload: bytes, *, qos: int, retain: bool = False) -> None:
        """Publish; with QoS 1, return when the broker has it."""
        from aiomqtt import MqttError

        try:
            await self._client.publish(topic, payload, qos=qos, retain=retain)
        except MqttError as error:
            raise LinkError(_words(error)) from None
        self._heed_cancelling()

    async def messages(self) -> AsyncGenerator[Message]:
        """Yield what comes in."""
        from aiomqtt import MqttError

        try:
            async for message in self._client.messages:
                payload = message.payload
                content = payload if isinstance(payload, bytes) else b""
                yield Message(message.topic.value, content, message.retain)
        except MqttError as error:
            raise LinkError(_words(error)) from None


@asynccontextmanager
async def linked(login: Login, will: tuple[str, bytes] | None = None) -> AsyncIterator[BrokerLink]:
    """Connect, and disconnect in the end; raises `LinkError`.

    `will` is a topic and what the broker publishes there, retained, when the link breaks.
    """
    from aiomqtt import Client, MqttError, ProtocolVersion, Will

    client = Client(
        login.host,
        login.port,
        username=login.user,
        password=login.password,
        protocol=ProtocolVersion.V5,
        will=Will(will[0], will[1], qos=1, retain=True) if will else None,
        timeout=ANSWER_S,
        keepalive=_KEEP_ALIVE_S,
        max_queued_incoming_messages=20_000,
        socket_options=[(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        logger=_quiet(),
        tls_context=await asyncio.to_thread(_tls, login) if login.secure else None,
    )
    client.pending_calls_threshold = 1000  # it only warns
    client._client.connect_timeout = _CONNECT_S
    client._client.on_socket_register_write = _writing(client, asyncio.get_running_loop())
    entering = asyncio.ensure_future(client.__aenter__())
    try:
        try:
            await asyncio.shield(entering)
        except MqttError as error:
            raise LinkError(_words(error)) from None
        except asyncio.CancelledError:  # its thread cannot be cancelled
            with suppress(MqttError):
                await entering
            raise
        try:
            yield BrokerLink(client)
        finally:
            with suppress(MqttError):
                await client.__aexit__(None, None, None)
    finally:
        if client._client.socket() is not None:  # the library leaves it to the garbage collector
            client._client._sock_close()


def _writing(
    client: Client, loop: asyncio.AbstractEventLoop
) -> Callable[[paho.Client, object, paho.SocketLike], None]:
    """Return what is done when bytes wait: they are written in the next turn of the loop.

    The library asks the loop to watch the socket by its number and, by the time it does, may have
    closed it: then the number is nobody's, or already another link's (aiomqtt 2.5.1, 2026-11).
    """

    def waiting(one: paho.Client, userdata: object, opened: paho.SocketLike) -> None:
        def write() -> None:
            try:
                one.loop_write()
            except Exception as error:  # whatever it is: the library ends the link with it
                if not client._disconnected.done():
                    client._disconnected.set_exception(error)

        def begin() -> None:
            if one.socket() is opened:
                write()
            if one.socket() is opened and one.want_write():
                loop.add_writer(opened.fileno(), write)

        loop.call_soon_threadsafe(begin)

    return waiting


def _quiet() -> logging.Logger:
    """Return a logger that is silent: what is wrong is told in `LinkError`, once."""
    logger = logging.getLogger("biofeedback.mqtt.client")
    logger.setLevel(logging.CRITICAL + 1)
    return logger


def _tls(login: Login) -> ssl.SSLContext:
    import ssl

    try:
        return ssl.create_default_context(cadata=login.ca or None)
    except ssl.SSLError as error:
        raise LinkError(f"the login's certificate cannot be read ({error.reason})") from None


def _words(error: Exception) -> str:
    code = getattr(error, "rc", None)
    if getattr(code, "value", code) in _REFUSED:
        return "the broker refuses this name or password"
    text = str(error)
    if "CERTIFICATE_VERIFY_FAILED" in text:
        reason = text.partition("verify failed: ")[2].partition(" (_ssl")[0]
        return f"the broker's certificate is not to be trusted ({reason or 'unknown'})"
    return f"no link to the broker ({text.removeprefix('[Errno ').partition('] ')[2] or text})"
