"""Reports for machines and browsers: what each format promises, hostile texts, secrets, and a real browser."""

from __future__ import annotations

import html
import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree

import pytest

from spdcheck.checks import CHECKS
from spdcheck.cli import status
from spdcheck.cli.reports import FORMATS, rendered
from spdcheck.output.github import job_summary
from spdcheck.output.json import dump
from spdcheck.output.links import link
from spdcheck.output.markdown import code, escaped, within_html
from spdcheck.output.summary import Summary
from spdcheck.output.terminal import Look
from spdcheck.source import SourceFile
from tests.cli.run import spdcheck
from tests.golden import CORPUS, unpack
from tests.output.sample import MISMATCH, OPEN, checked
from tests.output.sarif_schema import SCHEMA

if TYPE_CHECKING:
    from pathlib import Path

    from tests.golden import Golden

SITES = sorted(path for path in (CORPUS / "sites").iterdir() if path.is_dir())
SAMPLE = Summary((checked(MISMATCH, undecided=(OPEN,)),))
EVIL = """\
=== <b>gw</b>/etc/ipsec.conf
# <script>alert(1)</script> ::error::x %0A @everyone ]]> &amp; [a](javascript:alert(1))
spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;
spdadd <script>alert(2)</script> 10.2.0.0/16 any -P out none;
spdadd 10.1.0.0/16 10.3.0.0/16[||`] any -P out "onload=alert(3)" ]]>;
"""


def _text(form: str, summary: Summary = SAMPLE) -> str:
    return "".join(rendered(summary, form, 1, Look()))


@pytest.mark.parametrize("form", ["sarif", "github", "gitlab", "junit"])
def test_the_sample(form: str, golden: Golden) -> None:
    text = _text(form)
    if form == "sarif":
        run = json.loads(text)["runs"][0]
        run["tool"]["driver"]["rules"] = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        text = json.dumps(run, indent=2, ensure_ascii=False) + "\n"
    golden.check(CORPUS / "reports" / f"sample.{form}", text)


def _sarif(path: Path) -> Any:
    return json.loads(spdcheck("check", path, "--format", "sarif").out)


