"""Writes a :class:`SiteConfig` as the text of a ``spdcheck.toml``; reading that text gives the same values."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from spdcheck.model.host import Interface, InterfaceAddress, Route
    from spdcheck.site.config import HostConfig, SiteConfig

_HEAD = """\
# Written by spdcheck init: what the configuration files do not say.
# What is marked "inferred" is a guess until you confirm or correct it.
"""


def render(config: SiteConfig, reasons: Mapping[str, str]) -> str:
    """The text of the file; ``reasons`` says by host why its platform is inferred."""
    return "\n".join(_lines(config, reasons)) + "\n"


def _lines(config: SiteConfig, reasons: Mapping[str, str]) -> Iterator[str]:
    yield _HEAD
    yield "[site]"
    yield f"name = {quote(config.name)}"
    for host in config.hosts:
        yield ""
        yield from _host(host, reasons.get(host.name, ""))
    for intent in config.intents:
        yield from ("", "[[intent]]", f"flow = {quote(intent.flow)}", f"expect = {_array(intent.expect)}")
    if config.select or config.ignore or config.fail_on:
        yield from ("", "[check]")
        yield from (
            f"{key} = {_array(words)}" for key, words in (("select", config.select), ("ignore", config.ignore)) if words
        )
        if config.fail_on:
            yield f"fail-on = {quote(config.fail_on)}"


def _host(host: HostConfig, reason: str) -> Iterator[str]:
    own = f"host.{_key(host.name)}"
    yield f"[{own}]"
    if host.path != host.name:
        yield f"path = {quote(host.path)}"
    if host.platform is None:
        yield '# platform = "…"   no file tells: freebsd, openbsd, netbsd, solaris or linux'
    else:
        yield f"platform = {quote(host.platform.value)}" + _comment(reason)
    if host.release:
        yield f"release = {quote(_dotted(host.release))}"
    if host.public_address is not None:
        yield f"public-address = {quote(str(host.public_address))}"
    if host.forwarding is not None:
        yield f"forwarding = {_flag(host.forwarding)}"
    if host.external:
        yield "external = true"
    for name, table in (("tools", {tool: _dotted(r) for tool, r in host.tools.items()}), ("files", host.files)):
        if table:
            yield f"{name} = {{ {', '.join(f'{_key(key)} = {quote(text)}' for key, text in table.items())} }}"
    for interface in host.interfaces:
        yield ""
        yield f"[{own}.interface.{_key(interface.name)}]" + _comment(interface.inferred)
        yield from _interface(interface)
    for route in host.routes:
        yield from ("", f"[[{own}.route]]")
        yield from _route(route)


def _interface(interface: Interface) -> Iterator[str]:
    if interface.addresses:
        yield f"addresses = {_array(_address(entry) for entry in interface.addresses)}"
    if interface.mtu is not None:
        yield f"mtu = {interface.mtu}"
    if interface.dynamic:
        yield "dynamic = true"
    if interface.tunnel is not None:
        tunnel = interface.tunnel
        ends = f"source = {quote(str(tunnel.source))}, destination = {quote(str(tunnel.destination))}"
        yield f"tunnel = {{ kind = {quote(tunnel.kind)}, {ends} }}"


def _address(entry: InterfaceAddress) -> str:
    length = entry.prefix.prefix_length
    return str(entry.address) if length is None or entry.prefix.is_host else f"{entry.address}/{length}"


def _route(route: Route) -> Iterator[str]:
    yield f"to = {quote(str(route.destination))}"
    if route.gateway is not None:
        yield f"via = {quote(str(route.gateway))}"
    if route.interface:
        yield f"interface = {quote(route.interface)}"


def _comment(why: str) -> str:
    return f"   # inferred: {' '.join(why.split())}" if why else ""


def _flag(value: bool) -> str:
    return "true" if value else "false"


def _dotted(release: tuple[int, ...]) -> str:
    return ".".join(map(str, release))


def _array(words: Iterable[str]) -> str:
    return f"[{', '.join(map(quote, words))}]"


def _key(text: str) -> str:
    """A key, quoted where TOML wants it."""
    return text if re.fullmatch(r"[A-Za-z0-9_-]+", text) else quote(text)


def quote(text: str) -> str:
    """A basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", lambda match: f"\\u{ord(match[0]):04x}", escaped) + '"'
