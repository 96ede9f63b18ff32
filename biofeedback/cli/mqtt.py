"""The commands of a broker: mqtt setup, add, revoke, watch, order."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from biofeedback.cli import console

if TYPE_CHECKING:
    from rich.table import Table

    from biofeedback.cli.numbers import Numbers
    from biofeedback.mqtt.address import Login
    from biofeedback.mqtt.messages import EventMessage
    from biofeedback.mqtt.remote_control import MqttRemoteControl
    from biofeedback.mqtt.wearer import RemoteWearer

__all__ = ["register"]

_REDRAW_S = 0.5

Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The broker's folder.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="A pseudonym: small letters, digits.")]
Broker = Annotated[
    str, typer.Argument(metavar="LOGIN", help="A login file, or mqtts://HOST[:PORT].")
]


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    group = typer.Typer(
        help="Many wearers on several computers: a broker of your own.", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    for command in (setup, add, revoke, watch, order):
        group.command()(command)
    app.add_typer(group, name="mqtt")


def setup(
    folder: Folder,
    host: Annotated[
        str, typer.Option(metavar="NAME", help="Name or address under which others reach it.")
    ] = "localhost",
    port: Annotated[int, typer.Option(metavar="N", min=1, max=65535)] = 8883,
    lan: Annotated[
        bool, typer.Option("--lan", help="Let other computers in; else only this one.")
    ] = False,
    wearer: Annotated[
        list[str] | None, typer.Option("--wearer", metavar="NAME", help="May repeat.")
    ] = None,
    therapist: Annotated[
        list[str] | None, typer.Option("--therapist", metavar="NAME", help="Sees and steers.")
    ] = None,
    observer: Annotated[
        list[str] | None, typer.Option("--observer", metavar="NAME", help="Only sees.")
    ] = None,
) -> None:
    """Make a folder with all that a mosquitto broker needs.

    No broker is needed for anything else here.
    """
    from biofeedback.mqtt import setup as broker

    conf = broker.create(folder, host, port, "" if lan else "127.0.0.1")
    everybody = {"wearer": wearer, "therapist": therapist, "observer": observer}
    for role, names in everybody.items():
        for name in names or []:
            broker.add(folder, name, role)  # type: ignore[arg-type]
    logins = folder / "logins"
    console.out.print(
        f"The broker's folder is {console.escape(str(folder))}. Next:\n"
        f"1. Start the broker, as the user who made these files: mosquitto -c {conf}\n"
        f"2. Add people: biofeedback mqtt add {folder} robin (or --role therapist, observer)\n"
        f"3. Take each one's file from {logins} to their computer, and leave it nowhere else.\n"
        f"4. There: biofeedback run --mqtt robin.toml\n"
        f"5. A desk: biofeedback serve --mqtt ann.toml, or biofeedback mqtt watch ann.toml",
        highlight=False,
    )


def add(
    folder: Folder,
    name: Name,
    role: Annotated[
        str, typer.Option(metavar="ROLE", help="wearer, therapist or observer.")
    ] = "wearer",
) -> None:
    """Add a user to a broker, or give a known one a new password."""
    from biofeedback.common.errors import ConfigError
    from biofeedback.mqtt import setup as broker

    if role not in ("wearer", "therapist", "observer"):
        raise ConfigError(f"there is no role {role!r}", hint="wearer, therapist or observer.")
    login = broker.add(folder, name, role)  # type: ignore[arg-type]
    console.out.print(f"The login of {name}: {console.escape(str(login))}", highlight=False)
    _reread(folder)


def revoke(folder: Folder, name: Name) -> None:
    """Take a user's rights away."""
    from biofeedback.mqtt import setup as broker

    broker.revoke(folder, name)
    console.out.print(f"{name} may no longer come in.", highlight=False)
    _reread(folder)


def _reread(folder: Path) -> None:
    pid = folder / "data" / "mosquitto.pid"
    console.out.print(
        f"A broker that runs must read its files again: kill -HUP $(cat {pid})", highlight=False
    )


def watch(
    broker: Broker,
    json: Annotated[
        bool, typer.Option("--json", help="Each event and change as a line, for programs.")
    ] = False,
    duration: Annotated[
        float | None, typer.Option(metavar="S", min=0.1, help="Stop after this many seconds.")
    ] = None,
) -> None:
    """Watch every wearer of a broker at a glance."""
    import asyncio

    from biofeedback.common.clock import run_live
    from biofeedback.mqtt.address import load

    login = load(broker)

    async def watching() -> None:
        try:
            async with asyncio.timeout(duration):
                await (_lines(login) if json else _table(login))
        except TimeoutError:
            pass

    run_live(watching)


