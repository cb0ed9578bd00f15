"""A client is forgotten wholly, nobody else is, and nothing outside the known folders is touched."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.run import forget
from exresearch.run.forget import Kept, delete, traces_of
from exresearch.study import StudyError

STUDY = """\
client: {client}
title: {{nl: A, en: A}}
codebook: {codebook}
tables:
  units: ../../data/clients/{client}/units.csv
  employees:
    - {{file: ../../data/clients/{client}/2023.csv, wave: '2023'}}
    - {{file: ../../data/clients/{client}/none.csv, wave: '2024'}}
"""


def written(path: Path, text: str = "12345") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def report(home: Path, name: str, client: str) -> None:
    """A report and its working folder."""
    listed = {"client": client, "outputs": [{"file": "index.html"}, {"file": "findings/a.json"}]}
    for file in ("index.html", "findings/a.json"):
        written(home / name / file)
    written(home / name / "run.json", json.dumps(listed))
    written(home / ".work" / name / "study.yaml", f"client: {client}\n")
    for file in ("00_data_readiness.ipynb", "ipython/profile_default/history.sqlite", "ledger/a.json"):
        written(home / ".work" / name / file)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two clients whose names begin alike."""
    root = tmp_path / "project"
    monkeypatch.setattr(forget, "project_root", lambda: root)
    monkeypatch.setattr("exresearch.commands.forget.project_root", lambda: root)
    clients = root / "params" / "clients"
    for client in ("acme", "acme-2"):
        report(root / "reports", client, client)
        written(clients / f"{client}.yaml", STUDY.format(client=client, codebook=f"{client}.codebook.yaml"))
        for name in (f"{client}.codebook.yaml", f"{client}.plan.json"):
            written(clients / name, "x: 1\n")
        for name in ("units.csv", "2023.csv"):
            written(root / "data" / "clients" / client / name)
    report(root / "reports", "acme in english", "acme")
    written(clients / "acme_2025.yaml", STUDY.format(client="acme", codebook="shared.codebook.yaml"))
    written(clients / "beta.yaml", STUDY.format(client="beta", codebook="shared.codebook.yaml"))
    written(clients / "shared.codebook.yaml", "x: 1\n")
    return root


def run(*options: str, answer: str = "") -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["forget", *options], input=answer)
    return done.exit_code, done.stdout, done.stderr


def everything(root: Path) -> set[str]:
    return {
        path.relative_to(root).as_posix() for path in root.rglob("*") if path.is_file() or path.is_symlink()
    }


def test_a_client_is_forgotten_wholly_and_nobody_else(project: Path) -> None:
    before = everything(project)
    code, out, err = run("acme", answer="no\n")
    assert (code, err) == (1, "Nothing was deleted.\n")
    assert everything(project) == before
    assert out.splitlines()[:4] == [
        "reports/acme: 3 files, 94 bytes",
        "reports/acme in english: 3 files, 94 bytes",
        "reports/.work/acme: 4 files, 28 bytes",
        "reports/.work/acme in english: 4 files, 28 bytes",
    ]
    code, out, err = run("acme", answer="y\n")
    own = [
        f"Left, for it is the client's own: data/clients/acme/{name}" for name in ("units.csv", "2023.csv")
    ]
    assert (code, out.splitlines()[-3:], err) == (0, ["Client 'acme' is forgotten.", *own], "")
    gone = before - everything(project)
    assert {name.split("/")[1] for name in gone} == {"acme", "acme in english", ".work"}
    assert not any("acme-2" in name or name.startswith(("params", "data")) for name in gone)
    assert len(gone) == 14
    assert not (project / "reports" / "acme").exists()
    assert run("acme", "--yes")[:2] == (0, "\n".join(["Nothing is kept of client 'acme'.", *own]) + "\n")


def test_its_study_files_go_where_that_is_asked_for(project: Path) -> None:
    assert run("acme", "--params", "--yes")[0] == 0
    # A codebook that another client's study file names as well is no longer this client's alone.
    assert sorted(path.name for path in (project / "params" / "clients").iterdir()) == [
        "acme-2.codebook.yaml",
        "acme-2.plan.json",
        "acme-2.yaml",
        "beta.yaml",
        "shared.codebook.yaml",
    ]
    assert (project / "data" / "clients" / "acme" / "units.csv").is_file()
    (project / "params" / "clients" / "beta.yaml").unlink()
    study = STUDY.format(client="gamma", codebook="shared.codebook.yaml")
    written(project / "params" / "clients" / "g.yaml", study)
    assert {kept.path.name for kept in traces_of("gamma", params=True).kept} == {
        "g.yaml", "shared.codebook.yaml",
    }  # fmt: skip


@pytest.mark.parametrize(
    "name", ["..", "../acme", "acme/../beta", ".work", "", "/", "Acme", "a b", "acme\n", "*", "acme/"]
)
def test_a_name_with_a_path_in_it_is_refused(project: Path, name: str) -> None:
    before = everything(project)
    code, out, err = run("--yes", "--", name)
    assert (code, out) == (2, "")
    assert "this is not a legal name for a client. Use the short name" in err
    assert everything(project) == before


