"""What is said to one of Polar's sensors, so that it measures, and stops at the end."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection, Iterable, Mapping
from itertools import chain, repeat

from sensors.ble.gatt import Dialogue, GattClient, reason_of
from sensors.ble.inbox import Packet
from sensors.ble.polar import PMD_CONTROL, PMD_DATA, STREAMS, RunningStream, names_of
from sensors.codecs import polar_pmd as pmd
from sensors.codecs.polar_pmd import PmdMeasurement, PmdReply, PmdSetting
from sensors.errors import SensorUnavailable

__all__ = ["PmdDialogue"]

_HEART_RATE = "00002a37-0000-1000-8000-00805f9b34fb"
#: While a sensor looks for pulse intervals, its heart rate may come this seldom.
_SLOW_HEART_RATE_S = 6.0
#: What is preferred where there is a choice; the nearest is taken. Movement needs no more than
#: 50 Hz, and a higher rate costs battery.
_PREFERRED: dict[PmdMeasurement, dict[PmdSetting, int]] = {
    PmdMeasurement.ECG: {PmdSetting.RATE_HZ: 130},
    PmdMeasurement.ACC: {PmdSetting.RATE_HZ: 50, PmdSetting.RANGE: 8},
    PmdMeasurement.PPG: {PmdSetting.RATE_HZ: 55},
}
#: The longest usual time between frames. Pulse intervals come in batches, the first after 25 s.
_PERIOD_S = {
    PmdMeasurement.ECG: 1.0,
    PmdMeasurement.ACC: 2.0,
    PmdMeasurement.PPG: 2.0,
    PmdMeasurement.PPI: 8.0,
}
_RUNS_ALREADY, _ON_CHARGER = 6, 13
#: Waits between attempts to start again, the last one for all that follow.
_PAUSES_S = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0)
_PATIENCE_S = 60.0  #: after it a new connection may help
_UNANSWERED_S = 1.0
_BEGIN_S = 8.0  #: of a start that is waited for, while the heart rate waits as well

_log = logging.getLogger(__name__)


class _RefusedError(Exception):
    """The sensor does not start a measurement; it may later."""


class PmdDialogue(Dialogue):
    """Starts the wanted measurements, starts them again when they stop, stops them at the end.

    Without any wanted, an optical sensor is asked for its pulse intervals, since its heart rate
    service has none, and other sensors for nothing. Whatever becomes of them, the connection and
    its heart rate stay: only a measurement that has run before is worth a new connection, once.

    Parameters
    ----------
    wanted
        What the user asks for; empty for what the sensor's kind suggests.

    Attributes
    ----------
    running
        What the device sends, with its rate and factor.
    trouble
        A sentence that says why something does not come; empty while all does.
    """

    def __init__(self, wanted: frozenset[PmdMeasurement]) -> None:
        self.running: dict[PmdMeasurement, RunningStream] = {}
        self.trouble = ""
        self._wanted = wanted
        self._streams: list[PmdMeasurement] | None = None  # what is asked for, once that is known
        self._have_run = self._worth_renewing = False
        self._listening = False
        self._heard_s: dict[PmdMeasurement, float] = {}
        self._asked: set[PmdMeasurement] = set()
        self._owed: set[PmdMeasurement] = set()  # to be started, beside the heart rate
        self._owes = asyncio.Event()

    async def begin(self, gatt: GattClient) -> None:
        """Ask for what is wanted; raise `SensorUnavailable` where the user has to mend something.

        What fails in another way, what nobody asked for and later connections are left to `attend`.

        Parameters
        ----------
        gatt
            The connected device.

        Raises
        ------
        SensorUnavailable
            Where the user has to mend something; on the first connection only.
        """
        for of_last_connection in (self.running, self._heard_s, self._asked, self._owed):
            of_last_connection.clear()
        self._listening, self.trouble = False, ""
        self._owes.set()
        if not self._wanted or self._have_run:
            return
        try:
            async with asyncio.timeout(_BEGIN_S):
                await self._set_up(gatt)
        except SensorUnavailable:
            raise
        except Exception as error:  # bleak's back ends raise their own libraries' errors as well
            if not gatt.connected:
                raise
            self._failed(error)

    async def attend(self, gatt: GattClient) -> None:
        """Start what is owed, again and again; raise `TimeoutError` where that needs a new link.

        Parameters
        ----------
        gatt
            The connected device.

        Raises
        ------
        TimeoutError
            Where that needs a new link.
        """
        loop = asyncio.get_running_loop()
        while True:
            await self._owes.wait()
            self._owes.clear()
            pauses, since_s = chain(_PAUSES_S, repeat(_PAUSES_S[-1])), loop.time()
            while True:
                if asked := self._owed or self._streams:
                    _log.debug("asking %s for %s", gatt.label, _names(asked))
                try:
                    await self._set_up(gatt)
                    break
                except Exception as error:  # bleak's back ends raise their libraries' errors
                    self._failed(error)
                if self._worth_renewing and loop.time() - since_s > _PATIENCE_S:
                    self._worth_renewing = False
                    raise TimeoutError(self.trouble)
                await asyncio.sleep(next(pauses))

    async def hear(self, gatt: GattClient, packet: Packet) -> None:
        """Notice what the device stopped by itself, or what fell silent alone.

        Parameters
        ----------
        gatt
            The connected device.
        packet
            The latest.
        """
        if packet.uuid == PMD_CONTROL:
            if stopped := pmd.stopped_by_device(packet.data) & self.running.keys():
                _log.info("the sensor stopped %s; starting it again", _names(stopped))
                self._owe(gatt, stopped)
        elif packet.uuid == PMD_DATA and packet.data:
            for kind in self.running:
                if packet.data[0] & 0x3F == kind:
                    self._heard_s[kind] = packet.time_s
        for kind in self.running.keys() - self._owed:
            since_s = self._heard_s.setdefault(kind, packet.time_s)
            if packet.time_s - since_s > 5.0 * _PERIOD_S[kind]:
                self._owe(gatt, {kind})

    async def end(self, gatt: GattClient) -> None:
        """Stop whatever may run; one that answers nothing is not waited for again.

        Parameters
        ----------
        gatt
            The connected device.

        Raises
        ------
        Exception
            The last problem, once all were tried.
        """
        problem: Exception | None = None
        for kind in sorted(self._asked):
            try:
                async with asyncio.timeout(_UNANSWERED_S if self.trouble else None):
                    await gatt.write(PMD_CONTROL, pmd.stop(kind))
            except Exception as error:  # the next one must be stopped as well
                problem = error
        if problem:
            raise problem

    async def _set_up(self, gatt: GattClient) -> None:
        """Find out what to ask for, listen, and start what is owed."""
        if self._streams is None:
            self._streams = await self._choose(gatt)
        if self._streams and not self._listening:
            await gatt.listen(PMD_CONTROL)
            await gatt.listen(PMD_DATA)
            self._listening = True
            self._owe(gatt, self._streams)
            self._owes.clear()
        if self._owed:
            await self._start_owed(gatt)
        self.trouble = ""
        self._have_run = self._worth_renewing = self._have_run or bool(self.running)

    async def _choose(self, gatt: GattClient) -> list[PmdMeasurement]:
        offered: frozenset[PmdMeasurement] = frozenset()
        if gatt.has(PMD_CONTROL):
            offered = pmd.features(await gatt.read(PMD_CONTROL))
        if missing := self._wanted - offered:
            raise SensorUnavailable(
                f"{gatt.label} cannot send {_names(missing)}; it can send {_names(offered)}",
                hint="Leave that out of the sensor's address, after the question mark.",
            )
        if self._wanted:
            return sorted(self._wanted)
        optical = PmdMeasurement.PPI in offered and PmdMeasurement.ECG not in offered
        return [PmdMeasurement.PPI] if optical else []

    def _failed(self, error: Exception) -> None:
        """Say why something does not come."""
        _log.debug("it waits: %r", error)
        kinds = self._owed or self._wanted or frozenset({PmdMeasurement.PPI})
        what = ", ".join(names_of(frozenset(kinds)))
        self.trouble = f"No {what} yet, heart rate all the same: {_why(error)}."

    def _owe(self, gatt: GattClient, kinds: Iterable[PmdMeasurement]) -> None:
        self._owed |= set(kinds)
        if self._owed:
            gatt.expect_nothing(PMD_DATA)
            self._owes.set()

    async def _start_owed(self, gatt: GattClient) -> None:
        """Start each that is owed; raise what was wrong with the last that cannot be had."""
        problem: Exception | None = None
        for kind in sorted(self._owed):
            try:
                await self._start(gatt, kind)
            except Exception as error:  # the next one may be had
                problem = error
                continue
            self._owed.discard(kind)
            self._heard_s.pop(kind, None)
        running = self.running.keys() - self._owed
        if running:
            gatt.expect_every(PMD_DATA, min(_PERIOD_S[kind] for kind in running))
        if problem:
            raise problem

    async def _start(self, gatt: GattClient, kind: PmdMeasurement) -> None:
        settings: dict[PmdSetting, int] = {}
        if kind is not PmdMeasurement.PPI:  # it has none
            choices = await _request(gatt, pmd.ask_settings(kind))
            _check(gatt, kind, choices)
            settings = _settle(choices.settings, _PREFERRED[kind])
        self._asked.add(kind)
        reply = await _request(gatt, pmd.start(kind, settings))
        if reply.error == _RUNS_ALREADY:  # a program that was killed left it so
            await _request(gatt, pmd.stop(kind))
            reply = await _request(gatt, pmd.start(kind, settings))
        _check(gatt, kind, reply)
        self.running[kind] = RunningStream(float(settings.get(PmdSetting.RATE_HZ, 1)), reply.factor)
        if kind is PmdMeasurement.PPI:
            gatt.expect_every(_HEART_RATE, _SLOW_HEART_RATE_S)


async def _request(gatt: GattClient, request: bytes) -> PmdReply:
    def answers(packet: bytes) -> bool:
        return packet[:1] == b"\xf0" and packet[1:3] == request[:2]

    return PmdReply.decode(await gatt.ask(PMD_CONTROL, request, answers))


def _check(gatt: GattClient, kind: PmdMeasurement, reply: PmdReply) -> None:
    if reply.error == _ON_CHARGER:
        raise SensorUnavailable(
            f"{gatt.label} does not measure while it is charged",
            hint="Take it off its charger and wear it.",
        )
    if reply.error:
        raise _RefusedError(f"the device refuses that ({reply})")


def _why(error: Exception) -> str:
    if isinstance(error, SensorUnavailable):
        return f"{error}. {error.hint}".removesuffix(".")
    return reason_of(error)


def _settle(
    choices: Mapping[PmdSetting, tuple[int, ...]], preferred: Mapping[PmdSetting, int]
) -> dict[PmdSetting, int]:
    """Return of each setting the value nearest to the preferred one, else the largest."""
    settled: dict[PmdSetting, int] = {}
    for setting, values in choices.items():
        if values and setting in preferred:
            settled[setting] = min(values, key=lambda value: abs(value - preferred[setting]))
        elif values:
            settled[setting] = max(values)
    return settled


def _names(kinds: Collection[PmdMeasurement]) -> str:
    names = [name for name, kind in STREAMS.items() if kind in kinds]
    return ", ".join(names) or "nothing of its own"
