"""Which orders of a desk act: the right session, in time, in order, each once."""

from __future__ import annotations

import re
from collections import OrderedDict

from biofeedback.common.errors import ConfigError
from biofeedback.engine.inputs import CommandName
from biofeedback.mqtt.messages import OrderMessage
from biofeedback.views import permissions

__all__ = ["SILENCE", "OrderGate", "who"]

#: The order to stop at once, which no session needs twice.
SILENCE = "silence"

#: How old an order may be when it arrives. A stop is never too old for its session.
LATEST_S = 10.0
_DESKS = 64  #: desks whose last number is remembered
_PERSON = re.compile(r"[\w .-]{1,40}")


def who(user: str, person: str) -> str:
    """Return the name for the log: the user that the broker knows, and who says they are there."""
    return f"mqtt:{user}:{person}" if _PERSON.fullmatch(person) else f"mqtt:{user}"


class OrderGate:
    """Lets orders of one session through; `duplicates` counts second deliveries."""

    def __init__(self, session: str) -> None:
        self._session = session
        self._last: OrderedDict[tuple[str, str], int] = OrderedDict()
        self.duplicates = 0

    def admit(
        self, user: str, order: OrderMessage, now_ms: float
    ) -> tuple[CommandName, str] | None:
        """Return the command of an order, None for one that was here before.

        That of `SILENCE` is a stop. Raises `ConfigError` that says why an order does not act.
        `now_ms` is the wall clock.
        """
        desk = user, order.desk
        if order.number <= self._last.get(desk, 0):
            self.duplicates += 1
            return None
        self._last[desk] = order.number
        self._last.move_to_end(desk)
        if len(self._last) > _DESKS:
            self._last.popitem(last=False)
        if order.session != self._session:
            raise ConfigError("this order was for another session", hint="Look again.")
        if order.what not in ("stop", SILENCE) and now_ms - order.edge_ms > 1000.0 * LATEST_S:
            raise ConfigError(
                f"the order came more than {LATEST_S:g} s late, and was not carried out",
                hint="The link is slow; try again.",
            )
        if order.what == SILENCE:
            return "stop", ""
        return permissions.checked("therapist", order.what, order.value)
