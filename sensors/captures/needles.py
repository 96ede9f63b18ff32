"""What tells whose a device is, as it may stand in bytes or in a text: in every encoding."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

__all__ = ["Identity", "Needle", "find", "model_of", "needles_of", "words_of"]

#: Words of a name that say what a device is, and not whose. All others are taken for personal.
_PRODUCTS = frozenset(
    "arm armband band belt bitalino bluetooth chest connect coospo decathlon dual eda empatica "
    "float garmin grove gsr hammer heart hrm igpsport magene moofit movesense "
    "movisens muse nordic packed polar pro pulse rate rhythm scosche sense sensor shimmer "
    "shimmer3r smart strap suunto text tickr tickrx uart verity virtual wahoo watch wristband "
    "e4 h6 h7 h9 h10 oh1 360 loop r24 hw9 edamove".split()
)
#: Models that drivers know by the start of their names.
_MODELS = (
    "Polar H10", "Polar H9", "Polar H7", "Polar Sense", "Polar OH1", "Polar 360", "BITalino",
    "Shimmer3R", "Empatica E4",
)  # fmt: skip
_SHORTEST = 3  #: letters; shorter ones stand in any bytes by chance
_RUN = 5  #: digits or letters of a serial number that tell it without the others
_PIECE = 4  #: letters, or bytes of a number, that tell of one cut at the edge of a packet
#: What is said before a name, and goes with it: whether it is a man's, and of which rank.
_TITLE = re.compile(
    rb"(?:(?<![a-z0-9])(?:mr|mrs|ms|miss|mx|dr|prof|sir|madam|mme|mlle|herr|frau|hr|fr|sr|sra|dott|"
    rb"ing|dipl|phd|md|doctor|professor|doktor|nurse|sister|brother|granny|grandma|grandpa|aunt|"
    rb"uncle|mum|mom|dad)(?:\.[ _-]*|[ _-]+))+\Z"
)
_OWN = re.compile(rb"(?:'|\xe2\x80\x99|\x92)s?(?![a-z0-9])")  #: Anna's, Thomas'
_LONGEST_TITLE = 40  #: letters
_TEXT = 8  #: letters around a word of two: bytes of a body are hardly ever so many in a row
_FILL = "0:-_ "  #: nothing but these tells nobody's: it is what is put in their place


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
    wide: int = 1  #: bytes of the text for each letter
    is_word: bool = False  #: whether only a whole word counts, among other letters

    def __len__(self) -> int:
        """Return how many bytes it takes, at most."""
        return len(self.text) or (len(self.digits) + 2) // 2

    @property
    def titled(self) -> bool:
        """Return whether a title before it, or an apostrophe behind it, goes with it."""
        return self.what == "name" and self.wide == 1

    @property
    def edges(self) -> tuple[bytes, int]:
        """Return its bytes, and how many of them at the edge of a packet are a piece of it."""
        if self.text:
            return self.text, _PIECE * self.wide
        return (bytes.fromhex(self.digits) if len(self.digits) % 2 == 0 else b""), _PIECE


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
    words = re.split(r"['\u2019][sS]\b|[\W_]+", unicodedata.normalize("NFC", name))
    return [word for word in words if word and not _is_product(word)]


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
        words = words_of(name)
        # Of "Annas Band", Anna too.
        words += [word[:-1] for word in words if word[-1] in "sS" and len(word) > _SHORTEST]
        for text in [*whole, *words]:
            found += _texts("name", text)
            found += _numbers("name", re.sub(r".*[^0-9A-Fa-f]", "", text))
    for address in identity.addresses:
        found += _addresses(address.replace("-", ":").split(":"))
    for serial in identity.serials:
        plain = re.sub(r"[^0-9A-Za-z]", "", serial)
        runs = re.findall(rf"[0-9]{{{_RUN},}}|[A-Za-z]{{{_RUN},}}", plain)
        runs += [stripped for run in runs if len(stripped := run.lstrip("0")) >= _RUN]
        for text in (serial, plain, *(run for run in runs if not _is_product(run))):
            found += _texts("serial", text)
            found += _numbers("serial", re.sub(r"[^0-9A-Za-z]", "", text))
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
                span = (at, at + len(needle.text))
                if not needle.is_word or _is_word(lower, *span):
                    places.append((*(_with_title(lower, *span) if needle.titled else span), needle))
                at = lower.find(needle.text, at + 1)
            continue
        digits = digits or data.hex()
        at = digits.find(needle.digits)
        while at >= 0:
            places.append((at // 2, (at + len(needle.digits) + 1) // 2, needle))
            at = digits.find(needle.digits, at + 1)
    return places


def _with_title(lower: bytes, first: int, stop: int) -> tuple[int, int]:
    """Return where a name stands with its title and its apostrophe: they tell of somebody too."""
    before = _TITLE.search(lower[max(0, first - _LONGEST_TITLE) : first])
    behind = _OWN.match(lower[stop : stop + 5])
    if before:
        first -= len(before[0])
    return first, stop + (len(behind[0]) if behind else 0)


def _is_word(lower: bytes, first: int, stop: int) -> bool:
    """Return whether two letters are a word of a text, and no bytes that happen to be so."""
    before, behind = lower[max(0, first - _TEXT) : first], lower[stop : stop + _TEXT]
    text = re.findall(rb"[ -~]*\Z", before)[0] + re.findall(rb"\A[ -~]*", behind)[0]
    least = min(_TEXT, len(lower) - (stop - first))
    return len(text) >= least and not (before[-1:].isalnum() or behind[:1].isalnum())


def _is_product(word: str) -> bool:
    return word.casefold().strip("()") in _PRODUCTS


def _addresses(octets: list[str]) -> list[Needle]:
    """Return an address, whole, as EUI-64, and without its maker's half."""
    ways = [octets]
    if len(octets) == 6:
        wide = [*octets[:3], "ff", "fe", *octets[3:]]
        ways += [octets[3:], wide]
        if re.fullmatch(r"[0-9A-Fa-f]{2}", octets[0]):  # as IPv6 makes it: one bit is turned
            ways.append([f"{int(octets[0], 16) ^ 2:02x}", *wide[1:]])
    found: list[Needle] = []
    for way in ways:
        for order in (way, way[::-1]):
            for between in (":", "-", "", " ", "_"):
                found += _texts("address", between.join(order))
        found += _numbers("address", "".join(way))
    return found


