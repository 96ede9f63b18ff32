"""Commands that make music: demo, run, replay."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from biofeedback.config import Config
    from biofeedback.plugins import SensorOptions

__all__ = ["register"]

Sensors = Annotated[
    list[str] | None,
    typer.Option(
        "--sensor",
        "-s",
        metavar="URI",
        help="ble:NAME, lsl:NAME, osc:PORT, e4:HOST:PORT, sim:, file:PATH. A Polar strap sends "
        "more with ble:NAME?streams=ecg,acc. May repeat.",
    ),
]
Outputs = Annotated[
    list[str] | None,
    typer.Option(
        "--output", "-o", metavar="URI",
        help="audio:[DEVICE], soundfont:PATH, midi:PORT, midi-virtual:NAME, midi-jack:NAME, "
        "osc:[HOST:]PORT, mid:PATH, wav:[PATH], null:. May repeat.",
    ),
]  # fmt: skip
Programme = Annotated[
    str | None,
    typer.Option(
        metavar="NAME", help="settle, breathing, mirror, control, or the path of a TOML file."
    ),
]
Style = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="ambient, piano, pulse, chamber, lofi or drone_breath."),
]
Rest = Annotated[
    bool, typer.Option("--rest-anew", help="Learn the profile's resting values again.")
]
Duration = Annotated[
    float | None,
    typer.Option(
        metavar="S", min=1.0, max=7 * 86400.0, help="Stop after this many seconds of samples."
    ),
]
Seed = Annotated[
    int, typer.Option(metavar="N", help="The same seed and recording give the same music.")
]
Out = Annotated[
    Path | None, typer.Option(metavar="DIR", help="Folder for sessions; else your data folder.")
]
Profile = Annotated[
    str | None,
    typer.Option(metavar="NAME", help="A pseudonym under which your resting values are kept."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="A TOML file with settings.")
]
Set = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="One setting, such as control.lead.target=0.1"),
]
MidiMap = Annotated[
    str,
    typer.Option(
        "--midi-map", metavar="NAME",
        help="Channels, programs and controllers: general-midi, multitimbral, single-channel, "
        "or the path of a TOML file.",
    ),
]  # fmt: skip
Controls = Annotated[
    list[str] | None,
    typer.Option(
        "--control", metavar="URI",
        help="Steer with midi:PORT, as learned by midi-learn, or osc:[HOST:]PORT. May repeat.",
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
Wait = Annotated[
    float, typer.Option(metavar="S", min=0.0, help="How long to look for a sensor at the start.")
]
Volume = Annotated[
    float, typer.Option(metavar="0..1", min=0.0, max=1.0, help="Volume of live sound, 0 to 1.")
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
    seed: Seed = 1,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for it.")] = Path("demo-session"),
    style: Style = None,
    listen: Annotated[
        bool, typer.Option("--listen", help="Play it live instead of faster than real time.")
    ] = False,
) -> None:
    """Lead a virtual listener: no hardware, faster than real time.

    A simulated body hears the music and responds. It shows the loop at work, not a benefit.
    """
    from biofeedback.cli import show
    from biofeedback.launch import Plan
    from biofeedback.simulation.rest import resting_baseline

    config = _config("demo", None, None, style)
    plan = Plan(
        config=config,
        sensors=("sim:listener",),
        outputs=("audio:",) if listen else ("wav:",),
        out=out,
        seed=seed,
        duration_s=60.0 * minutes,
        baseline=resting_baseline(seed),
        options=_options(seed),
    )
    show.perform(plan, "A virtual listener hears the music and responds")


def run(
    sensor: Sensors = None,
    output: Outputs = None,
    programme: Programme = None,
    style: Style = None,
    duration: Duration = None,
    seed: Seed = 1,
    out: Out = None,
    profile: Profile = None,
    rest_anew: Rest = False,
    config: ConfigFile = None,
    settings: Set = None,
    wait: Wait = 30.0,
    volume: Volume = 0.7,
    midi_map: MidiMap = "",
    control: Controls = None,
    clock: Clock = "",
    lsl: Lsl = "",
    realtime: Annotated[
        bool, typer.Option("--realtime/--fast", help="For simulated sensors: wait, or hurry.")
    ] = True,
) -> None:
    """Play music that follows your body, live.

    Without options your last set-up is used, else the only strap there and the default audio
    device.
    """
    from biofeedback.cli import consent, guide, show
    from biofeedback.launch import Plan
    from biofeedback.personal.folders import sessions_folder

    chosen = guide.setup(sensor, output if output or realtime else ["null:"])
    consent.ask_once(chosen.sensors, profile)
    plan = Plan(
        config=_config(programme, config, settings, style),
        sensors=chosen.sensors,
        outputs=chosen.outputs,
        out=out or sessions_folder(),
        seed=seed,
        duration_s=duration,
        profile=profile,
        rest_anew=rest_anew,
        realtime=realtime,
        volume=volume,
        midi_map=midi_map,
        controls=tuple(control or ()),
        clock=clock,
        lsl=lsl,
        options=_options(seed, wait),
    )
    show.perform(plan, "The session runs")


def replay(
    source: Annotated[
        str, typer.Argument(help="E4 folder or zip, Polar HRM, RR text, CSV, EDF, XDF, session.")
    ],
    output: Outputs = None,
    programme: Programme = None,
    style: Style = None,
    duration: Duration = None,
    seed: Seed = 1,
    out: Out = None,
    profile: Profile = None,
    rest_anew: Rest = False,
    config: ConfigFile = None,
    settings: Set = None,
    columns: Annotated[
        str | None,
        typer.Option(metavar="MAP", help="Columns of a CSV, such as time=t,rr=RR_ms,eda=EDA"),
    ] = None,
    rate: Annotated[
        float | None, typer.Option(metavar="HZ", help="Rate of a CSV without a time column.")
    ] = None,
    realtime: Annotated[
        bool, typer.Option("--realtime", help="Wait as the body did, instead of hurrying.")
    ] = False,
    volume: Volume = 0.7,
    midi_map: MidiMap = "",
) -> None:
    """Play a recording as if it were live.

    As fast as it goes, unless --realtime is given or an output must sound.
    """
    from biofeedback.cli import show
    from biofeedback.launch import Plan
    from biofeedback.personal.folders import sessions_folder

    plan = Plan(
        config=_config(programme, config, settings, style),
        sensors=(f"file:{source.removeprefix('file:')}",),
        outputs=tuple(output or ()),
        out=out or sessions_folder(),
        seed=seed,
        duration_s=duration,
        profile=profile,
        rest_anew=rest_anew,
        realtime=realtime,
        volume=volume,
        midi_map=midi_map,
        options=_options(seed, columns=columns, rate_hz=rate),
    )
    show.perform(plan, f"Replaying {Path(source).name}")


def _config(
    programme: str | None, file: Path | None, settings: list[str] | None, style: str | None
) -> Config:
    from biofeedback.config import load

    tables = {"music": {"style": style}} if style else {}
    return load(programme, file, settings or [], tables)


def _options(
    seed: int, wait_s: float = 30.0, columns: str | None = None, rate_hz: float | None = None
) -> SensorOptions:
    from biofeedback.cli.columns import column_map
    from biofeedback.plugins import SensorOptions

    mapping = column_map(columns) if columns else {}
    return SensorOptions(seed=seed, wait_s=wait_s, columns=mapping, rate_hz=rate_hz)
