"""Prove one session as other computers would: other kernels of BLAS, of numpy and of the C library.

python benchmarks/other_computers.py [--minutes 55] [--session FOLDER]

Makes a session of a simulated listener, or takes one that there is, and runs `verify` on it with
each combination of OpenBLAS's kernels, of instructions that numpy leaves alone, and of those that
the C library does. What a processor lacks cannot be tried on it: OpenBLAS then takes what there is,
and the table shows that.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

KERNELS = ("Prescott", "Nehalem", "Sandybridge", "Haswell", "SkylakeX")
C_LIBRARY = ("", "glibc.cpu.hwcaps=-AVX2,-FMA,-FMA4,-AVX,-AVX512F")


def numpy_sets() -> list[str]:
    """Return which instructions numpy is told to leave alone: none, the newer ones, and all."""
    found = np.show_config(mode="dicts")["SIMD Extensions"]
    known = [*found.get("found", []), *found.get("not found", [])]
    return list(dict.fromkeys(["", " ".join(known[1:]), " ".join(known)]))


def kernel_in_use(asked: str) -> str:
    """Return the kernel that OpenBLAS takes when it is asked for one."""
    environment = os.environ | {"OPENBLAS_CORETYPE": asked, "OPENBLAS_VERBOSE": "2"}
    said = subprocess.run(
        [sys.executable, "-c", "import numpy"], env=environment, capture_output=True, text=True
    )
    found = re.search(r"Core: (\w+)", said.stdout + said.stderr)
    return found[1] if found else "unknown"


def session(out: Path, minutes: float) -> Path:
    """Return the folder of a session of a virtual listener with skin and heart."""
    subprocess.run(
        [sys.executable, "-P", "-m", "biofeedback", "run", "-s", "sim:listener", "-o", "null:",
         "--fast", "--duration", f"{60.0 * minutes:g}", "--seed", "1", "--out", str(out)],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return next(folder for folder in out.iterdir() if folder.is_dir())


def verified(folder: Path, environment: dict[str, str]) -> tuple[int, int, float]:
    """Return the exit code of verify, the lines that agreed, and the seconds it took."""
    start = time.monotonic()
    found = subprocess.run(
        [sys.executable, "-P", "-m", "biofeedback", "verify", str(folder), "--json"],
        env=os.environ | environment, capture_output=True, text=True,
    )  # fmt: skip
    took_s = time.monotonic() - start
    derived = json.loads(found.stdout)["derived"] if found.stdout.startswith("{") else 0
    return found.returncode, derived, took_s


def main() -> None:
    """Print a row for each computer."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--minutes", type=float, default=55.0)
    parser.add_argument("--session", type=Path, help="one that there is")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = asked.session or session(Path(scratch), asked.minutes)
        kernels = {kernel_in_use(name): name for name in KERNELS}
        print("| BLAS | numpy without | C library without | exit | lines proved | s |")
        print("|---|---|---|---|---|---|")
        worst = 0
        for (kernel, name), left, tunables in itertools.product(
            kernels.items(), numpy_sets(), C_LIBRARY
        ):
            environment = {"OPENBLAS_CORETYPE": name}
            environment |= {"NPY_DISABLE_CPU_FEATURES": left} if left else {}
            environment |= {"GLIBC_TUNABLES": tunables} if tunables else {}
            code, derived, took_s = verified(folder, environment)
            worst = max(worst, code)
            bare = tunables.partition("=")[2].replace("-", "") or "nothing"
            print(
                f"| {kernel} | {left or 'nothing'} | {bare} | {code} | {derived} | {took_s:.0f} |"
            )
    sys.exit(worst)


if __name__ == "__main__":
    main()
