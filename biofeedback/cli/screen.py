"""The live view of a session: a screen on a terminal, plain lines elsewhere."""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime
from typing import Generic, TypeVar

from rich.console import Console, RenderableType
from rich.live import Live

from biofeedback.cli.board import Board, sensor_text
from biofeedback.cli.keys import Controls, listening
from biofeedback.cli.words import clock_text
from biofeedback.hub import Subscription
from biofeedback.session import Event, Session
from biofeedback.state.rest_words import planned_rest_s, stored_rest_in_words
from sensors.base import SensorStatus

__all__ = ["watch"]

_FRAME_S = 0.25
_LINE_EVERY_S = 10.0
_EVENTS = 2048  #: more than a frame ever brings; beyond it the oldest are lost
_CLOSING_S = 1.0

T = TypeVar("T")


async def watch(session: Session) -> None:
    """Show a session and obey the keys, until cancelled; the terminal is restored then."""
    events = session.hub.subscribe(_EVENTS)
    controls = Controls(session)
    screen = Console(emoji=False, highlight=False)
    with listening(controls.press) as has_keys:
        board = _board(session, has_keys)
        if screen.file.isatty() and screen.is_terminal and not screen.is_dumb_terminal:
            await _draw(screen, board, events, session, controls)
        else:
            await _tell(board, events, session)


def _board(session: Session, has_keys: bool) -> Board:
    board = Board(session.simulated, session.duration_s, has_keys)
    if (header := session.header) is not None:
        started_utc = datetime.fromisoformat(header.started_utc)
        board.stored_rest = stored_rest_in_words(header.baseline, started_utc)
        board.rest_s = planned_rest_s(header.config)
    return board


async def _draw(
    screen: Console,
    board: Board,
    events: Subscription[Event],
    session: Session,
    controls: Controls,
) -> None:
    live = Live(console=screen, screen=True, auto_refresh=False)
    plain = screen.options.ascii_only

    def draw(frame: RenderableType) -> None:
        live.update(frame, refresh=True)

    with _drawing(draw, 1, live.start, live.stop) as show:
        while True:
            for event in events.drain():
                board.take(event)
            board.troubles = session.troubles
            board.question = _question(session)
            board.began_s = session.began_s or board.began_s
            show(
                board.picture(
                    screen.width,
                    volume=session.volume,
                    held=controls.held,
                    said=controls.said,
                    plain=plain,
                )
            )
            await asyncio.sleep(_FRAME_S)


async def _tell(board: Board, events: Subscription[Event], session: Session) -> None:
    """Say what sensors report when they do, and everything else now and then."""
    err = Console(stderr=True, soft_wrap=True, emoji=False, highlight=False, no_color=True)
    said: dict[str, SensorStatus] = {}
    due_s = _LINE_EVERY_S
    if board.simulated:
        err.print("The body is simulated, not a person.")
    if board.stored_rest:
        err.print(f"Your resting values: {board.stored_rest}.")
    else:
        err.print(f"The first {board.rest_s:.0f} s learn your rest: sit still.")

    def write(text: str) -> None:
        err.print(text, markup=False)

    with _drawing(write, 64) as say:
        try:
            while True:
                for event in events.drain():
                    board.take(event)
                    if isinstance(event, SensorStatus) and _is_news(event, said):
                        say(_status_line(event, board.now_s))
                for trouble in session.troubles:
                    if trouble not in board.troubles:
                        say(f"{clock_text(board.now_s)}  Trouble: {trouble}; trying again")
                board.troubles = session.troubles
                if (question := _question(session)) != board.question:
                    board.question = question
                    if question:
                        say(f"{clock_text(board.now_s)}  {question}")
                if board.now_s >= due_s and board.state is not None:
                    say(board.line())
                    due_s = board.now_s + _LINE_EVERY_S
                await asyncio.sleep(_FRAME_S)
        finally:
            for event in events.drain():
                if isinstance(event, SensorStatus) and _is_news(event, said):
                    say(_status_line(event, board.now_s))


def _question(session: Session) -> str:
    asked = session.questions.now if session.questions is not None else None
    return asked.text if asked is not None else ""


def _is_news(status: SensorStatus, said: dict[str, SensorStatus]) -> bool:
    """Return whether a wearer wants to know; how bad the input was stands in the log."""
    last, said[status.source] = said.get(status.source), status
    return last is None or replace(status, time_s=last.time_s, bad=last.bad) != last


def _status_line(status: SensorStatus, now_s: float) -> str:
    words = sensor_text(status).plain.replace(" · ", ", ").replace("\n", ". ")
    return f"{clock_text(now_s)}  {words}"


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

    def __iter__(self) -> Iterator[T]:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._items or self._over)
                if not self._items:
                    return
                item = self._items.popleft()
            yield item


@contextmanager
def _drawing(
    draw: Callable[[T], None],
    capacity: int,
    start: Callable[[], object] = lambda: None,
    stop: Callable[[], object] = lambda: None,
) -> Iterator[Callable[[T], None]]:
    """Yield what has an item drawn by a thread, so that a terminal that stalls delays nothing."""
    mailbox: _Mailbox[T] = _Mailbox(capacity)

    def run() -> None:
        start()
        try:
            for item in mailbox:
                draw(item)
        finally:
            stop()

    thread = threading.Thread(target=run, name="screen", daemon=True)
    thread.start()
    try:
        yield mailbox.put
    finally:
        mailbox.close()
        thread.join(_CLOSING_S)
