"""The shape of the house: floors, arrows, pure rooms, owners of tasks. What differs is a defect."""

import ast
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("biofeedback", "sensors", "synth")

#: The rooms from the ground up; an arrow goes from a room to a lower line, never along or up.
FLOORS: tuple[tuple[str, ...], ...] = (
    ("sensors", "synth", "biofeedback.common"),
    ("sensors.profiles", "sensors.simulated", "synth.theory", "synth.instruments"),
    ("sensors.codecs", "synth.compose", "synth.outputs", "biofeedback.storage"),
    ("sensors.timing", "synth.styles", "synth.player", "biofeedback.metrics"),
    ("sensors.checks", "biofeedback.state"),
    ("sensors.ble", "sensors.network"),
    ("sensors.captures",),
    ("sensors.files", "biofeedback.group", "biofeedback.control"),
    ("biofeedback.simulation.model",),
    ("biofeedback.simulation.family_a", "biofeedback.simulation.family_b"),
    ("biofeedback.simulation", "biofeedback.config"),
    ("biofeedback.engine", "biofeedback.personal"),
    ("biofeedback.record", "biofeedback.views"),
    ("biofeedback.integrations", "biofeedback.report", "biofeedback.offline"),
    ("biofeedback.runtime", "biofeedback.trials"),
    ("biofeedback.controllers", "biofeedback.mqtt"),
    ("biofeedback.app",),
    ("biofeedback.web", "biofeedback.lab"),
    ("biofeedback.cli", "biofeedback.testing"),
    ("biofeedback",),
)
FLOOR_OF = {room: floor for floor, rooms in enumerate(FLOORS) for room in rooms}

#: Rooms that may import whatever lies below them: they put the parts together.
COMPOSE = {
    "biofeedback.app", "biofeedback.cli", "biofeedback.lab", "biofeedback.testing", "biofeedback",
}  # fmt: skip

#: What each of the others may import, besides value types; rooms, or single modules of one.
VALUES = {
    "sensors.base", "sensors.signals", "synth.events", "synth.params", "synth.tempo_map",
    "biofeedback.common.errors", "biofeedback.common.plugins", "biofeedback.common.portable_math",
}  # fmt: skip
MAY_IMPORT: dict[str, set[str]] = {
    "biofeedback.common": set(),
    "biofeedback.storage": {"common"},
    "biofeedback.metrics": set(),
    "biofeedback.state": {"metrics"},
    "biofeedback.group": {"metrics", "state"},
    "biofeedback.control": {"metrics.base", "state"},
    "biofeedback.personal": {"state", "storage", "config.styles"},
    "biofeedback.simulation": {
        "simulation", "metrics", "state", "sensors.simulated", "synth.styles",
    },
    "biofeedback.config": {"metrics", "state", "control", "group", "storage", "synth"},
    "biofeedback.engine": {
        "metrics", "state", "control", "group", "config", "storage", "synth.compose",
        "synth.styles", "synth.errors",
    },
    "biofeedback.record": {
        "metrics", "state", "control", "group", "engine", "config", "storage", "synth.score",
    },
    "biofeedback.views": {"metrics", "state", "control", "group", "engine", "common"},
    "biofeedback.report": {
        "metrics", "state", "control", "personal", "record", "engine", "common", "storage",
        "synth.outputs.system_libraries",
    },
    "biofeedback.offline": {"metrics", "engine", "record", "storage", "common", "sensors"},
    "biofeedback.integrations": {
        "metrics", "state", "control", "engine", "common", "sensors.network",
    },
    "biofeedback.trials": {
        "personal", "control", "record", "config", "report", "engine", "simulation", "storage",
        "common", "synth.styles",
    },
    "biofeedback.runtime": {
        "metrics", "state", "control", "group", "engine", "record", "simulation", "common",
        "sensors", "synth.wire",
    },
    "biofeedback.controllers": {
        "engine", "runtime", "storage", "common", "sensors.network", "sensors.errors", "synth",
    },
    "biofeedback.mqtt": {
        "control", "engine", "record", "views", "runtime", "common", "storage",
    },
    "biofeedback.web": {
        "engine", "record", "personal", "views", "runtime", "config", "storage", "simulation",
        "app", "common", "synth",
    },
}  # fmt: skip

