"""Which wrong code the tests let pass: mutants of one room, a sample of them, drawn by seed.

python benchmarks/mutants.py ROOM [--count 300] [--seed 1] [--jobs 2] [--json FILE] [--again FILE]

mutmut makes the mutants and runs them, each against the tests that reach its function. This script
tells it where a room is and which tests answer for it, draws the sample, and names each survivor
as a difference. All of it happens in a copy of the tree that is deleted afterwards.

Not drawn: mutants that only change words for people (a string with a blank in it). mutmut itself
leaves out what stands outside functions, and functions with a decorator, such as properties.
A timeout counts as noticed, a mutant that no test reaches as survived. What cannot be told from the
original by anybody stands in `equivalent_mutants.toml` with its reason.
"""

import argparse
import difflib
import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tokenize
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
EQUIVALENT = Path(__file__).with_name("equivalent_mutants.toml")
LONGEST_S = 30 * 60.0
COPIED = ("benchmarks", "biofeedback", "configs", "docs", "sensors", "synth", "tests", "README.md")


@dataclass(frozen=True)
class Room:
    """The files that are changed, and the tests that should notice."""

    files: tuple[str, ...]
    tests: tuple[str, ...]


#: Simulations of many people take half a minute, and would decide little.
QUICK = "not people_without"

ROOMS = {
    "engine": Room(
        ("biofeedback/engine/*.py",),
        tuple(
            f"tests/engine/test_{name}_claims.py"
            for name in ("command", "core", "core_body", "core_clock", "digest")
        ),
    ),
    "verify": Room(("biofeedback/record/verify.py",), ("tests/record/test_verify_claims.py",)),
    "trials": Room(
        ("biofeedback/trials/*.py",),
        tuple(
            f"tests/trials/test_trial_{name}.py"
            for name in ("claims", "page_claims", "preparation_claims", "rules")
        ),
    ),
    "player": Room(
        ("synth/player/*.py",),
        tuple(
            f"tests/synth/test_player_{name}.py"
            for name in (
                "scheduler",
                "claims",
                "process_claims",
                "rights_claims",
                "remote_claims",
                "child_claims",
            )
        ),
    ),
    "link": Room(
        ("sensors/ble/link.py",),
        (
            "tests/sensors/test_link.py",
            "tests/sensors/test_link_dialogue.py",
            "tests/sensors/test_link_identity.py",
        ),
    ),
    "codecs": Room(
        ("sensors/codecs/*.py",),
        (
            "tests/sensors/test_codec_claims.py",
            "tests/sensors/test_device_profiles.py",
            "tests/sensors/test_heart_rate_codec.py",
            "tests/sensors/test_native_codecs.py",
            "tests/sensors/test_polar_pmd_codec.py",
        ),
    ),
    "personal": Room(
        ("biofeedback/personal/*.py",),
        (
            "tests/personal/test_learner.py",
            "tests/personal/test_learner_claims.py",
            "tests/personal/test_insight_claims.py",
            "tests/personal/test_kept_claims.py",
            "tests/personal/test_trail_claims.py",
            "-k",
            QUICK,
        ),
    ),
}


