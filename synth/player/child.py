"""One player process, from its start to an end that is certain."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Sequence
from typing import Any, Self

from synth import wire
from synth.errors import OutputUnavailable
from synth.patience import patience_s
from synth.player import protocol

__all__ = ["PlayerProcess"]

_log = logging.getLogger(__name__)

#: A player says something each second; one that is silent for longer has frozen. Ours.
_PATIENCE_S = 3.0
#: Time to look again: it may be this process that stood still, with the answer waiting.
_SECOND_LOOK_S = 0.5
_END_S = 2.0
_DIES_S, _KILL_S = 0.1, 2.0
_MOST_WAITING_BYTES = 4 * 1024 * 1024


class PlayerProcess:
    """What the session holds of a player process; nothing but `start` raises.

    Parameters
    ----------
    uri
        The output as a user writes it, such as `midi:PORT NAME`.
    process
        The player that runs.
    reader
        What it says, a JSON object a line.
    writer
        What it is told.
    """

    def __init__(
        self,
        uri: str,
        process: asyncio.subprocess.Process,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self._uri = uri
        self._process = process
        self._reader = reader
        self._writer = writer
        self._frozen = False

    @classmethod
    async def start(cls, uri: str, command: Sequence[str]) -> Self:
        """Start a process for an output; raise `OutputUnavailable` when the system refuses.

        Parameters
        ----------
        uri
            The output as a user writes it, such as `midi:PORT NAME`.
        command
            The program and its arguments.

        Returns
        -------
        Self
            The process, which has opened nothing yet.

        Raises
        ------
        OutputUnavailable
            When the system refuses.
        """
        try:
            return cls(uri, *await wire.spawn(*command))
        except (OSError, ValueError) as error:
            raise OutputUnavailable(
                f"no player could be started for {uri} ({error})",
                hint="The computer may be out of memory or processes: close other programs.",
            ) from error

    @property
    def pid(self) -> int:
        """The number of the process."""
        return self._process.pid

    @property
    def ended_well(self) -> bool:
        """Whether it has ended and silenced its output before."""
        return self._process.returncode == 0

    def write(self, data: bytes) -> bool:
        """Send a message; return False when it is lost, since the player takes in no more.

        Parameters
        ----------
        data
            One message as a line.

        Returns
        -------
        bool
            True when it was taken; more than 4 MiB waiting are too many.
        """
        writer = self._writer
        if writer.is_closing() or writer.transport.get_write_buffer_size() > _MOST_WAITING_BYTES:
            return False
        writer.write(data)
        return True

    async def answer(
        self, within_s: float = _PATIENCE_S, late: str = "does not answer"
    ) -> dict[str, Any]:
        """Return the next message of the player; one of kind "error" when there is none to come.

        Parameters
        ----------
        within_s
            How long to wait; half a second is added once, to look again.
        late
            What is said of a player that has not answered in time.

        Returns
        -------
        dict[str, Any]
            With its "kind".
        """
        for wait_s in (within_s, _SECOND_LOOK_S):
            if (answer := await self._within(wait_s)) is not None:
                return answer
        self._frozen = True
        return self._error(late)

    async def first_answer(self, within_s: float) -> dict[str, Any]:
        """Return the first message; a computer that is slow at starting programs gets longer.

        Parameters
        ----------
        within_s
            How long to wait on any computer.

        Returns
        -------
        dict[str, Any]
            With its "kind".
        """
        answer = await self._within(within_s)
        allowed_s = within_s
        if answer is None:
            allowed_s = await asyncio.to_thread(patience_s, within_s)
            if allowed_s > within_s:
                _log.warning(
                    "This computer starts programs slowly: the player of %s is given %.0f s.",
                    self._uri, allowed_s,
                )  # fmt: skip
                answer = await self._within(allowed_s - within_s)
        answer = answer or await self._within(_SECOND_LOOK_S)
        self._frozen = answer is None
        return answer or self._error(f"did not open it within {allowed_s:.3g} s")

    async def _within(self, wait_s: float) -> dict[str, Any] | None:
        try:
            async with asyncio.timeout(wait_s):
                return await self._next()
        except TimeoutError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            return self._error(f"said what nobody understands ({error!r})")

    async def _next(self) -> dict[str, Any]:
        lines = protocol.LineReader()
        with contextlib.suppress(ConnectionError):
            while said := await self._reader.readline():
                if messages := lines.feed(said):
                    return messages[0]
        return self._error("ended unexpectedly")

    def _error(self, what: str) -> dict[str, Any]:
        message = f"the player of {self._uri} {what}"
        return {"kind": "error", "message": message, "hint": "Run biofeedback doctor."}

    async def end(self) -> None:
        """Let it silence its output and end; kill it when it does not, or has frozen."""
        self._writer.close()  # the end of the wire: the player falls silent and ends
        if not self._frozen:
            await self._wait(_END_S)
        await self.kill()

    async def kill(self) -> None:
        """See to it that it never plays again."""
        self._writer.close()
        await self._wait(_DIES_S)  # to signal what is dead already confuses those who wait for it
        if self._process.returncode is None:
            with contextlib.suppress(OSError):  # it has gone just now
                self._process.kill()
            await self._wait(_KILL_S)  # what the system holds on to dies when it lets go

    async def _wait(self, within_s: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                await self._process.wait()