#: Rooms whose results follow from their arguments alone.
PURE = ("metrics", "state", "group", "control", "personal", "simulation", "engine", "views")
IMPURE = {"asyncio", "multiprocessing", "os", "socket", "subprocess", "threading", "time"}


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


@cache
def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(tree_of(path)))


@cache
def imports(path: Path) -> list[str]:
    """Return which of our modules a file imports, wherever in it."""
    names = []
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} has a relative import"
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [_module(name) for name in names if name.split(".")[0] in OURS]


def _module(name: str) -> str:
    while name not in modules():
        name = name.rpartition(".")[0]
    return name


def room_of(module: str) -> str:
    path = modules()[module].relative_to(ROOT)
    return ".".join(path.parent.parts)


def within(name: str, prefix: str) -> bool:
    return name == prefix or name.startswith(f"{prefix}.")


@cache
def arrows() -> dict[tuple[str, str], list[str]]:
    """Return the arrows between rooms, and which modules make each."""
    found = defaultdict(list)
    for module, path in modules().items():
        for other in imports(path):
            if room_of(other) != room_of(module):
                found[room_of(module), room_of(other)].append(f"{module} -> {other}")
    return found


def test_every_room_has_a_floor() -> None:
    assert {room_of(module) for module in modules()} == set(FLOOR_OF)


def test_every_arrow_goes_downwards() -> None:
    """And so there is no circle between rooms."""
    upward = [names for (a, b), names in arrows().items() if FLOOR_OF[a] <= FLOOR_OF[b]]
    assert not upward


def test_no_two_files_need_each_other_to_be_imported() -> None:
    needs = {module: _at_import(path) - {module} for module, path in modules().items()}
    while free := {module for module, others in needs.items() if not others & set(needs)}:
        needs = {module: others for module, others in needs.items() if module not in free}
    assert not needs


def _at_import(path: Path) -> set[str]:
    top = ast.Module(body=[n for n in tree_of(path).body if _is_import(n)], type_ignores=[])
    return {
        _module(f"{node.module}.{alias.name}" if isinstance(node, ast.ImportFrom) else alias.name)
        for node in top.body
        for alias in node.names  # type: ignore[attr-defined]
        if (getattr(node, "module", None) or alias.name).split(".")[0] in OURS
    }


def _is_import(node: ast.AST) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom)


@pytest.mark.parametrize("module", [m for m in modules() if within(m, "biofeedback")])
def test_every_import_is_one_that_its_room_may_have(module: str) -> None:
    room = next((r for r in MAY_IMPORT if within(room_of(module), r)), None)
    if room is None:
        assert room_of(module) in COMPOSE
        return
    own = {name if name.startswith(OURS) else f"biofeedback.{name}" for name in MAY_IMPORT[room]}
    allowed = {room, *VALUES, *own}
    wrong = [
        name for name in imports(modules()[module]) if not any(within(name, a) for a in allowed)
    ]
    assert not wrong, f"{module} may not import {wrong}"


@pytest.mark.parametrize("package", ["sensors", "synth"])
def test_the_libraries_know_nothing_of_anything_else_of_ours(package: str) -> None:
    for module in modules():
        if within(module, package):
            assert all(within(name, package) for name in imports(modules()[module])), module


@pytest.mark.parametrize("room", PURE)
def test_pure_rooms_reach_for_nothing_outside(room: str) -> None:
    for module, path in modules().items():
        if within(module, f"biofeedback.{room}"):
            names = set()
            for node in nodes_of(path):
                if isinstance(node, ast.Import):
                    names |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module:
                    names.add(node.module.split(".")[0])
            assert not names & IMPURE, module


