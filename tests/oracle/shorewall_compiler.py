"""The real compiler of Shorewall 5.2.8 for one directory, and our own reading and tables of the same directory.

Nothing is started: ``shorewall compile -e`` writes a script, out of which the text for iptables-restore is taken. The
directory's shorewall.conf is laid over the shipped one, as ours takes the shipped value of a setting that is not there.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from ipaddress import ip_interface
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from spdcheck.formats.base import Context
from spdcheck.formats.iptables import read as read_iptables
from spdcheck.formats.shorewall import read
from spdcheck.model.addresses import parse_address, parse_prefix
from spdcheck.model.host import Host, Interface, InterfaceAddress, Platform, Route
from spdcheck.model.netfilter import NetfilterRuleset
from spdcheck.model.shorewall import Shorewall
from spdcheck.source import SourceFile
from tests.formats.shorewall_folder import Folder

if TYPE_CHECKING:
    from collections.abc import Mapping

    from spdcheck.formats.base import Reading

SHARE = Path("/usr/share")
_ERROR = re.compile(r"^ *ERROR: (.*?)(?: (\S+) \((?:line (\d+)|EOF)\))?\s*$", re.MULTILINE)
_FROM = re.compile(r"^ *from (\S+) \(line (\d+)\)\s*$", re.MULTILINE)
_LOOP = re.compile(r"for (\w+) in \$(\w+); do")
_ECHO = re.compile(r'echo "(-A .*)" >&3')
_ENDS = {"s": "src", "d": "dst"}
_VARIABLE = re.compile(r"\$\{?(SW_\w+)(?::-[^}]*)?\}?")
_TOLD = re.compile(r"^.*(?:ERROR|WARNING|^ *from ).*$", re.MULTILINE)


ADDRESSES = {"eth0": "192.0.2.1/24", "eth1": "192.168.1.1/24", "eth2": "192.168.2.1/24", "eth3": "192.168.3.1/24"}
ADDRESSES_6 = {"eth0": "2001:db8::1/64", "eth1": "2001:db8:0:1::1/64", "eth2": "2001:db8:0:2::1/64",
               "eth3": "2001:db8:0:3::1/64"}  # fmt: skip
GATEWAY = {4: "192.0.2.254", 6: "2001:db8::fe"}
"""What the machine has: interfaces, and the way to the rest of the world by eth0."""


def firewall(family: int) -> Host:
    """The machine of these addresses."""
    interfaces, everything = [], parse_prefix("0.0.0.0/0" if family == 4 else "::/0")
    for name, text in (ADDRESSES if family == 4 else ADDRESSES_6).items():
        address, prefix = parse_address(text.partition("/")[0]), parse_prefix(text)
        assert address is not None
        assert prefix is not None
        interfaces.append(Interface(name, addresses=(InterfaceAddress(address, prefix, None, None),)))
    assert everything is not None
    routes = (Route(everything, parse_address(GATEWAY[family]), "eth0", None),)
    return Host(name="firewall", platform=Platform.LINUX, interfaces=tuple(interfaces), routes=routes)


def _found() -> dict[str, tuple[str, ...]]:
    """The variables of the script, as they are found when the firewall starts on that machine."""
    found: dict[str, tuple[str, ...]] = {"ALL_ACASTS": ("ANYCAST",)}
    for text in (ADDRESSES, ADDRESSES_6):
        for name, value in text.items():
            prefix, word = ip_interface(value), f"SW_{name.upper()}"
            if prefix.version == 4:
                found |= {f"{word}_ADDRESS": (str(prefix.ip),), f"{word}_ADDRESSES": (str(prefix.ip),),
                          f"{word}_NETWORKS": (str(prefix.network),)}  # fmt: skip
            else:
                found |= {f"SW6_{name.upper()}_ADDRESS": (str(prefix.ip),)}
    return found | {"SW_ETH0_GATEWAY": (GATEWAY[4],)}


FOUND = _found()


class Compiled(NamedTuple):
    """What the compiler made: ``refused`` is the file and line where it stopped, ``rules`` the text otherwise."""

    refused: tuple[str, int] | None
    said: str
    rules: str


def program(family: int) -> str:
    """The name of the program, and of its folder and settings."""
    return "shorewall6" if family == 6 else "shorewall"


def is_installed(family: int) -> bool:
    """The compiler is here."""
    return shutil.which(program(family)) is not None and (SHARE / program(family) / "configfiles").is_dir()


def compile_directory(files: Mapping[str, str], family: int, capabilities: str) -> Compiled:
    """The rule set of a directory, or where the compiler refuses it."""
    name = program(family)
    with tempfile.TemporaryDirectory() as scratch:
        folder, script = Path(scratch) / "c", Path(scratch) / "out"
        folder.mkdir()
        for file, text in {"params": "", "conntrack": "", "capabilities": capabilities, **files}.items():
            (folder / file).write_text(text, encoding="utf-8")
        shutil.copy(SHARE / "shorewall" / "shorewallrc", folder / "shorewallrc")
        shipped = (SHARE / name / "configfiles" / f"{name}.conf").read_text(encoding="utf-8")
        own = files.get(f"{name}.conf", "")
        forced = "OPTIMIZE=0\nSTARTUP_ENABLED=Yes\nLOGFILE=/dev/null\n"
        (folder / f"{name}.conf").write_text(f"{shipped}{own}{forced}", encoding="utf-8")
        done = subprocess.run(
            ["unshare", "-n", "--", name, "compile", "-e", str(folder), str(script)],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, errors="replace",
        )  # fmt: skip
        said = (done.stdout + done.stderr).replace(f"{folder}/", "").replace(f"{scratch}/", "")
        told = "\n".join(line.strip() for line in _TOLD.findall(said))
        if done.returncode:
            return Compiled(_place(said, files, shipped.count("\n"), f"{name}.conf"), told or said, "")
        return Compiled(None, told, _rules(script.read_text(encoding="utf-8", errors="replace")))


def _place(said: str, files: Mapping[str, str], shipped: int, conf: str) -> tuple[str, int]:
    """File and line of the first error, in the directory's own files."""
    match = _ERROR.search(said)
    if match is None:
        return "", 0
    places = [(match[2] or "", match[3])]
    places += [(found[1], found[2]) for found in _FROM.finditer(said, match.end())]
    for file, line in places:
        if file in files:
            number = len(files[file].rstrip().splitlines()) if line is None else int(line)
            return file, number - shipped if file == conf else number
    return places[0][0], int(places[0][1] or 0)


