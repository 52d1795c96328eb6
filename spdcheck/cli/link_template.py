"""The value of ``--link-template``, refused where it leads nowhere or could do more than lead."""

from __future__ import annotations

import re

from spdcheck.errors import UsageError
from spdcheck.output.links import GAP

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:[!-~]+")
_SCRIPTS = ("javascript:", "data:", "vbscript:")
_KNOWN = ("path", "line", "column")


def template(word: str) -> str:
    """The template as the user gave it. Raises UsageError for one that leads nowhere."""
    option = f"--link-template {word}"
    if not _ADDRESS.fullmatch(word) or word.lower().startswith(_SCRIPTS):
        raise UsageError(f"{option}: write an address, such as https://forge.example/repo/blob/main/{{path}}#L{{line}}")
    unknown = next((name for name in GAP.findall(word) if name not in _KNOWN), None)
    if unknown is not None:
        raise UsageError(f"{option}: there is no {{{unknown}}}; there are {{path}}, {{line}} and {{column}}")
    if "{path}" not in word:
        raise UsageError(f"{option}: {{path}} is missing, every link would lead to the same file")
    return word
