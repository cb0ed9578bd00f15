"""Seeded secrets are found wherever they stand in what would be delivered, and nothing else is."""

from __future__ import annotations

import base64
import dataclasses
import html
import json
import re
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.disclosure import Leak, Secrets, scan_files, secrets_of
from exresearch.disclosure.search.scan import scan_text
from exresearch.run import LeakError, NotebookResult, Plan, plan_run, run_plan
from exresearch.run.leaks import check_leaks, own_texts
from exresearch.run.notebooks import deliver_notebooks

FIRST = "De nieuwe roosters maken het voor ouders bijna onmogelijk"
COMMENT = f"{FIRST}. Niemand heeft ons iets gevraagd over de weekenden."
ROW = "7,2,6,1,3,7"
SEEDED = {
    "person": "P0417",
    "unit": "Team Torenvalk",
    "comment": FIRST,
    "contact": "j.devries@voorbeeld.nl",
    "row": f"2024,{ROW},9",
    "user": "jdevries",
    "path": "/ho" + "me/jdevries2/klant/antwoorden.csv",
}
MADE: list[Secrets] = []
UNITS = ("Torenvalk", "Buizerd", "Havik", "Sperwer", "Wouw", "Kiekendief")


@pytest.fixture
def seeded(client: Any) -> Any:
    """The small client with keys, remarks and a row that can be recognised."""
    names = dict(zip(client.units, (f"Team {bird}" for bird in UNITS), strict=True))
    for frame in client.tables.values():
        frame["team"] = frame["team"].map(names)
    employees = client.tables["employees"]
    employees["id"] = [f"P{400 + number:04d}" for number in range(len(employees))]
    employees.loc[17, ["eng_1", "eng_2", "eng_3", "needs", "customer", "enps"]] = [7, 2, 6, 1, 3, 7]
    employees["why"] = "prima"
    employees.loc[17, "why"] = COMMENT
    employees.loc[18, "why"] = "Mail j.devries@voorbeeld.nl of bel 06-1234 5678 hierover."
    client.variables["employees.why"] = client.entry("employees", "why", "text")
    return client


@pytest.fixture
def secrets(request: pytest.FixtureRequest) -> Secrets:
    """What must not be told of that client; made once."""
    if not MADE:
        study = request.getfixturevalue("seeded").load()
        folders = ["/data/klanten/geheim"]
        MADE.append(secrets_of(study, own_texts=own_texts(), names=["jdevries"], folders=folders))
    return MADE[0]


def picture(text: str) -> str:
    """A drawing with a text in it, as a page embeds it."""
    drawing = f'<svg xmlns="http://www.w3.org/2000/svg"><path d="M 1 2 L 3 4"/><text>{html.escape(text)}</text></svg>'
    coded = base64.b64encode(drawing.encode()).decode()
    return f'<p>Above</p>\n<img src="data:image/svg+xml;base64,{coded}" alt="A picture">\n'


def notebook(text: str) -> str:
    """An executed notebook that shows a text."""
    node = nbformat.v4.new_notebook()  # type: ignore[no-untyped-call]
    output = nbformat.v4.new_output(  # type: ignore[no-untyped-call]
        "display_data",
        data={"text/html": f"<p>Shown:\n{html.escape(text)}</p>"},
        metadata={"exresearch": "[]"},
    )
    node.cells = [
        nbformat.v4.new_markdown_cell("# Title", id="title"),  # type: ignore[no-untyped-call]
        nbformat.v4.new_code_cell("show()", id="people-table", outputs=[output]),  # type: ignore[no-untyped-call]
    ]
    return str(nbformat.writes(node))  # type: ignore[no-untyped-call]


