"""A plan is frozen without data, and a report says whether it was followed and what departs from it."""

import copy
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

from exresearch.cli import app
from exresearch.findings import load_registry
from exresearch.report import Texts
from exresearch.report.planned import plan_words
from exresearch.run import plan_run
from exresearch.run.followed import deviations, followed
from exresearch.run.frozen import freeze_plan
from exresearch.run.origin import sha256
from exresearch.run.plan_file import plan_digest, read_plan, write_plan
from exresearch.run.verify import verify_report
from exresearch.study import StudyError
from tests.conftest import SmallClient, small_client
from tests.pretended import Pretended

RUN = CliRunner()


@pytest.fixture
def study(tmp_path: Path) -> SmallClient:
    """A study file and a codebook; the tables have not arrived."""
    small = small_client(tmp_path / "study")
    small.write()
    for name in small.tables:
        (small.folder / f"{name}.csv").unlink()
    return small


def said(frozen: dict[str, Any], now: dict[str, Any], language: Any = "en") -> list[str]:
    return [Texts(language).note(note) for note in deviations(frozen, now)]


def test_a_plan_is_frozen_before_the_data_are_there(study: SmallClient) -> None:
    frozen = RUN.invoke(app, ["plan", str(study.file), "--set", "n_boot=500"])
    assert frozen.exit_code == 0, frozen.output
    file = study.folder / "small.plan.yaml"
    content = read_plan(file)
    assert content["digest"] == plan_digest(content)
    assert content["digest"] in frozen.output
    assert content["client"] == "small"
    assert content["parameters"]["n_boot"] == 500
    # Defaults are written out, for the study and for every notebook.
    assert content["parameters"]["conf_level"] == 0.95
    assert content["notebooks"]["02_engagement_and_cx"]["parameters"]["n_boot"] == 500
    assert content["codebook"] == {"file": "codebook.yaml", "sha256": sha256(study.folder / "codebook.yaml")}
    assert list(content["hypotheses"]) == list(load_registry().ids)
    engaged = content["hypotheses"]["engaged-minority"]
    assert engaged["estimands"][0]["smallest_effect"] == {"low": 0.45, "high": 0.55}
    assert engaged["estimands"][0]["rule"].startswith(
        "Supported where the whole 95% interval lies below 50.0%"
    )
    assert engaged["multiplicity"].endswith("A single test, so that nothing is corrected.")
    text = file.read_text(encoding="utf-8")
    assert text.startswith("# Analysis plan, frozen by exresearch")
    assert str(study.folder) not in text
    again = RUN.invoke(app, ["plan", str(study.file)])
    assert again.exit_code == 2
    assert RUN.invoke(app, ["plan", str(study.file), "--force"]).exit_code == 0


def test_what_is_wrong_is_told_before_anything_is_frozen(study: SmallClient) -> None:
    study.settings |= {"hypotheses": ["engaged-minorty"], "draft": True}
    study.settings["codebook"] = "none.yaml"
    study.write()
    with pytest.raises(StudyError) as caught:
        freeze_plan(study.file)
    assert str(caught.value) == (
        "2 problems with this study:\n"
        "- small.yaml: codebook: the file 'none.yaml' does not exist. Check the path; it counts from the folder of the "
        "study file.\n"
        "- small.yaml: draft: this study is a draft; its guesses cannot be frozen. Look through it and its codebook, "
        "then delete this line."
    )
    study.settings |= {"codebook": "codebook.yaml", "draft": False}
    study.write()
    with pytest.raises(StudyError) as caught:
        freeze_plan(study.file)
    assert "there is no hypothesis 'engaged-minorty'. Did you mean 'engaged-minority'?" in str(caught.value)


def test_a_plan_that_is_not_there_or_none_is_a_problem_of_the_study(client: SmallClient) -> None:
    client.settings["plan"] = "plan.yaml"
    assert client.refusal() == (
        "1 problem with this study:\n"
        "- small.yaml: plan: the frozen plan 'plan.yaml' does not exist. Make it with 'exresearch plan', or leave this "
        "key out."
    )
    client.files["plan.yaml"] = "client: small\n"
    client.write()
    with pytest.raises(StudyError) as caught:
        read_plan(client.folder / "plan.yaml")
    assert "this is no frozen analysis plan; it lacks plan, frozen, exresearch" in str(caught.value)
    client.settings["plan"] = "../../plan.yaml"
    assert "lies outside the folder of the study file" in client.refusal()


