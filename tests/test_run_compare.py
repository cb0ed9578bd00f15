"""Comparing the folders of finished reports, and what a run contributes to that."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.disclosure import DisclosureRules
from exresearch.disclosure.attack.audit import audit
from exresearch.disclosure.ledger import Cell, Entry, Total
from exresearch.findings import Note, write_finding
from exresearch.findings.across import DriverMoments
from exresearch.findings.analyses.drivers.contributed import Contribution, contributed_drivers
from exresearch.run.compare import compare_reports
from exresearch.run.contribute import Contributed, _entry, checked_with, contribution_of, write_contribution
from exresearch.run.door import DisclosureError
from exresearch.run.plan import plan_run
from exresearch.study import StudyError
from tests.conftest import SmallClient
from tests.test_findings_across import SETTINGS, contributed, ratio

VALUES = {"anna": 1.5, "bert": 1.8, "cees": 1.4, "dora": 1.7}


def report(folder: Path, client: str, value: float, *, moments: bool = False, **settings: Any) -> Path:
    target = folder / f"r-{client}"
    write_finding(ratio(value), target / "findings")
    if moments:
        (target / "moments").mkdir()
        text = contributed(int(10 * value)).as_text()
        (target / "moments" / "drivers.json").write_text(text, encoding="utf-8")
    record = {
        "client": client,
        "inputs": [
            {"table": "employees", "file": "e.csv", "sha256": hashlib.sha256(client.encode()).hexdigest()}
        ],
        "parameters": SETTINGS | settings,
        "notebooks": [],
        "outputs": [
            {
                "file": path.relative_to(target).as_posix(),
                "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
            }
            for path in sorted(target.rglob("*.json"))
        ],
    }
    (target / "run.json").write_text(json.dumps(record), encoding="utf-8")
    return target


@pytest.fixture
def folders(tmp_path: Path) -> list[Path]:
    return [report(tmp_path, name, value, moments=name != "dora") for name, value in VALUES.items()]


def test_a_comparison_names_one_client_and_gives_the_same_bytes(folders: list[Path], tmp_path: Path) -> None:
    outputs = [tmp_path / "one", tmp_path / "two"]
    compare_reports(folders, output=outputs[0], client="bert")
    compare_reports(folders[::-1], output=outputs[1], client="bert")
    files = sorted(path.name for path in outputs[0].iterdir())
    assert files == [
        "02_engagement_and_cx.html",
        "compare.json",
        "drivers.html",
        "index.html",
        "methods.html",
    ]
    texts = {name: (outputs[0] / name).read_text(encoding="utf-8") for name in files}
    for name in files:
        assert texts[name] == (outputs[1] / name).read_text(encoding="utf-8")
        assert 'src="http' not in texts[name]
        assert not re.search(r"\b(anna|cees|dora)\b", texts[name])
    record = json.loads(texts["compare.json"])
    assert [one["label"] for one in record["reports"]] == ["bert", "Client A", "Client B", "Client C"]
    part = record["hypotheses"][0]["parts"][0]
    assert part["pooled"]["k"] == 4
    assert set(part["against"]) == {"bert", "Client A", "Client B", "Client C"}
    assert record["for"] == "bert"
    assert len(record["drivers"]["drivers"]) == 3
    hashes = {one["file"]: one["sha256"] for one in record["outputs"]}
    assert hashes == {
        name: hashlib.sha256(texts[name].encode()).hexdigest() for name in files if name != "compare.json"
    }
    # A number on a page is the number of the record.
    assert (
        f"the mean is {part['pooled_in_unit']['estimate']:.2f} (95% interval"
        in texts["02_engagement_and_cx.html"]
    )


def test_names_are_shown_where_they_are_asked_for_and_a_second_language(
    folders: list[Path], tmp_path: Path
) -> None:
    compare_reports(folders, output=tmp_path / "c", names=True, language="nl")
    page = (tmp_path / "c" / "index.html").read_text(encoding="utf-8")
    assert '<html lang="nl">' in page
    assert all(name in page for name in VALUES)


def test_reports_of_one_client_show_what_changed(tmp_path: Path) -> None:
    found = []
    for at, value in enumerate((1.4, 1.9)):
        folder = report(tmp_path / str(at), f"x{at}", value)
        record = json.loads((folder / "run.json").read_text(encoding="utf-8"))
        (folder / "run.json").write_text(json.dumps(record | {"client": "anna"}), encoding="utf-8")
        found.append(folder.rename(folder.with_name(f"wave-{at}")))
    compare_reports(found, output=tmp_path / "c", waves=True)
    record = json.loads((tmp_path / "c" / "compare.json").read_text(encoding="utf-8"))
    assert record["kind"] == "waves"
    assert record["changes"][0]["before"] == "wave-0"
    assert record["changes"][0]["numbers"][0]["change"] == pytest.approx(1.9 / 1.4)
    page = (tmp_path / "c" / "index.html").read_text(encoding="utf-8")
    assert "1.36 times" in page
    assert '<p class="client">anna</p>' in page


def refused(folders: list[Path], **options: Any) -> list[str]:
    with pytest.raises(StudyError) as caught:
        compare_reports(folders, **options)
    return [str(problem) for problem in caught.value.problems]


def test_what_cannot_be_compared_is_refused_with_every_reason(folders: list[Path], tmp_path: Path) -> None:
    again = report(tmp_path / "more", "anna", 1.9)
    assert refused([*folders, again], output=tmp_path / "c", client="zoe") == [
        "r-anna: this report was made from the same data as 'r-anna'. Leave one of the two out.",
        "--client: zoe: this is none of the clients compared. They are: anna, bert, cees, dora.",
    ]
    assert refused(folders, output=tmp_path / "c", waves=True) == [
        "--waves: with --waves all reports are of one client; these are of 'anna', 'bert', 'cees', 'dora'. Leave "
        "--waves out to compare clients."
    ]
    assert refused(folders[:1], output=tmp_path / "c") == [
        "compare: a comparison takes at least two reports; got 1. Name two or more folders of reports."
    ]
    assert refused(folders, output=folders[0]) == [
        "--output: r-anna: this folder holds files that are not a comparison. Name another folder, or add --force "
        "to write into it."
    ]


@pytest.mark.parametrize("damage", ["digit", "extra", "lost", "moments"])
def test_a_report_that_is_not_what_its_record_says_is_refused(
    folders: list[Path], tmp_path: Path, damage: str
) -> None:
    finding = folders[0] / "findings" / "engagement-cx.json"
    changed = {"extra": finding.with_name("other.json"), "moments": folders[0] / "moments" / "drivers.json"}
    path = changed.get(damage, finding)
    if damage == "lost":
        path.unlink()
    else:
        text = finding.read_text(encoding="utf-8") if damage == "extra" else path.read_text(encoding="utf-8")
        path.write_text(text.replace("1", "2", 1), encoding="utf-8")
    where = path.relative_to(folders[0]).as_posix()
    assert refused(folders, output=tmp_path / "c") == [
        f"r-anna: {where}: this file is not the one that run.json tells of. Run the study again, or take the report "
        "from where it was delivered."
    ]
    assert not (tmp_path / "c").exists()


def test_the_command_says_what_is_no_report(tmp_path: Path) -> None:
    (tmp_path / "nothing").mkdir()
    done = CliRunner().invoke(app, ["compare", str(tmp_path / "nothing"), "--output", str(tmp_path / "c")])
    assert done.exit_code == 2
    assert "nothing: run.json: this is no finished report of exresearch." in " ".join(done.output.split())


def made(client: SmallClient) -> Contribution | Note:
    return contributed_drivers(client.load(), rules=DisclosureRules(), n_boot=200, seed=1)


def test_a_contribution_holds_the_sums_of_all_complete_sheets(client: SmallClient) -> None:
    client.variables["employees.customer"]["reversed"] = True
    sheets = client.tables["employees"]
    sheets.loc[:6, "needs"] = np.nan
    found = made(client)
    assert isinstance(found, Contribution)
    complete = sheets.loc[7:, ["enps", "needs", "customer"]].astype("float64")
    turned = complete.assign(customer=8 - complete["customer"])
    z = np.column_stack([np.ones(53), turned])
    assert np.asarray(found.moments.moments) == pytest.approx(z.T @ z, rel=1e-9)
    assert (found.moments.n, found.moments.n_people) == (53, 53)
    assert (found.moments.n_units, found.moments.resampled) == (53, "person")
    assert sum(found.moments.importance) == pytest.approx(found.moments.r_squared)
    assert found.moments.r_squared == pytest.approx(
        1 - np.linalg.lstsq(z[:, [0, 2, 3]], z[:, 1], rcond=None)[1][0] / (53 * np.var(z[:, 1]))
    )
    assert (found.moments.std_errors() > 0).all()
    assert [driver.block for driver in found.moments.drivers] == ["employee-first", "customer-first"]
    # What a reader learns is in the answers as they were given, which the tables of items show.
    assert found.means["customer"] == pytest.approx((complete["customer"].mean(), 1.0, 7.0))
    assert found.whole == {"needs"}
    assert [sorted(total.measure for total in cell.totals) for cell in _entry(found).cells] == [
        ["mean: needs"],
        ["mean: customer", "mean: enps"],
    ]
    assert DriverMoments.model_validate_json(found.moments.as_text()) == found.moments


def test_few_people_contribute_nothing(client: SmallClient) -> None:
    client.tables["employees"] = client.tables["employees"][:29]
    assert made(client) == Note(
        message="Fewer than {needed:integer} people answered everything.", values={"needed": 30}
    )


def test_a_few_incomplete_sheets_would_follow_from_the_difference(client: SmallClient) -> None:
    client.tables["employees"].loc[:2, "needs"] = np.nan
    assert made(client) == Note(
        message=(
            "Fewer than {least:integer} people left an answer out, and theirs would follow from the moments beside the "
            "tables of the report."
        ),
        values={"least": 5},
    )


def test_without_drivers_there_is_nothing_to_contribute(client: SmallClient) -> None:
    del client.variables["employees.needs"], client.variables["employees.customer"]
    assert made(client) == Note(message="There are no drivers, or no item about recommending the employer.")


def test_a_study_contributes_only_where_it_asks_to(client: SmallClient) -> None:
    silent = contribution_of(plan_run(client.write(), output=client.folder / "out"))
    assert (silent.text, silent.reason) == ("", "")
    client.settings["contribute"] = True
    asked = contribution_of(plan_run(client.write(), output=client.folder / "out"))
    write_contribution(asked, client.folder)
    text = (client.folder / "moments" / "drivers.json").read_text(encoding="utf-8")
    assert DriverMoments.model_validate_json(text).n == 60
    assert asked.entries[0].least == 60


def test_the_audit_holds_a_contribution_against_the_tables() -> None:
    def cell(group: dict[str, str], n: float, mean: float | None) -> Cell:
        total = Total("mean: enps", 0.0, 10.0, None if mean is None else n * mean)
        return Cell(group, None if mean is None else n, (total,), mean is None)

    # A table of units that hides one of three people, with their number known; and the mean of everybody.
    table = Entry(
        "Means of units",
        "groups",
        "elsewhere",
        20.0,
        (cell({"unit": "a"}, 20.0, 7.0), cell({"unit": "b"}, 3.0, None)),
    )
    whole = Entry("Moments", "groups", "elsewhere", 23.0, (cell({}, 23.0, 7.2),))
    rules = DisclosureRules()

    def check(more: Any) -> str:
        shown = [("page", table), *((one.name, entry) for one in more for entry in one.entries)]
        found = audit(shown, {}, rules=rules)
        if found.disclosures:
            raise DisclosureError(["told"], remedy="")
        return "fine"

    refused = checked_with(Contributed(text="{}", entries=(whole,)), check)
    assert refused[0] == "fine"
    assert refused[1].text == ""
    reason = (
        "The audit of the whole report refused it: with these moments beside what the report shows, a small group "
        "could be worked out."
    )
    assert refused[1].as_record() == {"file": "", "left_out": reason}
    assert refused[1].sentence == f"No moments are contributed. {reason}"
    assert checked_with(Contributed(text="{}"), check)[1].as_record() == {
        "file": "moments/drivers.json",
        "left_out": "",
    }
    assert checked_with(Contributed(), check)[1].as_record() is None