PLACES = {
    "text": ("page.html", lambda text: f"<h1>Page</h1>\n<p>About {html.escape(text)}.</p>", "line 2"),
    "attribute": ("page.html", lambda text: f'<img src="#" alt="About {html.escape(text)}">', "line 1"),
    "numeric entities": ("page.html", lambda text: "".join(f"&#{ord(sign)};" for sign in text), "line 1"),
    "picture": ("page.html", picture, "line 2, picture 1"),
    "note in a drawing": ("page.html", lambda text: f"<svg>\n<!-- {text} -->\n</svg>", "line 2"),
    "run.json": (
        "run.json",
        lambda text: json.dumps({"a": 1, "notebooks": [{"error": text}]}, indent=2),
        "line 5",
    ),
    "executed notebook": ("02_page.ipynb", notebook, "cell people-table"),
    "log": ("02_page.log", lambda text: f"Traceback\nValueError: {text}\n", "line 2"),
}


@pytest.mark.parametrize("place", PLACES)
def test_a_seeded_secret_is_found_and_not_repeated(place: str, secrets: Secrets) -> None:
    name, written, where = PLACES[place]
    for kind, text in SEEDED.items():
        if kind == "row" and place == "picture":
            # A drawing holds numbers, and no rows of a table.
            continue
        leaks = scan_text(written(text), secrets, name=name)
        assert leaks == [Leak(name, where, kind)], (kind, leaks)  # type: ignore[arg-type]
        assert text not in repr(leaks)
    assert scan_text(written("nobody at all, 1, 2, 3, 4, 5, 6, 7"), secrets, name=name) == []


def test_secrets_never_show_themselves(secrets: Secrets) -> None:
    shown = repr(secrets) + repr(next(iter(secrets.exact.values()))) + repr(secrets.columns["unit"])
    assert [text for text in SEEDED.values() if text in shown or text.casefold() in shown] == []


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("<p>p0417</p>", ["person"]),
        ("id=P0417&amp;x", ["person"]),
        ("person_P0417_x", ["person"]),
        ("P04170 AP0417 P041", []),
        # Cut off, over tags and lines, and one sentence of it.
        ("<p>De <b>nieuwe</b>\nroosters maken het voor ouders bijna onmogelijk.</p>", ["comment"]),
        ("<i>Niemand heeft ons iets gevraagd over de weekenden</i>", ["comment"]),
        ("<p>De nieuwe roosters maken het makkelijk voor ouders</p>", []),
        ("06 1234 5678", ["contact"]),
        ("0612345678", []),
        # Rows: as a table of a page, as a frame prints itself, as a list.
        (f"<tr><td>{'</td><td>'.join(ROW.split(','))}</td></tr>", ["row"]),
        (f"x  {'   '.join(ROW.split(','))}", ["row"]),
        (f"[{', '.join(ROW.split(','))}]", ["row"]),
        ("1,2,3,4,5,6,7", []),
        ("<tr><td>5,3</td><td>2,6</td><td>1,3</td><td>7,1</td></tr>", []),
        ("2024,shop,12", []),
        ("C:" + r"\Us" + r"ers\somebody\klant.csv and file:" + "///x", ["path", "path"]),
        ("/data/klanten/geheim/a.csv", ["path"]),
        ("https://example.org/home/page and/or reports/home/x </p></div> ~/x text/html", []),
        ("Jdevries2 jdevriesen", []),
    ],
)
def test_what_counts_and_what_does_not(text: str, kinds: list[str], secrets: Secrets) -> None:
    # Each on a line of its own, so that two of a kind are two places.
    assert [leak.kind for leak in scan_text(text.replace(" and ", "\n"), secrets, name="page.html")] == kinds


def test_what_was_not_said_as_telephone_stays(secrets: Secrets) -> None:
    assert scan_text("<p>n = 5678, 1234 people, 06</p>", secrets, name="page.html") == []


