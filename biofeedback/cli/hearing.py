"""The commands for what reaches the ears: hearing calibrate, hearing show."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated

import typer

from biofeedback.cli import console
from biofeedback.cli.options import SessionsFolder
from biofeedback.cli.words import clock_text

__all__ = ["register"]

_NO_CALIBRATION = (
    "How loud it was is not known: nothing was measured. `biofeedback hearing calibrate` takes a "
    "level that you measured at the ear."
)


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(help="Estimate the dose of sound, once measured.", no_args_is_help=True)
    for command in (calibrate, show):
        group.command()(command)
    app.add_typer(group, name="hearing")


def calibrate(
    output: Annotated[
        str, typer.Argument(metavar="OUTPUT", help="As sessions are given it, such as audio:")
    ],
    level: Annotated[
        float, typer.Option(metavar="DBA", help="What you measured at the ear, LAeq of a minute.")
    ],
    volume: Annotated[float, typer.Option(metavar="0..1", help="The volume while you measured.")],
) -> None:
    """Keep a level that you measured while music played.

    It holds as long as amplifier, headphones and the system's volume stay as they were.
    """
    import msgspec

    from biofeedback.common.clock import utc_now
    from biofeedback.common.errors import ConfigError
    from biofeedback.offline import sound_exposure

    facts = {"output": output, "level_dba": level, "volume": volume}
    facts["measured_utc"] = utc_now().isoformat(timespec="seconds")
    try:
        calibration = msgspec.convert(facts, sound_exposure.LevelCalibration)
    except msgspec.ValidationError as error:
        raise ConfigError(
            f"this is no measurement: {error}",
            hint="For example: biofeedback hearing calibrate audio: --level 62 --volume 0.5",
        ) from error
    sound_exposure.keep(calibration)
    loudest = calibration.level(1.0)
    console.out.print(
        f"{output} at full volume is about {loudest:.0f} dB(A).", markup=False, highlight=False
    )


def show(
    out: SessionsFolder = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="Whose sessions; else those of nobody.")
    ] = None,
) -> None:
    """Estimate the sound of seven days, against a weekly limit."""
    from biofeedback.common.clock import utc_now
    from biofeedback.offline import sound_exposure
    from biofeedback.record.catalogue import entries_of
    from biofeedback.record.reader import read
    from biofeedback.storage.paths import sessions_folder

    calibrations = sound_exposure.known()
    if not calibrations:
        console.out.print(_NO_CALIBRATION, markup=False, highlight=False)
        return
    since = utc_now() - timedelta(days=sound_exposure.DAYS)
    share, unknown = 0.0, 0
    for entry in entries_of(out or sessions_folder(), profile)[0]:
        if datetime.fromisoformat(entry.header.started_utc) < since:
            continue
        found = sound_exposure.heard((line for _, line in read(entry.folder)), calibrations)
        if found is None:
            unknown += 1
            continue
        share += found.share
        level = "silent" if found.level_dba is None else f"{found.level_dba:.0f} dB(A)"
        console.out.print(
            f"{entry.folder.name}  {clock_text(found.seconds)}  {level}  {100 * found.share:.2g} %",
            markup=False, highlight=False,
        )  # fmt: skip
    console.out.print(
        f"{100 * share:.2g} % of a week's allowance (80 dB(A) for 40 hours), estimated.",
        markup=False, highlight=False,
    )  # fmt: skip
    if unknown:
        console.out.print(
            f"{unknown} sessions went to outputs that were not measured; they are not in it.",
            highlight=False,
        )
