"""The `[group]` table: who wears sensors, and how several bodies make one music."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

__all__ = ["MARK", "GroupSettings", "Rule", "wearer_of"]

Rule = Literal["mean", "leader", "synchrony"]
Name = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,31}$")]

#: Between a wearer's name and a source's or a reading's.
MARK = "/"


class GroupSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Names are pseudonyms; a source of a wearer is called NAME/SOURCE in the log.

    `mean` follows all who can be told, each as surely as they are known; `leader` follows one;
    `synchrony` follows the mean and opens the music as the hearts move together.
    """

    wearers: Annotated[tuple[Name, ...], Meta(min_length=2, max_length=12)]
    rule: Rule = "mean"
    leader: str = ""

    def __post_init__(self) -> None:
        if len(set(self.wearers)) < len(self.wearers):
            raise ValueError("two wearers have the same name")
        if (self.rule == "leader") != bool(self.leader):
            raise ValueError("the rule leader needs a leader, and no other rule has one")
        if self.leader and self.leader not in self.wearers:
            raise ValueError(f"the leader {self.leader!r} is no wearer")


def wearer_of(source: str) -> str:
    """Return whose source this is; "" for nobody's."""
    name, mark, _ = source.partition(MARK)
    return name if mark else ""
