"""The config of a block: silence, what is compared, silence for the questions.

Title and phases are named alike whatever the arm; only the settings of the middle phase differ.
"""

from __future__ import annotations

from random import Random
from typing import Any

import msgspec

from biofeedback.config.loader import load
from biofeedback.config.schema import Config
from biofeedback.trials.allocation import Allocation
from biofeedback.trials.folder import ANSWERS, BEFORE, BLOCK
from biofeedback.trials.protocol import Arm, Protocol

__all__ = ["ANSWER_MINUTES", "config_of", "music_seed", "session"]

ANSWER_MINUTES = 5.0  #: after which nobody is waited for


def config_of(protocol: Protocol, allocation: Allocation, block: int) -> Config:
    """Return what the session of a block plays."""
    arm = allocation.arm(block)
    return session(protocol, _phase(arm, protocol, allocation, block), f", block {block}")


def session(protocol: Protocol, middle: dict[str, Any], place: str = "") -> Config:
    """Return the config of a block whose middle phase is given."""
    phases = [
        {"name": BEFORE, "strategy": "silence", "until": {"minutes": protocol.washout_minutes}},
        {
            "name": BLOCK,
            "until": {"minutes": protocol.block_minutes},
            "fade_s": 10.0,
            **middle,
        },
        {"name": ANSWERS, "strategy": "silence", "until": {"minutes": ANSWER_MINUTES}},
    ]
    tables: dict[str, Any] = {
        "title": f"Trial {protocol.name}{place}",
        "music": {"style": protocol.style},
        "control": {"direction": {"test": False}},  # chance draws the arms, and nothing else
        "phase": phases,
    }
    return load(tables=tables)


def music_seed(protocol: Protocol, allocation: Allocation, block: int) -> int:
    """Return the seed of a block's music: the same material for all blocks of a pair."""
    pair = (block - 1) // len(protocol.arms)
    return Random(f"{allocation.seed}/music/{pair}").getrandbits(31)


def _phase(arm: Arm, protocol: Protocol, allocation: Allocation, block: int) -> dict[str, Any]:
    match arm:
        case "adaptive":
            return {"strategy": protocol.adaptive}
        case "yoked":
            stream = msgspec.to_builtins(allocation.streams[str(block)])
            return {"strategy": "yoked", "yoked": stream}
        case "fixed6":
            return {"strategy": "fixed", "fixed": {"breaths_per_minute": 6.0}}
        case "silence":
            return {"strategy": "silence"}
