"""Makes the start page from README.md, and one page a check from its docstring (``spdcheck explain``)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

from spdcheck.checks import load_all
from spdcheck.output.explanation import as_markdown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from mkdocs.structure.files import Files

    from spdcheck.checks.base import Check

ROOT = Path(__file__).resolve().parent.parent


def on_files(files: Files, *, config: Any) -> Files:
    """Adds the pages that no file holds."""
    for name, text in pages():
        files.append(File.generated(config, name, content=text))
    return files


def pages() -> Iterator[tuple[str, str]]:
    """Every made page with its path below docs/."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    readme = readme.replace("](docs/", "](")
    yield "index.md", re.sub(r"\[([^\]]+)\]\([A-Z]+\.md\)", r"\1", readme)
    checks = load_all()
    rows = [re.sub(r"^\| ([A-Z]{3}\d{3}) \|", r"| [\1](\1.md) |", row) for row in as_markdown(checks)]
    yield "checks/index.md", "# Checks\n\n" + "\n".join(rows) + "\n"
    for check in checks:
        yield f"checks/{check.code}.md", page(check)


def page(check: type[Check]) -> str:
    """The page of one check."""
    parts = [f"# {check.code} {check.name}", f"*{check.severity.value}*. {check.summary()}"]
    parts += [f"## {title}\n\n{body}" for title, body in check.documentation().items()]
    return "\n\n".join(parts) + "\n"