def test_every_departure_is_one_sentence(study: SmallClient) -> None:
    now = freeze_plan(study.file)
    assert deviations(now, now) == []
    frozen: dict[str, Any] = copy.deepcopy(now)
    frozen["parameters"]["n_boot"] = 5000
    frozen["notebooks"]["02_engagement_and_cx"]["parameters"] |= {"n_boot": 5000, "leader_share": 0.5}
    frozen["quality"]["leave_out"] = ["too_fast"]
    frozen["weighting"] = {"employees": {"by_wave": True}}
    frozen["waves"] = [{"name": "2023", "day": None}]
    del frozen["hypotheses"]["employee-first"]
    frozen["hypotheses"]["old-claim"] = {"title": {"nl": "Oud", "en": "Old"}}
    frozen["hypotheses"]["engaged-minority"]["estimands"][0]["smallest_effect"] = {"low": 0.4, "high": 0.6}
    frozen["hypotheses"]["engagement-cx"]["estimands"][0]["direction"] = "two-sided"
    frozen["hypotheses"]["two-way"]["family"] = "another"
    frozen["codebook"]["sha256"] = frozen["lock_sha256"] = frozen["notebooks"]["04_direction"]["sha256"] = (
        "0" * 64
    )
    frozen |= {"client": "other", "source_sha256": "0" * 64}
    titles = {name: load_registry()[name].title["en"] for name in load_registry().ids}
    assert said(frozen, now) == [
        "The plan has the hypothesis “Old”, which this report does not decide.",
        f"This report decides the hypothesis “{titles['employee-first']}”, which is not in the plan.",
        f"The rule that decides “{titles['engagement-cx']}” is another than in the plan (direction).",
        f"For “{titles['engaged-minority']}” too small to matter was 0.4 … 0.6 in the plan and is 0.45 … 0.55 in the "
        "run.",
        f"The rule that decides “{titles['two-way']}” is another than in the plan (family).",
        "The setting n_boot was 5000 in the plan and 200 in the run.",
        "In the notebook 02_engagement_and_cx the setting leader_share was 0.5 in the plan and 0.25 in the run.",
        "The rules for careless sheets are others than in the plan: leave_out was [\"too_fast\"] and is –.",
        'The weights are others than in the plan: employees was {"by_wave": true} and is –.',
        "The waves are listed otherwise than in the plan.",
        "The plan is that of another study (other).",
        "The codebook is not the one of the plan.",
        "The code of exresearch was changed after the plan was frozen, though its version is the same.",
        "The list of packages with which numbers are computed was changed after the plan was frozen.",
        "The notebook 04_direction was changed after the plan was frozen.",
    ]  # fmt: skip
    frozen["exresearch"] = "0.0.9"
    assert f"exresearch was version 0.0.9 in the plan and is version {now['exresearch']} in the run." in said(
        frozen, now
    )


def test_what_was_left_out_of_a_run_departs_from_the_plan(client: SmallClient, tmp_path: Path) -> None:
    client.write()
    write_plan(freeze_plan(client.file), client.folder / "p.yaml")
    client.settings["plan"] = "p.yaml"
    client.write()
    whole = followed(plan_run(client.file, output=tmp_path / "r"))
    assert whole is not None
    assert (whole["file"], whole["fits"], whole["deviations"]) == ("p.yaml", True, [])
    part = followed(plan_run(client.file, output=tmp_path / "r", only=["03"], overrides={"n_boot": 300}))
    assert part is not None
    kinds = {one["message"] for one in part["deviations"]}
    assert (
        len(part["deviations"])
        == len(load_registry()) - len(load_registry().in_notebook("03_enps_drivers")) + 1
    )
    assert kinds == {
        "The plan has the hypothesis “{title}”, which this report does not decide.",
        "The setting {name} was {planned} in the plan and {used} in the run.",
    }


@pytest.mark.parametrize("language", ["nl", "en"])
def test_the_pages_say_whether_the_plan_was_followed(language: Any) -> None:
    texts = Texts(language)
    none = plan_words(None, texts)
    assert (none.deviations, none.remarks, none.facts) == ((), (), ())
    record: dict[str, Any] = {"file": "p.yaml", "digest": "d" * 64, "fits": True, "frozen": "2026-11-28T10:00:00+00:00",
                              "deviations": []}  # fmt: skip
    kept = plan_words(record, texts)
    changed = plan_words(record | {"fits": False}, texts)
    note = {"message": "The codebook is not the one of the plan.", "values": {}}
    departed = plan_words(record | {"deviations": [note, note]}, texts)
    assert len({none.summary, kept.summary, changed.summary, departed.summary}) == 4
    assert texts.number("2026-11-28", "date") in kept.summary
    assert "2" in departed.summary.replace("2026", "").replace("28", "")
    assert departed.deviations == (texts.say(note["message"]),) * 2
    assert (kept.facts[0][1], kept.facts[2][1]) == ("p.yaml", "d" * 64)


def test_a_report_says_it_on_three_pages_and_verify_checks_that(client: SmallClient, tmp_path: Path) -> None:
    client.write()
    frozen = freeze_plan(client.file, overrides={"n_boot": 400})
    write_plan(frozen, client.folder / "p.yaml")
    # Somebody made it fit afterwards.
    file = client.folder / "p.yaml"
    file.write_text(file.read_text(encoding="utf-8").replace("n_boot: 400", "n_boot: 300"), encoding="utf-8")
    client.settings["plan"] = "p.yaml"
    Pretended(client.write(), overrides={}).make(tmp_path / "report", language="en", also=(), only=["02"])
    report = tmp_path / "report"
    record = json.loads((report / "run.json").read_text(encoding="utf-8"))
    assert record["plan"]["fits"] is False
    assert record["plan"]["digest"] == frozen["digest"]
    for name in ("index", "methods", "provenance"):
        page = (report / f"{name}.html").read_text(encoding="utf-8")
        assert "The analysis plan that the study names was changed after it was frozen" in page, name
    provenance = (report / "provenance.html").read_text(encoding="utf-8")
    assert "<li>The setting n_boot was 300 in the plan and 200 in the run.</li>" in provenance
    assert "cannot be told from the plan" in provenance
    # What the kernels read names no plan; it was judged when the run was planned.
    resolved = yaml.safe_load((tmp_path / ".work" / "report" / "study.yaml").read_text(encoding="utf-8"))
    assert "plan" not in resolved
    assert verify_report(report, recompute=False).ok


def test_check_names_the_plan(client: SmallClient) -> None:
    client.write()
    write_plan(freeze_plan(client.file), client.folder / "p.yaml")
    client.settings["plan"] = "p.yaml"
    shown = RUN.invoke(app, ["check", str(client.write())])
    assert shown.exit_code == 0, shown.output
    assert "The analysis plan p.yaml was frozen on " in " ".join(shown.output.split())
    file = client.folder / "p.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("client: small", "client: large"), encoding="utf-8"
    )
    shown = RUN.invoke(app, ["check", str(client.file)])
    assert "was changed after it was frozen" in " ".join(shown.output.split())