def test_keys_like_any_number_count_only_under_the_name_of_their_column(seeded: Any) -> None:
    employees = seeded.tables["employees"]
    employees["id"] = range(1, len(employees) + 1)
    for frame in seeded.tables.values():
        frame["team"] = frame["team"].map(dict(zip(dict.fromkeys(frame["team"]), range(11, 17), strict=True)))
    secrets = secrets_of(seeded.load(), own_texts=own_texts())
    page = "<p>Of 17 people in team 12, 13 answered; team: 14 and id 17.</p><td>17</td>"
    assert scan_text(page, secrets, name="page.html") == []
    table = "<table><tr><th>n</th><th>{}</th></tr>\n<tr><td>40</td><td>12</td></tr></table>"
    assert scan_text(table.format("mean"), secrets, name="page.html") == []
    assert scan_text(table.format("team"), secrets, name="page.html") == [Leak("page.html", "line 2", "unit")]
    assert scan_text(table.format("id"), secrets, name="page.html") == [Leak("page.html", "line 2", "person")]
    for text in ("{'team': '12'}", 'data["team"] == 12', "team=12"):
        assert [leak.kind for leak in scan_text(text, secrets, name="x.log")] == ["unit"], text


def test_units_named_like_a_category_or_a_word_of_the_suite(seeded: Any) -> None:
    seeded.tables["units"]["kind"] = "Torenvalk"
    names = {f"Team {bird}": bird for bird in UNITS} | {"Team Havik": "Engagement"}
    for frame in seeded.tables.values():
        frame["team"] = frame["team"].map(names)
    study = seeded.load()
    secrets = secrets_of(study, own_texts=own_texts())
    page = "<p>Engagement of Torenvalk, seen by a buizerd.</p>\n<p>Buizerd</p>"
    assert scan_text(page, secrets, name="page.html") == [Leak("page.html", "line 2", "unit")]
    allowed = secrets_of(study, own_texts=own_texts(), units_may_be_named=True)
    assert scan_text(page, allowed, name="page.html") == []


def test_the_suite_itself_is_no_leak(secrets: Secrets) -> None:
    assert [leak for text in own_texts() for leak in scan_text(text, secrets, name="page.html")] == []


def test_a_folder_and_files_are_searched_alike(secrets: Secrets, tmp_path: Path) -> None:
    report = tmp_path / "report"
    (report / "findings").mkdir(parents=True)
    (report / "findings" / "a.json").write_text('{"note": "P0417"}', encoding="utf-8")
    (report / "bytes.png").write_bytes(bytes(range(256)))
    assert scan_files(report, secrets) == [Leak("findings/a.json", "line 1", "person")]
    assert scan_files([report / "findings" / "a.json"], secrets) == [Leak("a.json", "line 1", "person")]
    many = "\n".join(f"P{400 + number:04d}" for number in range(60))
    assert len(scan_text(many, secrets, name="x.html")) == 5


def test_what_stands_in_several_files_is_found_in_each_at_its_own_place(
    secrets: Secrets, tmp_path: Path
) -> None:
    report = tmp_path / "report"
    report.mkdir()
    places = '<script type="application/json" id="exr-places">[["a","P0417"]]</script>'
    for name, before in (("a", 1), ("b", 3)):
        page = "\n" * before + picture("P0417") + "\n\n" + places
        (report / f"{name}.html").write_text(page, encoding="utf-8")
    # The same words as text of a page, and as a picture, are not the same: only text is searched for rows and tags.
    (report / "c.html").write_text("<p>P0417</p>", encoding="utf-8")
    assert [(leak.file, leak.place, leak.kind) for leak in scan_files(report, secrets)] == [
        ("a.html", "line 6", "person"),
        ("a.html", "line 3, picture 1", "person"),
        ("b.html", "line 8", "person"),
        ("b.html", "line 5, picture 1", "person"),
        ("c.html", "line 1", "person"),
    ]


