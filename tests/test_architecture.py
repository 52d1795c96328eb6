"""The layers of ARCHITECTURE.md, enforced: who may import whom, and who may know a heavy library."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "spdcheck"

LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "source": set(),
    "resources": set(),
    "named_tuples": set(),
    "records": set(),
    "model": {"source", "resources"},
    "kept_files": set(),
    "packing": {"source"},
    "formats": {"model", "source", "resources", "errors", "kept_files"},
    "site": {"formats", "semantics", "model", "source", "errors", "kept_files", "packing"},
    "semantics": {"model", "source", "errors"},
    "engine": {"semantics", "model", "source", "errors"},
    "checks": {"engine", "semantics", "model", "source", "errors", "kept_files", "packing"},
    "mending": {"checks", "engine", "semantics", "site", "formats", "model", "source", "errors"},
    "output": {"checks", "engine", "semantics", "model", "source", "resources"},
    "cli": {
        "mending",
        "output",
        "checks",
        "engine",
        "semantics",
        "site",
        "formats",
        "model",
        "source",
        "errors",
        "resources",
        "packing",
    },
}
"""What each layer may import of spdcheck besides itself; data flows from the top of this table to its bottom."""

EVERYWHERE = {"named_tuples", "records"}
"""What every layer may import: they know nothing of IPsec."""

HEAVY = {
    "z3": {"engine/symbolic.py", "engine/solve.py"},
    "netaddr": {"model/addresses.py"},
    "lark": {"formats/"},
    "hypothesis": set(),
    "prompt_toolkit": {"cli/"},
    "numpy": {"engine/"},
}
"""Where a library may be imported."""

FILES = sorted(PACKAGE.rglob("*.py"))


def layer_of(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0] if len(relative.parts) > 1 else relative.stem


def imports_of(path: Path) -> list[str]:
    names = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.append(node.module)
            if node.module == "spdcheck":
                names += [f"spdcheck.{alias.name}" for alias in node.names]
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_imports_point_one_way(path: Path) -> None:
    layer = layer_of(path)
    if layer in ("__init__", "__main__"):
        return
    allowed = LAYERS[layer] | {layer, *EVERYWHERE}
    for name in imports_of(path):
        if name.startswith("spdcheck."):
            target = name.split(".")[1]
            assert target in allowed or target == "__version__", f"{layer} must not know {target} ({name})"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_heavy_libraries_have_one_place(path: Path) -> None:
    relative = path.relative_to(PACKAGE).as_posix()
    for name in imports_of(path):
        library = name.split(".")[0]
        if library in HEAVY:
            assert any(relative.startswith(place) for place in HEAVY[library]), f"{library} is not for {relative}"


@pytest.mark.parametrize("path", sorted((PACKAGE / "formats").glob("*/*.py")), ids=lambda path: path.as_posix())
def test_formats_do_not_know_each_other(path: Path) -> None:
    own = path.parent.name
    others = {p.name for p in (PACKAGE / "formats").iterdir() if p.is_dir() and p.name != own}
    for name in imports_of(path):
        parts = name.split(".")
        assert not (parts[:2] == ["spdcheck", "formats"] and len(parts) > 2 and parts[2] in others), name


def test_print_is_for_the_command_line() -> None:
    for path in FILES:
        if layer_of(path) in ("cli", "__main__"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                assert node.func.id != "print", path


def test_every_module_says_what_it_is() -> None:
    for path in FILES:
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))), f"{path} has no docstring"


@pytest.mark.parametrize("arguments", [["--version"], ["rules"], ["explain", "SPD004"]])
def test_light_commands_load_no_heavy_library(arguments: list[str]) -> None:
    code = (
        "import sys, io\n"
        "from spdcheck.__main__ import main\n"
        f"main({arguments!r}, io.StringIO(), io.StringIO(), io.StringIO())\n"
        "print([m for m in ('z3', 'lark', 'netaddr') if m in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip().splitlines()[-1] == "[]"


@pytest.mark.parametrize(
    ("arguments", "unloaded"),
    [
        ("check corpus/sites/sensor-gif", ("lark", "z3")),
        ("check corpus/sites/shorewall-gateways", ("lark", "z3")),
        ("trace --site corpus/sites/sensor-mended icmp 10.4.12.10 192.168.1.10", ("lark", "netaddr", "z3")),
    ],
)
def test_what_a_run_does_not_need_is_not_loaded(arguments: str, unloaded: tuple[str, ...], tmp_path: Path) -> None:
    """Grammars that are kept need no Lark, packets and boxes no solver."""
    code = (
        "import sys, io\n"
        "from spdcheck.__main__ import main\n"
        f"status = main({arguments.split()!r}, io.StringIO(), io.StringIO(), io.StringIO())\n"
        f"print(status in (0, 1, 3), [m for m in {unloaded!r} if m in sys.modules])\n"
    )
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "SPDCHECK_CACHE": str(tmp_path / "cache")}
    for grammars in ("computed", "kept"):
        done = subprocess.run(
            command, capture_output=True, text=True, check=True, env=environment, cwd=PACKAGE.parent
        ).stdout
        assert done == "True []\n" or grammars == "computed", done