def order(
    broker: Broker,
    wearer: Annotated[str, typer.Argument(metavar="WEARER")],
    what: Annotated[
        str, typer.Argument(metavar="WHAT", help="hold, resume, stop, override, note, marker, ...")
    ],
    value: Annotated[
        str,
        typer.Argument(
            metavar="VALUE",
            help="resume takes hold, to end a hold alone; without it a stop rule's stop ends too",
        ),
    ] = "",
) -> None:
    """Give one wearer's session an order, and wait for the answer."""
    import asyncio
    from contextlib import suppress

    from biofeedback.common.clock import run_live
    from biofeedback.common.errors import ConfigError
    from biofeedback.common.tasks import beside
    from biofeedback.mqtt.address import load
    from biofeedback.mqtt.remote_control import MqttRemoteControl

    login = load(broker)

    async def ordering() -> None:
        there = asyncio.Event()
        clock = asyncio.get_running_loop().time

        def changed(known: RemoteWearer) -> None:
            if known.name == wearer and known.here:
                there.set()

        desk = MqttRemoteControl(login, clock, changed)
        async with beside(desk.run()):
            with suppress(TimeoutError):
                await asyncio.wait_for(there.wait(), 5.0)
            if desk.trouble:
                raise ConfigError(desk.trouble)
            await desk.order(wearer, "", what, value)

    run_live(ordering)
    console.out.print(f"{wearer}: {what} {value}".rstrip() + ": done.", highlight=False)


async def _lines(login: Login) -> None:
    import asyncio
    import sys

    from biofeedback.common.clock import utc_now
    from biofeedback.mqtt.remote_control import MqttRemoteControl

    def write(line: dict[str, object]) -> None:
        console.as_json({"utc_ms": utc_now().timestamp() * 1000.0} | line)
        sys.stdout.flush()

    def changed(wearer: RemoteWearer) -> None:
        inbox = wearer.inbox
        line = {"wearer": wearer.name, "state": wearer.state, "session": wearer.session}
        numbers = {"received": inbox.received, "missing": inbox.missing, "gone": inbox.gone}
        write({"kind": "wearer", **line, **numbers, "trouble": desk.trouble})

    def happened(wearer: RemoteWearer, event: EventMessage) -> None:
        import json

        line = {"wearer": wearer.name, "session": event.session, "made_ms": event.utc_ms}
        write({"kind": "event", **line, "line": json.loads(bytes(event.line))})

    desk = MqttRemoteControl(login, asyncio.get_running_loop().time, changed, happened)
    await desk.run()


async def _table(login: Login) -> None:
    import asyncio

    from rich.live import Live

    from biofeedback.common.tasks import beside
    from biofeedback.mqtt.remote_control import MqttRemoteControl

    clock = asyncio.get_running_loop().time
    desk = MqttRemoteControl(login, clock, lambda wearer: None)
    async with beside(desk.run()) as running:
        with Live(_wearers_table(desk, clock()), console=console.out, auto_refresh=False) as live:
            while not running.done():
                await asyncio.sleep(_REDRAW_S)
                live.update(_wearers_table(desk, clock()), refresh=True)


def _wearers_table(desk: MqttRemoteControl, now_s: float) -> Table:
    """Return all wearers as they are known at `now_s`, whoever needs a look first."""
    from rich.table import Table

    from biofeedback.cli.numbers import Numbers

    table = Table(title=desk.trouble or f"{len(desk.wearers)} wearers", title_justify="left")
    for name in ("wearer", "link", "signal", "heart", "arousal", "music", "why", "events"):
        table.add_column(name, no_wrap=name != "why")
    known = [
        (wearer, Numbers(wearer.picture, max(0.0, now_s - (wearer.seen_s or now_s))))
        for wearer in desk.wearers.values()
    ]
    for wearer, numbers in sorted(known, key=lambda one: (not _needs_a_look(*one), one[0].name)):
        picture, inbox = wearer.picture, wearer.inbox
        coming = inbox.missing if wearer.here else 0
        holes = [f"{coming} under way"] if coming else []
        holes += [f"{wearer.missing} missing"] if wearer.missing else []
        name = wearer.name + (" (simulated)" if wearer.simulated else "")
        table.add_row(
            name,
            wearer.state,
            numbers.signal(),
            numbers.metric("heart_rate", "", "", ".0f"),
            numbers.arousal_words(),
            numbers.music(),
            "" if numbers.is_wordless else picture.why,
            ", ".join([f"{inbox.received}", *holes]),
            style="bold red" if _needs_a_look(wearer, numbers) else "",
        )
    return table


def _needs_a_look(wearer: RemoteWearer, numbers: Numbers) -> bool:
    if wearer.state != "online":
        return wearer.state == "lost"
    bad = wearer.picture.signal in ("lost", "part_lost", "silent", "no_contact")
    return bad or wearer.picture.stopped or numbers.is_wordless
