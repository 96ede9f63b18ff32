"""Whether every platform and Python that we promise can install us from wheels alone.

    python benchmarks/wheels.py

Asks uv, which comes with the extra `dev`, to resolve the package with every extra for each of
them. Exit code 1 when a cell stops resolving; the reason is printed.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
PLATFORMS = {
    "Linux x86-64": "x86_64-unknown-linux-gnu",
    "Linux aarch64": "aarch64-unknown-linux-gnu",
    "macOS arm64": "aarch64-apple-darwin",
    "macOS x86-64": "x86_64-apple-darwin",
    "Windows x86-64": "x86_64-pc-windows-msvc",
}
PYTHONS = ("3.11", "3.12", "3.13", "3.14")
EXTRAS = ("all", "test")


def resolve(platform: str, python: str) -> str:
    """Return why it cannot be installed there; "" when it can."""
    extras = [word for extra in EXTRAS for word in ("--extra", extra)]
    command = [
        *(sys.executable, "-m", "uv", "pip", "compile", "--quiet", "--only-binary", ":all:"),
        *("--python-platform", platform, "--python-version", python, *extras),
        str(ROOT / "pyproject.toml"),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return "" if done.returncode == 0 else done.stderr.strip() or "no reason given"


def main() -> int:
    """Print the table; return 1 when something in it fails."""
    failed: list[str] = []
    print(f"{'':16}" + "".join(f"{python:>8}" for python in PYTHONS))
    for name, platform in PLATFORMS.items():
        cells = []
        for python in PYTHONS:
            reason = resolve(platform, python)
            cells.append("FAILS" if reason else "ok")
            if reason:
                failed.append(f"{name}, Python {python}:\n{reason}")
        print(f"{name:16}" + "".join(f"{cell:>8}" for cell in cells), flush=True)
    print("\n\n".join(["", *failed]) if failed else "all resolve from wheels")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
