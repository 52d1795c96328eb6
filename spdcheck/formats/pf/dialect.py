"""Which pf a file is written for: the release decides what a rule without ``keep state`` means, and the free words.

OpenBSD changed the language twice. From 4.1 on, ``pass`` keeps state and looks at ``flags S/SA`` by itself; 4.7
replaced the ``nat``, ``rdr``, ``binat`` and ``scrub`` rules by options of filter rules. FreeBSD took over the language
of 3.5, 3.7, 4.1 and 4.5 and has added to it since. Where neither the site file nor the text tells, the newest is
assumed.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.model.host import Platform
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from spdcheck.formats.base import Context

MODERN, OLD, FREEBSD = "modern", "old", "freebsd"
"""The three vocabularies: OpenBSD 4.7 and later, OpenBSD up to 4.6, FreeBSD (and macOS, which took FreeBSD's)."""

_OLD_RULES = re.compile(
    r"^[ \t]*(?:(?:no[ \t]+)?(?:nat|rdr|binat)[ \t]+(?:pass\b|log\b|on\b|inet|proto\b|from\b|all\b)|(?:no[ \t]+)?scrub"
    r"(?:[ \t]+(?:in|out|on|all|from|log|proto|fragment|no-df|random-id|max-mss|min-ttl|reassemble)\b|[ \t]*$)"
    r"|(?:nat|rdr|binat)-anchor\b|altq[ \t]+on\b|set[ \t]+require-order\b"
    r"|(?:pass|block)\b[^#\n]*[ \t](?:fastroute|log-all)\b)",
    re.MULTILINE,
)
_MODERN_RULES = re.compile(
    r"^[ \t]*(?:match\b|(?:pass|block|anchor)\b[^#\n]*[ \t](?:nat-to|rdr-to|binat-to|received-on|af-to|once"
    r"|divert-packet|max-pkt-rate|scrub[ \t]*\(|set[ \t]*(?:\(|prio\b|queue\b|tos\b|delay\b))"
    r"|(?:pass|block)\b[^#\n]*[ \t]prio[ \t]+[0-7]\b"
    r"|queue[ \t]+\S+[ \t]+(?:on[ \t]+\S+|parent[ \t]+\S+)[ \t]+(?:bandwidth|flows)\b|antispoof\b.*\brtable\b"
    r"|set[ \t]+(?:syncookies|reassemble)\b)|^[ \t]+(?:nat-to|rdr-to|binat-to|af-to)\b",
    re.MULTILINE,
)
_FREEBSD_RULES = re.compile(
    r"^[ \t]*(?:ether\b|set[ \t]+(?:fail-policy|keepcounters)\b|scrub-anchor\b|dummynet-anchor\b"
    r"|(?:pass|block|match)\b[^#\n]*[ \t](?:dnpipe|dnqueue|ridentifier|max-pkt-size|prefer-ipv6-nexthop)\b"
    r"|nat\b[^#\n]*[ \t](?:map-e-portset|endpoint-independent)\b|(?:altq|queue)\b[^#\n]*\b(?:fairq|codelq?)\b"
    r"|scrub\b[^#\n]*[ \t]fragment[ \t]+no[ \t]+reassemble\b)",
    re.MULTILINE,
)
_STATELESS_RULES = re.compile(
    r"^[ \t]*(?:pass|block)\b[^#\n]*[ \t](?:log-all\b|(?:route-to|dup-to)[ \t]+[a-z]+[0-9]+:)", re.MULTILINE
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """A dialect by its vocabulary and by what pass rules do without being told.

    ``name`` is what is shown to people. ``stateful`` says that pass rules keep state unless they say ``no state``.
    ``ordered`` says that options, scrub, queues, translation and filter rules must stand in this order. ``assumed``
    marks that nothing but habit told us.
    """

    name: str
    vocabulary: str
    stateful: bool = True
    assumed: bool = False

    @property
    def modern(self) -> bool:
        """Translation is an option of filter rules, and the options may stand anywhere in the file."""
        return self.vocabulary == MODERN

    @property
    def ordered(self) -> bool:
        """Options, scrub, queues, translation and filter rules must stand in this order."""
        return self.vocabulary != MODERN


def detect(text: str, context: Context) -> Dialect:
    """The dialect that a file is read as: the release if it is known, then the rules in the text, then the newest."""
    release = context.release
    text = text.replace("\\\n", " ") if "\\\n" in text else text
    if context.platform is Platform.FREEBSD:
        stateful = not release or release >= (7,)
        return Dialect(f"FreeBSD{_release(release)}", FREEBSD, stateful, assumed=not release)
    if context.platform is Platform.OPENBSD and release:
        if release >= (4, 7):
            return Dialect(f"OpenBSD{_release(release)}", MODERN)
        return Dialect(f"OpenBSD{_release(release)}", OLD, stateful=release >= (4, 1))
    if context.platform is Platform.NETBSD:
        return Dialect("NetBSD (OpenBSD 4.2)", OLD, assumed=True)
    if context.platform is None and _FREEBSD_RULES.search(text):
        return Dialect("FreeBSD 7 or later", FREEBSD, assumed=True)
    if _STATELESS_RULES.search(text):
        return Dialect("OpenBSD 3.0 to 4.0", OLD, stateful=False)
    modern, old = _MODERN_RULES.search(text), _OLD_RULES.search(text)
    if modern and old:
        return Dialect("FreeBSD 14 or later", FREEBSD, assumed=True)
    if old:
        return Dialect("OpenBSD 4.1 to 4.6", OLD, assumed=True)
    return Dialect("OpenBSD 4.7 or later", MODERN, assumed=not modern)


def _release(release: tuple[int, ...]) -> str:
    return f" {'.'.join(map(str, release))}" if release else ""
