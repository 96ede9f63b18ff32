"""The life of a network source: search, connect, stream, notice the loss, try again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, replace
from random import Random

from sensors.base import Clock, LinkState, Sample, SampleStream, SensorStatus
from sensors.checks.doubt import Doubt, sentences, trusts
from sensors.error_counter import BadKind, ErrorCounter
from sensors.errors import SensorError, SensorNotFound
from sensors.network.feeds import Feed
from sensors.signals import Chunk, Gap, GapReason, Signal
from sensors.status_reporter import DRIFT_STEP_PPM

__all__ = ["SourceLink", "SourceLost", "SourceQuery", "persist"]

_FIRST_DELAY_S, _LONGEST_DELAY_S = 0.5, 15.0

_log = logging.getLogger(__name__)


class SourceLost(Exception):  # noqa: N818 - it is what happened, and never leaves this package
    """The source is gone or silent; the message is a sentence for the wearer.

    Parameters
    ----------
    detail
        A sentence for the wearer.
    reason
        As gaps give it.
    """

    def __init__(self, detail: str, reason: GapReason = "link") -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceQuery:
    """In words, what is looked for, and what the user can do when it is not there."""

    what: str  #: a noun, for messages
    hint: str  #: a sentence
    wait_s: float  #: how long it may take to appear at the start
    seed: int = 1  #: of the pauses between attempts


class SourceLink:
    """What is remembered of a source from one connection to the next.

    The feeds outlive a connection, so that the first sample after a loss brings its gap. After a
    loss only the device that was met is meant.

    Parameters
    ----------
    source
        The sensor's name, which its samples bear.
    wanted
        What is looked for, and for how long.
    clock
        The session's.

    Attributes
    ----------
    clock
        The session's.
    feeds
        The signals that have come so far.
    remarks
        What else does not fit, by the signal that it is about.
    device
        The one that was met, empty before.
    """

    def __init__(self, source: str, wanted: SourceQuery, clock: Clock) -> None:
        self.clock = clock
        self.feeds: dict[Signal, Feed] = {}
        self.remarks: dict[Signal, Doubt] = {}
        self.device = ""
        self._wanted = wanted
        self._status = SensorStatus(source, 0.0, "ended")
        self._bad = ErrorCounter(source)
        self._give_up_s: float | None = clock() + wanted.wait_s  #: None once it has worked
        self._rng = Random(wanted.seed)
        self._failures = 0
        self._lost_with = ""

    @property
    def source(self) -> str:
        """The name under which its samples travel."""
        return self._status.source

    @property
    def doubts(self) -> list[tuple[Signal, Doubt | None]]:
        """What does not fit about the signals that come."""
        return [
            *((signal, feed.doubt) for signal, feed in self.feeds.items()),
            *self.remarks.items(),
        ]

    @property
    def has_worked(self) -> bool:
        """Return whether any sample has come so far."""
        return self._give_up_s is None

    def say(
        self, state: LinkState, detail: str = "", *, battery_percent: int | None = None
    ) -> list[Sample]:
        """Return the status when any part of it is new; the last known battery stays.

        Parameters
        ----------
        state
            The link's.
        detail
            A sentence that the wearer can act on, or empty.
        battery_percent
            0 to 100; None where nothing is new.

        Returns
        -------
        list[Sample]
            One status or none.
        """
        battery = self._status.battery_percent if battery_percent is None else battery_percent
        doubts = self.doubts if state == "streaming" else []
        status = replace(
            self._status,
            state=state,
            detail=detail or sentences(doubt for _, doubt in doubts),
            battery_percent=battery,
            trust=trusts(doubts),
        )
        return self._tell(status)

    def say_bad(self) -> list[Sample]:
        """Return the status if there is bad input to tell of.

        Returns
        -------
        list[Sample]
            One status or none.
        """
        if self._status.state == "streaming":
            return self.say("streaming")
        return self._tell(self._status)

    def say_drift(self, ppm: float | None) -> list[Sample]:
        """Return the status if the drift of the source's clock is new, or another.

        Parameters
        ----------
        ppm
            How fast its clock is, in millionths; None where that is not known.

        Returns
        -------
        list[Sample]
            One status or none; changes below 10 are not told.
        """
        known_ppm = self._status.drift_ppm
        if ppm is None or (known_ppm is not None and abs(ppm - known_ppm) < DRIFT_STEP_PPM):
            return []
        return self._tell(replace(self._status, drift_ppm=round(ppm, 1)))

    def _tell(self, status: SensorStatus) -> list[Sample]:
        now_s = self.clock()
        if status == self._status and not self._bad.is_due(now_s):
            return []
        self._status = replace(status, time_s=now_s, bad=self._bad.tell(now_s))
        return [self._status]

    def say_battery(self, percent: int) -> list[Sample]:
        """Return the status when the battery has changed.

        Parameters
        ----------
        percent
            0 to 100.

        Returns
        -------
        list[Sample]
            One status or none.
        """
        detail = "" if self._status.state == "streaming" else self._status.detail
        return self.say(self._status.state, detail, battery_percent=percent)

    def works(self) -> list[Sample]:
        """Note that samples come: from now on the source is waited for; return what is new.

        Returns
        -------
        list[Sample]
            One status or none.
        """
        self._give_up_s, self._failures, self._lost_with = None, 0, ""
        return self.say("streaming")

    def passed(self, sample: Sample) -> list[Sample]:
        """Return a sample, with the status before it when it is the first that works.

        Parameters
        ----------
        sample
            What came.

        Returns
        -------
        list[Sample]
            It stands last.
        """
        return [*self.works(), sample] if isinstance(sample, Chunk | Gap) else [sample]

    def lost(self, loss: SourceLost) -> list[Sample]:
        """Break every signal and return the status; raise when the first wait is over.

        Parameters
        ----------
        loss
            What happened.

        Returns
        -------
        list[Sample]
            One status or none.

        Raises
        ------
        SensorNotFound
            When it has not worked and the first wait is over.
        """
        if self._give_up_s is not None and self.clock() >= self._give_up_s:
            why = sentences(doubt for _, doubt in self.doubts) or loss
            raise SensorNotFound(
                f"{self._wanted.what} was not found within {self._wanted.wait_s:g} s: {why}",
                hint=self._wanted.hint,
            )
        for feed in self.feeds.values():
            feed.interrupt(loss.reason)
        if self._give_up_s is not None or str(loss) == self._lost_with:
            return []
        self._lost_with = str(loss)
        return self.say("lost", str(loss))

    def trying(self, state: LinkState) -> list[Sample]:
        """Return the state of an attempt; after a loss the screen keeps saying that it is lost.

        Parameters
        ----------
        state
            The link's.

        Returns
        -------
        list[Sample]
            One status or none.
        """
        return [] if self._lost_with else self.say(state)

    def patience_s(self, usual_s: float) -> float:
        """Return how long to wait for something: no longer than until the first wait is over.

        Parameters
        ----------
        usual_s
            How long to wait later on.

        Returns
        -------
        float
            In s, 0.05 at least.
        """
        if self._give_up_s is None:
            return usual_s
        return max(0.05, min(usual_s, self._give_up_s - self.clock()))

    async def pause(self) -> None:
        """Wait longer after each attempt that failed; at the start the user waits too, so less."""
        delay_s = _FIRST_DELAY_S
        if self._give_up_s is None:
            delay_s = min(_FIRST_DELAY_S * 2.0 ** min(self._failures, 10), _LONGEST_DELAY_S)
        self._failures += 1
        await asyncio.sleep(self.patience_s(delay_s * self._rng.uniform(0.75, 1.25)))

    def count_bad(self, kind: BadKind, what: str) -> None:
        """Count input that makes no sense; statuses tell of it.

        Parameters
        ----------
        kind
            As a reader of the report sees it.
        what
            Says more about it, for the log.
        """
        self._bad.count(kind, what)


async def persist(
    link: SourceLink, once: Callable[[], AsyncGenerator[Sample, None]]
) -> SampleStream:
    """Yield what `once` yields, one connection after another, for ever.

    Parameters
    ----------
    link
        What is remembered between connections.
    once
        Makes the samples of one connection; ends by raising `SourceLost`, or an error of the
        network, or what the user must mend.

    Yields
    ------
    Sample
        Samples and statuses.

    Raises
    ------
    SensorNotFound
        When the first wait is over.
    SensorError
        What the user must mend, before the first sample only.
    """
    for status in link.say("searching"):
        yield status
    while True:
        try:
            async with aclosing(once()) as samples:
                async for sample in samples:
                    for one in (*link.passed(sample), *link.say_bad()):
                        yield one
            loss = SourceLost("The connection was closed. Connecting again.")
        except SourceLost as error:
            loss = error
        except SensorError as error:  # the user's to mend at the start, and to be waited for later
            if not link.has_worked:
                raise
            loss = SourceLost(f"{error}. {error.hint}")
        except (OSError, TimeoutError) as error:
            _log.debug("%s: %r", link.source, error)
            loss = SourceLost("It cannot be reached; trying again.")
        for status in link.lost(loss):
            yield status
        await link.pause()
