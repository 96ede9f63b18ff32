"""The command that tries a band's profile: what each field of a captured packet gives."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.console import escape
from biofeedback.cli.options import Json

if TYPE_CHECKING:
    from sensors.codecs.trial import PacketTrial
    from sensors.profiles.schema import DeviceProfile

__all__ = ["check", "register"]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="Try the profile of a Bluetooth band.", no_args_is_help=True)
    group.command()(check)
    app.add_typer(group, name="band")


def check(
    file: Annotated[
        str, typer.Argument(metavar="FILE", help="A profile: a TOML file, or a name that is known.")
    ],
    packet: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HEX",
            help="A packet, as in '01 ff 00'; several are decoded one after another. Where the "
            "band has several characteristics, write the one before it: 2a58=01ff00.",
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check a band's profile, and decode packets with it, without a radio."""
    from biofeedback.common.errors import ConfigError
    from biofeedback.common.plugins import did_you_mean
    from biofeedback.storage.configs import config_files
    from sensors.codecs.trial import packet_of, try_packets
    from sensors.profiles.loader import load

    known = config_files("devices")
    if file not in known and not Path(file).suffix and not Path(file).exists():
        there = f"There are {', '.join(known)}; or give a TOML file."
        raise ConfigError(
            f"no profile named {file!r}", hint=did_you_mean(file, tuple(known)) + there
        )
    profile = load(known[file].path if file in known else Path(file))
    packets = [packet_of(profile, text) for text in packet or ()]
    trials = list(try_packets(profile, packets))
    if as_json:
        import msgspec

        console.as_json(
            {
                "profile": profile.name,
                "title": profile.title,
                "signals": list(profile.signals),
                "packets": msgspec.to_builtins(trials),
            }
        )
    else:
        for line in [*_about(profile), *(line for one in trials for line in _lines(one))]:
            console.out.print(escape(line), highlight=False, soft_wrap=True)
        if not packets:
            example = console.command("band", "check", file, "--packet", "01 ff 00")
            console.out.print(f"Try a packet with it: {escape(example)}", style="dim")
    if any(one.error for one in trials):
        raise typer.Exit(2)


def _about(profile: DeviceProfile) -> list[str]:
    from sensors.codecs.trial import short_uuid

    signals = ", ".join(
        f"{one.signal.value} "
        + (f"at {one.rate_hz:g} Hz" if one.rate_hz else "at its arrival")
        + f" on {short_uuid(one.characteristic)}"
        for one in profile.streams
    )
    return [f"{profile.title}: no mistake found in {profile.name}", f"  gives {signals}"]


def _lines(trial: PacketTrial) -> list[str]:
    lines = [f"{trial.packet or 'an empty packet'}"]
    lines += [f"  {field.name:12} {field.raw:<16} {field.means}".rstrip() for field in trial.fields]
    lines += [f"  gives        {gives}" for gives in trial.gives]
    if trial.error:
        lines.append(f"  refused      {trial.error}")
    elif not trial.gives:
        lines.append(f"  gives        nothing: {trial.why}")
    return lines
