"""Groups on the command line: `--wearer NAME=URI` and `--group RULE`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from biofeedback.common.errors import ConfigError

if TYPE_CHECKING:
    from biofeedback.group.settings import GroupSettings
    from biofeedback.record.lines import HeaderLine

__all__ = ["GroupOptions", "logged", "parse"]

_HINT = "For example --wearer robin=ble:A --wearer kim=ble:B --group mean."


@dataclass(frozen=True, slots=True)
class GroupOptions:
    """Sensors, whose each is, and the group that they make."""

    sensors: tuple[str, ...]
    wearers: tuple[str, ...]
    settings: GroupSettings

    @property
    def each(self) -> list[tuple[tuple[str, ...], str]]:
        """The sensors of each wearer, and the wearer's profile: their name."""
        pairs = list(zip(self.sensors, self.wearers, strict=True))
        return [
            (tuple(uri for uri, whose in pairs if whose == name), name)
            for name in self.settings.wearers
        ]


def parse(
    wearers: Sequence[str] | None,
    rule: str,
    sensors: Sequence[str] | None = None,
    profile: str | None = None,
) -> GroupOptions | None:
    """Return the group that the options name; None for a single listener."""
    if not wearers:
        if rule:
            raise ConfigError("--group needs wearers", hint=_HINT)
        return None
    if sensors or profile:
        raise ConfigError(
            "in a group each sensor has a wearer, and each wearer a profile of that name",
            hint=_HINT,
        )
    names, uris = [], []
    for wearer in wearers:
        name, equals, uri = wearer.partition("=")
        if not (name and equals and uri):
            raise ConfigError(f"--wearer {wearer}: not of the form NAME=URI", hint=_HINT)
        names.append(name)
        uris.append(uri)
    return GroupOptions(tuple(uris), tuple(names), _settings(tuple(dict.fromkeys(names)), rule))


def logged(header: HeaderLine | None, rule: str) -> GroupSettings | None:
    """Return the group of the session with this header, by another rule if one is given."""
    from biofeedback.record.rebuild import config_of

    known = config_of(header).group if header is not None else None
    if rule and known is None:
        raise ConfigError("this is no recording of a group", hint="Leave --group out.")
    return _settings(known.wearers, rule) if rule and known else known


def _settings(names: tuple[str, ...], rule: str) -> GroupSettings:
    import msgspec

    from biofeedback.group.settings import GroupSettings

    kind, _, leader = rule.partition(":")
    try:
        return msgspec.convert(
            {"wearers": names, "rule": kind or "mean", "leader": leader}, GroupSettings
        )
    except msgspec.ValidationError as error:
        reason = str(error).partition(" - at ")[0]
        raise ConfigError(f"this group cannot be: {reason}", hint=_HINT) from error
