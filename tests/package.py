"""Builds the wheel and the source archive, installs each into an empty environment and uses it there (make package)."""

from __future__ import annotations

import subprocess
import sys
import venv
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.golden import ROOT

SITE = "corpus/sites/sensor-mended"


def run(*words: str | Path, folder: Path = ROOT) -> str:
    done = subprocess.run([str(word) for word in words], cwd=folder, text=True, capture_output=True, check=False)
    if done.returncode:
        raise SystemExit(f"{' '.join(map(str, words))}\n{done.stdout}{done.stderr}")
    return done.stdout


def use(archive: Path, folder: Path) -> None:
    """Installs an archive with nothing else around, and runs its commands from another folder."""
    environment = folder / archive.name.replace(".", "-")
    venv.create(environment, with_pip=True)
    python = environment / "bin/python"
    run(python, "-m", "pip", "install", "-q", "-c", ROOT / "constraints.txt", archive)
    spdcheck = environment / "bin/spdcheck"
    print(run(spdcheck, "--version").strip(), "from", archive.name)
    run(spdcheck, "check", ROOT / SITE, folder=folder)
    run(spdcheck, "trace", "--site", ROOT / SITE, "icmp", "10.4.12.10", "192.168.1.10", folder=folder)
    run(spdcheck, "explain", "SPD004", folder=folder)
    for name in ("share/bash-completion/completions/spdcheck", "share/man/man1/spdcheck.1"):
        if not (environment / name).is_file():
            raise SystemExit(f"{archive.name} does not install {name}")


def main() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        run(sys.executable, "-m", "build", "--outdir", folder / "dist")
        for archive in sorted((folder / "dist").iterdir()):
            use(archive, folder)


if __name__ == "__main__":
    main()
