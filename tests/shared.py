"""Where the shared public data and reference values lie."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"


def shared_file(name: str) -> Path:
    """Return a shared file; a missing one is a failure where the data are promised, elsewhere a skip."""
    path = SHARED / name
    if not path.exists():
        if os.environ.get("CI") == "true":
            pytest.fail(f"shared file {name} is missing")
        pytest.skip(f"shared file {name} is not in this clone")
    return path


def reference(name: str) -> dict[str, Any]:
    """Return one file of reference values made with R."""
    content: dict[str, Any] = json.loads(shared_file(f"reference/{name}.json").read_text(encoding="utf-8"))
    return content
