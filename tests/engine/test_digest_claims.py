"""The digest of the code, made by hand from the files that it is said to cover."""

import hashlib
from pathlib import Path

import pytest

import biofeedback
import sensors
import synth
from biofeedback.engine.digest import DERIVING, code_digest, package_digest
from biofeedback.storage.paths import configs_folder

FOLDERS = {each.__name__: Path(each.__path__[0]) for each in (biofeedback, sensors, synth)}


def test_the_digest_is_of_each_files_name_length_and_text_in_the_order_of_names() -> None:
    found: dict[str, Path] = {}
    for module in DERIVING:
        package, *inner = module.split(".")
        place = FOLDERS[package].joinpath(*inner)
        for path in place.rglob("*.py"):
            found[f"{module}/{path.relative_to(place).as_posix()}"] = path
        if not place.is_dir():
            found[module] = place.parent / f"{place.name}.py"
    for path in (configs_folder() / "styles").glob("*.toml"):
        found[f"styles/{path.name}"] = path
    assert len(found) > 60
    told = hashlib.sha256()
    for name in sorted(found):
        text = found[name].read_bytes()
        assert b"\r" not in text  # where a checkout has such ends of lines, they count as one byte
        told.update(f"{name} {len(text)}\n".encode() + text)
    code_digest.cache_clear()  # of the code as it is now
    assert code_digest() == told.hexdigest()[:16]


def test_the_digest_of_an_added_part_is_that_of_its_package_or_its_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "grove_of_tests"
    (package / "inner").mkdir(parents=True)
    texts = {"__init__.py": "", "inner/part.py": "x = 1\r\n", "style.toml": "a = 1\n"}
    for name, text in texts.items():
        (package / name).write_bytes(text.encode())
    (package / "notes.txt").write_text("decides nothing")
    (tmp_path / "alone_of_tests.py").write_text("y = 2\n")
    monkeypatch.syspath_prepend(str(tmp_path))

    def by_hand(files: dict[str, str]) -> str:
        told = hashlib.sha256()
        for name, text in sorted(files.items()):
            told.update(f"{name} {len(text)}\n{text}".encode())
        return told.hexdigest()[:16]

    whole = by_hand({name: text.replace("\r\n", "\n") for name, text in texts.items()})
    package_digest.cache_clear()
    assert package_digest("grove_of_tests.inner.part:Part") == whole
    assert package_digest("grove_of_tests") == whole
    assert package_digest("alone_of_tests:Part") == by_hand({"alone_of_tests.py": "y = 2\n"})
    assert package_digest("nobody_has_this:Part") == by_hand({})
