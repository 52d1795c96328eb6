"""What every check is made of: metadata, a documented docstring, and one generator over the site.

A check whose metadata or docstring is incomplete does not load: ``spdcheck explain``, the documentation and the SARIF
rule are made from them.
"""

from __future__ import annotations

import inspect
import re
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from spdcheck.checks.finding import Certainty, Finding, Severity, Undecided
from spdcheck.model.policy import Action, Direction
from spdcheck.semantics.peering import Peering

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from spdcheck.checks.idle_rules import IdleRules
    from spdcheck.checks.negotiated import Tried
    from spdcheck.engine.focus import Focus, Share
    from spdcheck.engine.trace import Trace
    from spdcheck.engine.ways import Ways
    from spdcheck.model.diagnostic import Note, Part
    from spdcheck.model.host import Host, Intent, Site
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.semantics.ike.wants import Daemons
    from spdcheck.semantics.packet import Packet
    from spdcheck.source import Span

SECTIONS = ("What it does", "Why it matters", "Example", "Correction", "References")


class Context:
    """The site under check and what several checks share about it.

    ``focus`` is what to judge where not everything is asked about; the other hosts are still peers.
    """

    def __init__(self, site: Site, focus: Focus | Share | None = None) -> None:
        self.site = site
        self.focus = focus
        self.peering = Peering(site)
        self._idle: dict[str, IdleRules] = {}

    @cached_property
    def ways(self) -> Ways:
        """Everything that becomes of the site's protected traffic; worked out once for all checks that ask."""
        from spdcheck.engine.ways import Ways

        return Ways(self.site)

    @cached_property
    def negotiated(self) -> tuple[Tried, ...]:
        """What becomes of everything that key daemons of the site start; worked out once for all checks that ask."""
        from spdcheck.checks.negotiated import try_all

        return try_all(self.daemons, self.site)

    @cached_property
    def daemons(self) -> Daemons:
        """The key daemons of the site with what their look-ups need."""
        from spdcheck.semantics.ike.wants import Daemons

        return Daemons(self.site)

    def idle_rules(self, host: Host) -> IdleRules:
        """The rules of a host's packet filters that have no say; worked out once for all checks that ask."""
        if host.name not in self._idle:
            from spdcheck.checks.idle_rules import IdleRules
            from spdcheck.semantics.loaded_filters import rule_lists

            self._idle[host.name] = IdleRules(rule_lists(host))
        return self._idle[host.name]

    @property
    def intents(self) -> tuple[Intent, ...]:
        """What the site's owner expects, where the site itself is asked about."""
        return self.site.intents if self.focus is None or self.focus.of_site else ()

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts whose configuration is ours to judge."""
        return tuple(
            host
            for host in self.site.hosts
            if not host.external and (self.focus is None or host.name in self.focus.hosts)
        )

    def protecting(self, host: Host, direction: Direction = Direction.OUT) -> Iterator[SecurityPolicy]:
        """The policies of a host that protect something and were written by somebody."""
        for policy in host.spd.of(direction):
            written = policy.action is Action.PROTECT and not policy.implied
            if written and (self.focus is None or self.focus.has(policy)):
                yield policy


class Check:
    """One question about a site. Sub-classes state ``code``, ``name`` and ``severity``, and write ``run``."""

    code: ClassVar[str]
    name: ClassVar[str]
    severity: ClassVar[Severity]
    since: ClassVar[str] = "0.1"
    needs_peer: ClassVar[bool] = False
    """The question has no meaning where a single file is checked."""
    local: ClassVar[bool] = False
    """The answer for a host depends on that host alone, so that it need not be asked again while the host stays."""

    def __init_subclass__(cls) -> None:
        for attribute in ("code", "name", "severity"):
            if not hasattr(cls, attribute):
                message = f"{cls.__name__} states no {attribute}"
                raise TypeError(message)
        if not re.fullmatch(r"(CFG|SPD|SAD|NAT|FWL|IKE|CRY|MTU|INT)\d{3}", cls.code):
            message = f"{cls.__name__}: {cls.code} is no code of the table in the design"
            raise TypeError(message)
        text = cls.__doc__ or ""
        missing = [section for section in SECTIONS if f"## {section}\n" not in text]
        if missing:
            message = f"{cls.code}: the docstring lacks {', '.join(missing)}"
            raise TypeError(message)

    @classmethod
    def summary(cls) -> str:
        """The first sentence of the docstring."""
        return inspect.cleandoc(cls.__doc__ or "").split("\n\n", 1)[0].replace("\n", " ")

    @classmethod
    def documentation(cls) -> dict[str, str]:
        """The sections of the docstring by title."""
        text = inspect.cleandoc(cls.__doc__ or "")
        parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
        return {title.strip(): body.strip("\n") for title, body in zip(parts[1::2], parts[2::2], strict=True)}

    def run(self, context: Context) -> Iterator[Finding | Undecided]:
        """Everything that is wrong, and every question that has no verdict."""
        raise NotImplementedError

    def finding(
        self,
        host: Host | str,
        span: Span,
        message: str,
        *,
        label: str = "",
        notes: Iterable[Note] = (),
        mend: str = "",
        witness: Packet | None = None,
        trace: Trace | None = None,
        severity: Severity | None = None,
        certainty: Certainty | None = None,
        subject: str = "",
    ) -> Finding:
        """A finding of this check; with a witness it is proved, otherwise modelled, unless said otherwise.

        The packet of a trace is its witness.
        """
        if witness is None and trace is not None:
            witness = trace.packet
        if certainty is None:
            certainty = Certainty.MODELLED if witness is None else Certainty.PROVED
        return Finding(
            code=self.code,
            name=self.name,
            severity=severity or self.severity,
            certainty=certainty,
            host=host if isinstance(host, str) else host.name,
            span=span,
            message=message,
            label=label,
            notes=tuple(notes),
            mend=mend,
            witness=witness,
            subject=subject,
            trace=trace,
        )

    def not_replayed(self, host: Host, what: str, span: Span | None) -> Undecided:
        """The symbolic run says so, but no single packet shows it: no verdict."""
        return Undecided(self.code, host.name, f"{what} could not be replayed with a single packet", span)

    def undecided(self, host: Host, parts: Iterable[Part]) -> Iterator[Undecided]:
        """One :class:`Undecided` if the host has a gap in one of these parts of its model."""
        if (gap := host.gap_in(*parts)) is not None:
            yield Undecided(self.code, host.name, gap.reason, gap.span)
