"""Outputs as a user names them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, get_args

from synth.errors import OutputUnavailable

__all__ = ["OutputKind", "OutputSpec", "parse"]

OutputKind = Literal["audio", "midi", "midi-virtual", "mid", "wav", "null"]


@dataclass(frozen=True, slots=True)
class OutputSpec:
    """An output: its kind, and the device, port or path. An empty path means the session's own."""

    kind: OutputKind
    target: str = ""

    @property
    def live(self) -> bool:
        """Whether it plays in real time, and so needs a player."""
        return self.kind in ("audio", "midi", "midi-virtual")


def parse(uri: str) -> OutputSpec:
    """Return the output that `uri` names; raise `OutputUnavailable` for one that makes no sense."""
    name, colon, target = uri.partition(":")
    kinds = get_args(OutputKind)
    for kind in kinds:
        if colon and name == kind:
            if kind in ("midi", "midi-virtual", "mid") and not target:
                raise OutputUnavailable(
                    f"{uri!r} does not say which one", hint=f"For example {_EXAMPLES[kind]}"
                )
            return OutputSpec(kind, target)
    raise OutputUnavailable(
        f"{uri!r} is not an output",
        hint=f"Outputs begin with {', '.join(f'{kind}:' for kind in kinds)}",
    )


_EXAMPLES = {
    "midi": "midi:Synth, or see `biofeedback ports`",
    "midi-virtual": "midi-virtual:biofeedback",
    "mid": "mid:piece.mid",
}