#: Where what is derived comes from, so that any processor must give it the same bits.
DERIVE = (
    "biofeedback.common.portable_math", "biofeedback.metrics", "biofeedback.state",
    "biofeedback.group", "biofeedback.control", "biofeedback.engine", "synth.compose",
    "synth.styles", "synth.theory", "synth.tempo_map", "synth.params",
)  # fmt: skip
#: What the worker process and reports compute, which `verify` compares with a tolerance or never.
NEARLY_EQUAL = ("biofeedback.metrics.windowed", "biofeedback.metrics.spectrum")
#: What IEEE 754 or plain order fixes: one rounding a number, choices, counts. `arange` counts, the
#: sum of `cumsum` is one after the other, `median` and `quantile` lie between two numbers.
EXACT = {
    "np": {
        "abs", "arange", "argmax", "array", "array_equal", "asarray", "ascontiguousarray", "bool_",
        "concatenate", "copysign", "count_nonzero", "cumsum", "diff", "flatnonzero", "float64",
        "empty", "full", "isfinite", "isnan", "maximum", "median", "multiply", "nan", "ndarray",
        "newaxis", "ones", "pad", "ptp", "quantile", "rint", "searchsorted", "sqrt", "stack",
        "subtract", "where", "zeros",
    },
    "math": {
        "ceil", "copysign", "factorial", "floor", "frexp", "fsum", "inf", "isfinite", "isnan",
        "ldexp", "nan", "pi", "sqrt",
    },
    "statistics": {"median", "pstdev"},
}  # fmt: skip
MODULES = {"numpy": "np", "math": "math", "statistics": "statistics"}
#: `sum` of floats depends on the version of Python; these add up whole numbers.
COUNT = (
    "synth.compose.arrangement", "synth.compose.density", "synth.compose.textures",
    "synth.styles.load", "synth.theory.voicing",
)  # fmt: skip


@pytest.mark.parametrize(
    "module",
    [m for m in modules() if any(within(m, d) for d in DERIVE) and m not in NEARLY_EQUAL],
)
def test_what_is_derived_has_the_same_bits_on_every_processor(module: str) -> None:
    """Write it with `portable_math`; docs/decisions/byte-identity.md says why."""
    assert not [
        f"line {node.lineno}: {ast.unparse(node)}"
        for node in nodes_of(modules()[module])
        if isinstance(node, ast.expr | ast.stmt) and _depends_on_the_processor(node, module)
    ]


def _depends_on_the_processor(node: ast.AST, module: str) -> bool:
    match node:
        case ast.Import():
            inexact = {"numpy.linalg", "numpy.fft", "scipy", "cmath"}
            return any(within(alias.name, name) for alias in node.names for name in inexact) or any(
                alias.name in MODULES and (alias.asname or alias.name) != MODULES[alias.name]
                for alias in node.names
            )
        case ast.ImportFrom():
            names = {alias.name for alias in node.names}
            if node.module in MODULES:
                return not names <= EXACT[MODULES[node.module]]
            return within(str(node.module), "scipy") or within(str(node.module), "numpy.linalg")
        case ast.Attribute(value=ast.Name(id=name), attr=attr) if name in EXACT:
            return attr not in EXACT[name]
        case ast.Call(func=ast.Attribute(attr=attr, value=on)):
            sums = {"sum", "mean", "std", "var", "dot", "prod", "trace", "gauss", "normalvariate"}
            return attr in sums and ast.unparse(on) not in EXACT
        case ast.Call(func=ast.Name(id=name)):
            return name == "pow" or (name == "sum" and module not in COUNT)
        case ast.BinOp(op=ast.MatMult()) | ast.AugAssign(op=ast.MatMult() | ast.Pow()):
            return True
        case ast.BinOp(op=ast.Pow(), left=left, right=right):
            return not all(_whole(side) for side in (left, right))
    return False


