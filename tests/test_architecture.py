"""The dependency rule: who may import whom. An arrow that is not listed here is a defect."""

import ast
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("biofeedback", "sensors", "synth")

VALUES = {"sensors.signals", "sensors.base", "synth.params", "synth.events", "synth.tempo_map"}
DERIVED = {
    "biofeedback.inputs",
    "biofeedback.outputs",
    "biofeedback.control.base",
    "biofeedback.metrics.base",
    "biofeedback.metrics.beats",
    "biofeedback.metrics.scr",
    "biofeedback.metrics.windowed",
    "biofeedback.state.estimator",
    "biofeedback.group.bodies",
}
ANYTHING = {""}

#: room -> prefixes of our modules that it may import, besides its own.
ALLOWED: dict[str, set[str]] = {
    "sensors": set(),
    "synth": set(),
    "biofeedback": set(),
    "biofeedback.metrics": {"sensors.signals", "sensors.base", "biofeedback.errors", "synth.wire"},
    "biofeedback.state": {"biofeedback.metrics.base", "biofeedback.errors"},
    "biofeedback.hearing": {
        "biofeedback.errors",
        "biofeedback.personal.folders",
        "biofeedback.vault",
    }
    | {"biofeedback.record.lines"},
    "biofeedback.vault": {"biofeedback.errors", "biofeedback.personal.folders"},
    "biofeedback.personal": {"biofeedback.state", "synth.params", "biofeedback.errors"}
    | {"biofeedback.vault"},
    "biofeedback.control": {
        "biofeedback.metrics.base",
        "biofeedback.state",
        "synth.params",
        "biofeedback.errors",
    },
    "biofeedback.simulation": {
        "sensors.signals",
        "sensors.base",
        "sensors.body",
        "synth.params",
        "synth.events",
        "biofeedback.metrics",  # the listener's rest is measured as a person's would be
        "biofeedback.state",
    },
    "biofeedback.lab": ANYTHING,  # whole sessions on virtual listeners
    "biofeedback.group": {
        "biofeedback.metrics",
        "biofeedback.state",
        "biofeedback.errors",
        "sensors.signals",
        "sensors.base",
    },
    "biofeedback.inputs": VALUES | {"biofeedback.metrics.windowed"},
    "biofeedback.outputs": VALUES | DERIVED,
    "biofeedback.core": VALUES
    | DERIVED
    | {
        "biofeedback.metrics",
        "biofeedback.state",
        "biofeedback.control",
        "biofeedback.group",
        "synth.compose.composer",
        "synth.following",
        "synth.styles.base",
    },
    "biofeedback.record": VALUES
    | DERIVED
    | {"biofeedback.errors", "biofeedback.vault", "synth.score"},
    "biofeedback.record.verify": VALUES | DERIVED | {"biofeedback.errors", "biofeedback.core"},
    "biofeedback.report": VALUES
    | DERIVED
    | {"biofeedback.errors", "biofeedback.record"}
    | {"biofeedback.metrics.summary", "biofeedback.state.rest_words"}  # pure
    | {"synth.outputs.quiet"}
    | {"biofeedback.control.ratings"}  # pure
    | {
        f"biofeedback.personal.{name}"  # pure as well
        for name in ("claims", "insights", "learner", "options", "past", "prior", "profiles")
    },
    "biofeedback.config": {
        "biofeedback.errors",
        "biofeedback.metrics.bank",
        "biofeedback.state.estimator",
        "biofeedback.control",
        "biofeedback.group.settings",
    },
    "biofeedback.code_digest": {"biofeedback.config"},
    "biofeedback.errors": set(),
    "biofeedback.timebase": {"biofeedback.interrupts"},
    "biofeedback.interrupts": set(),
    "biofeedback.tasks": set(),
    "biofeedback.troubles": set(),
    "biofeedback.questions": {"biofeedback.control.ratings"},
    "biofeedback.hub": set(),
    "biofeedback.counters": {"biofeedback.timebase"},
    "biofeedback.lsl_outlet": VALUES
    | DERIVED
    | {"biofeedback.errors", "biofeedback.hub", "biofeedback.tasks"}
    | {"biofeedback.inputs", "sensors.network.lsl_library"},
    "biofeedback.intake": VALUES | {"biofeedback.record.even_times", "sensors.printable"},
    "biofeedback.analysis": {"sensors", "biofeedback.metrics", "biofeedback.errors"}
    | {"biofeedback.inputs"}
    | {"biofeedback.record"},
    "biofeedback.midi_maps": {
        "biofeedback.config",
        "biofeedback.control",
        "biofeedback.metrics.bank",
        "synth",
    },
    "biofeedback.cohort": {"biofeedback.analysis", "biofeedback.errors", "biofeedback.record"},
    "biofeedback.afterwards": {
        "biofeedback.config",
        "biofeedback.vault",
        "biofeedback.midi_maps",
        "biofeedback.errors",
        "biofeedback.record",
        "biofeedback.report",
        "synth",
    },
    "biofeedback.views": VALUES
    | DERIVED
    | {"biofeedback.inputs", "biofeedback.outputs", "biofeedback.control.override"}
    | {"biofeedback.group.settings"},
    "biofeedback.web": VALUES
    | DERIVED
    | {"biofeedback.errors", "biofeedback.config", "biofeedback.timebase", "biofeedback.session"}
    | {"biofeedback.record", "biofeedback.personal", "biofeedback.views"}
    | {"biofeedback.vault", "biofeedback.tasks"}
    | {"biofeedback.metrics.shared_worker"},
    "biofeedback.web.seat": ANYTHING,  # makes a session of what a page chose
    "biofeedback.web.files": {"biofeedback.afterwards", "biofeedback.errors", "synth"},
    "biofeedback.mqtt": VALUES
    | DERIVED
    | {"biofeedback.errors", "biofeedback.hub", "biofeedback.timebase", "biofeedback.inputs"}
    | {"biofeedback.record.convert", "biofeedback.surface.base", "biofeedback.tasks"}
    | {"biofeedback.views", "biofeedback.web.wishes"},  # the same picture, the same rights
    "biofeedback.surface": {
        "synth",
        "biofeedback.errors",
        "biofeedback.inputs",
        "biofeedback.questions",
        "biofeedback.personal.folders",
        "biofeedback.tasks",
        "sensors.network.lsl_library",
    },
    "biofeedback.session": ANYTHING,
    "biofeedback.commands": {"biofeedback.control", "biofeedback.errors", "biofeedback.inputs"},
    "biofeedback.conductor": ANYTHING,
    "biofeedback.trials": {
        "biofeedback.personal",
        "biofeedback.control",
        "biofeedback.record",
        "biofeedback.errors",
        "biofeedback.config",
        "biofeedback.timebase",
        "biofeedback.report.html",
    },
    "biofeedback.trials.donors": ANYTHING,  # virtual listeners of the lab lead the yoked arm
    "biofeedback.ensemble": VALUES
    | DERIVED
    | {"biofeedback.outputs", "biofeedback.metrics.breath_level"},
    "biofeedback.ledger": ANYTHING,
    "biofeedback.core_building": ANYTHING,
    "biofeedback.session_folder": {"biofeedback.errors"},
    "biofeedback.launch": ANYTHING,
    "biofeedback.tailor": ANYTHING,
    "biofeedback.plugins": ANYTHING,
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
    "biofeedback.tasks": "the owner",
    "biofeedback.cli.devices": "awaited in the same block",
    "biofeedback.metrics.shared_worker": "awaited by whoever asked, and all of them at the end",
    "biofeedback.mqtt.link": "awaited in the same block, also when that is cancelled",
    "biofeedback.web.connections": "a failure is that of one visitor, who is gone",
    "biofeedback.web.receipts": "an answer whose asker is gone",
    "biofeedback.web.remote_seat": "a STOP, which is told again whatever fails",
    "biofeedback.web.seat": "tells each failure on its page",
    "biofeedback.web.server": "awaited in the same block",
    "sensors.ble.link": "a failure ends the link, which is opened again, or is worth none",
    "synth.player.remote": "the owner of a player, which goes on after every failure",
}
STARTS = {"create_task", "ensure_future", "run_coroutine_threadsafe", "add_done_callback"}
THREADS = {
    "biofeedback.tasks": "its failure is that of the call which waits for it",
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
