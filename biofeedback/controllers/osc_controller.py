"""OSC messages that steer the session; from this computer, or from others that know a token."""

from __future__ import annotations

import asyncio
import hmac
import ipaddress
import math
from collections import deque
from contextlib import suppress
from typing import Self

from biofeedback.common.errors import ConfigError
from biofeedback.controllers.command_mapper import EVERY_S, MappedCommand, Throttle
from biofeedback.engine.inputs import CommandName
from biofeedback.runtime.ports import SessionControl
from biofeedback.runtime.prompts import Question
from sensors.errors import PacketError
from sensors.network.osc_packet import Argument, decode
from synth.errors import OutputUnavailable
from synth.outputs.osc import encode, place

__all__ = ["OscController", "command_of"]

_ROOT = "/biofeedback/"
_LOOK_S = 0.2  #: how often it looks whether there is a question to pass on
_MOST = 256  #: datagrams not yet taken; when full, the oldest is lost
_BUTTONS: dict[str, tuple[CommandName, str]] = {
    "hold": ("hold", ""), "resume": ("resume", "hold"), "go_on": ("resume", ""),
    "stop": ("stop", ""), "panic": ("panic", ""),
}  # fmt: skip
_TEXTS: dict[str, CommandName] = {
    "marker": "marker", "release": "release", "rating": "rating", "note": "note",
}  # fmt: skip
_WISHES = {
    "tempo": "tempo_bpm",
    **{n: n for n in ("key", "mode", "density", "dynamics", "brightness", "register", "level")},
}


def command_of(address: str, arguments: list[Argument | None]) -> tuple[CommandName, str] | None:
    """Return what `/biofeedback/NAME VALUE [SECONDS]` asks for; None for anything else.

    A button that sends 0 when it is let go asks for nothing then.
    """
    name = address.removeprefix(_ROOT)
    said = [argument for argument in arguments if argument is not None]
    if name == address or len(said) < len(arguments):
        return None
    first = said[0] if said else None
    if name in _BUTTONS:
        released = first is not None and not isinstance(first, str) and first == 0
        return None if released else _BUTTONS[name]
    if name in _TEXTS:
        return _TEXTS[name], "" if first is None else _said(first)
    if first is None:
        return None
    if name == "volume":
        return "volume", _said(first)
    if name in _WISHES:
        seconds = f" for {_said(said[1])}" if len(said) > 1 else ""
        return "override", f"{_WISHES[name]}={_said(first)}{seconds}"
    return None


def _said(argument: Argument) -> str:
    if isinstance(argument, str):
        return argument
    return f"{argument:.6g}" if math.isfinite(argument) else "nan"


class OscController(asyncio.DatagramProtocol):
    """Listens on this computer unless another address is named, which then takes a token."""

    def __init__(
        self, host: str, port: int, token: str = "", ask: tuple[str, int] | None = None
    ) -> None:
        self.name = f"osc:{host}:{port}"
        self._host, self._port, self._token = host, port, token
        self._ask_at = ask  #: where questions to the listener go
        self._asked: Question | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._arrived: deque[tuple[str, bytes]] = deque(maxlen=_MOST)
        self._some = asyncio.Event()
        self.refused = 0  #: datagrams that were broken, unknown or without the token
        self.trouble = ""

    @classmethod
    def parse(cls, target: str) -> Self:
        """Return the desk at "[HOST:]PORT[?token=SECRET&ask=[HOST:]PORT]"; raise with a hint."""
        where, _, options = target.partition("?")
        given: dict[str, str] = {}
        for option in options.split("&") if options else ():
            name, _, value = option.partition("=")
            if name not in ("token", "ask") or (name == "token" and len(value) < 8):
                raise ConfigError(
                    f"osc:{target}: {option!r} is no option",
                    hint="?token=SECRET, of eight characters or more; ask=[HOST:]PORT.",
                )
            given[name] = value
        token = given.get("token", "")
        host, port = place(where)
        if not token and not _is_here(host):
            raise ConfigError(
                f"osc:{target} would let anybody in that network steer the music",
                hint=f"Add a token, which senders put first: osc:{where}?token=SECRET-OF-YOURS",
            )
        return cls(host, port, token, place(given["ask"]) if "ask" in given else None)

    async def open(self) -> None:
        """Bind the port; raise `OutputUnavailable` when that fails."""
        try:
            self._transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
                lambda: self, local_addr=(self._host, self._port)
            )
        except (OSError, UnicodeError) as error:
            raise OutputUnavailable(
                f"nothing can be received at osc:{self._host}:{self._port}: {error}",
                hint="Another program may listen there: close it, or choose another port.",
            ) from error

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Keep a datagram until the session takes it."""
        self._arrived.append((addr[0], data))
        self._some.set()

    async def run(self, session: SessionControl) -> None:
        """Pass on what arrives until cancelled."""
        loop, pace = asyncio.get_running_loop(), Throttle(session)
        while True:
            with suppress(TimeoutError):
                idle_s = None if self._ask_at is None else _LOOK_S
                async with asyncio.timeout(EVERY_S if pace.waits else idle_s):
                    await self._some.wait()
            self._some.clear()
            if self._ask_at is not None and session.questions is not None:
                self._pass_on(session.questions.now)
            while self._arrived:
                host, data = self._arrived.popleft()
                self._take(pace, host, data)
            pace.flush(loop.time())
            self.refused += pace.refused
            pace.refused = 0

    async def close(self) -> None:
        """Release the port; harmless twice."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _pass_on(self, question: Question | None) -> None:
        """Send a question once; whether anybody hears it is not known."""
        if question is not None and question != self._asked and self._transport is not None:
            arguments = (question.scale, question.low, question.high, question.text)
            with suppress(OSError):
                self._transport.sendto(encode(f"{_ROOT}ask", arguments), self._ask_at)
        self._asked = question

    def _take(self, pace: Throttle, host: str, data: bytes) -> None:
        try:
            messages = decode(data)
        except PacketError:
            self.refused += 1
            return
        for address, arguments in messages:
            if self._token:
                given = str(arguments[0]) if arguments else ""
                if not hmac.compare_digest(given.encode(), self._token.encode()):
                    self.refused += 1
                    continue
                arguments = arguments[1:]
            asked = command_of(address, arguments)
            if asked is None:
                self.refused += 1
                continue
            what, value = asked
            slot = value.partition("=")[0] if what == "override" else what
            turned = what in ("override", "volume")
            pace.put(f"osc:{host}", MappedCommand(what, value, not turned, slot))


def _is_here(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
