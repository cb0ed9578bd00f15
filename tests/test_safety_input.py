"""What comes from outside is read as data, quickly or not at all, and reaches no file that it has no business with."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.run import plan_run
from exresearch.run.orders import Order, place_of, studies_in
from exresearch.run.plan import write_resolved_study
from exresearch.study import StudyError, confine, examine_study, load_study, yaml_file
from exresearch.study.confine import ALLOW_VARIABLE, allow, allow_options, allowed_folders
from exresearch.study.prepared import drop_prepared
from exresearch.study.yaml_file import read_yaml

ROOT = Path(__file__).parents[1]
SEE = "See params/demo.yaml for an example."
# Ten times itself, ten times over.
LAUGHS = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]\n" for i in range(1, 12)
)
MERGES = "a0: &a0 {x: 1, y: 2}\n" + "".join(
    f"a{i}: &a{i} {{<<: [{', '.join([f'*a{i - 1}'] * 10)}]}}\n" for i in range(1, 12)
)
# What makes code or objects of data; ruff refuses most of it (S102, S301 to S307, S506) unless a line is excused.
_UNSAFE = re.compile(
    r"noqa: S(102|30[1-7]|506|60[24-6])|allow_pickle=True|shell=True|os\.system|(?<![\w.])(eval|exec)\(|"
    r"\b(read_pickle|to_pickle|unsafe_load|full_load|joblib|marshal|shelve|dill|cloudpickle)\b"
)
# One of these is in whatever that finds; looking for words first is quicker.
_WORDS = (
    "noqa: S", "allow_pickle=T", "shell=T", "os.system", "eval(", "exec(", "o_pickle", "d_pickle", "unsafe_load",
    "full_load", "joblib", "marshal", "shelve", "dill", "cloudpickle",
)  # fmt: skip


def refusal(folder: Path, text: str) -> str:
    path = folder / "a.yaml"
    path.write_text(text, encoding="utf-8")
    begun = time.process_time()
    with pytest.raises(StudyError) as caught:
        read_yaml(path)
    assert time.process_time() - begun < 5
    (problem,) = caught.value.problems
    return str(problem)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (LAUGHS, "a.yaml: an anchor refers to itself, or to too much. Write the text out."),
        ("a: &a [*a]", "a.yaml: an anchor refers to itself, or to too much. Write the text out."),
        (
            MERGES,
            "a.yaml: line 6: not valid YAML: the merges ('<<') up to here come to more than 100000 keys. Correct that "
            "line.",
        ),
        ("a: " + "[" * 90_000, f"a.yaml: more than 40 levels lie within each other. {SEE}"),
        ("a: " + "{a: " * 90_000, f"a.yaml: more than 40 levels lie within each other. {SEE}"),
        (
            "# " + "x" * 8_000_000,
            f"a.yaml: the file is larger than 8 MB, and is no study file or codebook. {SEE}",
        ),
        (
            "a: " + "9" * 5_000,
            "a.yaml: not valid YAML: it holds a character, date or number that cannot be read. Save it as plain YAML "
            "text, with texts between quotes.",
        ),
        (
            "a: 1" + ":59" * 300,
            "a.yaml: not valid YAML: it holds a character, date or number that cannot be read. Save it as plain YAML "
            "text, with texts between quotes.",
        ),
        (
            "a: 1\nb:\n  c: 1\n  d: 2\n  c: 3\n",
            "a.yaml: line 5: not valid YAML: the key 'c' stands here twice. Correct that line.",
        ),
        (
            "x: &x {a: 1}\nb: {<<: *x, c: 1, c: 2}\n",
            "a.yaml: line 2: not valid YAML: the key 'c' stands here twice. Correct that line.",
        ),
    ],
)  # fmt: skip
def test_a_file_that_grows_beyond_bounds_is_refused_at_once(tmp_path: Path, text: str, message: str) -> None:
    assert refusal(tmp_path, text) == message


def test_a_file_of_too_many_values_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(yaml_file, "_MOST_EVENTS", 1_000)
    said = refusal(tmp_path, f"a: [{', '.join('x' * 1_001)}]")
    assert said == f"a.yaml: it holds more than 1000 keys and values. {SEE}"
    (tmp_path / "a.yaml").write_text(f"a: [{', '.join('x' * 900)}]", encoding="utf-8")
    assert len(read_yaml(tmp_path / "a.yaml")["a"]) == 900


@pytest.mark.parametrize(
    "tag",
    ["python/object/apply:os.system ['touch made']", "python/name:os.system x", "python/object/new:set []", "own x"],
)  # fmt: skip
def test_a_tag_makes_no_object(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tag: str) -> None:
    monkeypatch.chdir(tmp_path)
    said = refusal(tmp_path, f"a: !!{tag}")
    assert said.startswith("a.yaml: line 1: not valid YAML: could not determine a constructor for the tag")
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_merges_that_a_person_would_write_are_read(tmp_path: Path) -> None:
    # A mapping that replaces a key of what it merges may itself be merged, wherever it stands.
    text = "l:\n - x: &x {a: 1}\n   c: &c {<<: *x, a: 2}\nd: {<<: *c, b: 1}\n"
    (tmp_path / "a.yaml").write_text(text, encoding="utf-8")
    assert read_yaml(tmp_path / "a.yaml") == {"l": [{"x": {"a": 1}, "c": {"a": 2}}], "d": {"a": 2, "b": 1}}


def test_nothing_in_the_package_makes_code_or_objects_of_data() -> None:
    found = []
    for path in sorted((ROOT / "exresearch").rglob("*.py")):
        text = path.read_text(encoding="utf-8")
        if any(word in text for word in _WORDS):
            name = path.relative_to(ROOT).as_posix()
            found += [f"{name}: {line.strip()}" for line in text.splitlines() if _UNSAFE.search(line)]
    # Excused are loaders that are safe ones themselves, and say so.
    assert [line for line in found if "S506" not in line or "SafeLoader" not in line] == []
    assert len(found) >= 2
    assert [text for text in ("eval(x)", "ast.literal_eval(x)", "re.exec(x)") if _UNSAFE.search(text)] == [
        "eval(x)"
    ]


@pytest.fixture
def elsewhere(client: Any) -> Any:
    """The client whose units lie in another folder than its study file."""
    client.write()
    other = client.folder.parent / "other clients"
    other.mkdir()
    (client.folder / "units.csv").rename(other / "units.csv")
    client.tables.pop("units")
    client.settings["tables"]["units"] = "../other clients/units.csv"
    return client


def message(client: Any, *, key: str = "tables.units", written: str = "../other clients/units.csv") -> str:
    folder = client.folder.parent / "other clients"
    return (
        f"small.yaml: {key}: {written!r} lies outside the folder of the study file, and nobody allowed it. If it may "
        f"be read, add: --allow '{folder}' (docs/safety.md says why)."
    )


def test_a_study_file_reaches_only_what_lies_beside_it(
    elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert elsewhere.refusal() == f"1 problem with this study:\n- {message(elsewhere)}"
    # Whether a file is there is not told either.
    absent = elsewhere.folder.parent / "other clients" / "secret.csv"
    elsewhere.settings["tables"]["units"] = [{"file": str(absent)}, {"file": "units.csv"}]
    said = message(elsewhere, key="tables.units.1", written=str(absent))
    assert elsewhere.refusal() == f"1 problem with this study:\n- {said}"
    elsewhere.settings["tables"]["units"] = "../other clients/units.csv"
    elsewhere.settings["codebook"] = "../other clients/units.csv"
    assert elsewhere.refusal().count("nobody allowed it") == 2
    elsewhere.settings["codebook"] = "codebook.yaml"
    # The study file cannot allow it, an allowed folder can, and so can somebody who names the file.
    with pytest.raises(StudyError):
        elsewhere.load(allow=str(absent.parent))
    assert elsewhere.load(**{"tables.units": str(absent.parent / "units.csv")}).table("units").shape[0] == 6
    monkeypatch.setenv(ALLOW_VARIABLE, os.pathsep.join(["", str(elsewhere.folder.parent / "none")]))
    assert "nobody allowed it" in elsewhere.refusal()
    monkeypatch.setenv(ALLOW_VARIABLE, os.pathsep.join(["", str(absent.parent)]))
    assert elsewhere.load().table("units").shape[0] == 6


def test_a_link_counts_as_what_it_leads_to(elsewhere: Any) -> None:
    target = elsewhere.folder.parent / "other clients" / "units.csv"
    (elsewhere.folder / "units.csv").symlink_to(target)
    (elsewhere.folder / "folder").symlink_to(target.parent, target_is_directory=True)
    for written in ("units.csv", "folder/units.csv"):
        elsewhere.settings["tables"]["units"] = written
        assert elsewhere.refusal() == f"1 problem with this study:\n- {message(elsewhere, written=written)}"


def test_fictional_tables_are_not_written_elsewhere(elsewhere: Any) -> None:
    elsewhere.settings |= {"synthetic": {"seed": 1}, "tables": {"units": "../made/units.csv"}}
    assert "tables.units: '../made/units.csv' lies outside" in elsewhere.refusal()
    assert not (elsewhere.folder.parent / "made").exists()


def test_a_study_of_one_s_own_may_name_any_file(
    elsewhere: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    clients = project / "params" / "clients"
    monkeypatch.setattr(confine, "project_root", lambda: project)
    clients.parent.mkdir(parents=True)
    # On another disk, perhaps.
    elsewhere.folder.rename(tmp_path / "private")
    clients.symlink_to(tmp_path / "private", target_is_directory=True)
    assert examine_study(clients / "small.yaml").problems[0].place == "tables.units"
    elsewhere.folder = clients
    assert elsewhere.load().table("units").shape[0] == 6
    # Others in the project reach what lies in it; who is linked from there is still where it is.
    demo = (project, clients.parent, project / "data" / "demo")
    assert allowed_folders(clients.parent / "demo.yaml") == (demo[1], demo[0])
    assert allowed_folders(tmp_path / "sent" / "acme.yaml") == (tmp_path / "sent", demo[2])
    (project / "linked.yaml").symlink_to(tmp_path / "other clients" / "units.csv")
    assert allowed_folders(project / "linked.yaml") == (tmp_path / "other clients", demo[2])


def test_the_command_line_allows_folders(elsewhere: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ALLOW_VARIABLE, "")
    folder = elsewhere.folder.parent / "other clients"
    file = str(elsewhere.write())
    refused = CliRunner().invoke(app, ["check", file])
    assert (refused.exit_code, refused.stderr) == (2, f"1 problem with this study:\n- {message(elsewhere)}\n")
    wrong = CliRunner().invoke(
        app, ["check", file, "--allow", str(folder / "units.csv"), "--allow", str(folder)]
    )
    assert "--allow: " in wrong.stderr
    assert "this is not a folder. Name a folder that is there." in wrong.stderr
    assert os.environ[ALLOW_VARIABLE] == ""
    assert CliRunner().invoke(app, ["check", file, "--allow", str(folder)]).exit_code == 0
    assert os.environ[ALLOW_VARIABLE] == str(folder)


def test_what_was_named_on_the_command_line_is_offered_to_be_allowed(tmp_path: Path) -> None:
    study, export = tmp_path / "drafts" / "acme.yaml", tmp_path / "my exports" / "a.csv"
    assert allow_options(study, [export, study.parent / "b.csv"]) == f" --allow '{export.parent}'"
    assert allow_options(ROOT / "params" / "clients" / "acme.yaml", [export]) == ""
    assert allow([]) == []


def test_a_kernel_reads_what_its_run_was_allowed_and_nobody_else_does(
    elsewhere: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ALLOW_VARIABLE, str(elsewhere.folder.parent / "other clients"))
    plan = plan_run(elsewhere.write(), output=elsewhere.folder.parent / "report", only=["90"])
    resolved = write_resolved_study(plan)
    monkeypatch.delenv(ALLOW_VARIABLE)
    # As if there had been no room for what a run prepares.
    drop_prepared(resolved)
    # The resolved file names every file in full; a kernel starts in its folder.
    with pytest.raises(StudyError):
        load_study(resolved)
    # Whoever wrote it may say so, as the process does that makes the report.
    assert load_study(resolved, judged=True).table("units").shape[0] == 6
    monkeypatch.chdir(resolved.parent)
    assert load_study("study.yaml").table("units").shape[0] == 6
    assert examine_study("study.yaml").problems != ()
    moved = elsewhere.folder.parent / "sent"
    moved.mkdir()
    (moved / "study.yaml").write_bytes(resolved.read_bytes())
    monkeypatch.chdir(moved)
    with pytest.raises(StudyError):
        load_study("study.yaml")


def test_no_variable_of_the_environment_is_recorded(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from exresearch.run.execute import NotebookResult
    from exresearch.run.provenance import provenance

    secret = "token-which-nobody-may-read"
    for name in ("AWS_SECRET_ACCESS_KEY", "EXRESEARCH_ALLOW", "PIP_INDEX_URL", "USER", "GIT_AUTHOR_NAME"):
        monkeypatch.setenv(name, secret)
    plan = plan_run(client.write(), output=client.folder.parent / "report", only=["90"])
    from datetime import UTC, datetime

    results = [NotebookResult(job.name, "ok", 1.0, None) for job in plan.jobs]
    record = provenance(plan, results, started=datetime.now(UTC), seconds=1.0)
    assert secret not in repr(record)
    assert secret not in write_resolved_study(plan).read_text(encoding="utf-8")
    assert str(client.folder) not in repr(record)
    assert yaml.safe_load(write_resolved_study(plan).read_text(encoding="utf-8"))["client"] == "small"


def test_an_impossible_date_on_the_command_line_is_a_text(client: Any) -> None:
    done = CliRunner().invoke(app, ["check", str(client.write()), "--set", "n_boot=2024-13-45"])
    assert done.exit_code == 2
    assert "--set n_boot=2024-13-45" in done.stderr


@pytest.mark.parametrize("client", ["../other", "..", "a/b", "A", ""])
def test_a_client_that_is_a_path_has_no_report(tmp_path: Path, client: str) -> None:
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"client": client}), encoding="utf-8")
    assert place_of(Order(tmp_path / "a.yaml")) is None
    (tmp_path / "a.yaml").write_text(yaml.safe_dump({"client": "a-b"}), encoding="utf-8")
    assert place_of(Order(tmp_path / "a.yaml")) == ROOT / "reports" / "a-b"
    # Looking whether anything changed takes no longer than refusing it.
    (tmp_path / "a.yaml").write_text(f"client: a\n{MERGES}", encoding="utf-8")
    assert place_of(Order(tmp_path / "a.yaml")) is None
    assert studies_in([tmp_path]) == ([tmp_path / "a.yaml"], [])
