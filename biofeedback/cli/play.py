"""Commands that make music: demo, run, replay."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli.options import (
    Columns,
    CommonOptions,
    Rate,
    Sessions,
    Style,
    config_of,
    file_or_session,
    with_common,
)  # fmt: skip

if TYPE_CHECKING:
    from biofeedback.app.registry import SensorOptions

__all__ = ["register", "run"]

Sensors = Annotated[
    list[str] | None,
    typer.Option(
        "--sensor",
        "-s",
        metavar="URI",
        help="ble:NAME, lsl:NAME, osc:PORT, e4:HOST:PORT, sim:, file:PATH, capture:PATH{sensor}. A "
        "Polar strap sends more with ble:NAME?streams=ecg,acc. May repeat.",
    ),
]
Wearers = Annotated[
    list[str] | None,
    typer.Option(
        "--wearer", "-w", metavar="NAME=URI",
        help="One sensor of one wearer of a group, instead of --sensor. May repeat.",
    ),
]  # fmt: skip
Group = Annotated[
    str,
    typer.Option(
        metavar="RULE", help="One music from several wearers: mean, leader:NAME or synchrony."
    ),
]
Controls = Annotated[
    list[str] | None,
    typer.Option(
        "--control", metavar="URI",
        help="Steer with midi:PORT, as learned by midi-learn, or osc:[HOST:]PORT; mark with "
        "lsl:NAME. May repeat.",
    ),
]  # fmt: skip
Clock = Annotated[
    str, typer.Option("--clock", metavar="URI", help="Follow the MIDI clock of midi:PORT.")
]
Lsl = Annotated[
    str,
    typer.Option(
        "--lsl", metavar="NAME",
        help="Send signals, metrics, music and markers as LSL streams of this name.",
    ),
]  # fmt: skip
Mqtt = Annotated[
    str,
    typer.Option(
        metavar="LOGIN",
        help="Let desks elsewhere watch and steer: a login file, or mqtts://HOST[:PORT].",
    ),
]
Ask = Annotated[
    float | None,
    typer.Option(
        metavar="MINUTES", min=0.0, max=1440.0,
        help="Ask how you feel, before, after and every so often; 0 leaves out the latter.",
    ),
]  # fmt: skip
Wait = Annotated[
    float, typer.Option(metavar="S", min=0.0, help="How long to look for a sensor at the start.")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(demo)
    app.command()(run)
    app.command()(replay)


def demo(
    minutes: Annotated[
        float, typer.Option(metavar="M", min=0.25, max=120.0, help="Length in minutes.")
    ] = 3.0,
    seed: Annotated[
        int, typer.Option(metavar="N", min=0, help="Another listener, and other music.")
    ] = 1,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for it.")] = Path("demo-session"),
    style: Style = None,
    listen: Annotated[
        bool, typer.Option("--listen", help="Play it live instead of faster than real time.")
    ] = False,
) -> None:
    """Lead a virtual listener: no hardware, faster than real time.

    A simulated body hears the music and responds. It shows the loop at work, not a benefit.
    """
    from biofeedback.app.plan import SessionPlan
    from biofeedback.cli import console, show
    from biofeedback.simulation.listener import resting_baseline
    from synth.outputs.engines import SOUND_HINT, can_sound

    config = config_of("demo", None, None, style)
    silent = not (listen or can_sound())
    plan = SessionPlan(
        config=config,
        sensors=("sim:listener",),
        outputs=("audio:",) if listen else () if silent else ("wav:",),
        out=out,
        seed=seed,
        duration_s=60.0 * minutes,
        baseline=resting_baseline(seed),
        options=_options(seed),
    )
    show.perform(plan, "A virtual listener hears the music and responds")
    if silent:
        console.paragraph(f"No sound file: {SOUND_HINT} Until then play session.mid.")


@with_common
def run(
    common: CommonOptions,
    sensor: Sensors = None,
    wearer: Wearers = None,
    group: Group = "",
    wait: Wait = 30.0,
    control: Controls = None,
    clock: Clock = "",
    lsl: Lsl = "",
    mqtt: Mqtt = "",
    ask: Ask = None,
    realtime: Annotated[
        bool, typer.Option("--realtime/--fast", help="For simulated sensors: wait, or hurry.")
    ] = True,
    remember: Annotated[
        bool,
        typer.Option("--remember", help="Use these sensors and outputs next time, once they work."),
    ] = False,
    adapt: Annotated[
        bool,
        typer.Option(
            "--adapt/--no-adapt",
            help="With --profile and without --style or --programme: choose by what worked.",
        ),
    ] = True,
) -> None:
    """Play music that follows your body, live.

    Without options your last set-up is used, else the only strap there and the default audio
    device.
    """
    from biofeedback.app.plan import draw_seed
    from biofeedback.cli import consent, groups, guide, show

    login = None
    if mqtt:
        from biofeedback.mqtt import address, link

        login = address.load(mqtt)
        login.needs("wearer")
        link.check_library()
    output = common.output
    together = groups.parse(wearer, group, sensor, common.profile)
    sensors = list(together.sensors) if together else sensor
    chosen = guide.setup(sensors, output if output or realtime else ["null:"])
    for uris, profile in together.each if together else [(chosen.sensors, common.profile)]:
        consent.ask_once(uris, profile)
    plan = common.plan(
        chosen.sensors,
        chosen.outputs,
        _options(draw_seed() if common.seed is None else common.seed, wait),
        realtime=realtime,
        controls=tuple(control or ()),
        clock=clock,
        lsl=lsl,
        mqtt=login,
        ask_every_s=None if ask is None else 60.0 * ask,
        wearers=together.wearers if together else (),
        group=together.settings if together else None,
    )
    if adapt and common.profile and common.leaves_open:
        from biofeedback.app.recommend import tailored
        from biofeedback.cli import console
        from biofeedback.common.clock import utc_now

        plan = tailored(plan, utc_now(), simulated=_simulated(chosen.sensors))
        if plan.chosen is not None:
            text = f"For {common.profile}: {plan.chosen.why}"
            console.out.print(text, markup=False, highlight=False)
    show.perform(plan, "The session runs", partial(guide.remember, chosen) if remember else None)


@with_common
def replay(
    source: Annotated[
        str, typer.Argument(help="E4 folder or zip, Polar HRM, RR text, CSV, EDF, XDF, session.")
    ],
    common: CommonOptions,
    columns: Columns = None,
    rate: Rate = None,
    group: Group = "",
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Wait as the body did, instead of hurrying.")
    ] = False,
    sessions: Sessions = None,
) -> None:
    """Play a recording as if it were live.

    As fast as it goes, unless --realtime is given or an output must sound. Each time the same
    notes: a session is replayed with its own seed, any other recording with 1.
    """
    from biofeedback.cli import groups, show
    from biofeedback.record.reader import is_session, read_header

    named = source.removeprefix("file:")
    path = file_or_session(named, sessions)
    header = read_header(path) if is_session(path) else None
    known = header.seed if header is not None else 1
    plan = common.plan(
        (f"file:{named if path == Path(named) else path}",),
        tuple(common.output or ()),
        _options(known if common.seed is None else common.seed, columns=columns, rate_hz=rate),
        realtime=realtime,
        group=groups.logged(header, group),
    )
    show.perform(plan, "Replaying the recording")


def _simulated(sensors: Sequence[str]) -> bool:
    return any(uri.startswith("sim:") for uri in sensors)


def _options(
    seed: int, wait_s: float = 30.0, columns: str | None = None, rate_hz: float | None = None
) -> SensorOptions:
    from biofeedback.app.registry import SensorOptions
    from biofeedback.cli.options import column_map

    mapping = column_map(columns) if columns else {}
    return SensorOptions(seed=seed, wait_s=wait_s, columns=mapping, rate_hz=rate_hz)
