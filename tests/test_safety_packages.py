"""Packages: what is known against them, and under which terms they come."""

from __future__ import annotations

import csv
import io
import json
import re
import subprocess
from importlib.metadata import PathDistribution, distributions
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.commands import audit, licences
from exresearch.commands.audit import NO_ANSWER, NO_TOOL, auditor, known_of, options
from exresearch.commands.licences import Licence, compatible, licence_of, locked, neutral

ROOT = Path(__file__).parents[1]
LOCK = "\n".join(
    ["alpha==1.0 \\", "    --hash=sha256:00", "beta==2.0 ; sys_platform == 'win32' \\", "gamma==3 \\"]
)


def entry(name: str, *vulns: tuple[str, list[str]]) -> dict[str, Any]:
    """One package of pip-audit's answer."""
    return {
        "name": name,
        "version": "1.0",
        "vulns": [{"id": one, "fix_versions": fixed, "aliases": []} for one, fixed in vulns],
    }


def audited(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, *more: str
) -> tuple[int, str, str, list[str]]:
    """Run the command with a pip-audit that says this."""
    (tmp_path / "lock.txt").write_text(LOCK, encoding="utf-8")
    asked: list[str] = []

    def answering(command: list[str], **_: Any) -> subprocess.CompletedProcess[str]:
        asked.extend(command)
        return subprocess.CompletedProcess(command, 1, stdout=said, stderr="")

    monkeypatch.setattr(audit, "auditor", lambda: ["pip-audit"])
    monkeypatch.setattr(audit.subprocess, "run", answering)
    done = CliRunner().invoke(app, ["audit", "--lock", str(tmp_path / "lock.txt"), *more])
    return done.exit_code, done.stdout, done.stderr, asked


def test_what_is_known_against_a_package_is_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = {"dependencies": [entry("alpha", ("CVE-1", ["1.1", "2.0"]), ("CVE-2", [])), entry("gamma")]}
    code, out, err, asked = audited(tmp_path, monkeypatch, json.dumps(answer))
    assert code == 1
    assert re.search(r"alpha +│ 1.0 +│ CVE-1 +│ 1.1, 2.0 ", out)
    assert re.search(r"alpha +│ 1.0 +│ CVE-2 +│ no version yet", out)
    assert err == (
        "1 of 3 packages are for other systems and were not asked about.\n"
        "2 reports against 1 of 2 packages. Newer versions: make lock UPGRADE=1\n"
    )
    assert asked == ["pip-audit", *options(tmp_path / "lock.txt")]
    code, out, _, _ = audited(tmp_path, monkeypatch, json.dumps(answer), "--json")
    assert (code, [one["name"] for one in json.loads(out)]) == (1, ["CVE-1", "CVE-2"])


def test_nothing_known_is_said_only_of_what_was_looked_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    skipped = {"name": "gamma", "skip_reason": "not found"}
    code, _, err, _ = audited(
        tmp_path, monkeypatch, json.dumps({"dependencies": [entry("alpha"), entry("gamma")]})
    )
    assert (code, err.splitlines()[-1]) == (
        0, "Nothing is known against the 2 packages that were looked up.",
    )  # fmt: skip
    code, _, err, _ = audited(tmp_path, monkeypatch, json.dumps({"dependencies": [entry("alpha"), skipped]}))
    assert (code, err.splitlines()[1:]) == (
        2,
        [
            "Not looked up, for the service does not know them: gamma.",
            "Nothing is known against the 1 packages that were looked up.",
        ],
    )
    # A mirror without such a service skips every package, and pip-audit says that there is nothing.
    code, _, err, _ = audited(tmp_path, monkeypatch, json.dumps({"dependencies": [skipped]}))
    assert (code, err) == (2, f"{NO_ANSWER}\n")


@pytest.mark.parametrize("said", ["", "no network", "[]", '{"error": 1}'])
def test_without_an_answer_nothing_is_claimed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str
) -> None:
    assert audited(tmp_path, monkeypatch, said)[:3] == (2, "", f"{NO_ANSWER}\n")


