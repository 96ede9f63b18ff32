"""What pages ask for while they are open, as JSON: choices, sessions, consent, invitations."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.app import person
from biofeedback.common.clock import utc_now
from biofeedback.common.errors import ConfigError, LogError
from biofeedback.config.loader import loaded_programmes
from biofeedback.config.styles import style_titles
from biofeedback.personal import consent, trail
from biofeedback.storage import encryption
from biofeedback.views import permissions
from biofeedback.views.permissions import Role
from biofeedback.web import records, templates
from biofeedback.web.middleware import STOP
from biofeedback.web.receipts import Receipts
from biofeedback.web.remote_station import RemoteStation
from biofeedback.web.requests import (
    LONGEST_ID,
    ChoiceItem,
    InvitationRequest,
    PageCommand,
    SafetyAnswers,
    StartRequest,
)
from biofeedback.web.routes import ANYBODY, LISTENER, STEERS, answer, body, grant_of, route
from biofeedback.web.station import Station
from biofeedback.web.stations import Stations
from biofeedback.web.tokens import Grant, Invitation, Tokens

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

__all__ = ["Api", "Surroundings"]


@dataclass(frozen=True, slots=True)
class Surroundings:
    """How the server looks around this computer: sensors within reach, and where sound can go.

    Both raise our errors, with hints, where this computer cannot look.
    """

    sensors: Callable[[], Awaitable[list[ChoiceItem]]]
    outputs: Callable[[], Awaitable[list[ChoiceItem]]]


_MOST_LOOKS = 200  #: that a page shows
#: Whom each role may invite; nobody gives more than they have.
_MAY_INVITE: dict[Role, set[Role]] = {
    "listener": {"therapist", "observer"},
    "therapist": {"listener", "therapist", "observer"},
}


class Api:
    """Answers for the stations of a studio; `entrance` turns a link's secret into its address."""

    def __init__(
        self,
        stations: Stations,
        tokens: Tokens,
        around: Surroundings,
        out: Path,
        contacts: list[dict[str, str]],
        entrance: Callable[[str], str],
    ) -> None:
        self._stations = stations
        self._tokens = tokens
        self._around = around
        self._out = out
        self._contacts = contacts
        self._entrance = entrance
        self._receipts = Receipts()

    def routes(self) -> list[Route]:
        """Return all routes of this file."""
        station, post = "/api/stations/{station}", ("POST",)
        session = f"{station}/sessions/{{session}}"
        return [
            route("/api/choices", self._choices, roles=LISTENER),
            route("/api/outputs", self._outputs, roles=LISTENER),
            route("/api/scan", self._scan, methods=post, roles=LISTENER),
            route(f"{station}/start", self._start, methods=post, roles=LISTENER),
            route(f"{station}/command", self._command, methods=post, roles=STEERS),
            route(f"{station}{STOP}", self._silence, methods=post, roles=STEERS),
            route(f"{station}/sessions", self._sessions, roles=STEERS),
            route(f"{session}/delete", self._delete, methods=post, roles=LISTENER),
            route(f"{session}/{{file}}", self._file, roles=STEERS),
            route(f"{station}/access", self._access, roles=LISTENER),
            route(f"{station}/export", self._export, roles=LISTENER),
            route(f"{station}/forget", self._forget, methods=post, roles=LISTENER),
            route(f"{station}/consent", self._consent, roles=LISTENER),
            route(f"{station}/consent", self._give, methods=post, roles=LISTENER),
            route(f"{station}/consent/withdraw", self._withdraw, methods=post, roles=LISTENER),
            route(f"{station}/remove", self._remove, methods=post, roles=frozenset({"therapist"})),
            route("/api/contacts", self._whom_to_turn_to, roles=ANYBODY),
            route("/api/invitations", self._invitations, roles=STEERS),
            route("/api/invitations", self._invite, methods=post, roles=STEERS),
            route("/api/invitations/{id}/again", self._again, methods=post, roles=STEERS),
            route("/api/invitations/{id}/revoke", self._revoke, methods=post, roles=STEERS),
        ]

    def _station(self, request: Request) -> Station:
        if station := self._stations.by_id.get(request.path_params["station"]):
            return station
        raise LogError("there is no such station", hint="It may have been removed.")

    def _remote(self, request: Request) -> RemoteStation | None:
        return self._stations.remotes.get(request.path_params["station"])

    async def _choices(self, request: Request) -> Response:
        styles = style_titles(templates.tongue(request.headers, request.cookies))
        titles = {name: one.title or name for name, one in loaded_programmes().items()}
        mine = self._stations.by_id.get(grant_of(request).station or "")
        learns = mine is not None and mine.profile is not None
        return answer({"programmes": titles, "styles": styles, "learns": learns})

    async def _outputs(self, request: Request) -> Response:
        return answer(await self._around.outputs())

    async def _scan(self, request: Request) -> Response:
        return answer(await self._around.sensors())

    async def _start(self, request: Request) -> Response:
        station = self._station(request)
        since = station.stops  # a STOP from now on holds, however long the next lines take
        choice = await body(request, StartRequest)
        if not choice.simulated:
            given = await asyncio.to_thread(consent.load, station.profile)
            if given is None or not given.holds:
                raise ConfigError(
                    "some questions come before the first session", hint="Answer them on this page."
                )
        if station.stops != since:
            return answer({"began": False})
        return answer({"began": await station.start(choice, choice.since)})

    async def _command(self, request: Request) -> Response:
        grant, wish = grant_of(request), await body(request, PageCommand)
        remote = self._remote(request)

        async def act() -> dict[str, object]:
            if remote is not None:
                await remote.command(grant, wish.what, wish.value, wish.age_s)
                return {}
            what, value = permissions.checked(grant.role, wish.what, wish.value)
            station = self._station(request)
            station.command(grant.who, what, value, age_s=wish.age_s, run=wish.run)
            return {}

        return answer(await self._receipts.once(grant.id, wish.id, act))

    async def _silence(self, request: Request) -> Response:
        """Stop at once; one that is sent again has the same `?id=`, and acts once.

        No body is waited for. `stopped` False: it is passed on, and not known to be carried out.
        """
        grant, order = grant_of(request), request.query_params.get("id", "")[:LONGEST_ID]
        if remote := self._remote(request):
            stopped = await remote.silence(grant, order)
            self._stations.show(remote)
            return answer({"stopped": stopped})
        station = self._station(request)

        async def act() -> dict[str, object]:
            was = station.silence(grant.who)
            return {"stopped": True, "was": was, "stops": station.stops}

        return answer(await self._receipts.once(grant.id, order, act))

    async def _looked(self, request: Request, what: str, session: str = "") -> None:
        """Write down that somebody else looks at what is a listener's; nothing is shown without."""
        grant = grant_of(request)
        if grant.role != "listener":
            person = self._station(request).profile
            await asyncio.to_thread(
                trail.note_look, person, grant.name, grant.role, what, utc_now(), session
            )

    async def _access(self, request: Request) -> Response:
        looks = await asyncio.to_thread(trail.looks, self._station(request).profile)
        return answer(looks[: -_MOST_LOOKS - 1 : -1])

    async def _sessions(self, request: Request) -> Response:
        await self._looked(request, "sessions")
        profile = self._station(request).profile
        return answer(await asyncio.to_thread(records.past, self._out, profile))

    async def _file(self, request: Request) -> Response:
        from starlette.responses import FileResponse, Response

        path, media_type = await asyncio.to_thread(
            records.file_of, self._out, self._station(request).profile,
            request.path_params["session"], request.path_params["file"],
        )  # fmt: skip
        await self._looked(request, request.path_params["file"], request.path_params["session"])
        headers = {}
        page = media_type.startswith("text/html")
        if page:  # it brings its own style, and nothing that runs
            headers["content-security-policy"] = (
                "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox; "
                "frame-ancestors 'none'"
            )
        name = request.path_params["file"]
        given = None if page else f"{path.parent.name}{Path(name).suffix}"
        if path.suffix != encryption.SUFFIX:
            return FileResponse(path, media_type=media_type, filename=given, headers=headers)
        if given:
            headers["content-disposition"] = f'attachment; filename="{given}"'
        opened = await asyncio.to_thread(encryption.read, path)
        return Response(opened, media_type=media_type, headers=headers)

    async def _delete(self, request: Request) -> Response:
        station, session = self._station(request), request.path_params["session"]
        _refuse_while_busy(station)
        await asyncio.to_thread(records.delete, self._out, station.profile, session)
        station.forget_last(session)
        return answer({})

    async def _export(self, request: Request) -> Response:
        from starlette.background import BackgroundTask
        from starlette.responses import FileResponse

        station = self._station(request)
        path = await asyncio.to_thread(records.export, self._out, station.profile)
        gone = BackgroundTask(path.unlink, missing_ok=True)
        name = f"biofeedback-{station.profile or 'sessions'}.zip"
        return FileResponse(path, media_type="application/zip", filename=name, background=gone)

    async def _forget(self, request: Request) -> Response:
        station = self._station(request)
        _refuse_while_busy(station)
        count = await asyncio.to_thread(records.forget, self._out, station.profile)
        station.forget_last()
        self._stations.rename(station, "")
        return answer({"sessions": count})

    async def _consent(self, request: Request) -> Response:
        given = await asyncio.to_thread(consent.load, self._station(request).profile)
        holds = given is not None and given.holds
        return answer({"questions": consent.QUESTIONS, "holds": holds, "given": given})

    async def _give(self, request: Request) -> Response:
        station, answers = self._station(request), await body(request, SafetyAnswers)
        given = await asyncio.to_thread(
            partial(
                consent.give, station.profile, answers.yes, answers.advised, utc_now(),
                minor=answers.minor, guardian=answers.guardian, assent=answers.assent,
            )
        )  # fmt: skip
        return answer(given)

    async def _withdraw(self, request: Request) -> Response:
        station = self._station(request)
        station.silence(grant_of(request).who)
        withdrawn = await asyncio.to_thread(person.withdraw, station.profile, utc_now())
        station.silence(grant_of(request).who)  # whatever began while it was written down
        return answer(withdrawn)

    async def _remove(self, request: Request) -> Response:
        if remote := self._remote(request):
            self._stations.forget(remote.id)
            return answer({})
        station = self._station(request)
        if station is self._stations.home or grant_of(request).station is not None:
            raise ConfigError(
                "this station stays", hint="A therapist of the room can remove others."
            )
        await self._stations.remove(station.id)
        self._tokens.revoke_station(station.id)
        return answer({})

    async def _whom_to_turn_to(self, request: Request) -> Response:
        return answer(self._contacts)

    async def _invitations(self, request: Request) -> Response:
        grant = grant_of(request)
        return answer([self._shown(i, grant) for i in self._tokens.invitations(grant)])

    async def _invite(self, request: Request) -> Response:
        grant, guest = grant_of(request), await body(request, InvitationRequest)
        if guest.role not in _MAY_INVITE.get(grant.role, set()):
            raise ConfigError(f"a {grant.role} cannot invite a {guest.role}")
        station = grant.station
        if guest.role == "listener":
            if station is not None:
                raise ConfigError("a new station needs the right to all stations")
            station = self._stations.add(guest.name).id
        invitation, secret = self._tokens.invite(
            guest.role, guest.name, station, by=grant.id,
            link_s=60.0 * guest.link_minutes, stay_s=3600.0 * guest.stay_hours,
        )  # fmt: skip
        return answer(self._shown(invitation, grant) | {"link": self._entrance(secret)})

    async def _again(self, request: Request) -> Response:
        """Make a new link for somebody who was invited, to the place that they had."""
        grant, wanted = grant_of(request), request.path_params["id"]
        mine = {i.id: i for i in self._tokens.invitations(grant) if _may_renew(grant, i)}
        secret = self._tokens.again(wanted, link_s=3600.0) if wanted in mine else None
        if secret is None:
            raise ConfigError("there is no such invitation")
        return answer(self._shown(mine[wanted], grant) | {"link": self._entrance(secret)})

    async def _revoke(self, request: Request) -> Response:
        wanted = request.path_params["id"]
        if wanted not in {i.id for i in self._tokens.invitations(grant_of(request))}:
            raise ConfigError("there is no such invitation")
        self._tokens.revoke(wanted)
        return answer({})

    def _shown(self, invitation: Invitation, to: Grant) -> dict[str, object]:
        return {
            "id": invitation.id,
            "role": invitation.role,
            "name": invitation.name,
            "station": invitation.station,
            "stage": self._tokens.stage(invitation),
            "revoked": invitation.revoked,
            "again": _may_renew(to, invitation),
        }


def _may_renew(grant: Grant, invitation: Invitation) -> bool:
    """Return whether they may have a new link to that place: one that they could have made.

    What whoever started the server gave is theirs to give again.
    """
    if invitation.by == grant.id:
        return True
    colleague = grant.station is None and invitation.by != ""
    return colleague and invitation.role in _MAY_INVITE.get(grant.role, set())


def _refuse_while_busy(station: Station) -> None:
    if station.stage != "idle":
        raise ConfigError("a session runs now", hint="Stop it first.")
