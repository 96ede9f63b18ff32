"""Runs a session on Bluetooth sensors without music; its log is what is wanted.

Prints as JSON lines when it started, {"t0": monotonic seconds}, and when a link looks for its
device, or asks it again for a measurement,
{"tries": NAME, "at": ADDRESS-OR-WHAT-IS-ASKED-FOR, "t": monotonic seconds}.
"""

import argparse
import asyncio
import json
import logging
import sys
import time
from dataclasses import replace
from functools import partial
from pathlib import Path

from msgspec import structs

from biofeedback.app.plan import SessionPlan
from biofeedback.app.runner import SessionRunner
from biofeedback.cli.groups import parse
from biofeedback.config.loader import load
from biofeedback.runtime.session import Session
from sensors.errors import SensorError

#: No window for the worker falls into a scenario: neurokit2 need not be imported.
NO_WINDOWS = "metrics.long_window_every_s=120"


class Tries(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        if record.msg in ("looking for %s at %s", "asking %s for %s") and record.args:
            name, where = map(str, record.args)
            say({"tries": name, "at": where, "t": time.monotonic()})
        elif record.levelno >= logging.WARNING:
            say({"warning": record.getMessage()})


def say(record: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(record) + "\n")
    sys.stdout.flush()


async def stop_after(seconds: float, session: Session) -> None:
    """Stop without an ending of the music: nobody hears it."""
    say({"t0": session._clock.epoch_s})
    while not session.has_streamed:  # noqa: ASYNC110 - a session has no event for this
        await asyncio.sleep(0.1)
    await asyncio.sleep(seconds)
    session.command("rig", "stop")
    session.command("rig", "stop")
    await asyncio.Event().wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--sensor", action="append", default=[], help="a URI")
    parser.add_argument("--wearer", action="append", default=[], help="NAME=URI, of a group")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--seconds", type=float)
    given = parser.parse_args()
    logger = logging.getLogger("sensors")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.addHandler(Tries())
    together = parse(given.wearer, "")
    config = load(None, None, [NO_WINDOWS], {})
    plan = SessionPlan(config=config, sensors=tuple(given.sensor), out=given.out)
    if together:
        plan = replace(
            plan,
            config=structs.replace(config, group=together.settings),
            sensors=together.sensors,
            wearers=together.wearers,
        )
    try:
        SessionRunner(plan).run(partial(stop_after, given.seconds))
    except SensorError as error:
        say({"error": str(error), "hint": error.hint})
        sys.exit(2)