@dataclass(frozen=True)
class Mutant:
    """One changed function: its name for mutmut and for people, and the changed lines."""

    name: str
    function: str
    was: str
    becomes: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What names it wherever in the file it stands."""
        return self.function, self.was, self.becomes


def mutants(path: Path) -> Iterator[Mutant]:
    """Yield each mutant of a file that changes more than words for people."""
    from mutmut.mutation.file_mutation import mutate_file_contents
    from mutmut.utils.format_utils import (
        get_mutant_name,
        mangled_name_from_mutant_name,
        orig_function_and_class_names_from_key,
    )

    shown = path.relative_to(ROOT)
    mutated = mutate_file_contents(str(shown), path.read_text())
    lines = mutated.code.splitlines(keepends=True)

    def source(name: str) -> list[str]:
        span = mutated.line_span_by_function_name[name]
        text = "".join(lines[span.start - 1 : span.end])
        return text.replace(name, "f", 1).splitlines(keepends=True)

    for name in mutated.mutant_names:
        original = source(mangled_name_from_mutant_name(name) + "__mutmut_orig")
        changed = source(name)
        if only_words(original, changed):
            continue
        function, owner = orig_function_and_class_names_from_key(name)
        inner = f"{owner}.{function}" if owner else function
        was, becomes = difference(original, changed)
        module = ".".join(shown.with_suffix("").parts)
        yield Mutant(get_mutant_name(shown, name), f"{module}.{inner}", was, becomes)


def only_words(original: list[str], changed: list[str]) -> bool:
    """Whether all that differs is a string that people read."""
    before, after = tokens(original), tokens(changed)
    differing = [one for one, other in zip(before, after, strict=False) if one != other]
    return (
        len(before) == len(after)
        and len(differing) == 1
        and differing[0][0] == tokenize.STRING
        and " " in differing[0][1]
    )


def tokens(lines: list[str]) -> list[tuple[int, str]]:
    """Return kind and text of each token of a function, wherever it is indented."""
    margin = re.match(r"\s*", lines[0])
    assert margin is not None
    text = "".join(line.removeprefix(margin[0]) for line in lines)
    return [
        (each.type, each.string) for each in tokenize.generate_tokens(io.StringIO(text).readline)
    ]


def difference(original: list[str], changed: list[str]) -> tuple[str, str]:
    """Return the lines that go and those that come, without what they share around them."""
    found = [*difflib.ndiff(original, changed)]
    was = " ".join(line[2:].strip() for line in found if line.startswith("- "))
    return was, " ".join(line[2:].strip() for line in found if line.startswith("+ "))


def equivalents() -> dict[tuple[str, str, str], str]:
    """Return the reason for each mutant that nobody can tell from the original."""
    if not EQUIVALENT.exists():
        return {}
    rows = tomllib.loads(EQUIVALENT.read_text())["mutant"]
    return {(row["function"], row["was"], row["becomes"]): row["why"] for row in rows}


def run(room: Room, drawn: list[Mutant], jobs: int) -> dict[str, str]:
    """Return what became of each mutant, by its name."""
    from mutmut.stats import status_by_exit_code

    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        tree = Path(folder)
        for name in COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(
                    ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__")
                )
            else:
                shutil.copy(ROOT / name, tree / name)
        settings = (ROOT / "pyproject.toml").read_text()
        mark = "[tool.mutmut]\n"
        own = f"only_mutate = {json.dumps(room.files)}\n"
        own += f"pytest_add_cli_args_test_selection = {json.dumps(room.tests)}\n"
        assert mark in settings
        (tree / "pyproject.toml").write_text(settings.replace(mark, mark + own))
        within = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        command = [sys.executable, "-c", "from mutmut.__main__ import cli; cli()", "run"]
        command += ["--max-children", str(jobs), *(mutant.name for mutant in drawn)]
        log = tree / "said"
        with log.open("w") as said:
            process = subprocess.Popen(
                command, cwd=tree, env=within, stdout=said, stderr=said, start_new_session=True
            )
            try:
                if process.wait(LONGEST_S):
                    sys.exit(f"mutmut ended with {process.returncode}:\n{log.read_text()[-4000:]}")
            except subprocess.TimeoutExpired:
                print(
                    f"Stopped after {LONGEST_S / 60:g} minutes; what was tried until then counts."
                )
            finally:
                if process.poll() is None:
                    os.killpg(process.pid, signal.SIGKILL)  # its workers as well
                    process.wait()
        codes: dict[str, int | None] = {}
        for meta in (tree / "mutants").rglob("*.py.meta"):
            codes |= json.loads(meta.read_text())["exit_code_by_key"]
    return {mutant.name: status_by_exit_code[codes[mutant.name]] for mutant in drawn}


def main() -> None:
    """Draw, run, and print the table and the survivors."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("room", choices=ROOMS)
    parser.add_argument("--count", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--json", type=Path, help="also write the results here")
    parser.add_argument("--again", type=Path, help="only what survived in this earlier result")
    options = parser.parse_args()
    began_s = time.perf_counter()
    room = ROOMS[options.room]
    files = sorted(path for pattern in room.files for path in ROOT.glob(pattern))
    found = [mutant for path in files for mutant in mutants(path)]
    random.Random(f"{options.room} {options.seed}").shuffle(found)
    drawn = found[: options.count]
    if options.again:
        rows = json.loads(options.again.read_text())["survived"]
        left = {(row["function"], row["was"], row["becomes"]) for row in rows}
        drawn = [mutant for mutant in found if mutant.key in left]
    reasons = equivalents()
    same = [mutant for mutant in drawn if mutant.key in reasons]
    tried = [mutant for mutant in drawn if mutant.key not in reasons]
    became = run(room, tried, options.jobs)
    tried = [mutant for mutant in tried if became[mutant.name] != "not checked"]
    survived = [mutant for mutant in tried if became[mutant.name] in ("survived", "no tests")]
    for mutant in sorted(survived, key=lambda each: each.key):
        untested = " (no test reaches it)" * (became[mutant.name] == "no tests")
        print(f"{mutant.function}{untested}\n  - {mutant.was}\n  + {mutant.becomes}")
    counts = Counter(became.values())
    score = 1 - len(survived) / len(tried) if tried else 1.0
    took_s = time.perf_counter() - began_s
    print(f"\n{options.room}: {len(drawn)} of {len(found)} mutants, seed {options.seed}")
    print(", ".join(f"{count} {status}" for status, count in counts.most_common()))
    print(f"{len(same)} equivalent; score {score:.1%}; {took_s:.0f} s")
    if options.json:
        result = {
            "room": options.room,
            "seed": options.seed,
            "mutants": len(found),
            "drawn": len(drawn),
            "equivalent": len(same),
            "counts": counts,
            "score": round(score, 4),
            "seconds": round(took_s),
            "survived": [asdict(mutant) for mutant in survived],
        }
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
