"""One search of the radio for all who look at the same time: it cannot search twice."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from bleak import BleakScanner
    from bleak.backends.device import BLEDevice
    from bleak.backends.scanner import AdvertisementData

__all__ = ["Listener", "scanning"]

Listener = Callable[["BLEDevice", "AdvertisementData"], None]

#: Whoever joins a search that is older than this has it started anew: the system's Bluetooth
#: service may have restarted meanwhile, and such a search finds nothing any more.
_FRESH_S = 1.0

_log = logging.getLogger(__name__)


@asynccontextmanager
async def scanning(listener: Listener) -> AsyncIterator[None]:
    """Tell `listener` of every advertisement while the block runs; raises what bleak raises.

    Parameters
    ----------
    listener
        Called in the loop, with the device and what it advertises.
    """
    scan = _scans.setdefault(asyncio.get_running_loop(), _SharedScan())
    await scan.join(listener)
    try:
        yield
    finally:
        await scan.leave(listener)


class _SharedScan:
    """Runs while anybody listens."""

    def __init__(self) -> None:
        self._listeners: list[Listener] = []
        self._scanner: BleakScanner | None = None
        self._began_s = 0.0
        self._lock = asyncio.Lock()

    async def join(self, listener: Listener) -> None:
        async with self._lock:
            now_s = asyncio.get_running_loop().time()
            if self._scanner is None or now_s - self._began_s > _FRESH_S:
                await self._stop()
                await self._start(now_s)
            self._listeners.append(listener)

    async def leave(self, listener: Listener) -> None:
        self._listeners.remove(listener)
        async with self._lock:
            if not self._listeners:
                await self._stop()

    async def _start(self, now_s: float) -> None:
        from bleak import BleakScanner

        scanner = BleakScanner(self._tell)
        await scanner.start()
        self._scanner, self._began_s = scanner, now_s

    async def _stop(self) -> None:
        scanner, self._scanner = self._scanner, None
        if scanner is None:
            return
        try:
            await scanner.stop()
        except Exception as error:  # the radio or its service is gone, and the search with it
            _log.debug("stop of a search: %r", error)

    def _tell(self, device: BLEDevice, data: AdvertisementData) -> None:
        for listener in tuple(self._listeners):
            listener(device, data)


_scans: WeakKeyDictionary[asyncio.AbstractEventLoop, _SharedScan] = WeakKeyDictionary()
