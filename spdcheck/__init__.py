"""spdcheck: a verifier and packet simulator for IPsec policies and the firewalls around them.

    >>> import spdcheck
    >>> site = spdcheck.load_site("gateways")                    # doctest: +SKIP
    >>> for finding in spdcheck.check(site).findings:            # doctest: +SKIP
    ...     print(finding.code, finding.span.where, finding.message)

Nothing heavy is imported before one of the functions is called.
"""

from __future__ import annotations

TYPE_CHECKING = False  # typing itself is too slow for ``spdcheck --version``
if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from spdcheck.checks.finding import Report
    from spdcheck.model.host import Site

__version__ = "0.1.0"
__all__ = ["__version__", "check", "load_site"]


def load_site(path: str | Path) -> Site:
    """The site that a folder is or lies in, or one file as a site of its own.

    Raises UsageError for a path that does not exist, holds several sites or nothing that is recognised, SiteError for
    a ``spdcheck.toml`` that can't be used (:mod:`spdcheck.errors`).
    """
    from pathlib import Path

    from spdcheck.errors import UsageError
    from spdcheck.site.load import empty, sites

    found = list(sites([Path(path)]))
    if len(found) > 1:
        message = f"{path} holds {len(found)} sites: {', '.join(site.name for site in found)}"
        raise UsageError(message)
    if empty(found[0]):
        message = f"{path}: no configuration file was recognised below this folder"
        raise UsageError(message)
    return found[0]


def check(site: Site, *, select: Iterable[str] = (), ignore: Iterable[str] = ()) -> Report:
    """Everything that the checks have to say about a site.

    ``select`` and ``ignore`` take codes, families (``CRY``) and names; they add to those of the site's file.
    """
    from spdcheck.checks.run import run, selected

    return run(site, selected((*site.select, *select), (*site.ignore, *ignore)))
