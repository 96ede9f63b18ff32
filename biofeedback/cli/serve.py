"""The command that serves the pages: serve."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from biofeedback.cli import console, streams

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from biofeedback.mqtt.address import Login
    from biofeedback.web.api import Surroundings
    from biofeedback.web.app import ServedAt
    from biofeedback.web.links import WebLinks
    from biofeedback.web.requests import ChoiceItem
    from biofeedback.web.server import Certificate
    from biofeedback.web.stations import Stations

__all__ = ["register"]

_SCAN_S = 6.0


def register(app: typer.Typer) -> None:
    """Add the commands of this file."""
    app.command()(serve)


def serve(
    port: Annotated[
        int | None,
        typer.Option(
            metavar="N", min=0, max=65535, help="8484 unless given; 0 takes any that is free."
        ),
    ] = None,
    host: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Name or address that other devices will use."),
    ] = None,
    lan: Annotated[
        bool, typer.Option("--lan", help="Let other devices in, encrypted; else only this one.")
    ] = False,
    certificate: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Yours, in PEM; else one is made.")
    ] = None,
    key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The certificate's key, in PEM.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder for sessions; else your data folder.")
    ] = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="A pseudonym for whoever sits here.")
    ] = None,
    contacts: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Whom to turn to in a crisis, a TOML file.")
    ] = None,
    country: Annotated[
        str | None, typer.Option(metavar="CODE", help="Which country's contacts, such as de.")
    ] = None,
    loudest: Annotated[
        float,
        typer.Option(
            "--volume-cap", metavar="0..1", min=0.0, max=1.0, help="No page goes beyond it."
        ),
    ] = 1.0,
    mqtt: Annotated[
        str,
        typer.Option(
            metavar="LOGIN",
            help="Show wearers of a broker too: a login file, or mqtts://HOST[:PORT].",
        ),
    ] = "",
    open_page: Annotated[
        bool, typer.Option("--open/--no-open", help="Open the page in this computer's browser.")
    ] = True,
    duration: Annotated[
        float | None, typer.Option(metavar="S", min=0.1, help="Stop after this many seconds.")
    ] = None,
    link: Annotated[
        bool,
        typer.Option("--link", help="Only print a new link, for the server that runs or the next."),
    ] = False,
    whom: Annotated[
        str,
        typer.Option(
            "--for", metavar="WHO", help="With --link: listener, desk, or who was invited."
        ),
    ] = "listener",
    as_json: Annotated[
        bool, typer.Option("--json", help="With --link: print JSON for programs.")
    ] = False,
) -> None:
    """Serve the listener's page and the therapist's desk.

    Sound stays on this computer: the pages steer and show.
    """
    from biofeedback.cli.serve_link import PORT, make_link
    from biofeedback.common.clock import run_live

    if link:
        there = _place(lan, host, port or PORT).origins if lan or host else ()
        make_link(port, whom, as_json, there)
        return
    try:
        import starlette
        import uvicorn
    except ImportError as error:
        from biofeedback.common.errors import ConfigError

        raise ConfigError(
            f"the pages need more than is installed ({error.name})",
            hint='pip install "biofeedback[web]"',
        ) from error
    del starlette, uvicorn
    from biofeedback.personal import consent, profiles
    from biofeedback.storage.paths import sessions_folder
    from biofeedback.web.server import listening
    from biofeedback.web.stations import Stations

    if profile is not None:
        profiles.load(profile)  # a name that cannot be one is told now
    login = None
    if mqtt:
        from biofeedback.mqtt import address
        from biofeedback.mqtt import link as broker

        login = address.load(mqtt)
        login.needs("therapist", "observer")
        broker.check_library()
    lines = consent.contacts(contacts, country)
    files = _certificate(lan, host, certificate, key)

    def stations() -> Stations:
        return Stations(out or sessions_folder(), profile, loudest)

    where = "0.0.0.0" if lan else "127.0.0.1"
    bound_port = PORT if port is None else port
    with streams.unheard(), listening(where, bound_port) as bound:
        place = _place(lan, host, bound.getsockname()[1])
        run_live(lambda: _serving(place, bound, files, stations, lines, open_page, duration, login))


async def _serving(
    place: ServedAt,
    bound: object,
    files: Certificate | None,
    stations_of: Callable[[], Stations],
    lines: list[dict[str, str]],
    open_page: bool,
    duration_s: float | None,
    login: Login | None = None,
) -> None:
    import asyncio
    import socket
    import sys
    from contextlib import suppress

    from biofeedback.cli import serve_link
    from biofeedback.web import app, server
    from biofeedback.web.links import WebLinks
    from biofeedback.web.tokens import Tokens

    assert isinstance(bound, socket.socket)
    clock = asyncio.get_running_loop().time
    links = WebLinks(bound.getsockname()[1])
    stations, tokens = stations_of(), Tokens(clock, links.take)
    stations.changed_guests = lambda: _publish(links, place, stations.guests())
    stations.changed_guests()
    table = app.routes(stations, tokens, place, _around(), stations.out, lines)
    _, listener = tokens.invite("listener", "home", stations.home.id)
    _, therapist = tokens.invite("therapist", "desk")
    _say("Page of the listener:", place.entrance(listener))
    _say("Desk of a therapist: ", place.entrance(therapist))
    console.err.print(
        "Each link works once, within 15 minutes; another is had by: biofeedback serve --link\n"
        "Ctrl-C ends everything.",
        highlight=False,
    )
    if place.secure and sys.stderr.isatty():
        serve_link.show(place.entrance(listener), sys.stderr)
    if open_page:
        await asyncio.to_thread(_open, place.entrance(listener))
    if login is not None:
        stations.tasks.keep("The link to wearers elsewhere", _wearers(login, stations))
    try:
        with suppress(TimeoutError):
            async with asyncio.timeout(duration_s):
                guarded = app.application(table, tokens, place, clock)
                await server.run(guarded, bound, files, leaving=stations.shut)
    finally:
        await stations.close()
        _publish(links, place, {})  # who sat here is nobody's business afterwards


def _publish(links: WebLinks, place: ServedAt, stations: dict[str, str]) -> None:
    """Tell `serve --link` of this server; it plays as well where that can't be."""
    from biofeedback.common.errors import FolderError

    try:
        links.publish(place.origins, stations)
    except FolderError as error:
        console.err.print(f"Note: serve --link will not work: {error}", markup=False)


