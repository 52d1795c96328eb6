"""``spdcheck.toml``: what no configuration file says (DESIGN section 3).

Unknown keys and values of the wrong kind are errors with line and column: a misspelt key that is silently ignored
would change a verdict.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import field
from typing import TYPE_CHECKING, Any

from spdcheck.errors import SiteError
from spdcheck.formats import FORMATS
from spdcheck.model.addresses import AddressRange, parse_address, parse_prefix, parse_value
from spdcheck.model.host import Intent, Interface, InterfaceAddress, Platform, Route, Tunnel
from spdcheck.records import dataclass
from spdcheck.site.files import edited
from spdcheck.site.toml_places import TomlPlaces
from spdcheck.source import SourceFile

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from spdcheck.source import Span

FILE_NAME = "spdcheck.toml"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostConfig:
    """One ``[host.NAME]`` table."""

    name: str
    span: Span
    path: str
    platform: Platform | None = None
    release: tuple[int, ...] = ()
    tools: dict[str, tuple[int, ...]] = field(default_factory=dict)
    public_address: AddressRange | None = None
    files: dict[str, str] = field(default_factory=dict)
    interfaces: tuple[Interface, ...] = ()
    routes: tuple[Route, ...] = ()
    forwarding: bool | None = None
    external: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteConfig:
    """A whole ``spdcheck.toml``, or the defaults where there is none."""

    name: str = ""
    file: SourceFile | None = None
    hosts: tuple[HostConfig, ...] = ()
    intents: tuple[Intent, ...] = ()
    select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    fail_on: str | None = None


EXPECTATIONS = ("delivered", "protected", "denied", "replied")


class _Table:
    """One table of the file with its path, so that every complaint knows its place."""

    def __init__(self, values: dict[str, Any], places: TomlPlaces, path: tuple[str | int, ...]) -> None:
        self.values = values
        self.places = places
        self.path = path

    def fail(self, message: str, *key: str | int) -> SiteError:
        """An error about a key of this table."""
        span = self.places.span(*self.path, *key)
        return SiteError(f"{span.file.path}:{span.begin.line}:{span.begin.column}: {message}")

    def known(self, *keys: str) -> None:
        """Refuses every other key."""
        for key in self.values:
            if key not in keys:
                where = f"[{'.'.join(str(p) for p in self.path)}]" if self.path else "the top level"
                raise self.fail(f"unknown key {key!r} in {where}; known are {', '.join(keys)}", key)

    def text(self, key: str, default: str = "") -> str:
        """A string."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise self.fail(f"{key} must be a string", key)
        return value

    def flag(self, key: str) -> bool | None:
        """A boolean or None."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            raise self.fail(f"{key} must be true or false", key)
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """A list of strings (or one string)."""
        value = self.values.get(key, [])
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            raise self.fail(f"{key} must be a list of strings", key)
        return tuple(value)

    def table(self, key: str) -> _Table:
        """A sub-table (empty where absent)."""
        value = self.values.get(key, {})
        if not isinstance(value, dict):
            raise self.fail(f"{key} must be a table", key)
        return _Table(value, self.places, (*self.path, key))

    def tables(self, key: str) -> list[_Table]:
        """An array of tables."""
        value = self.values.get(key, [])
        if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
            raise self.fail(
                f"{key} must be an array of tables, written [[{'.'.join(map(str, (*self.path, key)))}]]", key
            )
        return [_Table(item, self.places, (*self.path, key, number)) for number, item in enumerate(value)]

    def address(self, key: str) -> AddressRange | None:
        """A single address or None."""
        text = self.text(key)
        if not text:
            return None
        found = parse_address(text)
        if found is None:
            raise self.fail(f"{key}: {text!r} is not an address", key)
        return found

    def release(self, key: str, text: str) -> tuple[int, ...]:
        """``5.3-RELEASE`` as (5, 3)."""
        numbers = re.match(r"\d+(?:\.\d+)*", text)
        if numbers is None:
            raise self.fail(f"{key}: {text!r} does not start with a number such as 5.3", key)
        return tuple(int(part) for part in numbers[0].split("."))


def load_config(path: Path, shown: str, edit: Mapping[Path, str] | None = None) -> SiteConfig:
    """Reads a ``spdcheck.toml``; raises :class:`SiteError` with line and column for anything wrong in it.

    ``edit`` may hold a text that is read instead, by the resolved path.
    """
    try:
        text = edited(path, edit)
        if text is None:
            text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"{shown}: can't be read: {getattr(error, 'strerror', None) or error}"
        raise SiteError(message) from None
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SiteError(_syntax_message(shown, str(error))) from None
    file = SourceFile(shown, text)
    top = _Table(values, TomlPlaces(file), ())
    top.known("site", "host", "intent", "check")
    site = top.table("site")
    site.known("name")
    check = top.table("check")
    check.known("select", "ignore", "fail-on")
    fail_on = check.text("fail-on") or None
    if fail_on not in (None, "error", "warning", "info", "never"):
        raise check.fail(f"fail-on: {fail_on!r} is not error, warning, info or never", "fail-on")
    hosts = top.table("host")
    return SiteConfig(
        name=site.text("name"),
        file=file,
        hosts=tuple(_host(name, hosts.table(name)) for name in hosts.values),
        intents=tuple(_intent(table) for table in top.tables("intent")),
        select=check.texts("select"),
        ignore=check.texts("ignore"),
        fail_on=fail_on,
    )


def _syntax_message(shown: str, message: str) -> str:
    place = re.search(r" \(at (?:line (\d+), column (\d+)|end of document)\)$", message)
    if place is None:
        return f"{shown}: {message}"
    position = f":{place[1]}:{place[2]}" if place[1] else " (at its end)"
    return f"{shown}{position}: not valid TOML: {message[: place.start()]}"


def _host(name: str, table: _Table) -> HostConfig:
    table.known(
        "path",
        "platform",
        "release",
        "tools",
        "public-address",
        "files",
        "interface",
        "route",
        "forwarding",
        "external",
    )
    platform = None
    if word := table.text("platform"):
        try:
            platform = Platform(word)
        except ValueError:
            known = ", ".join(p.value for p in Platform)
            raise table.fail(f"platform: {word!r} is none of {known}", "platform") from None
    files = table.table("files")
    for key in files.values:
        if files.text(key) not in {item.name for item in FORMATS}:
            known = ", ".join(item.name for item in FORMATS)
            raise files.fail(f"files: {files.text(key)!r} is no format; known are {known}", key)
    tools = table.table("tools")
    return HostConfig(
        name=name,
        span=table.places.span(*table.path),
        path=table.text("path", name),
        platform=platform,
        release=table.release("release", table.text("release")) if table.text("release") else (),
        tools={key: tools.release(key, tools.text(key)) for key in tools.values},
        public_address=table.address("public-address"),
        files={key: files.text(key) for key in files.values},
        interfaces=tuple(
            _interface(key, table.table("interface").table(key)) for key in table.table("interface").values
        ),
        routes=tuple(_route(item) for item in table.tables("route")),
        forwarding=table.flag("forwarding"),
        external=bool(table.flag("external")),
    )


def _interface(name: str, table: _Table) -> Interface:
    table.known("addresses", "mtu", "tunnel", "dynamic")
    mtu = table.values.get("mtu")
    if mtu is not None and (not isinstance(mtu, int) or isinstance(mtu, bool) or not 68 <= mtu <= 65535):
        raise table.fail("mtu must be a number of bytes from 68 to 65535", "mtu")
    span = table.places.span(*table.path, "addresses")
    addresses = []
    for text in table.texts("addresses"):
        value, covering = parse_value(text.partition("/")[0]), parse_prefix(text)
        if value is None or covering is None:
            raise table.fail(f"addresses: {text!r} is not ADDRESS/LENGTH", "addresses")
        addresses.append(InterfaceAddress(AddressRange(value[0], value[1], value[1]), covering, None, span))
    tunnel = None
    if "tunnel" in table.values:
        sub = table.table("tunnel")
        sub.known("kind", "source", "destination")
        source, destination = sub.address("source"), sub.address("destination")
        if source is None or destination is None or sub.text("kind", "gif") not in ("gif", "gre", "ipip"):
            raise table.fail('tunnel must be { kind = "gif"|"gre"|"ipip", source = "…", destination = "…" }', "tunnel")
        tunnel = Tunnel(sub.text("kind", "gif"), source, destination, span)
    return Interface(
        name=name,
        addresses=tuple(addresses),
        mtu=mtu,
        tunnel=tunnel,
        dynamic=bool(table.flag("dynamic")),
        origin=table.places.span(*table.path),
    )


def _route(table: _Table) -> Route:
    table.known("to", "via", "interface")
    destination = parse_prefix(table.text("to").replace("default", "0.0.0.0/0"))
    if destination is None:
        raise table.fail(f"to: {table.text('to')!r} is not a prefix", "to")
    gateway, interface = table.address("via"), table.text("interface") or None
    if gateway is None and interface is None:
        raise table.fail('a route needs via = "ADDRESS" or interface = "NAME"', "to")
    return Route(destination, gateway, interface, table.places.span(*table.path))


def _intent(table: _Table) -> Intent:
    table.known("flow", "expect")
    flow, expect = table.text("flow"), table.texts("expect")
    if not flow:
        raise table.fail('an intent needs flow = "…"', "flow")
    for word in expect:
        if word not in EXPECTATIONS:
            raise table.fail(f"expect: {word!r} is none of {', '.join(EXPECTATIONS)}", "expect")
    if not expect:
        raise table.fail(f'an intent needs expect = ["…"], of {", ".join(EXPECTATIONS)}', "expect")
    return Intent(flow, expect, table.places.span(*table.path, "flow"))
