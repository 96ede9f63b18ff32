"""What became of each order by its id, so that one that is sent again acts once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

from biofeedback.common.errors import hint_of

__all__ = ["Receipts"]

_MOST = 4096  #: orders that are remembered, the latest


class Receipts:
    """Remembers the answers to orders of any page."""

    def __init__(self) -> None:
        self._given: OrderedDict[tuple[str, str], asyncio.Future[Any]] = OrderedDict()

    async def once(self, who: str, order: str, act: Callable[[], Awaitable[Any]]) -> Any:
        """Return what `act` returns, or refuses with, when this order of `who` came first.

        Orders without an id are all different ones. Of one that broke, nobody knows what it did:
        sent again, it is tried again.
        """
        if not order:
            return await act()
        key = who, order
        while (given := self._given.get(key)) is not None:
            await asyncio.wait({given})
            if not given.cancelled():
                return given.result()
        given = self._given[key] = asyncio.get_running_loop().create_future()
        given.add_done_callback(_seen)
        if len(self._given) > _MOST:
            self._given.popitem(last=False)
        try:
            given.set_result(await act())
        except BaseException as error:
            if hint_of(error) is None:
                self._given.pop(key, None)
                given.cancel()
                raise
            given.set_exception(error)
        return given.result()


def _seen(given: asyncio.Future[Any]) -> None:
    """Look at an error that nobody may ask for again."""
    if not given.cancelled():
        given.exception()
