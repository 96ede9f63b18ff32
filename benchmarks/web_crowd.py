"""Whether everybody is served, and STOP at once, while others crowd the server.

python benchmarks/web_crowd.py [--stops 20] [--slow 310] [--listeners 100]

A real `biofeedback serve` on this computer. STOP is a request from 127.0.0.1 that opens a
connection of its own; the crowds come from other addresses of 127.0.0.0/8 and, for the worst, from
the same one. Printed is the worst and the median time until STOP is answered: alone, beside
connections that never finish their headers, beside as many as the server has places for, from one
address and from many, and beside bodies that never end. Then a hundred listeners with six
connections each ask at once, of which one watches; how many were served, and a STOP beside them.
Linux only; takes a minute; ends with 1 when a goal is missed.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from rigs.served import Served, served

from biofeedback.web.connections import MOST

STOP_MS = 250.0
KEY = "A" * 22 + "=="


async def said(reader: asyncio.StreamReader) -> int:
    """Return the status of an answer; 0 when there is none."""
    try:
        line = await asyncio.wait_for(reader.readline(), 30)
    except (OSError, TimeoutError):
        return 0
    return int(line.split()[1]) if line else 0


class Crowd:
    """Opens connections to a server, from addresses of this computer."""

    def __init__(self, server: Served, cookie: str) -> None:
        self.port, self.cookie = server.port, cookie
        self._writers: list[asyncio.StreamWriter] = []

    def head(self, cookie: str, *more: str) -> bytes:
        """Return the headers of a page's request."""
        here = f"localhost:{self.port}"
        lines = (f"Host: {here}", f"Origin: http://{here}", f"Cookie: {cookie}", *more, "", "")
        return "\r\n".join(lines).encode()

    async def open(self, address: str, sent: bytes) -> asyncio.StreamReader:
        """Open a connection that stays, and send something on it."""
        local = (address, 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port, local_addr=local)
        writer.write(sent)
        self._writers.append(writer)
        return reader

    async def stops(self, count: int, address: str = "127.0.0.1") -> tuple[float, float]:
        """Return the worst and the median ms until STOP is answered with 200; inf when not."""
        kind = ("Content-Type: application/json", "Content-Length: 2")
        asked = (
            b"POST /api/stations/home/silence HTTP/1.1\r\n" + self.head(self.cookie, *kind) + b"{}"
        )
        times = []
        for _ in range(count):
            began_s = time.perf_counter()
            reader = await self.open(address, asked)
            status = await said(reader)
            times.append(1000 * (time.perf_counter() - began_s) if status == 200 else float("inf"))
            self._writers.pop().close()
            await asyncio.sleep(0.02)
        return max(times), statistics.median(times)

    def go(self) -> None:
        """Close whatever is open."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()


async def measure(server: Served, options: argparse.Namespace) -> bool:
    """Print the figures; return whether every goal is met."""
    crowd = Crowd(server, server.cookie(server.listener))
    half = b"GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
    endless = crowd.head(crowd.cookie, "Content-Type: application/json", "Content-Length: 99")
    body = b"POST /api/stations/home/command HTTP/1.1\r\n" + endless + b"{"
    some, full = options.slow, MOST + 100
    kinds = {
        "alone": (0, b"", 1),
        f"{some} half-open of one address": (some, half, 1),
        f"{full} half-open of one address": (full, half, 1),
        f"{full} half-open of 50 addresses": (full, half, 50),
        "80 endless bodies of the same guest": (80, body, 1),
    }
    met = True
    for name, (count, sent, addresses) in kinds.items():
        for number in range(count):
            await crowd.open(f"127.0.1.{1 + number % addresses}", sent)
        worst, median = await crowd.stops(options.stops)
        same, _ = await crowd.stops(options.stops, "127.0.1.1")
        met &= max(worst, same) <= STOP_MS
        print(
            f"STOP beside {name:38} worst {worst:6.1f} ms, median {median:5.1f} ms;"
            f" from the crowd's own address worst {same:6.1f} ms",
            flush=True,
        )
        crowd.go()
        await asyncio.sleep(0.5)
    return await listeners(server, crowd, options) and met


async def listeners(server: Served, crowd: Crowd, options: argparse.Namespace) -> bool:
    """Let many listeners ask at once, each with six connections."""
    desk = server.cookie(server.therapist)
    cookies = [crowd.cookie]
    for number in range(options.listeners - 1):
        guest = f'{{"role":"observer","name":"watcher {number}"}}'
        kind = ("Content-Type: application/json", f"Content-Length: {len(guest)}")
        asked = b"POST /api/invitations HTTP/1.1\r\n" + crowd.head(desk, *kind) + guest.encode()
        reader = await crowd.open("127.0.0.1", asked)
        told = await reader.readuntil(b'"}')
        link = told.rpartition(b'"link":"')[2].removesuffix(b'"}').decode()
        cookies.append(await asyncio.to_thread(server.cookie, link))
    crowd.go()
    more = ("Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13")
    began_s = time.perf_counter()
    waiting = []
    for cookie in cookies:
        watch = crowd.head(cookie, *more, f"Sec-WebSocket-Key: {KEY}")
        waiting.append(await crowd.open("127.0.0.1", b"GET /live HTTP/1.1\r\n" + watch))
        for _ in range(5):
            asked = b"GET /api/contacts HTTP/1.1\r\n" + crowd.head(cookie)
            waiting.append(await crowd.open("127.0.0.1", asked))
    statuses = [await said(reader) for reader in waiting]
    took_s = time.perf_counter() - began_s
    fine = sum(status in (101, 200) for status in statuses)
    worst, median = await crowd.stops(options.stops)
    print(
        f"{fine} of {len(waiting)} connections of {len(cookies)} listeners served, in"
        f" {took_s:.1f} s; STOP beside them worst {worst:.1f} ms, median {median:.1f} ms"
    )
    crowd.go()
    return fine == len(waiting) and worst <= STOP_MS


def main() -> int:
    """Run the benchmark; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--stops", type=int, default=20)
    parser.add_argument("--slow", type=int, default=310)
    parser.add_argument("--listeners", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, served(Path(name)) as server:
        return int(not asyncio.run(measure(server, options)))


if __name__ == "__main__":
    sys.exit(main())
