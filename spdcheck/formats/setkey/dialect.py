"""What each setkey understands: ipsec-tools on Linux and on NetBSD, and the one in FreeBSD's base system.

The grammar is the union of them all. A dialect lists what is missing, by the name of a terminal (``C_AES_GCM_16``), of
a terminal within a rule (``Upper.ESP``) or of an optional part of a rule (``End.port``), and says why.

Sources: token.l and parse.y of ipsec-tools 0.8 and 0.9.1, of NetBSD, and of FreeBSD 5.3 to 14 (``sbin/setkey``,
``lib/libipsec``); setkey(8) of each.
"""

from __future__ import annotations

from dataclasses import fields, is_dataclass
from typing import TYPE_CHECKING, Any

from spdcheck.formats.shapes import Slot
from spdcheck.model.host import Platform
from spdcheck.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from spdcheck.formats.base import Context

DEFAULT_PRIORITY = 0x8000_0000
"""What setkey gives a policy without ``prio`` on Linux (``PRIORITY_DEFAULT`` of libpfkey.h)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One build of setkey.

    ``lacks`` gives the reason for everything that the grammar knows and this build refuses. ``forward`` says whether
    ``fwd`` is a direction of its own (or just another word for ``in``), ``implied_forward`` whether every ``in`` policy
    is added for ``fwd`` too, ``priorities`` whether the kernel sorts by number. ``null_key`` says whether ``-E null``
    must (True), must not (False) or may (None) be followed by a key, ``one_family`` whether the kernel refuses a tunnel
    whose end points are of another family than the selector. ``unknown`` stands for all builds at once.
    """

    name: str
    platform: Platform | None
    lacks: Mapping[str, str]
    forward: bool = False
    implied_forward: bool = False
    priorities: bool = False
    null_key: bool | None = False
    one_family: bool = False
    unknown: bool = False

    def missing(self, node: Any) -> tuple[Slot, str] | None:
        """The first token of a syntax value that this build refuses, and why."""
        for slot, names in _constructs(node):
            for name in names:
                if name in self.lacks:
                    return slot, self.lacks[name]
        return None


def _constructs(node: Any, within: tuple[str, ...] = ()) -> Iterator[tuple[Slot, tuple[str, ...]]]:
    """Every token with the names that a dialect can call it by, in the order of the text."""
    if isinstance(node, Slot):
        yield node, (node.name, *within, *(f"{outer.partition('.')[0]}.{node.name}" for outer in within))
    elif isinstance(node, tuple) and not hasattr(node, "_fields"):
        for item in node:
            yield from _constructs(item, within)
    elif node is not None:
        names = [f.name for f in fields(node)] if is_dataclass(node) else node._fields
        for name in names:
            yield from _constructs(getattr(node, name), (*within, f"{type(node).__name__}.{name}"))


def _each(names: str, reason: str) -> dict[str, str]:
    return dict.fromkeys(names.split(), reason)


_NO_CHACHA = _each("C_CHACHA20 A_CHACHA20", "this setkey knows no chacha20-poly1305")
_IPSEC_TOOLS = _each(
    "Upper.ESP Upper.ESP_OLD", "a keyword of setkey can't stand for a protocol here, but the number 50 can"
)
_LINUX = {
    **_IPSEC_TOOLS,
    **_NO_CHACHA,
    **_each(
        "C_AES_GCM_16 C_AES_GMAC A_TCP_MD5", "setkey on Linux is built without this algorithm, only the BSDs have it"
    ),
}
_NETBSD = {
    **_IPSEC_TOOLS,
    **_NO_CHACHA,
    **_each("P_PRIORITY P_PRIO", "policies have no priorities on NetBSD, and libipsec refuses them"),
}
_FREEBSD = {
    **_each("EXIT QUIT BYE", "FreeBSD's setkey has no such command"),
    **_each("SPDUPDATE", "FreeBSD's setkey has no `spdupdate`"),
    **_each("GETSPI", "FreeBSD's setkey has no `getspi`"),
    **_each("TAGGED", "FreeBSD's setkey knows the word `tagged` but refuses every policy with it"),
    **_each("ESP_UDP", "FreeBSD's setkey has no `esp-udp`"),
    **_each("End.port", "FreeBSD's setkey takes no port at the ends of an association"),
    **_each("HARD_BYTES SOFT_BYTES", "FreeBSD's setkey has no lifetimes in bytes"),
    **_each("CONTEXT", "FreeBSD's setkey has no security contexts"),
    **_each("FRAGMENT", "FreeBSD's setkey has no `-esp_frag`"),
    **_each("P_FWD", "FreeBSD's setkey has no `fwd`, only `in` and `out`"),
    **_each("P_PRIORITY P_PRIO", "FreeBSD's setkey has no priorities"),
    **_each("P_PORT", "FreeBSD's setkey takes no ports at tunnel end points"),
    **_each("C_TWOFISH C_AES_GMAC", "FreeBSD's setkey never had this cipher"),
    **_each("A_SHA256 A_SHA384 A_SHA512", "FreeBSD's setkey calls it hmac-sha2-256 (-384, -512)"),
}
_FREEBSD_10 = {
    **_FREEBSD,
    **_NO_CHACHA,
    **_each("C_AES", "FreeBSD's setkey calls it rijndael-cbc in this release"),
    **_each("C_AES_GCM_16", "FreeBSD's setkey has aes-gcm-16 since release 11"),
}
_FREEBSD_13 = {
    **_FREEBSD,
    **_each(
        "C_DES C_3DES C_BLOWFISH C_CAST128 C_DES_DERIV C_DES_32IV C_CAMELLIA",
        "FreeBSD removed this cipher in release 13",
    ),
    **_each("A_MD5 A_KEYED_MD5 A_KEYED_SHA1 A_RIPEMD160", "FreeBSD removed this algorithm in release 13"),
}


def dialect_of(context: Context) -> Dialect:
    """The setkey of a host; one that takes everything where the operating system is not known."""
    tools = context.tools.get("ipsec-tools", ())
    old = _each("GETSPI", "setkey has `getspi` since ipsec-tools 0.9") if tools and tools < (0, 9) else {}
    if context.platform is Platform.LINUX:
        return Dialect(
            name="ipsec-tools on Linux",
            platform=Platform.LINUX,
            lacks=_LINUX | old,
            forward=True,
            implied_forward=not tools or tools >= (0, 5),
            priorities=True,
        )
    if context.platform is Platform.NETBSD:
        return Dialect(name="ipsec-tools on NetBSD", platform=Platform.NETBSD, lacks=_NETBSD | old)
    if context.platform is Platform.FREEBSD:
        return _freebsd(context.release)
    return Dialect(name="setkey", platform=None, lacks={}, forward=True, null_key=None, unknown=True)


def _freebsd(release: tuple[int, ...]) -> Dialect:
    if not release:
        return Dialect(name="setkey of FreeBSD", platform=Platform.FREEBSD, lacks=_FREEBSD, null_key=None)
    name = f"setkey of FreeBSD {release[0]}"
    if release < (11,):
        return Dialect(name=name, platform=Platform.FREEBSD, lacks=_FREEBSD_10, one_family=True)
    if release < (13,):
        return Dialect(name=name, platform=Platform.FREEBSD, lacks=_FREEBSD | _NO_CHACHA, null_key=None)
    return Dialect(name=name, platform=Platform.FREEBSD, lacks=_FREEBSD_13, null_key=True)