def test_what_only_has_the_name_of_the_client_stays(project: Path) -> None:
    report(project / "reports", "gamma", "delta")
    code, out, err = run("gamma", "--yes")
    assert (code, out) == (0, "Nothing is kept of client 'gamma'.\n")
    assert err == (
        "reports/gamma holds the report of client 'delta', and stays.\n"
        "reports/.work/gamma is of a run of client 'delta', and stays.\n"
    )
    # A run that never came to its report says it by its folder alone.
    written(project / "reports" / ".work" / "epsilon" / "00_data_readiness.log")
    written(project / "reports" / "epsilon" / "left.html")
    assert [kept.path.name for kept in traces_of("epsilon").kept] == ["epsilon", "epsilon"]


def test_a_report_elsewhere_goes_when_it_is_named_and_other_files_in_it_stay(
    project: Path, tmp_path: Path
) -> None:
    report(tmp_path / "away", "out", "acme")
    mine = written(tmp_path / "away" / "out" / "mine.docx")
    outside = written(tmp_path / "away" / "outside.txt")
    record = tmp_path / "away" / "out" / "run.json"
    listed = json.loads(record.read_text(encoding="utf-8"))
    listed["outputs"] += [{"file": "../outside.txt"}, {"file": str(outside)}, {"file": "none.html"}]
    record.write_text(json.dumps(listed), encoding="utf-8")
    code, out, err = run("acme-2", "--report", str(tmp_path / "away" / "out"), "--yes")
    assert (code, out) == (2, "")
    assert err.endswith(
        "--report: out: this is not a report of this client. Name the folder that --output named.\n"
    )
    with pytest.raises(StudyError):
        traces_of("acme", reports=[tmp_path])
    code, out, _ = run("acme", "--report", str(tmp_path / "away" / "out"), "--yes")
    assert code == 0
    assert f"{tmp_path / 'away' / 'out'}: 3 files, " in out
    assert "(1 other files in it stay)" in out
    assert everything(tmp_path / "away") == {"out/mine.docx", "outside.txt"}
    assert (mine.read_text(encoding="utf-8"), (tmp_path / "away" / "out" / "findings").exists()) == (
        "12345",
        False,
    )


def test_a_link_is_deleted_and_not_followed(project: Path, tmp_path: Path) -> None:
    keep = written(tmp_path / "keep" / "a.txt")
    (project / "reports" / "acme" / "link").symlink_to(keep.parent, target_is_directory=True)
    (project / "reports" / "zeta").symlink_to(keep.parent, target_is_directory=True)
    assert run("acme", "--yes")[0] == 0
    code, out, _ = run("zeta", "--yes")
    assert (code, out.splitlines()[0].partition(": ")[2]) == (
        0, f"1 file, {len(str(keep.parent))} bytes (a link; what it leads to stays)",
    )  # fmt: skip
    assert keep.is_file()
    assert not (project / "reports" / "zeta").is_symlink()


def test_read_only_and_vanished_files_do_not_stop_it(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = project / "reports" / "acme" / "findings"
    folder.chmod(0o500)
    (folder / "a.json").chmod(0o400)
    assert delete(Kept(folder.parent, 3, 0)) == []
    assert not folder.parent.exists()
    assert delete(Kept(folder.parent, 3, 0)) == []
    # Somebody else's file, which cannot be made ours either.
    remove = Path.unlink
    stuck = project / "reports" / ".work" / "acme" / "ledger" / "a.json"

    def refusing(path: Path, **more: Any) -> None:
        if path == stuck:
            raise PermissionError
        remove(path, **more)

    monkeypatch.setattr(Path, "unlink", refusing)
    code, out, err = run("acme", "--yes")
    assert (code, err) == (1, "Could not be deleted: reports/.work/acme/ledger/a.json\n")
    assert "forgotten" not in out
    assert everything(project / "reports" / ".work" / "acme") == {"ledger/a.json"}


def test_comparisons_of_its_waves_go_and_those_with_others_are_named(project: Path) -> None:
    home = project / "reports"
    record = json.loads((home / "acme" / "run.json").read_text(encoding="utf-8"))
    record["outputs"] = [{"file": "findings/a.json", "sha256": "aa"}, {"file": "index.html", "sha256": "cc"}]
    written(home / "acme" / "run.json", json.dumps(record))

    def compared(name: str, kind: str, *hashes: str, label: str = "Client A") -> None:
        files = [{"file": "findings/a.json", "sha256": one} for one in hashes]
        content = {"kind": kind, "reports": [{"label": label, "files": files}]}
        written(home / name / "compare.json", json.dumps(content))

    compared("compare", "clients", "aa", "bb")
    compared("named", "clients", "dd", label="acme")
    # The same page of another client is no sign: it is the findings that tell.
    compared("not with it", "clients", "bb", "cc")
    compared("some waves", "waves", "aa")
    compared("acme-waves", "waves", "of an earlier run")
    compared("acme-2-waves", "waves", "of another client")
    written(home / "broken" / "compare.json", "[")
    traces = traces_of("acme")
    assert {kept.path.name for kept in traces.kept} == {"acme", "acme in english", "some waves", "acme-waves"}
    assert traces.others == (
        "reports/compare compares this client with others, and stays.",
        "reports/named compares this client with others, and stays.",
    )
    # A client may be called as the folder of comparisons is.
    assert traces_of("compare").kept == ()