def _wearers(login: Login, stations: Stations) -> Callable[[], Coroutine[Any, Any, None]]:
    """Return the work that shows the wearers of a broker beside the stations of this computer.

    However often it is begun, the stations stay, and with them each STOP that has no answer yet.
    """
    import asyncio

    from biofeedback.mqtt.remote_control import MqttRemoteControl
    from biofeedback.mqtt.wearer import RemoteWearer
    from biofeedback.web.remote_station import RemoteStation

    def changed(wearer: RemoteWearer) -> None:
        station = remotes.setdefault(wearer.name, RemoteStation(wearer, desk, clock))
        station.trouble = desk.trouble
        stations.show(station)

    remotes: dict[str, RemoteStation] = {}
    clock = asyncio.get_running_loop().time
    desk = MqttRemoteControl(login, clock, changed)

    async def watching() -> None:
        try:
            await desk.run()
        except Exception:  # it is begun again, and said meanwhile where they are shown
            for station in remotes.values():
                station.trouble = "The link to the broker failed"
                stations.show(station)
            raise

    return watching


def _say(title: str, link: str) -> None:
    """Print a link whole and plain, for people and for programs to take."""
    import sys

    sys.stdout.write(f"{title} {link}\n")
    sys.stdout.flush()


def _open(link: str) -> None:
    import webbrowser

    webbrowser.open(link)


def _place(lan: bool, host: str | None, port: int) -> ServedAt:
    from biofeedback.web.app import ServedAt

    if not lan:
        return ServedAt(tuple(f"http://{name}:{port}" for name in ("localhost", "127.0.0.1")))
    from biofeedback.web.certificate import names_of_this_computer

    names = dict.fromkeys([*([host] if host else []), *names_of_this_computer()])
    return ServedAt(tuple(f"https://{name}:{port}" for name in names))


def _certificate(
    lan: bool, host: str | None, certificate: Path | None, key: Path | None
) -> Certificate | None:
    from biofeedback.common.errors import ConfigError
    from biofeedback.web.server import Certificate

    if not lan:
        if host or certificate or key:
            raise ConfigError(
                "--host, --certificate and --key are for other devices", hint="Add --lan."
            )
        return None
    if (certificate is None) != (key is None):
        raise ConfigError("a certificate and its key go together", hint="Give both or none.")
    if certificate is not None and key is not None:
        for path in (certificate, key):
            if not path.is_file():
                raise ConfigError(f"there is no file {path}", hint="Check the path.")
        return Certificate(certificate, key)
    from biofeedback.web.certificate import own

    made, fingerprint = own(host)
    console.err.print(
        f"The certificate is our own; its SHA-256 fingerprint:\n  {fingerprint}\n"
        "A browser warns once: compare the fingerprint, then go on.",
        highlight=False,
    )
    return made


def _around() -> Surroundings:
    from biofeedback.web.api import Surroundings

    return Surroundings(_sensors, _outputs)


async def _sensors() -> list[ChoiceItem]:
    from biofeedback.app.registry import device_profiles
    from biofeedback.cli.words import signal_words
    from biofeedback.web.requests import ChoiceItem
    from sensors.ble.bands import recognise
    from sensors.ble.device_query import uri_of
    from sensors.ble.radio import scan

    seen = await scan(_SCAN_S, recognise(device_profiles()))
    usable = [device for device in seen if device.kind != "other"]
    names = [device.name for device in usable]
    return [
        ChoiceItem(
            uri=uri_of(d),
            name=f"{d.name} ({d.address})" if names.count(d.name) > 1 and d.name else d.label,
            strength="in use" if d.in_use else signal_words(d.rssi_dbm),
        )
        for d in usable
    ]


async def _outputs() -> list[ChoiceItem]:
    import asyncio
    from contextlib import suppress

    from biofeedback.cli import probe
    from biofeedback.web.requests import ChoiceItem
    from sensors.printable import printable
    from synth.errors import SynthError

    found: list[ChoiceItem] = []
    for kind, ask in (("audio", probe.audio_devices), ("midi", probe.midi_ports)):
        with suppress(SynthError):  # what cannot be asked for is not offered
            found += [
                ChoiceItem(f"{kind}:{name}", printable(name))
                for name in await asyncio.to_thread(ask)
            ]
    return found
