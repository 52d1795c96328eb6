"""What Lark computed from a grammar, kept in the user's cache folder from one run to the next.

An entry holds plain values (numbers, texts, tuples, dictionaries) and what they were computed from, and is used only
for exactly that: the text of the grammar, the options, the releases of spdcheck and Lark, the interpreter. Nothing of
any configuration file is in it, and reading it can't run code.
"""

from __future__ import annotations

import marshal
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from spdcheck import kept_files

if TYPE_CHECKING:
    from collections.abc import Callable

_LAYOUT = b"spdcheck grammar 1 " + (sys.implementation.cache_tag or "").encode() + b"\n"


def kept(name: str, made_of: tuple[Any, ...], compute: Callable[[], Any]) -> Any:
    """The plain value that ``compute`` makes from ``made_of`` (plain as well), from the folder if it is there.

    ``name`` is that of the entry; one that was made of something else is replaced.
    """
    folder = kept_files.folder()
    if folder is None:
        return compute()
    path = folder / f"{name}.tables"
    body = kept_files.read(path, _LAYOUT)
    entry = None
    if body is not None:
        with suppress(ValueError, EOFError, TypeError):
            entry = marshal.loads(body)
    if isinstance(entry, tuple) and len(entry) == 2 and entry[0] == made_of:
        return entry[1]
    value = compute()
    with suppress(ValueError):
        kept_files.write(path, _LAYOUT, marshal.dumps((made_of, value)))
    return value
