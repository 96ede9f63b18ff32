"""Styles by name: the code that has the taste, with the file that has the numbers.

A package adds a style with an entry point in the group `biofeedback.styles`: an object with the
signature of `StyleKind`, whose numbers stand in NAME.toml beside its module. A file with numbers of
its own that says `like = "piano"` is a style as well, without code.
"""

from __future__ import annotations

from biofeedback.common.plugins import Registry, did_you_mean
from biofeedback.storage.configs import ConfigFile, config_files
from biofeedback.storage.paths import configs_folder
from synth.compose.style import Style
from synth.errors import StyleError
from synth.styles import load as built_in
from synth.styles.load import StyleKind, read_settings, read_table

__all__ = ["STYLES", "load_style", "style_names", "style_parts"]

STYLES: Registry[StyleKind] = Registry(
    "style",
    {name: f"{make.__module__}:{make.__name__}" for name, make in built_in.STYLES.items()},
)


def style_names() -> tuple[str, ...]:
    """Return the names of all styles, the default first."""
    return (*STYLES.names, *(name for name in config_files("styles") if name not in STYLES.names))


def style_parts(name: str) -> tuple[str, ConfigFile | None]:
    """Return the name of a style's code, and its file where it is a style without code."""
    file = None if STYLES.find(name) else config_files("styles").get(name)
    if file is None:
        return name, None
    return str(read_table(file.path).get("like", "")), file


def load_style(name: str) -> Style:
    """Return a style.

    Raises `StyleError` when the name is unknown, or its file is missing or malformed, and
    `PluginError` when the code that a package adds cannot be loaded.
    """
    code, file = style_parts(name)
    plugin = STYLES.find(code)
    if file is not None:
        settings = read_settings(file.path)
        if plugin is None:
            raise StyleError(
                f"{file.path}: like is {code!r}, which has no code",
                hint=f"Name the style that it is like: {', '.join(STYLES.names)}.",
            )
        return STYLES.load(code)(settings, name)
    if plugin is None:
        names = style_names()
        raise StyleError(
            f"no style named {name!r}",
            hint=f"{did_you_mean(name, names)}There are: {', '.join(names)}.",
        )
    make = STYLES.load(name)
    folder = plugin.folder() if plugin.package else configs_folder() / "styles"
    return make(read_settings(folder / f"{name}.toml"), name)
