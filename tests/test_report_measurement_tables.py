"""Tables about measurement: what is shown, what is lacking and why, in the reader's language."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.measures import invariance_summary, nps_change_of_study, nps_of_study, structure_of_study
from exresearch.measures.reasons import all_reasons
from exresearch.report import Page, Texts, recommending
from exresearch.report import measurement as shown
from exresearch.study import Codebook, Construct

BOOK = Codebook((), {"enps": Construct(nl="Werkgever aanbevelen", en="Recommending")})


@pytest.fixture(params=["nl", "en"])
def texts(request: Any) -> Texts:
    return Texts(request.param, strict=True)


def test_every_reason_can_be_said_in_dutch() -> None:
    reasons = set(all_reasons())
    assert len(reasons) > 40
    assert all(Texts("nl", strict=True).translate(reason) != reason for reason in reasons)


def steps(holds: list[Any], **columns: Any) -> pd.DataFrame:
    frame = pd.DataFrame({"level": ["configural", "metric", "scalar", "strict"], "holds": holds})
    frame = frame.assign(
        table="employees", by="wave", n=900, n_groups=3, reason="", cfi=[0.97, 0.96, 0.95, 0.94]
    )
    frame = frame.assign(delta_cfi=[np.nan, -0.002, -0.02, -0.001], delta_rmsea=[np.nan, 0.001, 0.02, 0.0])
    return frame.assign(**columns)


@pytest.mark.parametrize(
    ("holds", "highest"),
    [
        ([True, True, False, False], "metric"),
        ([True, True, True, True], "strict"),
        ([False, False, False, False], "none"),
        ([pd.NA, pd.NA, pd.NA, pd.NA], ""),
    ],
)
def test_the_last_step_that_holds_is_named(holds: list[Any], highest: str) -> None:
    row = invariance_summary(steps(holds)).iloc[0]
    assert row["highest"] == highest
    assert (row["n"], row["n_groups"], row["cfi"]) == (900, 3, 0.97)
    assert (row["delta_cfi"], row["delta_rmsea"]) == (-0.02, 0.02)


def test_comparisons_are_named_and_what_is_lacking_stands_below(texts: Texts) -> None:
    untested = steps(
        [pd.NA] * 4, by="language", reason="no category of this table is a language", cfi=np.nan
    ).head(1)
    summary = invariance_summary(pd.concat([steps([True] * 3 + [False]), untested], ignore_index=True))
    rows = shown.invariance_rows(summary, texts=texts, codebook=BOOK)
    assert rows[["table", "by", "highest"]].to_numpy().tolist() == [
        [texts.say("Employees"), texts.say("wave"), "scalar"]
    ]
    note = shown.without_number(summary, texts=texts, codebook=BOOK)
    assert note is not None
    assert texts.note(note) == texts.say(
        "No number for: {what}.",
        what=f"{texts.say('Employees')}, {texts.say('language')}: "
        + texts.translate("no category of this table is a language"),
    )
    page = Page(language=texts.language, rules=DisclosureRules())
    html = page.table(
        rows, count="n", caption="How far groups read alike", columns=shown.INVARIANCE, note=note
    ).data
    assert texts.translate("scalar") in html
    assert texts.note(note) in html


def test_nothing_is_said_where_nothing_is_lacking(texts: Texts) -> None:
    frame = pd.DataFrame({"table": ["employees"], "construct": "enps", "estimate": 3.0, "reason": ""})
    assert shown.without_number(frame, texts=texts, codebook=BOOK) is None


def test_a_model_that_was_not_fitted_is_no_row(client: Any, texts: Texts) -> None:
    study = client.load()
    fit = structure_of_study(study)
    # Three items of engagement alone fit any answers, and one item of the customers' side is no construct to test.
    assert shown.fit_rows(fit, texts=texts).empty
    note = shown.without_number(fit, texts=texts, codebook=study.codebook)
    assert note is not None
    said = texts.note(note)
    assert texts.say("Employees") in said
    assert texts.say("Customers") in said


def test_questions_are_marked_that_were_turned_round_and_single_ones_left_out(texts: Texts) -> None:
    frame = pd.DataFrame(
        {
            "item_label": [{"nl": "a nl", "en": "a en"}, {"nl": "b nl", "en": "b en"}],
            "label": [{"nl": "begrip", "en": "construct"}] * 2,
            "reversed": [True, False],
            "item_rest": [0.4, np.nan],
        }
    )
    rows = shown.item_rows(frame, texts=texts)
    assert rows[["item_label", "detail"]].to_numpy().tolist() == [
        [
            texts.say("(reversed) {driver}", driver=f"a {texts.language}"),
            {"nl": "begrip", "en": "construct"}[texts.language],
        ]
    ]


def test_scores_of_one_s_own_limits_and_of_two_scales(client: Any) -> None:
    client.variables["customers.cx"] |= {"role": "outcome", "construct": "nps", "minimum": 1}
    client.tables["customers"]["cx"] = client.tables["customers"]["cx"].clip(1)
    study = client.load()
    scores = nps_of_study(study, variant="us", conf_level=0.95)
    assert scores[["table", "variant"]].to_numpy().tolist() == [
        ["employees", "us"],
        ["customers", "us, 1-10"],
    ]
    texts = Texts("en")
    rows = recommending.nps_rows(scores, texts=texts)
    assert rows["variant"].tolist() == ["US (9-10, 0-6)", "US (9-10, 1-6)"]
    own = nps_of_study(study, variant="custom", promoters_from=8, detractors_to=4, conf_level=0.95)
    assert own["variant"].tolist() == ["custom (8-10, 0-4)", "custom (8-10, 1-4), 1-10"]
    assert recommending.nps_rows(own, texts=texts)["variant"].tolist() == [
        "own limits (8-10, 0-4)",
        "own limits (8-10, 1-4)",
    ]
    answers = study.tables["employees"]["enps"]
    share = (answers >= 8).mean() - (answers <= 4).mean()
    assert own["estimate"].iloc[0] == pytest.approx(100 * share)
    # One wave has no change, and says so.
    change = nps_change_of_study(study, variant="custom", promoters_from=8, detractors_to=4, conf_level=0.95)
    assert change["estimate"].isna().all()
    assert change["reason"].unique().tolist() == [
        "The question was answered in one wave only, so that there is no change."
    ]
    # Limits that do not fit a question are a reason and no error; an unknown variant is an error.
    odd = nps_of_study(study, variant="custom", promoters_from=5, detractors_to=0, conf_level=0.95)
    assert odd["reason"].tolist() == [
        "",
        "The scale of this question does not fit the limits for promoters and detractors.",
    ]
    with pytest.raises(ValueError) as caught:
        nps_of_study(study, variant="uk", conf_level=0.95)
    assert str(caught.value) == "variant must be us, eu or Cuts with cut-points of your own; got 'uk'."


def test_a_change_does_not_give_away_a_hidden_score(texts: Texts) -> None:
    waves = ["2023", "2024", "2025", "all waves"]
    scores = pd.DataFrame(
        {"table": "employees", "group": waves, "variant": "us", "estimate": [-100.0, 5.0, -8.0, -7.0]}
    )
    scores["respondents"], scores["construct"] = [3, 70, 75, 148], "enps"
    moved = pd.DataFrame(
        {
            "table": "employees", "first": ["2023", "2024"], "last": ["2025", "2025"], "variant": "us",
            "estimate": [92.0, -13.0], "respondents": [3, 70],
        }
    )  # fmt: skip
    page = Page(language=texts.language, rules=DisclosureRules())
    rows = recommending.nps_change_rows(moved, scores=scores, texts=texts, rules=page.rules)
    # 2023 is too small, and 2024 is hidden with it: neither may follow from a change.
    assert rows["respondents"].tolist() == [0, 0]
    open_rows = recommending.nps_change_rows(
        moved, scores=scores.assign(respondents=50, estimate=5.0), texts=texts, rules=page.rules
    )
    assert open_rows["respondents"].tolist() == [3, 70]
    # A score at the end of its scale tells what everybody of that wave answered.
    alike = recommending.nps_change_rows(
        moved, scores=scores.assign(respondents=[50, 60, 70, 180]), texts=texts, rules=page.rules
    )
    assert alike["respondents"].tolist() == [0, 0]


def test_a_hidden_wave_finds_its_company_in_its_own_table(texts: Texts) -> None:
    frame = pd.DataFrame(
        {
            "label": ["enps"] * 3 + ["nps"] * 3, "table": ["employees"] * 3 + ["customers"] * 3,
            "group": ["1", "2", "3"] * 2, "estimate": [11.0, 22.0, 33.0, 44.0, 55.0, 66.0],
            "respondents": [3, 70, 80, 6, 70, 80], "variant": "us",
        }
    )  # fmt: skip
    columns = {"label": "What", "group": "Wave", "estimate": "Score"}
    page = Page(language=texts.language, rules=DisclosureRules())
    html = page.table(
        frame, count="respondents", caption="Net promoter scores", columns=columns, within=["table"]
    ).data
    shown_scores = [value for value in (11, 22, 33, 44, 55, 66) if texts.number(value, "number2") in html]
    assert shown_scores == [33, 44, 55, 66]


def test_a_table_without_rows_is_a_sentence(texts: Texts) -> None:
    page = Page(language=texts.language, rules=DisclosureRules())
    empty = pd.DataFrame({"n": [], "label": []})
    assert texts.say("There is nothing to show here.") in page.table(empty, count="n", caption="x").data
    assert (
        "<table" not in page.table(empty, count="n", caption="x", note="There is nothing to show here.").data
    )
