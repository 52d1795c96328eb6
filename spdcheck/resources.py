"""Finds the files that are shipped beside the code, in an installed wheel and in a checkout."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent


def grammar(name: str) -> Path:
    """The path of ``grammars/NAME.lark``: inside the package once installed, at the top of a checkout otherwise."""
    packaged = _PACKAGE / "grammars" / f"{name}.lark"
    return packaged if packaged.exists() else _PACKAGE.parent / "grammars" / f"{name}.lark"


def table(name: str) -> Path:
    """The path of a frozen table (``spdcheck/data/NAME``)."""
    return _PACKAGE / "data" / name
