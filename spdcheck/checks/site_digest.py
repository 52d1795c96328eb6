"""A digest of all that a site was made of, without anything of a secret in it.

Secrets are told apart by number, in the order in which they first come up: which keys are equal matters to a verdict,
and what they are is not known any more.
"""

from __future__ import annotations

import hashlib
import io
import pickle
from typing import TYPE_CHECKING, Any

from spdcheck.model.secret import Secret

if TYPE_CHECKING:
    from collections.abc import Iterator

    from spdcheck.model.host import Host, Site
    from spdcheck.source import SourceFile


class _Secrets(pickle.Pickler):
    """Comes by every secret of a value; what it writes is thrown away."""

    def __init__(self) -> None:
        super().__init__(io.BytesIO(), protocol=5)
        self._numbers: dict[Secret, int] = {}
        self.found: list[tuple[int, int, int, bool, str]] = []

    def reducer_override(self, value: Any) -> Any:
        if not isinstance(value, Secret):
            return NotImplemented
        number = self._numbers.setdefault(value, len(self._numbers))
        self.found.append((number, value.bits, value.strength_bits, value.placeholder, value.weakness))
        return int, (number,)


def files_of(site: Site) -> dict[str, SourceFile]:
    """Every file of a site by the path that messages name, what they include as well."""
    found = {} if site.file is None else {site.file.path: site.file}
    for host in site.hosts:
        for report in host.files:
            for file in (report.file, *report.included):
                found.setdefault(file.path, file)
    for row in site.baseline:
        found.setdefault(row.origin.file.path, row.origin.file)
    return found


def digest(site: Site) -> str:
    """The same for two sites only if no check can tell them apart."""
    known = hashlib.sha256()
    for part in _parts(site):
        known.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return known.hexdigest()


def _parts(site: Site) -> Iterator[str]:
    yield site.name
    yield "" if site.file is None else site.file.path + site.file.text
    yield repr(site.single_file)
    yield repr([row.fingerprint for row in site.baseline])
    yield repr(len(site.suppressions))
    secrets = _Secrets()
    for host in site.hosts:
        yield from _host(host)
        for value in (host.credentials, host.sad, host.assertions, host.daemons, host.running):
            secrets.dump(value)
    yield repr(secrets.found)


def _host(host: Host) -> Iterator[str]:
    platform = "" if host.platform is None else host.platform.value
    yield f"{host.name} {platform} {host.release} {host.external} {host.folder} {sorted(host.tools.items())}"
    yield "; ".join(diagnostic.message for diagnostic in host.diagnostics)
    for report in host.files:
        yield f"{report.file.path} {report.format} {report.dialect} {report.loaded}"
        yield report.file.text
        for file in report.included:
            yield file.path
            yield file.text
