"""A virtual peripheral that says again what a real one said once: a capture, as a scenario.

Each connection plays one connection of the capture, the last one too for all that follow. Packets
leave at their distances in time, counted from where the client is: a packet waits until somebody
listens, and what came after a write waits until as much was written again.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import json
import zipfile
from pathlib import Path

from vbluez_names import now
from vbluez_peripheral import Char, Peripheral

PATIENCE_S = 5.0  #: for a client that does not do what that one did


def is_capture(path: str) -> bool:
    return zipfile.is_zipfile(path)


def scenario(path: str, address: str = "C0:00:00:00:00:77") -> dict:
    """Return a scenario with the device of a capture in it."""
    with zipfile.ZipFile(path) as archive:
        head = json.loads(archive.read("capture.jsonl").splitlines()[0])
    device = {"id": "captured", "type": "captured", "name": head["name"], "address": address}
    return {"devices": [device | {"capture": str(Path(path).resolve())}]}


class Captured(Peripheral):
    def __init__(self, rig, cfg: dict):
        super().__init__(rig, {**cfg, "battery": None, "no_dis": True})

    def setup(self) -> None:
        with zipfile.ZipFile(self.cfg["capture"]) as archive:
            lines = [json.loads(line) for line in archive.read("capture.jsonl").splitlines()]
        head, events = lines[0], lines[1:]
        self.adv_uuids = tuple(head["services"])
        values = {e["uuid"]: bytes.fromhex(e["hex"]) for e in events if e["is"] == "read"}
        for service, group in itertools.groupby(head["has"], key=lambda one: one[0]):
            chars = [Char(uuid, list(props), values.get(uuid, b"")) for _, uuid, props in group]
            self.services.append((service, chars))
        self.links: list[list[dict]] = []
        for event in events:
            if event["is"] == "connected":
                self.links.append([])
                self.mtu = event.get("mtu", self.mtu)
            if self.links and event["is"] in ("listen", "packet", "answer", "write", "link"):
                self.links[-1].append(event)
        self.written = 0

    async def run(self) -> None:
        self.written = 0
        events = self.links[min(self.conn_n, len(self.links)) - 1] if self.links else []
        shift = None  #: from the capture's time to ours
        writes = 0
        for event in events:
            if event["is"] == "link" and event["state"] == "lost":
                await asyncio.sleep(max(0.0, event["t"] + (shift or 0.0) - now()) if shift else 0.0)
                self.rig.spawn(self.do({"do": "drop", "away": self._away(event["t"])}))
                return
            if event["is"] == "link":
                continue
            if event["is"] == "write":
                writes += 1
                await self._until(lambda wanted=writes: self.written >= wanted)
            else:
                char = self.char(event["uuid"])
                await self._until(lambda char=char: char.notifying)
            if event["is"] in ("listen", "write") or shift is None:
                shift = max(shift or -1e12, now() - event["t"])
            if event["is"] in ("listen", "write"):
                continue
            await asyncio.sleep(max(0.0, event["t"] + shift - now()))
            self.notify(char, bytes.fromhex(event["hex"]))

    def on_write(self, c: Char, data: bytes) -> None:
        self.written += 1

    def _away(self, lost_s: float) -> float:
        """Return how long it stayed away then, less what a client takes to find and connect."""
        following = [link[0]["t"] for link in self.links if link and link[0]["t"] > lost_s]
        return max(0.2, min(following, default=lost_s) - lost_s - 2.0)

    async def _until(self, holds) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE_S):
                while not holds():  # noqa: ASYNC110 - what it waits for is of many kinds
                    await asyncio.sleep(0.005)
