"""The baseline of a site: findings that were there when it was written, one row each, in a file beside the site's.

Rows are known by their fingerprints, which hold no line numbers; the rest of a row is for whoever reads the file.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from spdcheck.errors import SiteError
from spdcheck.model.suppression import BaselineRow
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

FILE_NAME = "spdcheck-baseline.json"
SCHEMA = 1
_KEYS = ("fingerprint", "code", "host", "path", "message")


def load(path: Path, shown: str) -> tuple[BaselineRow, ...]:
    """The rows of a baseline; none where there is no file. Raises SiteError, with its place, for a damaged one."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError) as error:
        raise SiteError(
            f"{shown}: can't be read: {getattr(error, 'strerror', None) or 'it is no UTF-8 text'}"
        ) from None
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        raise SiteError(f"{shown}:{error.lineno}:{error.colno}: not valid JSON: {error.msg}") from None
    except RecursionError:
        raise SiteError(f"{shown}: not valid JSON: nested too deeply") from None
    rows = document.get("findings") if isinstance(document, dict) else None
    if not isinstance(rows, list) or document.get("schema") != SCHEMA:
        raise SiteError(
            f'{shown}: no baseline of this spdcheck ("schema": {SCHEMA}); spdcheck baseline write makes one'
        )
    file = SourceFile(shown, text)
    places = _places(text)
    found = []
    for number, row in enumerate(rows):
        if not isinstance(row, dict) or not all(isinstance(row.get(key), str) for key in ("fingerprint", "code")):
            raise SiteError(f"{shown}: row {number + 1} has no fingerprint and code")
        here = places.get(row["fingerprint"], [])
        start, end = here.pop(0) if here else (0, 0)
        found.append(BaselineRow(row["fingerprint"], row["code"], file.span(start, end)))
    return tuple(found)


def _places(text: str) -> dict[str, list[tuple[int, int]]]:
    """Where each fingerprint stands, in the order of the file."""
    found: dict[str, list[tuple[int, int]]] = {}
    for match in re.finditer(r'"fingerprint"\s*:\s*"([^"\\]*)"', text):
        found.setdefault(match[1], []).append(match.span())
    return found


def text_of(rows: Iterable[Mapping[str, Any]]) -> str:
    """The text of a baseline: one row a line, ordered by host, path and code, so that changes merge well."""
    ordered = sorted(rows, key=lambda row: [row[key] for key in ("host", "path", "code", "message", "fingerprint")])
    lines = [json.dumps({key: row[key] for key in _KEYS}, ensure_ascii=False) for row in ordered]
    body = "\n    " + ",\n    ".join(lines) + "\n  " if lines else ""
    return f'{{\n  "schema": {SCHEMA},\n  "findings": [{body}]\n}}\n'
