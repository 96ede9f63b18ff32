"""The live view of a session: a screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Generic, TypeVar

from msgspec.structs import replace
from rich.live import Live

from biofeedback.cli.board import Board
from biofeedback.cli.keys import Controls, Keyboard
from biofeedback.cli.numbers import sensor_text
from biofeedback.cli.terminal import Terminal
from biofeedback.cli.words import clock_text
from biofeedback.common.clock import monotonic_s
from biofeedback.common.event_bus import Subscription
from biofeedback.runtime.session import Event, Session
from biofeedback.state.baseline_text import planned_rest_s, stored_rest_in_words
from biofeedback.views.live_view import LiveView
from biofeedback.views.picture import Picture, SensorView
from sensors.base import SensorStatus

__all__ = ["watch"]

_FRAME_S = 0.25
_LINE_EVERY_S = 10.0
_EVENTS = 2048  #: more than a frame ever brings; beyond it the oldest are lost
_CLOSING_S = 1.0

T = TypeVar("T")


async def watch(session: Session, keyboard: Keyboard | None = None) -> None:
    """Show a session and obey the keys, until cancelled; the terminal is restored then."""
    controls = Controls(session)
    screen = Terminal(emoji=False, highlight=False)
    with (
        session.bus.subscribed(_EVENTS, "The screen") as events,
        (keyboard or Keyboard()).given(controls.press, session.stop) as has_keys,
    ):
        board, view = Board(session.simulated, has_keys), _view(session)
        if screen.file.isatty() and screen.is_terminal and not screen.is_dumb_terminal:
            await _draw(screen, board, view, events, session, controls)
        else:
            await _tell(board, view, events, session)


def _view(session: Session) -> LiveView:
    view = LiveView(session.duration_s, session.volume)
    if (header := session.header) is not None:
        started_utc = datetime.fromisoformat(header.started_utc)
        view.rest = stored_rest_in_words(header.baseline, started_utc)
        view.rest_s = planned_rest_s(header.config)
    return view


async def _draw(
    screen: Terminal,
    board: Board,
    view: LiveView,
    events: Subscription[Event],
    session: Session,
    controls: Controls,
) -> None:
    live = Live(console=screen, screen=True, auto_refresh=False)
    plain = screen.options.ascii_only

    word = _Word()

    def draw(shown: tuple[Picture, str]) -> None:
        picture, said = shown
        wordless_s = word.silent_s(picture.t)
        frame = board.screen(picture, screen.width, said=said, plain=plain, wordless_s=wordless_s)
        live.update(frame, refresh=True)

    with _drawing(draw, 1, live.start, live.stop, again_s=1.0) as show:
        while True:
            for event in events.drain():
                view.feed(event)
            view.troubles, view.question = tuple(session.troubles), _question(session)
            view.began_s, view.held = session.began_s or view.began_s, session.held
            show((view.picture(), controls.said))
            await asyncio.sleep(_FRAME_S)


async def _tell(
    board: Board, view: LiveView, events: Subscription[Event], session: Session
) -> None:
    """Say what sensors report when they do, and everything else now and then."""
    err = Terminal(stderr=True, soft_wrap=True, emoji=False, highlight=False, no_color=True)
    said: dict[str, SensorView] = {}
    due_s = _LINE_EVERY_S
    if board.simulated:
        err.print("The body is simulated, not a person.")
    if view.rest:
        err.print(f"Your resting values: {view.rest}.")
    else:
        err.print(f"The first {view.rest_s:.0f} s learn your rest: sit still.")

    def write(text: str) -> None:
        err.print(text, markup=False)

    with _drawing(write, 64) as say:
        try:
            while True:
                for event in events.drain():
                    view.feed(event)
                    if isinstance(event, SensorStatus):
                        _say_news(view.picture(), said, say)
                picture = view.picture()
                _say_news(picture, said, say)  # a sensor that falls silent says nothing
                for trouble in session.troubles:
                    if trouble not in view.troubles:
                        say(f"{clock_text(picture.t)}  Trouble: {trouble}; trying again")
                view.troubles = tuple(session.troubles)
                if (question := _question(session)) != view.question:
                    view.question = question
                    if question:
                        say(f"{clock_text(picture.t)}  {question}")
                if picture.t >= due_s:
                    say(board.line(picture))
                    due_s = picture.t + _LINE_EVERY_S
                await asyncio.sleep(_FRAME_S)
        finally:
            for event in events.drain():
                view.feed(event)
            _say_news(view.picture(), said, say)


def _question(session: Session) -> str:
    asked = session.questions.now if session.questions is not None else None
    return asked.text if asked is not None else ""


def _say_news(picture: Picture, said: dict[str, SensorView], say: Callable[[str], None]) -> None:
    """Say of each sensor what is new; when it was heard last is no news."""
    for sensor in picture.sensors:
        known = replace(sensor, heard_s=None)
        if said.get(sensor.source) != known:
            said[sensor.source] = known
            words = sensor_text(sensor, picture.t).plain.replace(" · ", ", ").replace("\n", ". ")
            say(f"{clock_text(picture.t)}  {words}")


class _Word:
    """Notices that a session says nothing any more, by a clock that runs without it."""

    def __init__(self) -> None:
        self._t, self._since_s = 0.0, monotonic_s()

    def silent_s(self, t: float) -> float:
        """Return for how long the session's time has stood at `t`."""
        now_s = monotonic_s()
        if t != self._t:
            self._t, self._since_s = t, now_s
        return now_s - self._since_s


class _Mailbox(Generic[T]):
    """What waits to be drawn; when full, the oldest is lost."""

    def __init__(self, capacity: int) -> None:
        self._items: deque[T] = deque(maxlen=capacity)
        self._changed = threading.Condition()
        self._over = False

    def put(self, item: T) -> None:
        with self._changed:
            self._items.append(item)
            self._changed.notify()

    def close(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify()

    def take(self, timeout_s: float | None) -> T | None:
        """Return the oldest item; None when there is none in time, or when all is over."""
        with self._changed:
            self._changed.wait_for(lambda: self._items or self._over, timeout_s)
            return self._items.popleft() if self._items else None

    @property
    def is_closed(self) -> bool:
        """Whether nothing is put in any more."""
        return self._over


@contextmanager
def _drawing(
    draw: Callable[[T], None],
    capacity: int,
    start: Callable[[], object] = lambda: None,
    stop: Callable[[], object] = lambda: None,
    again_s: float | None = None,
) -> Iterator[Callable[[T], None]]:
    """Yield what has an item drawn by a thread, so that a terminal that stalls delays nothing.

    While no item comes the last is drawn again every `again_s`: a session that hangs cannot say so
    itself. What the thread failed with is raised where the next item is put in.
    """
    mailbox: _Mailbox[T] = _Mailbox(capacity)
    failures: list[Exception] = []

    def run() -> None:
        try:
            start()
            try:
                last = None
                while True:
                    item = mailbox.take(again_s)
                    if item is None and mailbox.is_closed:
                        return
                    last = item or last
                    if last is not None:
                        draw(last)
            finally:
                stop()
        except Exception as error:  # the thread cannot tell anybody
            failures.append(error)

    def show(item: T) -> None:
        if failures:
            raise failures[0]
        mailbox.put(item)

    thread = threading.Thread(target=run, name="screen", daemon=True)
    thread.start()
    try:
        yield show
    finally:
        mailbox.close()
        thread.join(_CLOSING_S)