def test_without_pip_audit_it_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(audit.shutil, "which", lambda _: None)
    monkeypatch.setattr(audit.importlib.util, "find_spec", lambda _: None)
    assert auditor() is None
    done = CliRunner().invoke(app, ["audit"])
    assert (done.exit_code, done.stderr) == (2, f"{NO_TOOL}\n")
    monkeypatch.setattr(audit.shutil, "which", lambda _: "/bin/pip-audit")
    assert auditor() == ["/bin/pip-audit"]
    done = CliRunner().invoke(app, ["audit", "--lock", "none.txt"])
    assert done.exit_code == 2
    assert "--lock: none.txt: cannot be read (No such file or directory)." in done.stderr


def test_one_report_that_stands_twice_counts_once() -> None:
    found, checked, skipped = known_of({"dependencies": [entry("a", ("CVE-1", []), ("CVE-1", []))] * 2})
    assert ([one.name for one in found], checked, skipped) == (["CVE-1"], 1, [])


def test_every_package_of_the_run_lock_goes_with_the_gpl() -> None:
    done = CliRunner().invoke(app, ["licences", "--json"])
    assert done.exit_code == 0, done.stderr
    listed = {one["package"]: one for one in json.loads(done.stdout)}
    assert set(listed) == set(locked(ROOT / "locks" / "run.txt"))
    assert listed["numpy"]["licence"] == "BSD-3-Clause AND 0BSD AND MIT AND Zlib AND CC0-1.0"
    assert {one["compatible"] for one in listed.values() if one["version"]} == {"yes"}
    rows = list(csv.reader(io.StringIO(CliRunner().invoke(app, ["licences", "--csv"]).stdout)))
    assert rows[0] == ["package", "version", "licence", "compatible"]
    assert [row[0] for row in rows[1:]] == sorted(listed)


@pytest.mark.parametrize(
    ("expression", "verdict"),
    [
        ("MIT", "yes"),
        ("mit and bsd-3-clause", "yes"),
        ("GPL-2.0-only", "no"),
        ("GPL-2.0-only OR MIT", "yes"),
        ("(GPL-2.0-only OR MIT) AND EPL-2.0", "no"),
        ("Apache-2.0 WITH LLVM-exception", "yes"),
        ("MIT AND Own", "unknown"),
        ("MIT OR Own", "yes"),
        ("GPL-2.0-only OR Own", "unknown"),
        ("(MIT", "unknown"),
        ("MIT)", "unknown"),
        ("MIT AND", "unknown"),
        ("", "unknown"),
    ],
)
def test_licences_that_go_with_the_gpl(expression: str, verdict: str) -> None:
    assert compatible(expression) == verdict


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["License-Expression: EPL-2.0", "License: MIT"], Licence("odd", "1", "EPL-2.0", "no")),
        (["License: BSD 3-Clause"], Licence("odd", "1", "BSD-3-Clause", "yes")),
        (["License: UNKNOWN", "Classifier: License :: OSI Approved :: MIT License"], Licence("odd", "1", "MIT", "yes")),
        (
            [
                "License: The whole text\n        of a licence",
                "Classifier: License :: OSI Approved :: BSD License",
                "Classifier: License :: Other/Proprietary License",
            ],
            Licence("odd", "1", "BSD AND Proprietary", "no"),
        ),
        ([], Licence("odd", "1", "", "unknown")),
    ],
)  # fmt: skip
def test_a_licence_is_read_from_what_a_package_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], expected: Licence
) -> None:
    folder = tmp_path / "odd-1.dist-info"
    folder.mkdir()
    text = "\n".join(["Metadata-Version: 2.4", "Name: odd", "Version: 1", *lines])
    (folder / "METADATA").write_text(f"{text}\n", encoding="utf-8")
    assert [one.name for one in distributions(path=[str(tmp_path)])] == ["odd"]
    monkeypatch.setattr(licences, "metadata", lambda _: PathDistribution(folder).metadata)
    assert licence_of("odd") == expected
    if expected.compatible != "yes":
        (tmp_path / "lock.txt").write_text("odd==1 \\\n", encoding="utf-8")
        done = CliRunner().invoke(app, ["licences", "--lock", str(tmp_path / "lock.txt")])
        assert done.exit_code == 1
        assert done.stderr.startswith("odd 1: ")


def test_a_cell_is_no_formula() -> None:
    assert [neutral(text) for text in ("=1+1", "@x", "MIT", "-", "")] == ["'=1+1", "'@x", "MIT", "'-", ""]
