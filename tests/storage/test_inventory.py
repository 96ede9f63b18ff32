"""Every store says what becomes of a person in it, and nobody keeps anything elsewhere."""

import ast
from pathlib import Path

import pytest

from biofeedback.app.person import FINDERS
from biofeedback.storage.inventory import SESSIONS, STORES, Store, table

ROOT = Path(__file__).parents[2]

#: Who may ask for the data folder itself: to close it to others, to see whether it is well, and to
#: tell where it is.
MAY_ASK = {"biofeedback/cli/commands.py", "biofeedback/cli/checks.py", "biofeedback/cli/config.py"}


@pytest.mark.slow
def test_nobody_keeps_anything_that_the_inventory_does_not_know() -> None:
    """A store is added there alone, so it cannot be added without saying how it is erased."""
    asking = {
        path.relative_to(ROOT).as_posix()
        for path in (ROOT / "biofeedback").rglob("*.py")
        if path.parent.name != "storage"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Name | ast.alias)
        and (node.id if isinstance(node, ast.Name) else node.name).startswith(
            ("data_folder", "platformdirs", "user_data", "user_cache")
        )
    }
    assert asking == MAY_ASK


def test_each_store_with_people_in_it_is_found_exported_and_erased() -> None:
    assert set(FINDERS) == {store for store in STORES if store.personal}


@pytest.mark.parametrize("silent", ["found", "exported", "erased", "withdrawn"])
def test_a_store_that_does_not_say_how_a_person_is_erased_cannot_be_made(silent: str) -> None:
    said = {name: getattr(SESSIONS, name) for name in Store.__slots__}
    for nothing in ("", "-"):
        with pytest.raises(ValueError, match="does not say"):
            Store(**(said | {silent: nothing}))


def test_the_documented_table_is_the_inventory() -> None:
    assert table() in (ROOT / "docs" / "privacy.md").read_text(encoding="utf-8")
