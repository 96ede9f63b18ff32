"""The dependency rule: who may import whom. An arrow that is not listed here is a defect."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("biofeedback", "sensors", "synth")

VALUES = {"sensors.signals", "sensors.base", "synth.params", "synth.events", "synth.tempo_map"}
DERIVED = {
    "biofeedback.engine.inputs",
    "biofeedback.engine.events",
    "biofeedback.control.base",
    "biofeedback.metrics.base",
    "biofeedback.metrics.beats",
    "biofeedback.metrics.scr",
    "biofeedback.metrics.windowed",
    "biofeedback.state.estimator",
    "biofeedback.group.subjects",
}
ANYTHING = {""}

#: room -> prefixes of our modules that it may import, besides its own.
ALLOWED: dict[str, set[str]] = {
    "sensors": set(),
    "synth": set(),
    "biofeedback": set(),
    "biofeedback.metrics": {
        "sensors.signals",
        "sensors.base",
        "biofeedback.common.errors",
        "synth.wire",
    },
    "biofeedback.state": {"biofeedback.metrics.base", "biofeedback.common.errors"},
    "biofeedback.offline.sound_exposure": {
        "biofeedback.common.errors",
        "biofeedback.storage.paths",
        "biofeedback.storage.encryption",
    }
    | {"biofeedback.record.lines"},
    "biofeedback.storage.encryption": {"biofeedback.common.errors", "biofeedback.storage.paths"},
    "biofeedback.personal": {"biofeedback.state", "synth.params", "biofeedback.common.errors"}
    | {"biofeedback.storage.encryption"},
    "biofeedback.control": {
        "biofeedback.metrics.base",
        "biofeedback.state",
        "synth.params",
        "biofeedback.common.errors",
    },
    "biofeedback.simulation": {
        "sensors.signals",
        "sensors.base",
        "sensors.simulated.body",
        "synth.params",
        "synth.events",
        "biofeedback.metrics",  # the listener's rest is measured as a person's would be
        "biofeedback.state",
    },
    "biofeedback.lab": ANYTHING,  # whole sessions on virtual listeners
    "biofeedback.group": {
        "biofeedback.metrics",
        "biofeedback.state",
        "biofeedback.common.errors",
        "sensors.signals",
        "sensors.base",
    },
    "biofeedback.engine.inputs": VALUES | {"biofeedback.metrics.windowed"},
    "biofeedback.engine.events": VALUES | DERIVED,
    "biofeedback.engine.core": VALUES
    | DERIVED
    | {
        "biofeedback.metrics",
        "biofeedback.state",
        "biofeedback.control",
        "biofeedback.group",
        "synth.compose.composer",
        "synth.tempo_sync",
        "synth.compose.style",
    },
    "biofeedback.record": VALUES
    | DERIVED
    | {"biofeedback.common.errors", "biofeedback.storage.encryption", "synth.score"},
    "biofeedback.record.verify": VALUES
    | DERIVED
    | {"biofeedback.common.errors", "biofeedback.engine.core"},
    "biofeedback.report": VALUES
    | DERIVED
    | {"biofeedback.common.errors", "biofeedback.record"}
    | {"biofeedback.metrics.summary", "biofeedback.state.baseline_text"}  # pure
    | {"synth.outputs.quiet"}
    | {"biofeedback.control.ratings"}  # pure
    | {
        f"biofeedback.personal.{name}"  # pure as well
        for name in ("claims", "insights", "learner", "options", "past", "prior", "profiles")
    },
    "biofeedback.config.schema": {
        "biofeedback.common.errors",
        "biofeedback.metrics.bank",
        "biofeedback.state.estimator",
        "biofeedback.control",
        "biofeedback.group.settings",
    },
    "biofeedback.engine.digest": {"biofeedback.config.schema"},
    "biofeedback.common.errors": set(),
    "biofeedback.common.clock": {"biofeedback.common.interrupts"},
    "biofeedback.common.interrupts": set(),
    "biofeedback.common.tasks": set(),
    "biofeedback.common.troubles": set(),
    "biofeedback.runtime.prompts": {"biofeedback.control.ratings"},
    "biofeedback.common.event_bus": set(),
    "biofeedback.runtime.telemetry": {"biofeedback.common.clock"},
    "biofeedback.integrations.lsl_outlet": VALUES
    | DERIVED
    | {"biofeedback.common.errors", "biofeedback.common.event_bus", "biofeedback.common.tasks"}
    | {"biofeedback.engine.inputs", "sensors.network.lsl_library"},
    "biofeedback.runtime.sanitizer": VALUES
    | {"biofeedback.record.even_times", "sensors.printable"},
    "biofeedback.offline.analysis": {"sensors", "biofeedback.metrics", "biofeedback.common.errors"}
    | {"biofeedback.engine.inputs"}
    | {"biofeedback.record"},
    "biofeedback.config.midi_maps": {
        "biofeedback.config.schema",
        "biofeedback.control",
        "biofeedback.metrics.bank",
        "synth",
    },
    "biofeedback.offline.cohort": {
        "biofeedback.offline.analysis",
        "biofeedback.common.errors",
        "biofeedback.record",
    },
    "biofeedback.app.postprocess": {
        "biofeedback.config.schema",
        "biofeedback.storage.encryption",
        "biofeedback.config.midi_maps",
        "biofeedback.common.errors",
        "biofeedback.record",
        "biofeedback.report",
        "synth",
    },
    "biofeedback.views": VALUES
    | DERIVED
    | {"biofeedback.engine.inputs", "biofeedback.engine.events", "biofeedback.control.override"}
    | {"biofeedback.group.settings"},
    "biofeedback.web": VALUES
    | DERIVED
    | {
        "biofeedback.common.errors",
        "biofeedback.config.schema",
        "biofeedback.common.clock",
        "biofeedback.runtime.session",
    }
    | {"biofeedback.record", "biofeedback.personal", "biofeedback.views"}
    | {"biofeedback.storage.encryption", "biofeedback.common.tasks"}
    | {"biofeedback.runtime.shared_worker"},
    "biofeedback.web.station": ANYTHING,  # makes a session of what a page chose
    "biofeedback.web.files": {"biofeedback.app.postprocess", "biofeedback.common.errors", "synth"},
    "biofeedback.mqtt": VALUES
    | DERIVED
    | {
        "biofeedback.common.errors",
        "biofeedback.common.event_bus",
        "biofeedback.common.clock",
        "biofeedback.engine.inputs",
    }
    | {"biofeedback.record.convert", "biofeedback.runtime.ports", "biofeedback.common.tasks"}
    | {"biofeedback.views", "biofeedback.views.permissions"},  # the same picture, the same rights
    "biofeedback.controllers": {
        "synth",
        "biofeedback.common.errors",
        "biofeedback.engine.inputs",
        "biofeedback.runtime.prompts",
        "biofeedback.storage.paths",
        "biofeedback.common.tasks",
        "sensors.network.lsl_library",
    },
    "biofeedback.runtime.session": ANYTHING,
    "biofeedback.engine.command_validation": {
        "biofeedback.control",
        "biofeedback.common.errors",
        "biofeedback.engine.inputs",
    },
    "biofeedback.runtime.ticker": ANYTHING,
    "biofeedback.trials": {
        "biofeedback.personal",
        "biofeedback.control",
        "biofeedback.record",
        "biofeedback.common.errors",
        "biofeedback.config.schema",
        "biofeedback.common.clock",
        "biofeedback.report.html",
    },
    "biofeedback.trials.donors": ANYTHING,  # virtual listeners of the lab lead the yoked arm
    "biofeedback.runtime.player_group": VALUES
    | DERIVED
    | {"biofeedback.engine.events", "biofeedback.metrics.breath_level"},
    "biofeedback.runtime.pipeline": ANYTHING,
    "biofeedback.engine.factory": ANYTHING,
    "biofeedback.storage.session_dir": {"biofeedback.common.errors"},
    "biofeedback.app.runner": ANYTHING,
    "biofeedback.app.recommend": ANYTHING,
    "biofeedback.app.registry": ANYTHING,
    "biofeedback.cli": ANYTHING,
    "biofeedback.__main__": ANYTHING,
}


@cache
def modules() -> dict[str, Path]:
    found = {}
    for package in OURS:
        for path in sorted((ROOT / package).rglob("*.py")):
            parts = path.relative_to(ROOT).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def imports(path: Path) -> list[str]:
    names = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if name.split(".")[0] in OURS]


def within(name: str, prefix: str) -> bool:
    return not prefix or name == prefix or name.startswith(f"{prefix}.")


def room_of(module: str) -> str:
    return max((room for room in ALLOWED if within(module, room)), key=len)


@pytest.mark.parametrize("module", modules())
def test_every_import_follows_the_dependency_rule(module: str) -> None:
    room = room_of(module)
    own = "biofeedback." + module.split(".")[1] if module.count(".") else module
    own = own if module.startswith("biofeedback") else module.split(".")[0]
    allowed = {own, *ALLOWED[room]}
    wrong = [
        name
        for name in imports(modules()[module])
        if not any(within(name, prefix) for prefix in allowed)
    ]
    assert not wrong, f"{module} (room {room}) may not import {wrong}"


#: Who may start a task outside a TaskGroup, and who hears of its failure.
OWNERS = {
    "biofeedback.common.tasks": "the owner",
    "biofeedback.cli.devices": "awaited in the same block",
    "biofeedback.runtime.shared_worker": "awaited by whoever asked, and all of them at the end",
    "biofeedback.mqtt.link": "awaited in the same block, also when that is cancelled",
    "biofeedback.web.connections": "a failure is that of one visitor, who is gone",
    "biofeedback.web.receipts": "an answer whose asker is gone",
    "biofeedback.web.remote_station": "a STOP, which is told again whatever fails",
    "biofeedback.web.station": "tells each failure on its page",
    "biofeedback.web.server": "awaited in the same block",
    "sensors.ble.link": "a failure ends the link, which is opened again, or is worth none",
    "synth.player.remote": "the owner of a player, which goes on after every failure",
}
STARTS = {"create_task", "ensure_future", "run_coroutine_threadsafe", "add_done_callback"}
THREADS = {
    "biofeedback.common.tasks": "its failure is that of the call which waits for it",
    "biofeedback.cli.keys": "polls the keyboard of Windows",
    "biofeedback.cli.screen": "its failure comes out where the next frame is drawn",
    "biofeedback.record.writer": "its failure is the log's problem, and it goes on",
}


def called(module: str) -> list[tuple[str, str]]:
    """Return what is called in a module: the name, and what it is called on."""
    return [
        (node.func.attr, ast.unparse(node.func.value))
        for node in ast.walk(tree_of(modules()[module]))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
    ]


def test_every_background_task_has_an_owner() -> None:
    found = {
        module
        for module in modules()
        for name, on in called(module)
        if name in STARTS and not on.endswith("group")
    }
    assert found == set(OWNERS)


def test_every_thread_has_an_owner() -> None:
    found = {module for module in modules() for name, _ in called(module) if name == "Thread"}
    assert found == set(THREADS)


HEAVY = {
    "bleak", "matplotlib", "neurokit2", "pandas", "pyo", "pylsl", "rtmidi", "rtmidi2", "scipy",
}  # fmt: skip


@pytest.mark.parametrize("module", modules())
def test_heavy_libraries_are_imported_inside_functions_only(module: str) -> None:
    tree = tree_of(modules()[module])
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    assert not names & HEAVY


@pytest.mark.parametrize("module", modules())
def test_public_names_are_listed_in_order(module: str) -> None:
    tree = tree_of(modules()[module])
    for node in tree.body:
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__":
            names = ast.literal_eval(node.value)
            assert names == sorted(names, key=_isort_style)


def _isort_style(name: str) -> tuple[int, str]:
    """Constants, then classes, then functions: the order that the linter keeps."""
    kind = 0 if name.isupper() else 1 if name[:1].isupper() else 2
    return kind, name
