"""The digest of the code, made by hand from the files that it is said to cover."""

import hashlib
from pathlib import Path

import biofeedback
import sensors
import synth
from biofeedback.engine.digest import DERIVING, code_digest
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
