"""Lets pytest run the conformance suites on one part, wherever it is installed.

    pytest --pyargs biofeedback.testing --kind style --name mine

Without `--kind` every suite runs on all that is built in, as far as it needs no device. A sensor or
an output is named as on the command line, with what stands behind the colon; a reader is given a
recording of its format with `--sample FILE`, which is left as it is.
"""

from __future__ import annotations

from pathlib import Path

import pytest

__all__ = ["pytest_addoption", "pytest_collection_modifyitems", "pytest_generate_tests", "sample"]

_KINDS = (
    "device", "exporter", "listener", "metric", "output", "reader", "sensor", "strategy", "style",
)  # fmt: skip
_NOTHING = ""  #: the part of a test that is left out
#: What is built in and runs without a device or a recording; other kinds: all that is built in.
_WITHOUT_DEVICE = {
    "sensor": ("sim:", "sim:stress", "sim:together"),
    "output": ("null:", "osc:9"),
    "reader": (),
    "metric": ("heart_rate",),  # the suite looks at all of them
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what says which part is meant."""
    group = parser.getgroup("biofeedback", "conformance suites of biofeedback")
    group.addoption("--kind", choices=_KINDS, help="Kind of the part to be tried.")
    group.addoption("--name", help="Its name; of a sensor or an output its URI.")
    group.addoption("--sample", help="With --kind reader: a recording of its format.")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Give each test of a suite the parts that it shall look at."""
    kind = getattr(metafunc.module, "KIND", None)
    if kind is not None and "part" in metafunc.fixturenames:
        metafunc.parametrize("part", _parts(kind, metafunc.config), scope="module")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out the suites of other kinds, and those that nothing was named for."""
    wanted = config.getoption("--kind")
    others = [
        item
        for item in items
        if (kind := _kind(item)) and (kind != (wanted or kind) or _part(item) == _NOTHING)
    ]
    config.hook.pytest_deselected(items=others)
    items[:] = [item for item in items if item not in others]


@pytest.fixture(scope="module")
def sample(request: pytest.FixtureRequest) -> Path:
    """Return the recording that a reader is tried on."""
    return Path(request.config.getoption("--sample"))


def _kind(item: pytest.Item) -> str | None:
    module = getattr(item, "module", None)
    return getattr(module, "KIND", None)


def _part(item: pytest.Item) -> object:
    call = getattr(item, "callspec", None)
    return call.params.get("part") if call else None


def _parts(kind: str, config: pytest.Config) -> list[str]:
    chosen, name = config.getoption("--kind"), config.getoption("--name")
    if chosen is None:
        return list(_built_in(kind)) or [_NOTHING]
    if chosen != kind:
        return [_NOTHING]
    if kind == "reader" and not config.getoption("--sample"):
        raise pytest.UsageError("--kind reader needs a recording: --sample FILE")
    if not name:
        return list(_built_in(kind))
    known = _known(kind)
    if name.partition(":")[0] not in known:
        raise pytest.UsageError(f"there is no {kind} {name!r}; there are {', '.join(known)}")
    return [name]


def _built_in(kind: str) -> tuple[str, ...]:
    return _WITHOUT_DEVICE[kind] if kind in _WITHOUT_DEVICE else _known(kind, added=False)


def _known(kind: str, *, added: bool = True) -> tuple[str, ...]:
    from biofeedback.app.inventory import REGISTRIES
    from biofeedback.common.plugins import BUILT_IN
    from biofeedback.config.styles import style_names
    from biofeedback.storage.configs import config_files

    if kind == "device":
        files = config_files("devices").values()
        return tuple(file.name for file in files if added or file.whence == BUILT_IN)
    if kind == "style" and added:
        return style_names()
    registry = next(one for one in REGISTRIES if one.kind == kind)
    return registry.names if added else registry.built_in
