"""What was heard, with whose it is: kept by its giver, to be made fit to share another time."""

from __future__ import annotations

import json
import zipfile
from dataclasses import asdict, dataclass
from pathlib import Path

from sensors.captures.archive import UNREADABLE, has_member, packed, read_capture, write_capture
from sensors.captures.capture import Capture, Values
from sensors.captures.coarsen import coarse
from sensors.captures.needles import Identity
from sensors.captures.scrub import scrub
from sensors.errors import RecordingError

__all__ = ["HeardCapture", "is_kept", "read_kept", "write_kept"]

_WHOSE = "whose.json"
_LARGEST_BYTES = 1 << 20  #: of a member that holds a few names
_WARNING = "NOT TO BE SHARED: names, addresses and times are still in it."


@dataclass(frozen=True, slots=True)
class HeardCapture:
    """A capture as it was recorded, and what may not be told of it."""

    capture: Capture  #: as it was recorded
    identity: Identity  #: of its device
    unix_s: float  #: when it began

    def to_share(self, values: Values) -> Capture:
        """Return the capture without what tells whose it is, and when it was.

        Parameters
        ----------
        values
            Whether they are kept or made coarse.

        Returns
        -------
        Capture
            To be shown before it is given away.

        Raises
        ------
        RecordingError
            Where it cannot be scrubbed.
        SettingsError
            Where its values cannot be made coarse.
        """
        # In this order: rounding may bring about what is to be taken out, if hardly ever.
        rounded = coarse(self.capture) if values == "coarse" else self.capture
        return scrub(rounded, self.identity, self.unix_s)


def is_kept(path: Path) -> bool:
    """Return whether a file tells whose its capture is.

    Parameters
    ----------
    path
        Any file.

    Returns
    -------
    bool
        By what is in it.
    """
    return has_member(path, _WHOSE)


def write_kept(path: Path, heard: HeardCapture) -> None:
    """Write what was heard; what is there is not replaced.

    Parameters
    ----------
    path
        Where to.
    heard
        All of it.

    Raises
    ------
    SettingsError
        Where it cannot be written.
    """
    whose = json.dumps({"unix_s": heard.unix_s, **asdict(heard.identity)})
    write_capture(path, {**packed(heard.capture, _WARNING), _WHOSE: whose})


def read_kept(path: Path) -> HeardCapture:
    """Return what was heard.

    Parameters
    ----------
    path
        As `write_kept` made it.

    Returns
    -------
    HeardCapture
        All of it.

    Raises
    ------
    RecordingError
        For another file.
    """
    capture = read_capture(path)
    try:
        with zipfile.ZipFile(path) as archive:
            with archive.open(_WHOSE) as member:
                told = json.loads(member.read(_LARGEST_BYTES))
        names, addresses, serials = (
            tuple(map(str, told[key])) for key in ("names", "addresses", "serials")
        )
        return HeardCapture(capture, Identity(names, addresses, serials), float(told["unix_s"]))
    except (KeyError, TypeError, *UNREADABLE) as error:
        raise RecordingError(
            f"{path.name} does not say whose it is, so that nothing can be taken out of it",
            hint="Name the file that capture kept, which ends in .private.zip.",
        ) from error
