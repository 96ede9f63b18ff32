"""Styles by name: the code that has the taste, with the file that has the numbers and the titles.

A package adds a style with an entry point in the group `biofeedback.styles`: an object with the
signature of `StyleKind`, whose file is NAME.toml beside its module. A file of its own that says
`like = "piano"` is a style as well, without code. Whoever offers styles asks here.
"""

from __future__ import annotations

from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from biofeedback.common.errors import PluginError
from biofeedback.common.plugins import Registry, did_you_mean
from biofeedback.storage.configs import ConfigFile, config_files
from biofeedback.storage.paths import configs_folder
from synth import styles
from synth.errors import StyleError

if TYPE_CHECKING:
    from synth.compose.style import Style, StyleSettings
    from synth.styles.load import StyleKind

__all__ = ["STYLES", "load_style", "style_names", "style_parts", "style_title", "style_titles"]

STYLES: Registry[StyleKind] = Registry("style", styles.STYLES)


def style_names() -> tuple[str, ...]:
    """Return the names of all styles, the default first; what is wrong with one is not known."""
    return (*STYLES.names, *(name for name in config_files("styles") if name not in STYLES.names))


def style_titles(language: str = "en") -> dict[str, str]:
    """Return what people call each style that can be played, by its name, the default first."""
    titles = {}
    for name in style_names():
        with suppress(StyleError, PluginError):  # `biofeedback plugins` says what is wrong with it
            titles[name] = _titled(name, language)
    return titles


def style_title(name: str, language: str = "en") -> str:
    """Return what people call a style; its name where that is not known here any more."""
    try:
        return _titled(name, language)
    except (StyleError, PluginError):
        return name


def style_parts(name: str) -> tuple[str, ConfigFile | None]:
    """Return the name of a style's code, and its file where it is a style without code."""
    file = None if STYLES.find(name) else config_files("styles").get(name)
    if file is None:
        return name, None
    from synth.styles.load import read_table

    return str(read_table(file.path).get("like", "")), file


def load_style(name: str) -> Style:
    """Return a style.

    Raises `StyleError` when the name is unknown, or its file is missing or malformed, and
    `PluginError` when the code that a package adds cannot be loaded.
    """
    make, settings = _read(name)
    return make(settings, name)


def _titled(name: str, language: str) -> str:
    _, settings = _read(name)
    return settings.titles.get(language, settings.title)


def _read(name: str) -> tuple[StyleKind, StyleSettings]:
    code, file = style_parts(name)
    plugin = STYLES.find(code)
    if file is not None:
        settings = _settings(file.path)
        if plugin is None:
            raise StyleError(
                f"{file.path}: like is {code!r}, which has no code",
                hint=f"Name the style that it is like: {', '.join(STYLES.names)}.",
            )
        return STYLES.load(code), settings
    if plugin is None:
        names = style_names()
        raise StyleError(
            f"no style named {name!r}",
            hint=f"{did_you_mean(name, names)}There are: {', '.join(names)}.",
        )
    make = STYLES.load(name)
    folder = plugin.folder() if plugin.package else configs_folder() / "styles"
    return make, _settings(folder / f"{name}.toml")


def _settings(path: Path) -> StyleSettings:
    state = path.stat() if path.exists() else None
    return _read_once(path, *((state.st_mtime_ns, state.st_size) if state else (0, 0)))


@lru_cache(maxsize=64)
def _read_once(path: Path, changed_ns: int, size: int) -> StyleSettings:
    """Return what stands in a file as it is now; pages ask for all styles each time."""
    from synth.styles.load import read_settings  # which the names of the styles do not need

    return read_settings(path)
