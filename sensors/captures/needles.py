"""What tells whose a device is, as it may stand in bytes or in a text: in every encoding."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Identity", "Needle", "find", "model_of", "needles_of", "words_of"]

#: Words of a name that say what a device is, and not whose. All others are taken for personal.
_PRODUCTS = frozenset(
    "arm armband band belt bitalino bluetooth chest connect coospo decathlon eda empatica "
    "float garmin grove gsr hammer heart hrm hrm-dual hrm-pro igpsport magene moofit movesense "
    "movisens muse nordic packed polar pulse rate rhythm scosche sense sensor shimmer shimmer3r "
    "smart strap suunto text tickr tickrx uart verity virtual wahoo watch wristband e4 h6 h7 h9 "
    "h10 oh1 360 loop r24 hw9 edamove".split()
)
#: Models that drivers know by the start of their names.
_MODELS = (
    "Polar H10", "Polar H9", "Polar H7", "Polar Sense", "Polar OH1", "Polar 360", "BITalino",
    "Shimmer3R", "Empatica E4",
)  # fmt: skip
_SHORTEST = 3  #: letters; shorter ones stand in any bytes by chance


@dataclass(frozen=True, slots=True)
class Identity:
    """What is known of a device that nobody else shall learn."""

    names: tuple[str, ...] = ()  #: as advertised, read, and asked for
    addresses: tuple[str, ...] = ()  #: as radios write them
    serials: tuple[str, ...] = ()  #: as read and asked for


@dataclass(frozen=True, slots=True)
class Needle:
    """What to look for: a text, whose case does not matter, or digits of bytes as hex."""

    what: str  #: "name", "address" or "serial"
    text: bytes = b""  #: in lower case
    digits: str = ""  #: wherever they stand, also half a byte further on

    def __len__(self) -> int:
        """Return how many bytes it takes, at most."""
        return len(self.text) or (len(self.digits) + 2) // 2


def words_of(name: str) -> list[str]:
    """Return the words of a name that may tell whose a device is.

    Parameters
    ----------
    name
        As a device advertises it.

    Returns
    -------
    list[str]
        In its order.
    """
    return [word for word in re.split(r"[\s_]+", name) if word and not _is_product(word)]


def model_of(name: str) -> str:
    """Return what of a name says which model it is; "Sensor" where nothing surely does.

    Parameters
    ----------
    name
        As a device advertises it.

    Returns
    -------
    str
        As drivers know it by.
    """
    folded = name.casefold()
    return next((one for one in _MODELS if folded.startswith(one.casefold())), "Sensor")


def needles_of(identity: Identity) -> list[Needle]:
    """Return how all of it may be written: text, wide text, hex, numbers, each way round.

    Parameters
    ----------
    identity
        Of the device.

    Returns
    -------
    list[Needle]
        The longest first, each once.
    """
    found: list[Needle] = []
    for name in identity.names:
        whole = [] if name in _MODELS else [name]
        for text in [*whole, *words_of(name)]:
            found += _texts("name", text)
            found += _numbers("name", re.sub(r".*[^0-9A-Fa-f]", "", text))
    for address in identity.addresses:
        octets = address.replace("-", ":").split(":")
        for order in (octets, octets[::-1]):
            for between in (":", "-", "", " ", "_"):
                found += _texts("address", between.join(order))
        found += _numbers("address", "".join(octets))
    for serial in identity.serials:
        found += _texts("serial", serial)
        found += _numbers("serial", re.sub(r"[^0-9A-Za-z]", "", serial))
    told = {(needle.text, needle.digits): needle for needle in reversed(found)}
    return sorted(told.values(), key=lambda one: (-len(one), one.text, one.digits))


def find(data: bytes, needles: Iterable[Needle]) -> list[tuple[int, int, Needle]]:
    """Return where in some bytes a needle stands, also half a byte further on.

    Parameters
    ----------
    data
        Of one packet, or of several in a row.
    needles
        What to look for.

    Returns
    -------
    list[tuple[int, int, Needle]]
        First byte, the one after the last, and what it is.
    """
    lower, digits = data.lower(), ""
    places: list[tuple[int, int, Needle]] = []
    for needle in needles:
        if needle.text:
            at = lower.find(needle.text)
            while at >= 0:
                places.append((at, at + len(needle.text), needle))
                at = lower.find(needle.text, at + 1)
            continue
        digits = digits or data.hex()
        at = digits.find(needle.digits)
        while at >= 0:
            places.append((at // 2, (at + len(needle.digits) + 1) // 2, needle))
            at = digits.find(needle.digits, at + 1)
    return places


def _is_product(word: str) -> bool:
    return word.casefold().strip("()") in _PRODUCTS


def _texts(what: str, text: str) -> list[Needle]:
    """Return a text, plain, wide and in hex, forwards and backwards."""
    text = text.strip()
    if len(text) < _SHORTEST or not text.strip("0:-_ "):
        return []  # nothing but zeros tells nobody's, and it is what is put in their place
    plain = text.lower().encode()
    ways = [plain, text.lower().encode("utf-16-le"), text.lower().encode("utf-16-be")]
    for one in (text, text.lower(), text.upper()):  # of which case does not matter in hex alone
        ways += [one.encode().hex().encode(), one.encode()[::-1].hex().encode()]
    ways += [way[::-1] for way in ways]
    return [Needle(what, text=way) for way in dict.fromkeys(ways)]


def _numbers(what: str, digits: str) -> list[Needle]:
    """Return the bytes of what reads as hex, and those of what reads as a decimal number."""
    ways: list[str] = []
    if re.fullmatch(r"[0-9A-Fa-f]{6,32}", digits):
        ways.append(digits.lower())  # a file tells bytes in hex: there it would stand as it is
        if len(digits) % 2 == 0:
            ways.append(bytes.fromhex(digits)[::-1].hex())
    if re.fullmatch(r"[0-9]{6,19}", digits) and int(digits) >= 1 << 16:
        size = 3 if int(digits) < 1 << 24 else 4 if int(digits) < 1 << 32 else 8
        ways += [int(digits).to_bytes(size, order).hex() for order in ("big", "little")]
    return [Needle(what, digits=way) for way in ways if way.strip("0")]