def test_many_people_and_pages_give_no_false_alarm(seeded: Any) -> None:
    study = seeded.load()
    rng = np.random.default_rng(3)
    people = pd.DataFrame({"person": [f"N{number:07d}" for number in range(25_000)]})
    for column in range(10):
        people[f"q{column}"] = rng.integers(1, 8, len(people))
    study = dataclasses.replace(study, tables=study.tables | {"people": people})
    page = "".join(f"<p>Sentence {n} with {n * 7 % 991} people.</p>\n" for n in range(5_000))
    page += "".join(picture(f"{n} " * 5_000) for n in range(10))
    secrets = secrets_of(study)
    assert scan_text(page, secrets, name="a.html") == []
    assert scan_text(page + "<p>N0024999</p>", secrets, name="a.html") == [
        Leak("a.html", "line 5021", "person")
    ]


def test_numbers_of_a_sentence_and_fit_indices_are_no_row_of_answers(seeded: Any) -> None:
    study = seeded.load()
    rng = np.random.default_rng(3)
    # Many high ratings, so that hardly anybody gives two or more low ones.
    ratings = pd.DataFrame({f"q{n}": rng.choice([0, 1, 2, 4, 5, 8, 9], 20_000) for n in range(5)})
    ratings.loc[ratings.index[1:]] = ratings.loc[ratings.index[1:]].clip(lower=8)
    ratings.loc[0] = [2, 4, 0, 5, 1]
    ratings.loc[1] = [1, 0, 0, 9, 9]
    secrets = secrets_of(dataclasses.replace(study, tables={"people": ratings}))

    def found(text: str) -> list[str]:
        return [leak.kind for leak in scan_text(text, secrets, name="a.html")]

    # A decimal comma is none between fields.
    assert found('<img alt="Means: 8,8, 4,2, 4,0, 5,1; the highest is 2,4 and then 0,5.">') == []
    assert found("<tr><td>strict</td><td>1,000</td><td>0,000</td><td>0,000</td></tr>") == []
    for row in ("2,4,0,5,1", "2, 4, 0, 5, 1", "x,2,4,0,5,1,y", "2;4;0;5;1", "2.0, 4.0, 0.0, 5.0"):
        assert found(f"<p>{row}</p>") == ["row"], row
    assert found("<tr><td>2,00</td><td>4,00</td><td>0</td><td>5,00</td></tr>") == ["row"]


