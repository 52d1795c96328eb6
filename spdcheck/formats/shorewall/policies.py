"""policy: what becomes of connections between two zones that no rule names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from spdcheck.formats.shorewall.action import action, log_with_tag
from spdcheck.formats.shorewall.action import log as read_log
from spdcheck.formats.shorewall.addresses import zones as read_zones
from spdcheck.formats.shorewall.columns import Refused, split
from spdcheck.formats.shorewall.parsed import top_level
from spdcheck.formats.shorewall.tables import ALIASES, POLICY
from spdcheck.formats.shorewall.values import connlimit, rates
from spdcheck.model.shorewall import PolicyEntry

if TYPE_CHECKING:
    from spdcheck.formats.shorewall.columns import Cell
    from spdcheck.formats.shorewall.desk import Desk
    from spdcheck.formats.shorewall.draft import Draft
    from spdcheck.formats.shorewall.lines import Line
    from spdcheck.model.shorewall_columns import Action, Zones

_POLICIES = frozenset({"ACCEPT", "REJECT", "DROP", "CONTINUE", "BLACKLIST", "QUEUE", "NFQUEUE", "NONE"})
_POLICIES_2 = _POLICIES - {"BLACKLIST", "NFQUEUE"}
_FORM = re.compile(r"([^:()]*)(\((?:[^()]|\([^()]*\))*\))?(?::(.*))?", re.DOTALL)
_QUEUES = re.compile(r"\d*(?:[-:]\d+)?(?:,bypass|,fanout)?|bypass")


def policy(desk: Desk, draft: Draft, line: Line) -> None:
    """A line of policy. Raises :class:`Refused`."""
    row = split(line, POLICY, title="policy", aliases=ALIASES, quotes=desk.dialect == 2)
    source, dest = _zones(row.need("source"), draft, desk), _zones(row.need("dest"), draft, desk)
    cell = row.need("policy")
    word, queue, defaults, added = _policy(cell, desk)
    if any(number.isdigit() and int(number) > 65535 for number in re.split(r"[:,-]", queue)):
        raise Refused(cell.span, f"`{queue}` is no number of a queue")
    if word == "NONE":
        _none(cell, source, dest, draft)
    level = row.get("loglevel")
    log = (log_with_tag if desk.dialect == 2 else read_log)(level) if level is not None else None
    limit, connections = row.get("limit"), row.get("connlimit")
    found = rates(limit) if limit is not None else ()
    if len(found) > 1:
        assert limit is not None
        raise Refused(limit.span, "a policy has one rate")
    if connections is not None and connections.text.startswith("!"):
        raise Refused(connections.span, "the limit of a policy can't be negated")
    draft.policies.append(
        PolicyEntry(
            source, dest, word, queue, defaults, added, log, found[0] if found else None,
            connlimit(connections) if connections is not None else None, line.whole,
        )
    )  # fmt: skip


def _zones(cell: Cell, draft: Draft, desk: Desk) -> Zones:
    found = read_zones(cell, anywhere=False)
    known = draft.known_zones()
    for name in (*found.names, *found.excluded):
        if name not in known:
            if len(found.names) > 1 and name.lower().startswith("all"):
                raise Refused(cell.span, f"`{name}` can't stand in a list of zones")
            raise Refused(cell.span, f"the zone {name} is not known", "declare it in zones, or correct the name")
    if desk.dialect == 2 and (len(found.names) > 1 or found.excluded or found.intrazone):
        raise Refused(cell.span, f"`{cell.text}`: policies of 2.x are for one zone, or all")
    return found


def _policy(cell: Cell, desk: Desk) -> tuple[str, str, tuple[Action, ...] | None, bool]:
    """The word, the queue, the default actions and whether they are added."""
    text = cell.text
    text = text.removesuffix(":audit")
    match = _FORM.fullmatch(text)
    if match is None or match[1] not in (_POLICIES if desk.dialect == 5 else _POLICIES_2):
        raise Refused(cell.span, f"`{cell.text}` is no policy", f"policies are {', '.join(sorted(_POLICIES))}")
    queue = match[2][1:-1] if match[2] else ""
    word = match[1]
    if match[2] and not _QUEUES.fullmatch(queue):
        raise Refused(cell.place(*match.span(2)), f"`{queue}` is no number of a queue")
    if match[2] and word != "NFQUEUE":
        message = f"`{cell.text}` is NFQUEUE{match[2]}: the number decides"
        desk.reading(cell.line.file).accident(cell.span, message, mend=f"write {word}")
        word = "NFQUEUE"
    if word == "BLACKLIST" and not desk.setting("DYNAMIC_BLACKLIST").startswith("ipset"):
        message = "the policy BLACKLIST needs a blacklist in an ipset"
        raise Refused(cell.span, message, "write DYNAMIC_BLACKLIST=ipset into shorewall.conf")
    if not match[3]:
        return word, queue, None, False
    rest = cell.part(*match.span(3))
    if rest.text.lower() == "none":
        return word, queue, (), False
    added = rest.text.startswith("+")
    listed = []
    for start, end in top_level(rest.text, ","):
        item = rest.part(start, end)
        if item.text.startswith("+"):
            item = item.part(1, len(item.text))
        if not item.text:
            raise Refused(rest.span, f"`{rest.text}` has an empty place")
        listed.append(action(item).action)
    return word, queue, tuple(listed), added


def _none(cell: Cell, source: Zones, dest: Zones, draft: Draft) -> None:
    if source.wildcard or dest.wildcard:
        raise Refused(cell.span, "the policy NONE is not allowed with `all`", "name both zones")
    if draft.firewall in (*source.names, *dest.names):
        raise Refused(cell.span, "the policy NONE is not allowed from or to the firewall")