def _regions(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        own = [value["region"]] if "region" in value else []
        return own + [region for inner in value.values() for region in _regions(inner)]
    return [region for inner in value for region in _regions(inner)] if isinstance(value, list) else []


@pytest.mark.parametrize("site", SITES, ids=lambda path: path.name)
def test_sarif_holds_what_code_scanning_wants(site: Path) -> None:
    document = _sarif(site)
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.validate(document, SCHEMA)
    (run,) = document["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [rule["id"] for rule in rules] == [code for code, _, _ in CHECKS]
    for rule in rules:
        assert 0 < len(rule["shortDescription"]["text"]) <= 1024
        assert 0 < len(rule["fullDescription"]["text"]) <= 1024
        assert rule["help"]["markdown"]
        assert 0.1 <= float(rule["properties"]["security-severity"]) <= 10
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
        linked = {int(number) for number in re.findall(r"(?<!\\)\]\((\d+)\)", result["message"]["text"])}
        assert linked == {place["id"] for place in result.get("relatedLocations", [])}
        for flow in result.get("codeFlows", []):
            assert all(thread["locations"] for thread in flow["threadFlows"])
    hashes = [result["partialFingerprints"]["primaryLocationLineHash"] for result in run["results"]]
    assert len(set(hashes)) == len(hashes), "no two results are taken for one"
    for region in _regions(run):
        assert region["startLine"] >= 1
        assert region["startColumn"] >= 1
        assert (region["endLine"], region["endColumn"]) >= (region["startLine"], region["startColumn"])
    for artifact in run["artifacts"]:
        assert not artifact["location"]["uri"].startswith("/") or site.is_absolute()


def test_sites_of_one_name_are_told_apart() -> None:
    document = json.loads(_text("sarif", Summary((checked(MISMATCH), checked()))))
    assert [run["automationDetails"]["id"] for run in document["runs"]] == ["spdcheck/branch/", "spdcheck/branch-2/"]


def test_fingerprints_outlive_other_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(CORPUS / "sites/sensor-gif", "site")
    before = {r["partialFingerprints"]["spdcheck/v1"] for r in _sarif(tmp_path / "site")["runs"][0]["results"]}
    for path in (tmp_path / "site").rglob("ipsec.conf"):
        path.write_text("# a line more\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    after = {r["partialFingerprints"]["spdcheck/v1"] for r in _sarif(tmp_path / "site")["runs"][0]["results"]}
    assert before == after


def test_the_schema_refuses_slips() -> None:
    jsonschema = pytest.importorskip("jsonschema")
    jsonschema.Draft7Validator.check_schema(SCHEMA)
    slips: list[dict[str, Any]] = [{"run": []}, {"version": "2.1"}, {"runs": [{}]}]
    slips.append({"runs": [{"tool": {"driver": {"nam": "x"}}}]})
    for slip in slips:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate({"version": "2.1.0", "runs": [], **slip}, SCHEMA)


def test_what_is_suppressed_is_told_as_such(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    policy = "spdadd 10.2.0.0/16 10.1.0.0/16 any -P in ipsec esp/tunnel/198.51.100.2-192.0.2.1/use;\n"
    unpack(f"=== gw/etc/ipsec.conf\n# spdcheck: ignore[SPD008] until spring\n{policy}", tmp_path)
    pytest.importorskip("jsonschema").validate(_sarif(tmp_path), SCHEMA)
    results = [r for r in _sarif(tmp_path)["runs"][0]["results"] if "suppressions" in r]
    assert [r["ruleId"] for r in results] == ["SPD008"]
    assert results[0]["suppressions"][0]["justification"] == "until spring"


@pytest.mark.parametrize("site", SITES, ids=lambda path: path.name)
def test_every_format_of_every_site(site: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(site.parent)
    files = {form: tmp_path / f"report.{form}" for form in FORMATS}
    outputs = [word for form, path in files.items() for word in ("--output", f"{form}={path}")]
    said = spdcheck("check", site.name, *outputs)
    findings = json.loads(files["json"].read_text(encoding="utf-8"))["findings"]
    assert said.code in (status.CLEAN, status.FINDINGS, status.NO_VERDICT)
    rows = json.loads(files["gitlab"].read_text(encoding="utf-8"))
    assert len({row["fingerprint"] for row in rows}) == len(rows)
    assert all(row["location"]["path"] is not None and row["description"] for row in rows)
    tree = ElementTree.parse(files["junit"])
    failures = len(tree.findall(".//failure"))
    assert failures == sum(finding["severity"] in ("error", "warning") for finding in findings)
    page = files["html"].read_text(encoding="utf-8")
    assert page.count('<article class="finding') == len(findings)
    assert len(files["github"].read_text(encoding="utf-8").splitlines()) <= 11
    secrets = _secrets(site)
    for path in files.values():
        text = path.read_text(encoding="utf-8")
        assert not [key for key in secrets if key in text or html.escape(key) in text], path.name


def _secrets(site: Path) -> list[str]:
    """Everything behind the names of psk.txt files, and hexadecimal keys, of a site."""
    found = []
    for path in site.rglob("*"):
        if path.is_file() and path.name != "expected.txt" and "traces" not in path.parts:
            text = path.read_text(encoding="utf-8")
            if path.name.startswith("psk"):
                found += [line.split(None, 1)[1].strip() for line in text.splitlines() if len(line.split(None, 1)) == 2]
            found += re.findall(r"\b0x[0-9a-fA-F]{16,}\b", text)
    return [key for key in found if len(key) >= 8 and not key.startswith("#")]


@pytest.fixture
def evil(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    unpack(EVIL, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_hostile_text_stays_text(evil: Path) -> None:
    page = spdcheck("check", "--format", "html").out
    body = page[page.index("<body>") :]
    assert "<script>alert" not in page
    assert body.count("<script") == 1
    assert "onload=alert(3)" not in re.sub(r">[^<]*<", "><", body), "no configuration text within a tag"
    assert "<b>gw</b>" not in page
    ElementTree.fromstring(spdcheck("check", "--format", "junit").out)
    json.loads(spdcheck("check", "--format", "sarif").out)
    for line in spdcheck("check", "--format", "github").out.splitlines():
        assert line.startswith(("::error file=", "::warning ", "::notice file=")) or "more in the summary" in line


def test_names_that_are_no_text(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / os.fsdecode(b"gw\xff") / "etc/ipsec.conf"
    try:
        path.parent.mkdir(parents=True)
    except OSError:
        pytest.skip("this file system refuses such a name")
    path.write_bytes(
        b"spdadd 10.1.0.0/16 10.2.0.0/16 any -P out ipsec esp/tunnel/192.0.2.1-198.51.100.2/require;\nspdadd \xff;\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "summary.md")
    for form in FORMATS:
        found = spdcheck("check", "--format", form, "--output", f"{form}=report.{form}", "--link-template", "x:{path}")
        assert found.code == status.FINDINGS, (form, found.err)
        (tmp_path / f"report.{form}").read_text(encoding="utf-8")
    assert "gw%FF/etc/ipsec.conf" in (tmp_path / "report.sarif").read_text(encoding="utf-8")
    assert 'href="x:gw%FF/etc/ipsec.conf"' in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_the_summary_of_a_job(evil: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = evil / "summary.md"
    page.write_text("before\n", encoding="utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(page))
    spdcheck("check", "--format", "github")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("before\n## spdcheck:")
    assert "<script>" not in text
    assert "| error |" in text


def test_two_reports_in_one_file(evil: Path) -> None:
    found = spdcheck("check", "--output", "sarif=x", "--output", "html=./x")
    assert found.code == status.USAGE
    assert "another report is written into x" in found.err


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("sarif", "write FORMAT=FILE"),
        ("saif=x", "did you mean sarif?"),
        ("sarif=no/such/x", "the folder no/such does not exist"),
        ("html=.", "is a folder"),
    ],
)
def test_outputs_that_can_not_be_written(evil: Path, word: str, said: str) -> None:
    found = spdcheck("check", "--output", word)
    assert found.code == status.USAGE
    assert said in found.err


def test_the_page_needs_nothing_from_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CORPUS / "sites")
    page = spdcheck("check", "sensor-gif", "--format", "html").out
    assert not re.findall(r'(?:src|href)="(?!#)', page)
    assert "://" not in page.replace("http://www.w3.org/2000/svg", "").split("<body>")[0]
    ids = set(re.findall(r'id="([^"]+)"', page))
    assert set(re.findall(r'href="#([^"]+)"', page)) <= ids, "every link leads somewhere"
    again = spdcheck("check", "sensor-gif", "--format", "html").out
    assert page == again


def test_a_tunnel_is_not_called_sound_while_a_question_is_open() -> None:
    page = _text("html", Summary((checked(undecided=(OPEN,)),)))
    gateways = CORPUS / "sites/bsd-gateways"
    sound = spdcheck("check", gateways, "--format", "html").out
    assert '<g class="tunnel sound">' in sound
    assert "tunnel sound" not in page


def test_the_picture_tells_what_is_said_of_a_host_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(CORPUS / "sites/bsd-gateways", tmp_path / "site")
    monkeypatch.chdir(tmp_path)
    path = next(path for path in (tmp_path / "site/lyon").rglob("*") if path.is_file() and "-P in" in path.read_text())
    path.write_text(re.sub(r"(?m)^(spdadd[^;]*-P in[^;]*;)", "", path.read_text()), encoding="utf-8")
    page = spdcheck("check", "site", "--format", "html").out
    assert '<text class="badge broken"' in page
    assert '<g class="tunnel broken">' in page
    assert "tunnel sound" not in page


@pytest.fixture
def unread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two gateways that nothing is wrong with, as far as one of the files can be read."""
    shutil.copytree(CORPUS / "sites/bsd-gateways", tmp_path / "site")
    path = tmp_path / "site/turin/etc/ipf.conf"
    path.write_text(path.read_text(encoding="utf-8") + "pass in frobnicate all\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_picture_shows_open_questions(unread: Path) -> None:
    page = spdcheck("check", "site", "--ignore", "CFG001", "--format", "html").out
    assert '<a href="#open"><g class="tunnel open">' in page
    assert '<h2 id="open">' in page


def test_places_are_links(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(CORPUS / "sites")
    address = "https://forge.example/a?b=1&c=2/{path}#L{line}"
    page = spdcheck("check", "sensor-gif", "--format", "html", "--link-template", address).out
    first = '<a href="https://forge.example/a?b=1&amp;c=2/sensor-gif/fedorov/etc/ipsec.conf#L4">'
    assert f"{first}sensor-gif/fedorov/etc/ipsec.conf</a>" in page
    assert re.search(r'<a href="https://forge\.example/[^"]+/rc\.conf#L\d+"><g class="', page), "boxes of a witness"
    assert "\x1b]8" not in spdcheck("check", "sensor-gif", "--link-template", address).out, "links are for terminals"
    shown = "".join(rendered(SAMPLE, "full", 1, Look(links="x:{path}:{line}:{column}")))
    assert "--> \x1b]8;;x:east/etc/ipsec.conf:2:8\x1b\\east/etc/ipsec.conf:2:8 (east)\x1b]8;;\x1b\\\n" in shown


def test_names_of_files_stay_one_part_of_an_address() -> None:
    file = SourceFile('a b/"x"#?{line}.conf', "text")
    assert link("https://h/{path}#L{line}", file.span(0, 1)) == "https://h/a%20b/%22x%22%23%3F%7Bline%7D.conf#L1"


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("{path}", "write an address"),
        ("javascript:alert(1)//{path}", "write an address"),
        ("https://h/\x1b]{path}", "write an address"),
        ("https://h/{sha}/{path}", "there is no {sha}"),
        ("https://h/", "{path} is missing"),
    ],
)
def test_templates_that_lead_nowhere(evil: Path, word: str, said: str) -> None:
    found = spdcheck("check", "--link-template", word)
    assert found.code == status.USAGE
    assert said in found.err


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("2001:db8:100:1", "2001<span>:</span>db8<span>:</span>100:1"),
        ("fd00:a::1", "fd00<span>:</span>a::1"),
        ("icmp 10.1.0.1 → 10.2.0.1: blocked", "icmp 10.1.0.1 → 10.2.0.1: blocked"),
        ("$ext_if and $int_if", "<span>$</span>ext\\_if and <span>$</span>int\\_if"),
        ("~~@all~~ <b>", "\\~\\~@\u200ball\\~\\~ &lt;b&gt;"),
    ],
)
def test_text_stays_text_in_markdown(text: str, shown: str) -> None:
    assert escaped(text) == shown


def test_elements_take_no_escapes_of_markdown() -> None:
    assert within_html("a_b|*c*\n<i>") == "a_b|*c* &lt;i&gt;"
    assert code("a`b``c`") == "``` a`b``c` ```"


def test_a_summary_of_a_job_that_can_not_be_written(evil: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(evil / "no/such/place"))
    found = spdcheck("check", "--format", "github")
    assert found.code == status.USAGE
    assert "GITHUB_STEP_SUMMARY" in found.err


def test_endless_lines_are_cut_to_what_is_marked(evil: Path) -> None:
    path = evil / "gw/etc/ipsec.conf"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(
        "# " + "x" * 50_000 + "\n" + " " * 30_000 + "spdadd nonsense" + " " * 30_000 + ";\n", encoding="utf-8"
    )
    page = spdcheck("check", "--format", "html").out
    assert "<mark>;</mark>" in page
    assert len(page) < 60_000


CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
_QUIET = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--enable-logging=stderr", "--virtual-time-budget=2000",
)  # fmt: skip


@pytest.mark.skipif(CHROMIUM is None, reason="no browser is installed")
@pytest.mark.parametrize("dark", [False, True])
def test_a_browser_shows_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, dark: bool) -> None:
    monkeypatch.chdir(CORPUS / "sites")
    spdcheck("check", "sensor-gif", "--output", f"html={tmp_path / 'report.html'}")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    asked = "f.host.value='fedorov';f.code.value='IKE005';f.dispatchEvent(new Event('input'))"
    probe = f"<script>const f=document.querySelector('form.filter');{asked};document.title='probed'</script></body>"
    (tmp_path / "report.html").write_text(page.replace("</body>", probe), encoding="utf-8")
    dark_mode = ["--force-dark-mode", "--blink-settings=preferredColorScheme=0"] if dark else []
    done = subprocess.run(
        [str(CHROMIUM), *_QUIET, *dark_mode, f"--user-data-dir={tmp_path / 'profile'}", "--dump-dom",
         (tmp_path / "report.html").as_uri()],
        capture_output=True, text=True, timeout=90, check=True,
    )  # fmt: skip
    assert "CONSOLE" not in done.stderr
    assert "<title>probed</title>" in done.stdout
    shown = re.search(r"<output>(\d+) of (\d+) shown</output>", done.stdout)
    assert shown is not None
    assert 0 < int(shown[1]) < int(shown[2])
    assert done.stdout.count('hidden=""') == int(shown[2]) - int(shown[1])


def shown_in_documentation(form: str) -> str:
    """What docs/outputs.md shows of a format: the whole of it, or the one result of SARIF."""
    if form == "summary":
        return job_summary(SAMPLE).rstrip() + "\n"
    if form == "sarif":
        return dump(json.loads(_text("sarif"))["runs"][0]["results"][0])
    return _text(form)


@pytest.mark.parametrize("form", ["full", "github", "summary", "sarif", "gitlab", "junit"])
def test_the_documentation_shows_what_is_printed(form: str) -> None:
    assert shown_in_documentation(form) in (CORPUS.parent / "docs/outputs.md").read_text(encoding="utf-8")
