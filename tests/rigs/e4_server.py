"""A small E4 streaming server for tests: it speaks the vendor's protocol, well and badly."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

__all__ = ["START_UTC_S", "E4Server", "serving"]

START_UTC_S = 1_600_000_000.0
_EVERY_S = 0.25


@dataclass
class E4Server:
    """Serves one wristband, whose clock never stops. `heard` are the commands."""

    devices: list[str] = field(default_factory=lambda: ["9ff167"])
    heard: list[str] = field(default_factory=list)
    connections: int = 0
    utc_s: float = START_UTC_S  #: of the next sample
    cut: int = 7  #: bytes a write, so that lines arrive in pieces
    comma: bool = False
    silent: bool = False
    port: int = 0
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _subscribed: set[asyncio.StreamWriter] = field(default_factory=set)
    _server: asyncio.Server | None = None
    _said: list[str] = field(default_factory=list)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)  #: somebody is sent samples

    async def start(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server:
            self._server.close()
        self.drop()
        for writer in tuple(self._writers):
            with suppress(ConnectionError):
                await writer.wait_closed()

    def drop(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    def say(self, line: str) -> None:
        """Send a line with the next samples: never within another line that goes out in pieces."""
        self._said.append(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while line := (await reader.readline()).decode().strip():
                self.heard.append(line)
                for answer in self._answers(line):
                    writer.write(f"{answer}\r\n".encode())
                if line == "device_subscribe gsr ON":
                    self._subscribed.add(writer)
                    self.subscribed.set()
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            self._subscribed.discard(writer)
            writer.close()

    def _answers(self, line: str) -> list[str]:
        match line.split():
            case ["device_list"]:
                listed = "".join(f" | {device} Empatica_E4" for device in self.devices)
                return [f"R device_list {len(self.devices)}{listed}"]
            case ["device_connect", device] if device in self.devices:
                return ["R device_connect OK"]
            case ["device_connect", _]:
                return ["R device_connect ERR the requested device is not available"]
            case ["device_subscribe", "tmp", _]:
                return ["R device_subscribe tmp OK", "what is this", "E4_Temp 12"]
            case ["device_subscribe", name, _]:
                return [f"R device_subscribe {name} OK"]
            case ["device_disconnect"]:
                return ["R device_disconnect OK"]
            case _:
                return ["R ERR unknown command"]

    async def _run(self) -> None:
        """Measure for ever; what nobody has subscribed to is lost."""
        loop = asyncio.get_running_loop()
        began_s = loop.time()
        while True:
            await asyncio.sleep(began_s + self.utc_s + _EVERY_S - START_UTC_S - loop.time())
            text = "".join(f"{line}\r\n" for line in self._measure())
            data = (text.replace(".", ",") if self.comma else text).encode()
            said = "".join(f"{line}\r\n" for line in self._said).encode()
            self._said.clear()
            for writer in () if self.silent else tuple(self._subscribed):
                writer.write(said)
                for i in range(0, len(data), self.cut):
                    writer.write(data[i : i + self.cut])
                    await asyncio.sleep(0)

    def _measure(self) -> list[str]:
        """Return the lines of the next quarter of a second: the skin's value counts it."""
        begin_s, self.utc_s = self.utc_s, self.utc_s + _EVERY_S
        lines = [f"E4_Gsr {begin_s:.6f} {4 * (begin_s - START_UTC_S):.1f}"]
        lines += [f"E4_Temp {begin_s:.6f} 33.1"]
        lines += [f"E4_Bvp {begin_s + i / 64:.6f} {i}.5" for i in range(16)]
        lines += [f"E4_Acc {begin_s + i / 32:.6f} 0 64 -32" for i in range(8)]
        if begin_s % 1 == 0:  # a beat a second
            lines += [f"E4_Ibi {begin_s:.6f} 1.0", f"E4_Hr {begin_s:.6f} 60.0"]
            lines += [f"E4_Battery {begin_s:.6f} 0.83", "E4_Tag 1600000000.1"]
        return lines


@asynccontextmanager
async def serving(server: E4Server) -> AsyncIterator[E4Server]:
    await server.start()
    measuring = asyncio.create_task(server._run())
    try:
        yield server
    finally:
        measuring.cancel()
        await server.stop()