def _texts(what: str, text: str) -> list[Needle]:
    """Return a text, plain, wide and in hex, forwards and backwards.

    In all its cases, for only ASCII's are the same in `find`; composed or not; UTF-8, Latin-1.
    """
    text = text.strip()
    if len(text) == _SHORTEST - 1 and text.isalpha() and what == "name":
        if _TITLE.search(f"{text} ".lower().encode()):
            return []
        return [Needle(what, text=text.lower().encode(), is_word=True)]
    if len(text) < _SHORTEST or not text.strip(_FILL):
        return []
    ways: dict[bytes, int] = {}
    for one in (text, text.lower(), text.upper(), text.title()):
        for form in {unicodedata.normalize("NFC", one), unicodedata.normalize("NFD", one)}:
            for code, wide in (("utf-8", 1), ("latin-1", 1), ("utf-16-le", 2), ("utf-16-be", 2)):
                try:
                    data = form.encode(code)
                except UnicodeEncodeError:
                    continue  # it cannot stand in that code
                ways[data.lower()] = ways[data[::-1].lower()] = wide
                if wide == 1:
                    for digits in (data.hex(), data[::-1].hex()):
                        ways[digits.encode()] = ways[digits[::-1].encode()] = 2
    return [Needle(what, text=way, wide=wide) for way, wide in ways.items()]


def _numbers(what: str, digits: str) -> list[Needle]:
    """Return the bytes of what reads as hex, and those of what reads as a decimal number."""
    ways: list[str] = []
    if re.fullmatch(r"[0-9A-Fa-f]{6,32}", digits):
        ways.append(digits.lower())  # a file tells bytes in hex: there it would stand as it is
        if len(digits) % 2 == 0:
            ways.append(bytes.fromhex(digits)[::-1].hex())
    if re.fullmatch(rf"[0-9]{{{_RUN},19}}", digits) and int(digits) >= 1 << 16:
        size = 3 if int(digits) < 1 << 24 else 4 if int(digits) < 1 << 32 else 8
        ways += [int(digits).to_bytes(size, order).hex() for order in ("big", "little")]
    return [Needle(what, digits=way) for way in ways if way.strip("0")]
