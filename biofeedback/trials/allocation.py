"""Which arm each block has: drawn before the first block, and sealed.

The file is sealed, not encrypted: it can't be read at a glance, and its digest stands in the
protocol, so that a change shows. Who wants to be sure of not looking gives it to somebody else.
"""

from __future__ import annotations

import base64
import binascii
import zlib
from random import Random

import msgspec

from biofeedback.common.errors import TrialError
from biofeedback.control.yoked import YokedSettings
from biofeedback.trials.protocol import Arm, sha256

__all__ = ["Allocation", "draw", "open_sealed", "seal"]

_HEAD = b"Sealed. It says which block has which arm; do not decode it before the trial is over.\n"
_WIDTH = 100


class Allocation(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The order of arms in each pair, and what leads each yoked block, by block number.

    The seed gives the order again: `draw` with it is the proof that nobody chose. The salt keeps
    the digest from being tried out against all possible orders.
    """

    seed: int
    salt: str
    order: tuple[tuple[Arm, ...], ...]
    streams: dict[str, YokedSettings] = {}

    def arm(self, block: int) -> Arm:
        """Return the arm of a block, which count from 1."""
        pair, place = divmod(block - 1, len(self.order[0]))
        return self.order[pair][place]


def draw(seed: int, arms: tuple[Arm, ...], pairs: int) -> tuple[tuple[Arm, ...], ...]:
    """Return the order of arms in each pair: every order is as likely as any other."""
    rng = Random(f"{seed}/allocation")
    return tuple(tuple(rng.sample(arms, len(arms))) for _ in range(pairs))


def seal(allocation: Allocation) -> bytes:
    """Return the content of the sealed file."""
    packed = base64.b85encode(zlib.compress(msgspec.json.encode(allocation), 9))
    rows = [packed[at : at + _WIDTH] for at in range(0, len(packed), _WIDTH)]
    return _HEAD + b"\n".join(rows) + b"\n"


def open_sealed(raw: bytes, digest: str, place: str) -> Allocation:
    """Return what the sealed file says; raise `TrialError` unless it has the digest."""
    if sha256(raw) != digest:
        raise TrialError(
            f"{place} was changed after it was sealed, so the trial can't go on with it",
            hint="Put it back from a copy; the recorded blocks are untouched.",
        )
    try:
        packed = b"".join(raw.removeprefix(_HEAD).split())
        return msgspec.json.decode(zlib.decompress(base64.b85decode(packed)), type=Allocation)
    except (ValueError, zlib.error, binascii.Error, msgspec.DecodeError) as error:
        raise TrialError(f"{place} cannot be opened: {error}") from error
