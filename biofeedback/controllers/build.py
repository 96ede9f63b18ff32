"""From what a user writes to surfaces, opened before a session and closed after it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from biofeedback.common.errors import ConfigError
from biofeedback.common.tasks import closed
from biofeedback.controllers.bindings import find, read
from biofeedback.controllers.lsl_marker_input import LslMarkerInput
from biofeedback.controllers.midi_clock_follower import MidiClockFollower
from biofeedback.controllers.midi_controller import MidiController
from biofeedback.controllers.midi_input import MidiInput, parse
from biofeedback.controllers.osc_controller import OscController
from biofeedback.runtime.ports import ControlSurface
from biofeedback.storage.inventory import CONTROLS

__all__ = ["check", "controls_folder", "opened"]

_HINT = "Write midi:PORT, midi-virtual:NAME, osc:[HOST:]PORT or lsl:NAME."


def controls_folder() -> Path:
    """Return the folder of what was learned from controllers; it need not exist yet."""
    return CONTROLS.path


def check(controls: Sequence[str], clock: str) -> None:
    """Raise an error with a hint where `--control` or `--clock` makes no sense."""
    for uri in controls:
        _surface(uri, lambda: 0.0)
    if clock:
        parse(clock)


@asynccontextmanager
async def opened(
    controls: Sequence[str], clock: str, now_s: Callable[[], float]
) -> AsyncIterator[list[ControlSurface]]:
    """Open all surfaces, and close them at the end; `now_s` is the session's clock."""
    surfaces = [_surface(uri, now_s) for uri in controls]
    if clock:
        surfaces.append(MidiClockFollower(MidiInput(clock, now_s)))
    async with AsyncExitStack() as stack:  # each is closed, whatever comes while another closes
        for surface in surfaces:
            stack.push_async_callback(closed, surface.name, surface.close)
            await surface.open()
        yield surfaces


def _surface(uri: str, now_s: Callable[[], float]) -> ControlSurface:
    kind, _, target = uri.partition(":")
    match kind.strip().lower():
        case "osc":
            return OscController.parse(target)
        case "midi" | "midi-virtual":
            port, _, file = uri.partition("?map=")
            path = Path(file) if file else find(parse(port)[1], controls_folder())
            return MidiController(MidiInput(port, now_s), read(path))
        case "lsl":
            return LslMarkerInput(target, now_s)
        case _:
            raise ConfigError(f"{uri!r} is nothing to steer with", hint=_HINT)
