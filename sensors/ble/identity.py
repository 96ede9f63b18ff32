"""Which device in sight is the one that is meant; never one that only could be."""

from __future__ import annotations

from collections.abc import Sequence

from sensors.ble.claims import claims
from sensors.ble.device_query import LISTED, DeviceQuery, describe, in_use, several
from sensors.ble.radio import Advertisement, first_seen_s
from sensors.errors import SensorNotFound

__all__ = ["AWAY_S", "DeviceIdentity"]

#: How long others may show themselves beside the one that is named; devices call twice a second.
_BESIDE_S = 1.0
#: A known device is waited for so long before another can be it: most dropouts end sooner.
AWAY_S = 30.0
#: Until a device whose serial number could not be read is asked again; each time twice as long.
_REST_S, _LONGEST_REST_S = 30.0, 960.0


class DeviceIdentity:
    """Finds the device that is wanted, and after it has worked only that one again.

    An address is exact, a name that several devices carry is never chosen by, and what another
    sensor or program uses is left alone. A device that hides its address comes back under another
    one: once it has been out of sight for a while, its serial number shows that a device
    of its name is the same. Without one it is waited for.

    Parameters
    ----------
    wanted
        What the user says of it.

    Attributes
    ----------
    wanted
        What the user says of it.
    seen
        All devices seen so far, by address.
    serial
        Of the device that worked, where it told.
    obstacle
        Why the device was not found although something could be seen.
    """

    def __init__(self, wanted: DeviceQuery) -> None:
        self.wanted = wanted
        self.seen: dict[str, Advertisement] = {}
        self.serial = ""  #: of the device that worked, where it told
        self.obstacle = ""  #: why the device was not found although something could be seen
        self._known: Advertisement | None = None
        self._had: set[str] = set()  #: addresses at which it has worked
        self._worked_s = 0.0
        self._ours = ""  #: address of a link of our own that may still be up
        self._away_since_s: float | None = None  #: known, looked for, and not in sight
        self._refused: set[str] = set()  #: devices with another serial number
        self._unread: dict[str, int] = {}  #: how often the serial number could not be read
        self._rests_until_s: dict[str, float] = {}

    @property
    def label(self) -> str:
        """Return the device's name, as far as it is known."""
        wanted = self.wanted
        known = self._known.label if self._known else wanted.label
        return known or wanted.text or wanted.serial or wanted.what

    @property
    def address(self) -> str:
        """Return where the device is, as far as that is known."""
        return self._known.address if self._known else self.wanted.address

    def is_enough(self, device: Advertisement, now_s: float) -> bool:
        """Return whether a look may end with this device, which advertises.

        A name may be carried by another one that has not been seen yet, so the whole time is
        spent; next to an address others are noted, since they cannot be this one later.

        Parameters
        ----------
        device
            The device as it was seen.
        now_s
            On the loop's clock.

        Returns
        -------
        bool
            True for a known or an addressed device only.
        """
        for_a_while = now_s - first_seen_s(device.address) >= _BESIDE_S
        if self._known:
            it_is = device.address == self._known.address
            return it_is or (for_a_while and self._may_be_known(device, now_s))
        return for_a_while and bool(self.wanted.address) and self.wanted.fits(device)

    def choose(
        self, seen: Sequence[Advertisement], now_s: float, *, whole: bool = True
    ) -> Advertisement | None:
        """Return the device to connect to; None while it is not there or must be left alone.

        Parameters
        ----------
        seen
            Devices in reach now.
        now_s
            On the loop's clock.
        whole
            Whether connected devices are among those seen.

        Returns
        -------
        Advertisement | None
            It is claimed for this sensor.

        Raises
        ------
        SensorNotFound
            Where several could be meant, as long as none has worked.
        """
        self.seen |= {device.address: device for device in seen}
        if whole:
            self.obstacle = ""
        device = self._known_in(seen, now_s) if self._known else self._wanted_in(seen, now_s)
        if device is None:
            return None
        if not claims().take(device, self):
            self.obstacle = in_use(device, "sensor of this session or server")
            return None
        if device.in_use and device.address != self._ours:
            self.obstacle = in_use(device, "program on this computer")
            self._give_up_others()
            return None
        return device

    def must_tell(self, device: Advertisement) -> bool:
        """Return whether only its serial number can show that the device is the one.

        Parameters
        ----------
        device
            The device as it was seen.

        Returns
        -------
        bool
            True for a known device at another address, and where a serial number is asked for.
        """
        if self._known:
            return device.address != self._known.address
        return bool(self.wanted.serial)

    def is_told(self, device: Advertisement, serial: str) -> bool:
        """Return whether a serial number is the one expected; else the device is refused.

        Parameters
        ----------
        device
            The device as it was seen.
        serial
            What the device told.

        Returns
        -------
        bool
            Case and padding do not matter.
        """
        same = _plain(serial) == _plain(self.serial if self._known else self.wanted.serial)
        if not same:
            self._refused.add(device.address)
        return same

    def told_nothing(self, device: Advertisement, now_s: float) -> None:
        """Let a device rest whose serial number could not be read: the signal may be weak.

        Who asked for a serial number waits for it, so then a second attempt follows at once.

        Parameters
        ----------
        device
            The device as it was seen.
        now_s
            On the loop's clock.
        """
        failed = self._unread.get(device.address, 0)
        self._unread[device.address] = failed + 1
        rests = failed if self._known else failed - 1
        if rests >= 0:
            rest_s = min(_REST_S * 2.0 ** min(rests, 10), _LONGEST_REST_S)
            self._rests_until_s[device.address] = now_s + rest_s

    def works(self, device: Advertisement, now_s: float) -> None:
        """Remember the device: from now on this one is meant.

        Parameters
        ----------
        device
            The device as it was seen.
        now_s
            On the loop's clock.
        """
        if device is not self._known:
            self._known = device
            self._had.add(device.address)
            self._give_up_others()
        self._worked_s, self._away_since_s = now_s, None

    def released(self, device: Advertisement, *, surely: bool) -> None:
        """Note the end of a link; unless it is sure, the system may show it as somebody's.

        Parameters
        ----------
        device
            The device as it was seen.
        surely
            Whether the system has surely let go of it.
        """
        self._ours = "" if surely else device.address
        self._give_up_others()

    def close(self) -> None:
        """Let others have the device."""
        claims().release(self)

    def not_found(self, wait_s: float) -> SensorNotFound:
        """Return the error for a device that did not appear in time.

        Parameters
        ----------
        wait_s
            How long was waited.

        Returns
        -------
        SensorNotFound
            To be raised.
        """
        if self.obstacle:
            return SensorNotFound(self.obstacle, hint="Stop it there, or choose another device.")
        hint = "Wear it, wet the electrodes, and close other apps that use it."
        if self.wanted.address:
            hint += " If its address has changed: biofeedback scan."
        return SensorNotFound(
            f"the {self.wanted.words} was not found within {wait_s:g} s; "
            f"seen: {describe(self.seen.values())}",
            hint=hint,
        )

    def _give_up_others(self) -> None:
        claims().release(self, but=self._known.address if self._known else "")

    def _wanted_in(self, seen: Sequence[Advertisement], now_s: float) -> Advertisement | None:
        held = claims().of_others(self)
        there = self.seen | held
        fitting = self.wanted.narrow([d for d in there.values() if self.wanted.fits(d)])
        if self.wanted.serial:
            return self._next_to_ask(fitting, seen, now_s)
        if len(fitting) > 1:
            raise several(fitting)
        for device in fitting:
            if device.address in held:
                self.obstacle = in_use(device, "sensor of this session or server")
                return None
        return next((d for d in seen if fitting and d.address == fitting[0].address), None)

    def _next_to_ask(
        self, fitting: Sequence[Advertisement], seen: Sequence[Advertisement], now_s: float
    ) -> Advertisement | None:
        """Return one whose serial number is not known: it can only be read when connected."""
        held, there = claims().of_others(self), {device.address for device in seen}
        left = [
            device
            for device in fitting
            if device.address in there
            and not self._rests(device, now_s)
            and not device.in_use
            and device.address not in held
        ]
        return min(left, key=lambda device: self._unread.get(device.address, 0), default=None)

    def _rests(self, device: Advertisement, now_s: float) -> bool:
        """Return whether a device must not be asked for its serial number, for now or for good."""
        until_s = self._rests_until_s.get(device.address, now_s)
        return device.address in self._refused or now_s < until_s

    def _known_in(self, seen: Sequence[Advertisement], now_s: float) -> Advertisement | None:
        known = self._known
        assert known is not None
        for device in seen:
            if device.address == known.address:
                self._away_since_s = None
                return device
        if self._away_since_s is None:
            self._away_since_s = now_s
        if again := next((device for device in seen if self._may_be_known(device, now_s)), None):
            return again
        alike = [d for d in self.seen.values() if known.name and d.name == known.name]
        if others := [d for d in alike if d.address not in self._had][:LISTED]:
            possible = [d for d in others if self._can_be_known(d)]
            there = ", ".join(d.address for d in possible or others)
            then = f"is left alone: if it is yours, start again with ble:{others[0].address}."
            if possible:
                then = f"will be asked for its serial number after {AWAY_S:g} s."
            self.obstacle = (
                f"{known.label} ({known.address}) is not in sight. "
                f"Another of that name, at {there}, {then}"
            )
        return None

    def _is_away(self, now_s: float) -> bool:
        """Return whether the known device has been out of sight for longer than most dropouts."""
        return self._away_since_s is not None and now_s - self._away_since_s >= AWAY_S

    def _may_be_known(self, device: Advertisement, now_s: float) -> bool:
        """Return whether a device that advertises may be asked whether it is the known one."""
        return (
            device.rssi_dbm is not None
            and (device.address in self._had or self._is_away(now_s))
            and self._can_be_known(device)
            and not self._rests(device, now_s)
            and device.address not in claims().of_others(self)
        )

    def _can_be_known(self, device: Advertisement) -> bool:
        """Return whether the known device may have got this address since it was lost.

        One that was seen at this address while it still worked at its own is another device, and
        a public address never changes.
        """
        known = self._known
        return (
            known is not None
            and bool(known.name)
            and device.name == known.name
            and {device.address_type, known.address_type} <= {"random", ""}
            and _tells(self.serial)
            and device.address not in self._refused
            and (device.address in self._had or first_seen_s(device.address) > self._worked_s)
        )


def _plain(serial: str) -> str:
    """Return a serial number as it is compared: without padding, and in lower case."""
    return serial.strip("\0 ").casefold()


def _tells(serial: str) -> bool:
    """Return whether a serial number can tell devices apart: some makers put "0000" in all."""
    return len(set(_plain(serial))) > 1 and len(_plain(serial)) >= 4
