"""Runs ``ip`` commands on a model of the kernel: what they add, change and remove, in their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from spdcheck.formats.grammar import load
from spdcheck.formats.iproute import xfrm
from spdcheck.formats.iproute.words import Words
from spdcheck.model.addresses import ANY4, ANY6, AddressRange, parse_address, parse_prefix
from spdcheck.model.diagnostic import Note, Part
from spdcheck.model.host import Flag, Interface, InterfaceAddress, Route, Tunnel
from spdcheck.model.policy import Direction, Mode
from spdcheck.records import replace

if TYPE_CHECKING:
    from lark import Tree

    from spdcheck.formats.base import Context, Reading
    from spdcheck.formats.shell_text import Woven
    from spdcheck.model.policy import SecurityPolicy
    from spdcheck.model.secret import Secret
    from spdcheck.source import Span

_PARTS = {"xfrm": (Part.SPD, Part.SAD), "route": (Part.INTERFACES,)}
_EVERYTHING = (Part.SPD, Part.SAD, Part.INTERFACES)
_ROUTING = {
    "rule": "routing rules",
    "ru": "routing rules",
    "vrf": "VRFs",
    "nexthop": "next-hop objects",
    "netns": "namespaces",
}
_ASKING = ("show", "list", "ls", "l", "get", "monitor", "save", "help")
_KINDS = {"gre": "gre", "ipip": "ipip", "gif": "gif", "sit": "sit", "ip6gre": "gre", "gretap": "gretap"}
_NAMES = {
    "WORD": "a word", "DIRECTION": "`in`, `out` or `fwd`", "VERDICT": "`accept` or `block`", "$END": "the end",
    "OPTION": "an option", "NETNS_OPTION": "`-n`",
}  # fmt: skip


class Machine:
    """The kernel's tables while a script runs."""

    def __init__(self, reading: Reading, context: Context) -> None:
        self.reading = reading
        self.context = context
        self.keys: dict[int, Secret] = {}
        self.interfaces: dict[str, Interface] = {}

    def ip(self, command: Woven, keys: dict[int, Secret], start: int) -> None:
        """Runs one command, whose ``ip`` begins at ``start`` of its text; ``keys`` are those in it, by their places."""
        from lark import UnexpectedInput

        line = command.text[start:].replace("\n", " ").replace("\r", " ")
        self.keys = keys
        try:
            tree: Any = load("iproute", lexer="contextual").parse(line)
        except UnexpectedInput as error:
            self._refused(error, command, start, line)
            return
        self._run(tree, Words(command, start, command.span(start)))

    def _refused(self, error: Any, command: Woven, start: int, line: str) -> None:
        position = getattr(error, "pos_in_stream", None)
        at = position if isinstance(position, int) and 0 <= position < len(line) else len(line)
        expected = sorted(getattr(error, "accepts", None) or getattr(error, "expected", None) or ())
        stop = at
        while stop < len(line) and not line[stop].isspace():
            stop += 1
        found = f"`{line[at:stop]}`" if stop > at else "the end of the command"
        said = ", ".join(_NAMES.get(name, f"`{name.lower().replace('_', '-')}`") for name in expected[:8])
        part = _PARTS["xfrm"] if "xfrm" in line else _PARTS["route"]
        span = command.span(start + at, start + stop) if stop > at else command.span(start)
        if stop == at:
            span = span._replace(start=span.end)
        self.reading.unreadable(span, f"found {found}, expected {said or 'another command'}", part=part)

    def _run(self, tree: Tree[Any], words: Words) -> None:
        name = str(tree.data)
        if name == "start":
            if any(token.type == "NETNS_OPTION" for token in tree.scan_values(lambda token: hasattr(token, "type"))):
                self.reading.not_modelled(
                    words.whole, "another network namespace is another host, and not this one", part=_EVERYTHING,
                    mend="give it a folder of its own",
                )  # fmt: skip
                return
            for child in tree.children:
                if hasattr(child, "data") and child.data == "option":
                    continue
                if hasattr(child, "data"):
                    self._run(child, words)
            return
        handler = getattr(self, f"_{name}", None)
        if handler is None:
            self.reading.inert += 1
            return
        handler(tree, words)

    # ---- ip xfrm

    def _xfrm_state(self, tree: Tree[Any], words: Words) -> None:
        command = str(tree.children[2])
        facts = self.reading.facts
        found = xfrm.association(tree, words, self.keys, self.reading)
        if found is None:
            return
        if command in ("delete", "del"):
            facts.associations[:] = [sa for sa in facts.associations if sa.identity != found.identity]
            return
        for number, other in enumerate(facts.associations):
            if other.identity == found.identity:
                if command == "update":
                    facts.associations[number] = found
                    return
                self.reading.say(
                    "CFG004", words.whole, "an SA with this destination, protocol and SPI exists already (File exists)",
                    mend="remove one of the two", notes=(Note(other.origin, "this one stays"),), warning=True,
                )  # fmt: skip
                return
        facts.associations.append(found)

    def _state_flush(self, tree: Tree[Any], words: Words) -> None:
        """``flush [proto PROTOCOL]``, or ``deleteall`` with what tells the associations apart."""
        rest = [str(token) for node in tree.find_data("rest") for token in node.children]
        facts = self.reading.facts
        if not rest or (len(rest) == 2 and rest[0] == "proto" and rest[1] in xfrm.PROTOCOL_NAMES):
            gone = xfrm.PROTOCOL_NAMES[rest[1]] if rest else ""
            facts.associations[:] = [sa for sa in facts.associations if gone and not sa.protocol.startswith(gone)]
            if not rest:
                facts.flushes["sad"] = words.whole
            return
        self.reading.not_modelled(
            words.whole, f"which associations `{' '.join(rest)}` takes away is not modelled", part=Part.SAD
        )

    def _xfrm_policy(self, tree: Tree[Any], words: Words) -> None:
        command = str(tree.children[2])
        policies = self.reading.facts.policies
        found = xfrm.policy(tree, words, self.reading)
        if found is None:
            return
        if command in ("add", "update") and self._refused_by_kernel(found):
            return
        twin = next((n for n, p in enumerate(policies) if _index(p) == _index(found)), None)
        if command in ("delete", "del"):
            if twin is not None:
                del policies[twin]
            return
        if twin is None:
            policies.append(found)
        elif command == "update":
            policies[twin] = found
        else:
            self.reading.say(
                "CFG004", words.whole, "a policy with this selector and direction exists already (File exists)",
                mend="remove one of the two, or write ip xfrm policy update",
                notes=(Note(policies[twin].origin, "this one stays"),), warning=True,
            )  # fmt: skip

    def _refused_by_kernel(self, policy: SecurityPolicy) -> bool:
        """Linux refuses optional tunnels for what leaves: ``validate_tmpl`` of 6.4, and of stable series before."""
        optional = [t for t in policy.templates if t.level.is_optional and t.mode is Mode.TUNNEL]
        if policy.direction is not Direction.OUT or not optional:
            return False
        if self.context.release >= (6, 4):
            self.reading.unparsed += 1
            self.reading.say(
                "CFG001", optional[0].origin, "Linux refuses `level use` for a tunnel that leaves (Invalid argument): "
                "the policy is not loaded", mend="write `level required`",
            )  # fmt: skip
            return True
        self.reading.accident(
            optional[0].origin, "newer kernels (from 6.4 on, and stable releases before) refuse `level use` for a "
            "tunnel that leaves", mend="write `level required`",
        )  # fmt: skip
        return False

    def _policy_flush(self, tree: Tree[Any], words: Words) -> None:
        rest = [str(token) for node in tree.find_data("rest") for token in node.children]
        if rest and rest != ["ptype", "main"]:
            self.reading.not_modelled(
                words.whole, f"which policies `{' '.join(rest)}` takes away is not modelled", part=Part.SPD
            )
            return
        self.reading.facts.policies.clear()
        self.reading.facts.flushes["spd"] = words.whole

    def _policy_default(self, tree: Tree[Any], words: Words) -> None:
        tokens = [str(token) for token in tree.children[3:]]
        for direction, verdict in zip(tokens[::2], tokens[1::2], strict=True):
            self.reading.facts.settings[f"xfrm.default.{direction}"] = (verdict, words.whole)

    # ---- devices, addresses, routes

    def _tunnel(self, tree: Tree[Any], words: Words) -> None:
        values = words.values(tree)
        name = values.get("name", "")
        if str(tree.children[1]) in ("del", "delete"):
            self.interfaces.pop(name, None)
            return
        self._device(name, values.get("tunnel_mode", ""), values, words)

    def _link_add(self, tree: Tree[Any], words: Words) -> None:
        values = words.values(tree)
        kind = values.get("link_type", "")
        if kind in _KINDS:
            self._device(values.get("name", ""), kind, values, words)
        else:
            self._interface(values.get("name", ""), words)

    def _device(self, name: str, mode: str, values: dict[str, str], words: Words) -> None:
        near, far = parse_address(values.get("local", "")), parse_address(values.get("remote", ""))
        kind = _KINDS.get(mode)
        if kind not in ("gre", "ipip") or near is None or far is None:
            known = kind in ("gre", "ipip")
            what = "a tunnel without two fixed addresses is" if known else f"tunnels of mode {mode or '(none)'} are"
            self.reading.not_modelled(words.whole, f"{what} not modelled", part=Part.INTERFACES)
            return
        interface = self._interface(name, words)
        mtu = values.get("mtu")
        self.interfaces[name] = replace(
            interface, tunnel=Tunnel(kind, near, far, words.whole), mtu=int(mtu) if mtu and mtu.isdigit() else None
        )

    def _interface(self, name: str, words: Words) -> Interface:
        return self.interfaces.setdefault(name, Interface(name=name, origin=words.whole))

    def _link_set(self, tree: Tree[Any], words: Words) -> None:
        values = words.values(tree)
        plain = [str(token) for token in tree.children if getattr(token, "type", "") == "WORD"]
        if values.get("mtu", "").isdigit() and plain:
            interface = self._interface(plain[0], words)
            self.interfaces[plain[0]] = replace(interface, mtu=int(values["mtu"]))
        else:
            self.reading.inert += 1

    def _address(self, tree: Tree[Any], words: Words) -> None:
        text = next((str(c.children[-1]) for c in tree.find_data("peer") if len(c.children) == 1), "")
        device = words.values(tree).get("address_device", "")
        address, prefix = parse_address(text.partition("/")[0]), parse_prefix(text)
        if address is None or prefix is None or not device:
            self.reading.unreadable(
                words.whole, f"found `{text}`, expected ADDRESS/LENGTH dev NAME", part=Part.INTERFACES
            )
            return
        interface = self._interface(device, words)
        peer = next((str(c.children[-1]) for c in tree.find_data("peer") if len(c.children) == 2), "")
        far = parse_address(peer.partition("/")[0]) if peer else None
        entry = InterfaceAddress(address, prefix, far, words.whole)
        kept = tuple(a for a in interface.addresses if a.address != address)
        removing = str(tree.children[1]) in ("del", "delete")
        self.interfaces[device] = replace(interface, addresses=kept if removing else (*kept, entry))

    def _route(self, tree: Tree[Any], words: Words) -> None:
        values = words.values(tree)
        target = next((c for c in tree.find_data("route_to")), None)
        text = "" if target is None else str(target.children[-1])
        destination = _default(values) if text == "default" else parse_prefix(text)
        if destination is None:
            self.reading.unreadable(
                words.whole, f"found `{text}`, expected a prefix or `default`", part=Part.INTERFACES
            )
            return
        table = next((str(node.children[-1]) for node in tree.find_data("route_other")
                      if str(node.children[0]) == "table"), "main")  # fmt: skip
        if table not in ("main", "254", "local", "255"):
            # Nobody asks it unless a rule says so, and rules are told.
            self.reading.inert += 1
            return
        routes = self.reading.facts.routes
        if str(tree.children[1]) in ("del", "delete"):
            routes[:] = [route for route in routes if route.destination != destination]
            self.reading.facts.settings[f"route.deleted.{destination}"] = ("1", words.whole)
            return
        kind = "" if target is None or len(target.children) == 1 else str(target.children[0])
        gateway = parse_address(values.get("via", ""))
        blackhole = kind in ("blackhole", "unreachable", "prohibit")
        routes.append(Route(destination, gateway, values.get("route_device"), words.whole, blackhole))

    def _other(self, tree: Tree[Any], words: Words) -> None:
        """Objects of ip that we do not follow: those that change how packets are routed are told."""
        verb = str(tree.children[0])
        rest = [str(token) for node in tree.find_data("rest") for token in node.children]
        if verb in _ROUTING and rest and rest[0] not in _ASKING:
            self.reading.not_modelled(words.whole, f"{_ROUTING[verb]} are not modelled", part=Part.INTERFACES)
        else:
            self.reading.inert += 1

    def sysctl(self, name: str, value: str, span: Span) -> None:
        """``net.ipv4.ip_forward`` and the switches of the datapath."""
        if name in ("net.ipv4.ip_forward", "net.ipv4.conf.all.forwarding"):
            self.reading.facts.forwarding[4] = Flag(value == "1", span)
        elif name == "net.ipv6.conf.all.forwarding":
            self.reading.facts.forwarding[6] = Flag(value == "1", span)
        else:
            self.reading.facts.settings[name] = (value, span)

    def finish(self) -> None:
        """Hands the devices over to the reading."""
        self.reading.facts.interfaces.extend(self.interfaces.values())


def _default(values: dict[str, str]) -> AddressRange:
    return ANY6 if ":" in values.get("via", "") else ANY4


def _index(policy: SecurityPolicy) -> tuple[object, ...]:
    return (policy.direction, policy.selector)