def _whole(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, int)


def test_the_package_itself_holds_its_rooms_and_hardly_a_file() -> None:
    assert len(list((ROOT / "biofeedback").glob("*.py"))) <= 4


def test_a_public_class_has_a_name_of_its_own() -> None:
    homes = defaultdict(list)
    for module, path in modules().items():
        for node in tree_of(path).body:
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                homes[node.name].append(module)
    assert not {name: where for name, where in homes.items() if len(where) > 1}


def test_every_room_says_in_one_sentence_what_lives_there() -> None:
    for module, path in modules().items():
        if path.name == "__init__.py":
            text = ast.get_docstring(tree_of(path)) or ""
            assert text.endswith("."), module
            assert "\n" not in text, module


def test_files_are_neither_gods_nor_shreds() -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text(encoding="utf-8").splitlines())
        for path in modules().values()
        if path.name != "__init__.py"
    }
    assert not {name: lines for name, lines in lengths.items() if lines > 350}
    assert len([name for name, lines in lengths.items() if lines < 50]) <= 30


def test_nobody_touches_what_is_private_to_another() -> None:
    found = []
    for module, path in modules().items():
        nodes = nodes_of(path)
        named = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        own = {n.name for n in nodes if isinstance(n, named)}
        own |= {
            n.attr
            for n in nodes
            if isinstance(n, ast.Attribute)
            and isinstance(n.value, ast.Name)
            and n.value.id in ("self", "cls")
        }
        own |= {
            n.target.id
            for n in nodes
            if isinstance(n, ast.AnnAssign) and isinstance(n.target, ast.Name)
        }
        for node in nodes:
            if isinstance(node, ast.Attribute) and node.attr.startswith("_"):
                known = node.attr in own or node.attr.startswith("__")
                if not known and ast.unparse(node) not in FOREIGN:
                    found.append(f"{module}: {ast.unparse(node)}")
    assert not found


#: Private names of other people's libraries, which offer no public way.
FOREIGN = {
    "client._client", "client._client._sock_close", "client._disconnected",  # aiomqtt
    "ctypes.CDLL('ucrtbase')._controlfp_s", "os._exit",  # not private, but named so
}  # fmt: skip


#: Who may start a task outside a TaskGroup, and who hears of its failure.
OWNERS = {
    "biofeedback.common.tasks": "the owner",
    "biofeedback.cli.checks": "awaited in the same block, and cancelled where it hangs",
    "biofeedback.cli.devices": "awaited in the same block",
    "biofeedback.runtime.worker_client": "awaited by whoever asked, and all of them at the end",
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
    "synth.outputs.alsa_binding": "its failure shows as a port that has gone",
}


def called(module: str) -> list[tuple[str, str]]:
    """Return what is called in a module: the name, and what it is called on."""
    return [
        (node.func.attr, ast.unparse(node.func.value))
        for node in nodes_of(modules()[module])
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


def test_one_place_tells_a_mistake_from_a_bug() -> None:
    """An error of the program, of sensors, of synth or of a plug-in: `hint_of` knows no roots."""
    asked = {
        module
        for module, path in modules().items()
        for node in nodes_of(path)
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in ("getattr", "hasattr")
        and ast.unparse(node.args[1]) == "'hint'"
    }
    roots = {"BiofeedbackError", "SensorError", "SynthError"}
    several = [
        f"{module}: {ast.unparse(node)}"
        for module, path in modules().items()
        for node in nodes_of(path)
        if isinstance(node, ast.Tuple | ast.BinOp)
        and len(roots & {getattr(n, "id", "") for n in ast.walk(node)}) > 1
    ]
    assert asked == {"biofeedback.common.errors"}
    assert not several


HEAVY = {
    "bleak", "matplotlib", "neurokit2", "pandas", "pyo", "pylsl", "pythonosc", "rtmidi", "rtmidi2",
    "scipy",
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