@pytest.fixture
def plan(seeded: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """A run of one notebook that is not executed, with an earlier report in its place."""
    monkeypatch.setattr("exresearch.run.leaks._names", lambda: {"jdevries"})
    plan = plan_run(seeded.write(), output=tmp_path / "out" / "report", only=["90"])
    plan.output.mkdir(parents=True)
    (plan.output / "index.html").write_text("earlier", encoding="utf-8")
    return plan


def pretend(monkeypatch: pytest.MonkeyPatch, plan: Plan, shown: str) -> None:
    """Let the notebook show a text without running it."""
    executed = plan.work / "90_summary.ipynb"

    def execute(*_: object, **__: object) -> list[NotebookResult]:
        executed.write_text(notebook(shown), encoding="utf-8")
        return [NotebookResult("90_summary", "ok", 0.1, executed)]

    monkeypatch.setattr("exresearch.run.runner._execute", execute)


SUMMARIES = ("claims", "index", "methods", "provenance")


def test_a_run_with_a_leak_publishes_nothing(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, plan, "Team Torenvalk and P0417")
    with pytest.raises(LeakError) as caught:
        run_plan(plan)
    message = str(caught.value)
    # On the page itself, and in what every page knows of it for the search; one for each kind of secret.
    lines = [line for line in message.splitlines() if re.match(r"- \w+\.html, line \d+: ", line)]
    assert {re.match(r"- (\w+)", line)[1] for line in lines} == {"90_summary", *SUMMARIES}
    assert {line.partition(": ")[2] for line in lines} == {"the name of a unit", "the key of a person"}
    assert message.splitlines() == [
        f"Nothing was published: {len(lines) + 2} places hold what must not leave this computer.",
        *lines,
        "- 90_summary.ipynb, cell people-table: the name of a unit",
        "- 90_summary.ipynb, cell people-table: the key of a person",
        "An earlier report is as it was. What was made lies in .work/report: look there, and do not pass it on. If a "
        "title, label or category says it, change that in the study file or the codebook; give names and remarks the "
        "role text or ignore.",
        "If units may be named in this report, write 'show_unit_names: true' in the study file.",
    ]
    assert "Torenvalk" not in message
    assert "P0417" not in message
    assert {path.name: path.read_text(encoding="utf-8") for path in plan.output.iterdir()} == {
        "index.html": "earlier"
    }


def test_the_command_line_says_so_and_nothing_more(
    plan: Plan, seeded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    pretend(monkeypatch, plan, SEEDED["comment"])
    options = ["--output", str(plan.output), "--only", "90", "--overwrite"]
    result = CliRunner().invoke(app, ["run", str(seeded.file), *options])
    assert result.exit_code == 3
    assert "what somebody wrote, word for word" in result.output
    assert "roosters" not in result.output
    assert str(plan.output) not in result.output


def test_a_notebook_that_failed_is_told_by_the_type_of_its_error(
    plan: Plan, seeded: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = NotebookResult("90_summary", "failed", 0.1, None, failed_cell="verdicts", error="ValueError")

    def execute(*_: object, **__: object) -> list[NotebookResult]:
        (plan.work / "90_summary.log").write_text("ValueError: P0417", encoding="utf-8")
        return [failed]

    monkeypatch.setattr("exresearch.run.runner._execute", execute)
    options = ["--output", str(plan.output), "--only", "90", "--overwrite", "--keep-notebooks"]
    result = CliRunner().invoke(app, ["run", str(seeded.file), *options])
    assert result.exit_code == 1
    assert "90_summary: failed (ValueError)" in result.output
    assert "P0417" not in result.output
    assert not list(plan.output.rglob("*.log"))
    assert not list(plan.output.rglob("*.ipynb"))


def test_notebooks_are_delivered_only_when_asked_for(plan: Plan, monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, plan, "nothing secret")
    run_plan(plan)
    assert not (plan.output / "notebooks").exists()
    run_plan(plan, keep_notebooks=True)
    assert [path.name for path in (plan.output / "notebooks").iterdir()] == ["90_summary.ipynb"]
    record = json.loads((plan.output / "run.json").read_text(encoding="utf-8"))
    assert "notebooks/90_summary.ipynb" in {item["file"] for item in record["outputs"]}
    run_plan(plan)
    assert not (plan.output / "notebooks").exists()


def test_a_delivered_notebook_has_no_ledger(tmp_path: Path) -> None:
    content = json.loads(notebook("nothing"))
    cell = content["cells"][1]
    cell["metadata"] = {"tags": ["x"], "papermill": {"duration": 1}}
    cell["outputs"][0]["metadata"] = {
        "exresearch": [{"n": 3}],
        "text/html": {"exresearch": "[]", "isolated": True},
    }
    executed = tmp_path / "90_summary.ipynb"
    executed.write_text(json.dumps(content), encoding="utf-8")
    deliver_notebooks([NotebookResult("90_summary", "ok", 0.1, executed)], tmp_path, keep=True)
    delivered = json.loads((tmp_path / "notebooks" / "90_summary.ipynb").read_text(encoding="utf-8"))
    assert delivered["cells"][1]["metadata"] == {"tags": ["x"]}
    assert delivered["cells"][1]["outputs"][0]["metadata"] == {"text/html": {"isolated": True}}
    assert delivered["cells"][1]["outputs"][0]["data"] == cell["outputs"][0]["data"]


def test_units_may_be_named_where_the_study_file_says_so(seeded: Any, tmp_path: Path) -> None:
    seeded.settings["show_unit_names"] = True
    plan = plan_run(seeded.write(), output=tmp_path / "out" / "report", only=["90"])
    (tmp_path / "page.html").write_text("<p>Team Torenvalk</p>", encoding="utf-8")
    check_leaks(plan, tmp_path / "page.html", [])
