"""The socket: pictures go out, nothing that comes in is listened to."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from biofeedback.common.clock import utc_now
from biofeedback.common.tasks import beside, logged
from biofeedback.personal.trail import note_look
from biofeedback.web.stations import Stations, Viewer
from biofeedback.web.tokens import Tokens

if TYPE_CHECKING:
    from starlette.websockets import WebSocket

__all__ = ["serve"]

#: How often a quiet socket looks whether its grant still holds, and says that it is there.
_ALIVE_S = 1.0
_MOST_VIEWERS = 700  #: a hundred listeners with six pages each, and desks; the rest is for requests
_NO_LONGER_ALLOWED, _TOO_MANY = 4401, 4429


async def serve(socket: WebSocket, stations: Stations, tokens: Tokens) -> None:
    """Send pictures until the page leaves or its grant ends."""
    from starlette.websockets import WebSocketDisconnect

    grant = socket.state.grant
    await socket.accept()
    if stations.viewer_count >= _MOST_VIEWERS:
        await socket.close(_TOO_MANY)
        return
    viewer = stations.watch(grant)
    try:
        async with beside(_left(socket)) as leaving:
            while not leaving.done():
                if not tokens.holds(grant):
                    await socket.close(_NO_LONGER_ALLOWED)
                    return
                await _send(socket, viewer)
                for person in viewer.looks():
                    with logged("who looked is not written down"):
                        await asyncio.to_thread(
                            note_look, person, grant.name, grant.role, "live", utc_now()
                        )
    except WebSocketDisconnect:
        pass
    finally:
        stations.unwatch(viewer)


async def _send(socket: WebSocket, viewer: Viewer) -> None:
    messages = await viewer.take(_ALIVE_S)
    for message in messages or [b"{}"]:
        await socket.send_text(message.decode())


async def _left(socket: WebSocket) -> None:
    """Return when the page is gone, or talks: it has no reason to."""
    from starlette.websockets import WebSocketDisconnect

    with suppress(WebSocketDisconnect, RuntimeError, KeyError):
        await socket.receive_text()
