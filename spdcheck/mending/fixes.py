"""Mends that only add or take away what a finding names, each kept only if it proves itself on a copy of the site."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.base import Context
from spdcheck.formats.iproute import write as of_ip
from spdcheck.formats.setkey import write as of_setkey
from spdcheck.formats.setkey.dialect import dialect_of
from spdcheck.mending.edit import Edit
from spdcheck.mending.proof import prove
from spdcheck.model.policy import Direction
from spdcheck.records import dataclass, replace
from spdcheck.semantics.peering import reversed_ends

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from spdcheck.checks.finding import Finding
    from spdcheck.model.host import Host, Site
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.source import Span


@dataclass(frozen=True, slots=True)
class Fix:
    """A finding and the edit that makes it go away without bringing another."""

    finding: Finding
    edit: Edit


def fixes(site: Site, findings: Sequence[Finding], codes: Sequence[str]) -> tuple[Fix, ...]:
    """The proved mends of some findings, as far as there are any.

    All are tried at once; where that brings anything new, each is tried by itself on top of those that are kept.
    """
    offered = [Fix(finding, edit) for finding in findings for edit in _offers(site, finding)]
    offered = list({(fix.edit.path, fix.edit.start, fix.edit.end, fix.edit.text): fix for fix in offered}.values())
    if not offered or _holds(site, offered, codes):
        return tuple(offered)
    kept: list[Fix] = []
    for fix in offered:
        if _holds(site, [*kept, fix], codes):
            kept.append(fix)
    return tuple(kept)


def _holds(site: Site, some: Sequence[Fix], codes: Sequence[str]) -> bool:
    proof = prove(site, [fix.edit for fix in some], codes)
    gone = {finding.fingerprint for finding in proof.gone}
    return not proof.come and all(fix.finding.fingerprint in gone for fix in some)


def _offers(site: Site, finding: Finding) -> Iterator[Edit]:
    if finding.code == "CFG009":
        yield from _remark(finding)
        return
    offer = _MENDS.get(finding.code)
    host = next((host for host in site.hosts if host.name == finding.host), None)
    if offer is not None and host is not None:
        yield from offer(host, finding)


def _policy_at(host: Host, span: Span) -> SecurityPolicy | None:
    return next((p for p in host.spd.policies if span in (p.origin, p.selector_origin) and not p.implied), None)


def _forward(host: Host, finding: Finding) -> Iterator[Edit]:
    """SPD003: the same policy for forwarded packets, behind the one for incoming ones."""
    policy = _policy_at(host, finding.span)
    if policy is not None:
        yield from _behind(host, policy, replace(policy, direction=Direction.FWD), "forwarded packets need it too")


def _reverse(host: Host, finding: Finding) -> Iterator[Edit]:
    """SPD002: the policy of the other direction, behind the one that is there."""
    policy = _policy_at(host, finding.span)
    if policy is None or policy.direction is Direction.FWD:
        return
    ends = [reversed_ends(template) for template in policy.templates]
    turned = replace(
        policy,
        direction=Direction.IN if policy.direction is Direction.OUT else Direction.OUT,
        selector=policy.selector.reversed(),
        templates=tuple(
            replace(template, source=source, destination=destination)
            for template, (source, destination) in zip(policy.templates, ends, strict=True)
        ),
    )
    yield from _behind(host, policy, turned, "the other direction of the same tunnel")


def _behind(host: Host, policy: SecurityPolicy, new: SecurityPolicy, why: str) -> Iterator[Edit]:
    file = policy.origin.file
    language = next((report.format for report in host.files if report.file is file), "")
    context = Context(platform=host.platform, release=host.release, tools=host.tools)
    try:
        if language == "setkey":
            text = of_setkey.write_policy(new, dialect_of(context))
        elif language == "iproute":
            text = of_ip.write_policy(new)
        else:
            return
    except (of_setkey.NotExpressible, of_ip.NotExpressible):
        return
    end = policy.origin.end
    if language == "setkey":
        end = file.text.find(";", end - 1) + 1 or end
    line_end = file.text.find("\n", end)
    place = len(file.text) if line_end < 0 else line_end
    yield Edit(file.path, f"\n{text}", why, place, place)


def _flush(host: Host, finding: Finding) -> Iterator[Edit]:
    """CFG011: the commands that empty the data bases, before everything else but comments at the top."""
    del host
    file = finding.span.file
    wanted = [command for command in ("flush", "spdflush") if re.search(rf"\b{command}\b", finding.label)]
    start = file.line_starts[finding.span.begin.line - 1]
    if wanted:
        yield Edit(file.path, "".join(f"{command};\n" for command in wanted), "a script starts anew", start, start)


def _remark(finding: Finding) -> Iterator[Edit]:
    """CFG009: the remark goes, with its comment sign; its whole line where nothing else stands on it."""
    file, begin = finding.span.file, finding.span.start
    line = finding.span.begin.line
    start = file.line_starts[line - 1]
    end = file.text.find("\n", begin)
    end = len(file.text) if end < 0 else end
    before = file.text[start:begin]
    sign = max(before.rfind("#"), before.rfind(";"))
    if sign < 0 or file.path.endswith(".json"):
        return
    kept = before[:sign].rstrip()
    if kept:
        yield Edit(file.path, "", "it hides nothing", start + len(kept), end)
    else:
        yield Edit(file.path, "", "it hides nothing", start, min(end + 1, len(file.text)))


_MENDS: dict[str, Callable[[Host, Finding], Iterator[Edit]]] = {
    "SPD002": _reverse,
    "SPD003": _forward,
    "CFG011": _flush,
}

MENDED = (*_MENDS, "CFG009")
"""The codes of the findings that can be mended without asking a person."""
