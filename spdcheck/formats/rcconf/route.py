"""The arguments of ``route add`` (route(8)), as ``route_NAME`` and the default router's variables hold them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from spdcheck.formats.rcconf.addresses import (
    class_host_part,
    class_prefix_length,
    inet_aton,
    parse_host,
    parse_length,
    parse_mask,
    parse_numbers,
)
from spdcheck.formats.rcconf.ifconfig import Problem
from spdcheck.formats.rcconf.value import shown
from spdcheck.model.addresses import EVERYTHING, AddressRange, prefix
from spdcheck.model.host import Route

if TYPE_CHECKING:
    from collections.abc import Sequence

    from spdcheck.formats.rcconf.value import Word
    from spdcheck.source import Span

_FLAGS = frozenset({
    "-static", "-nostatic", "-llinfo", "-cloning", "-nocloning", "-cloned", "-nocloned", "-xresolve", "-proto1",
    "-proto2", "-sticky", "-nosticky", "-fixedmtu", "-lock", "-lockrest", "-shared", "-noshared", "-mpath", "-jumbo",
    "-nojumbo", "-gateway", "-dst", "-n", "-q", "-d", "-t", "-v",
})  # fmt: skip
_METRICS = frozenset({
    "-hopcount", "-expire", "-recvpipe", "-sendpipe", "-ssthresh", "-rtt", "-rttvar", "-mtu", "-weight", "-priority",
    "-label", "-tag", "-ifa", "-genmask",
})  # fmt: skip
_HOST, _NET = "-host", "-net"


class RouteArguments:
    """Reads the words behind ``route add``; :meth:`route` is what they make, ``problem`` what keeps them from it."""

    def __init__(self, family: int, words: Sequence[Word], origin: Span) -> None:
        self.problem: Problem | None = None
        self._family = family
        self._origin = origin
        self._force = ""
        self._by_interface = False
        self._blackhole = False
        self._interface: str | None = None
        self._length: int | None = None
        self._plain: list[Word] = []
        position = 0
        while position < len(words) and self.problem is None:
            position += self._take(words[position], words[position + 1 :])

    def route(self) -> Route | None:
        """The route, or None where the arguments make none (``problem`` says why)."""
        if self.problem is not None:
            return None
        if not self._plain:
            self._refuse(self._origin, "expected a destination")
            return None
        target, *rest = self._plain
        destination = self._destination(target)
        if destination is None:
            expected = f"an IPv{self._family} destination or `default`"
            self._refuse(target.span, f"found `{shown(target.text)}`, expected {expected}")
            return None
        if self._length is not None and target.text != "default":
            destination = prefix(destination.family, destination.first, self._length)
        if len(rest) > 1 and parse_mask(rest[1].text) is not None and destination.family == 4:
            destination = prefix(4, destination.first, parse_mask(rest[1].text) or 0)
            del rest[1]
        if len(rest) > 1:
            self._refuse(rest[1].span, f"found `{shown(rest[1].text)}`, expected nothing behind the gateway")
            return None
        if self._interface is not None and not rest:
            return Route(destination, None, self._interface, self._origin, self._blackhole)
        if not rest:
            self._refuse(target.span, "expected a gateway behind the destination")
            return None
        return self._through(destination, rest[0])

    def _through(self, destination: AddressRange, gateway: Word) -> Route | None:
        address = parse_host(gateway.text.partition("%")[0], 6 if ":" in gateway.text else 4)
        if self._by_interface and address is None:
            return Route(destination, None, gateway.text, self._origin, self._blackhole)
        if address is None:
            self._refuse(
                gateway.span,
                f"found `{shown(gateway.text)}`, expected the gateway's address",
                "write the address in numbers, or -interface before the name of an interface",
            )
            return None
        zone = gateway.text.partition("%")[2] or None
        return Route(destination, address, self._interface or zone, self._origin, self._blackhole)

    def _refuse(self, span: Span, message: str, mend: str = "") -> None:
        self.problem = Problem(span, message, mend)

    def _take(self, word: Word, rest: Sequence[Word]) -> int:
        text = word.text
        if not text.startswith("-"):
            self._plain.append(word)
            return 1
        if text in (_HOST, _NET):
            self._force = text
        elif text in ("-inet", "-4", "-inet6", "-6"):
            self._family = 6 if "6" in text else 4
        elif text in ("-interface", "-iface"):
            self._by_interface = True
        elif text in ("-reject", "-blackhole"):
            self._blackhole = True
        elif text in ("-netmask", "-prefixlen"):
            return self._mask(word, rest)
        elif text == "-ifp" and rest:
            self._interface = rest[0].text.partition(":")[0]
            return 2
        elif text == "-fib" and rest:
            if rest[0].text != "0":
                why = "the route is for another routing table, which is not modelled"
                self.problem = Problem(word.span.join(rest[0].span), why, unmodelled=True)
            return 2
        elif text in _METRICS:
            return 2
        elif text not in _FLAGS:
            self._refuse(word.span, f"found `{shown(text)}`, which is no word of route(8)")
        return 1

    def _mask(self, word: Word, rest: Sequence[Word]) -> int:
        if rest:
            text = rest[0].text
            self._length = parse_mask(text) if word.text == "-netmask" else parse_length(text, self._family)
        if self._length is None:
            place = rest[0] if rest else word
            self._refuse(place.span, f"found `{shown(place.text)}`, expected a mask behind {word.text}" if rest
                         else f"found nothing behind {word.text}")  # fmt: skip
        return 2

    def _destination(self, word: Word) -> AddressRange | None:
        """``default``, ``ADDRESS``, ``ADDRESS/LENGTH``, ``ADDRESS&MASK`` or a short network such as ``10.1``."""
        if word.text == "default":
            return EVERYTHING[self._family]
        text, slash, length_text = word.text.partition("/")
        length: int | None = None
        if slash:
            length = parse_length(length_text, self._family)
            if length is None:
                return None
        return self._ipv6(text, length) if self._family == 6 else self._ipv4(text, length)

    def _ipv6(self, text: str, length: int | None) -> AddressRange | None:
        """Without a length: all for ``::``, 64 for a global prefix without a host part, else a host."""
        found = parse_host(text, 6)
        if found is None:
            return None
        if length is None and self._force != _HOST:
            if found.first == 0:
                length = 0
            elif found.first >> 125 == 1 and not found.first & ((1 << 64) - 1):
                length = 64
        return prefix(6, found.first, 128 if length is None else length)

    def _ipv4(self, text: str, length: int | None) -> AddressRange | None:
        """Without a length: the network of the address's class if its host part is 0 or ``-net`` is given."""
        numbers = parse_numbers(text)
        if numbers is None or any(number > 255 for number in numbers[:-1]):
            return None
        short = len(numbers) < 4 and numbers[-1] <= 255 and (length is not None or self._force != _HOST)
        if short:
            value = sum(number << 8 * (3 - index) for index, number in enumerate(numbers))
        else:
            whole = inet_aton(text)
            if whole is None:
                return None
            value = whole
        if length is None and self._length is None and self._force != _HOST:
            if value == 0:
                length = 0
            elif short:
                length = max(8 * len(numbers), class_prefix_length(value))
            elif self._force == _NET or class_host_part(value) == 0:
                length = class_prefix_length(value)
        return prefix(4, value, 32 if length is None else length)
