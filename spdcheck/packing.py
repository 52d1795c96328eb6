"""Values of the model, findings and traces as bytes, and back: for the cache folder and between processes.

Unpacking makes nothing but instances of spdcheck's own classes and of plain containers. A secret can't be packed.
Source files that both sides have are named, not copied, so that what comes back has the same files as the site.
"""

from __future__ import annotations

import io
import pickle
from typing import TYPE_CHECKING, Any

from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Mapping

_PLAIN = frozenset({
    ("builtins", "set"), ("builtins", "frozenset"), ("builtins", "range"), ("builtins", "slice"),
    ("spdcheck.semantics.fields", "_field_named"),
})  # fmt: skip
"""What else than classes of ours may be called: containers, and the look-up by which fields stay what they are."""


class _Packer(pickle.Pickler):
    def __init__(self, stream: io.BytesIO, files: Mapping[str, SourceFile]) -> None:
        super().__init__(stream, protocol=5)
        self._files = files

    def persistent_id(self, value: object) -> str | None:
        if isinstance(value, SourceFile) and self._files.get(value.path) is value:
            return value.path
        return None


class _Unpacker(pickle.Unpickler):
    def __init__(self, stream: io.BytesIO, files: Mapping[str, SourceFile]) -> None:
        super().__init__(stream)
        self._files = files

    def persistent_load(self, path: Any) -> SourceFile:
        return self._files[path]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) in _PLAIN:
            return super().find_class(module, name)
        if module.startswith("spdcheck."):
            found = super().find_class(module, name)
            if isinstance(found, type):
                return found
        message = f"{module}.{name} is no value of spdcheck"
        raise pickle.UnpicklingError(message)


def pack(value: object, files: Mapping[str, SourceFile] | None = None) -> bytes | None:
    """The value as bytes; None for one that can't be packed, such as one that holds a secret."""
    stream = io.BytesIO()
    try:
        _Packer(stream, files or {}).dump(value)
    except (TypeError, AttributeError, pickle.PicklingError, RecursionError):
        return None
    return stream.getvalue()


def unpack(body: bytes, files: Mapping[str, SourceFile] | None = None) -> Any:
    """What was packed; None for bytes that nothing packed, or with files that are not there."""
    try:
        return _Unpacker(io.BytesIO(body), files or {}).load()
    except Exception:
        return None
