"""Runs a command line in this process."""

from __future__ import annotations

import io
from typing import NamedTuple

from spdcheck.cli import main


class Result(NamedTuple):
    code: int
    out: str
    err: str


def spdcheck(*arguments: object) -> Result:
    out, err = io.StringIO(), io.StringIO()
    code = main([str(argument) for argument in arguments], io.StringIO(), out, err)
    return Result(code, out.getvalue(), err.getvalue())
