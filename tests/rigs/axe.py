"""The accessibility checker axe-core, fetched once into a cache folder."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from rigs.chromium import Page

VERSION = "4.14.1"
PRESENT = shutil.which("npm") is not None
REASON = "needs npm, to fetch axe-core"
#: Findings of these impacts are failures.
SERIOUS = ("serious", "critical")


def script() -> str:
    """Return axe-core's source: from the cache, else from the npm registry."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "biofeedback-tests"
    kept = cache / f"axe-core-{VERSION}.js"
    if not kept.exists():
        with tempfile.TemporaryDirectory() as folder:
            command = ["npm", "pack", f"axe-core@{VERSION}", "--silent"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True, timeout=120)
            archive = next(Path(folder).glob("*.tgz")).read_bytes()
        with tarfile.open(fileobj=io.BytesIO(archive)) as package:
            member = package.extractfile("package/axe.min.js")
            assert member is not None
            content = member.read()
        cache.mkdir(parents=True, exist_ok=True)
        kept.write_bytes(content)
    return kept.read_text(encoding="utf-8")


def findings(page: Page) -> list[str]:
    """Return the serious findings on a page as it is now."""
    page.run(f"{script()}; undefined")
    found: list[dict[str, Any]] = page.run(
        "axe.run(document, {resultTypes: ['violations']}).then(r => r.violations)"
    )
    return [
        f"{f['id']}: {json.dumps([n['html'][:120] for n in f['nodes']][:3])}"
        for f in found
        if f["impact"] in SERIOUS
    ]