def _rules(script: str) -> str:
    """The text for iptables-restore: documents as they stand, and loops over what ``FOUND`` says is found."""
    body = script.partition("\nsetup_netfilter()")[2]
    body = body[: body.find("\n}\n")]
    made: list[str] = []
    loops: list[tuple[str, tuple[str, ...]]] = []
    inside = False
    for line in body.splitlines():
        text = line.strip()
        if text == "__EOF__":
            inside = False
        elif text == "cat >&3 << __EOF__":
            inside = True
        elif inside:
            made.append(line)
        elif match := _LOOP.fullmatch(text):
            loops.append((match[1], FOUND.get(match[2], ())))
        elif text == "done":
            loops.pop()
        elif match := _ECHO.fullmatch(text):
            made += _repeated(match[1], loops)
    text = "\n".join(line for line in made if line and line[0] != "#" and "g_sha1sum" not in line)
    return _VARIABLE.sub(lambda match: (FOUND.get(match[1]) or (match[0],))[0], text) + "\n"


def _repeated(line: str, loops: list[tuple[str, tuple[str, ...]]]) -> list[str]:
    found = [line]
    for name, values in loops:
        found = [one.replace(f"${name}", value) for one in found for value in values]
    return [re.sub(r"-(s|d) ANYCAST", lambda m: f"-m addrtype --{_ENDS[m[1]]}-type ANYCAST", one) for one in found]


def real_rules(text: str, family: int) -> NetfilterRuleset:
    """The compiler's rules as our netfilter reads them. Raises :class:`ValueError` for what it can't read."""
    name = "ip6tables.rules" if family == 6 else "expected.rules"
    reading = read_iptables(SourceFile(name, text), Context())
    if reading.facts.diagnostics:
        raise ValueError(str(reading.facts.diagnostics[0]))
    found = reading.facts.packet_filters[0]
    assert isinstance(found, NetfilterRuleset)
    return found


def our_reading(files: Mapping[str, str]) -> tuple[Reading, Shorewall]:
    """The directory as we read it."""
    folder = Folder("")
    folder.files = {name: SourceFile(name, text) for name, text in files.items()}
    first = folder.files.get("zones") or next(iter(folder.files.values()))
    reading = read(first, Context(includes=folder, tools={"shorewall": (5, 2, 8)}))
    found = reading.facts.packet_filters[0]
    assert isinstance(found, Shorewall)
    return reading, found
