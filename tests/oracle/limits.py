"""Differences that are known and documented: what the simulator does not model, told from the set-up alone."""

from __future__ import annotations

from typing import Any


def limit_of(scenario: dict[str, Any], probe: int) -> str:
    """Why this probe is beyond what is modelled; empty where it is not."""
    del scenario, probe
    return ""
