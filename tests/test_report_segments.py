"""Figures and tables about segments: what they say in both languages, and what they keep to themselves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note
from exresearch.findings.analyses import NeedsSegments
from exresearch.findings.conclude import not_testable
from exresearch.report import Page, Picture, Texts
from exresearch.report import figures as draw
from exresearch.report import segments as shown
from exresearch.report.theme import svg

RULES = DisclosureRules()
REASON = Note(message="The needs do not fall into segments: one group describes them best.")


@pytest.fixture(params=["nl", "en"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(request.param, strict=True)


def numbers(chosen: int | None = 2) -> pd.DataFrame:
    frame = pd.DataFrame({"k": [1, 2, 3], "bic": [900.0, 800.0, 820.0], "smallest": [500, 200, 40], "n": 500})
    return frame.assign(
        entropy=[np.nan, 0.9, 0.8],
        stability=[np.nan, 0.95, 0.5],
        stability_low=[np.nan, 0.9, 0.3],
        chosen=frame["k"] == chosen,
    )


def profile() -> pd.DataFrame:
    rows = [
        {"segment": segment, "item": item, "label": {"nl": f"Behoefte {item}.", "en": f"Need {item}."},
         "construct": item, "estimate": 3.0 + 2 * (segment == place), "overall": 3.8, "n": 200 + segment}
        for place, item in enumerate(("a", "b"))
        for segment in (0, 1)
    ]  # fmt: skip
    frame = pd.DataFrame(rows)
    frame = frame.assign(conf_low=frame["estimate"] - 0.1, conf_high=frame["estimate"] + 0.1, conf_level=0.95)
    return frame.assign(minimum=1.0, maximum=7.0)


def models(*names: str) -> pd.DataFrame:
    size = {
        "categories": 0.004,
        "categories_trimmed": 0.001,
        "segments": 0.026,
        "both": 0.029,
        "needs": 0.018,
    }
    frame = pd.DataFrame({"term": list(names), "estimate": [size[name] for name in names], "n": 500})
    return frame.assign(
        conf_low=frame["estimate"] - 0.01, conf_high=frame["estimate"] + 0.01, conf_level=0.95
    )


def result() -> NeedsSegments:
    finding = not_testable("needs-segments", reason=REASON, rules=RULES)
    label = Note(message="High: {high}", values={"high": {"nl": "groei", "en": "growth"}})
    cells = pd.DataFrame({"level": ["shop", "office", "depot"], "n": [300, 150, 50], "least": [120, 60, 2]})
    cells["category"] = "function"
    return NeedsSegments(
        finding=finding,
        number=numbers(),
        sizes=pd.DataFrame(
            {"segment": [0, 1], "label": [label, label], "share": [0.6, 0.4], "n": [300, 200]}
        ),
        profile=profile(),
        models=models("categories", "categories_trimmed", "segments", "both", "needs"),
        outcomes=models("segments").assign(label=pd.Series([{"nl": "Inzet", "en": "Effort"}])),
        overlap=pd.DataFrame(
            {"label": [{"nl": "Functie", "en": "Function"}], "cramers_v": [0.12], "n": [500]}
        ),
        cells=cells.assign(segment_1=[0.6, 0.6, 0.96], segment_2=[0.4, 0.4, 0.04]),
        agreement=pd.DataFrame({"term": ["k_means", "classes"], "estimate": [0.93, 0.88], "n": 500}),
    )


def words(picture: Picture | Note) -> Picture:
    assert isinstance(picture, Picture)
    assert svg(picture.figure).startswith("<svg")
    return picture


def test_profiles_say_where_segments_are_apart(texts: Texts) -> None:
    picture = words(draw.segment_profiles(profile(), texts=texts, rules=RULES))
    need = {"nl": "Behoefte a", "en": "Need a"}[texts.language]
    assert need in picture.takeaway
    assert texts.number(2.0, "number1") in picture.takeaway
    assert f"{need}." not in picture.takeaway
    assert "401" in picture.caption
    assert texts.number(5.0, "number1") in picture.alt


def test_a_need_that_few_of_a_segment_answered_is_left_out(texts: Texts) -> None:
    few = profile()
    few.loc[few.index[0], "n"] = 4
    picture = words(draw.segment_profiles(few, texts=texts, rules=RULES))
    assert {"nl": "Behoefte a", "en": "Need a"}[texts.language] not in picture.alt
    # Of need a the mean of everybody stays, which alone gives nobody away.
    known = picture.shown[0].frame.dropna(subset=["estimate"])
    assert known.loc[known["item"] == "a", "segment"].isna().all()
    assert (known["item"] == "b").sum() == 3
    alike = profile().assign(estimate=7.0)
    assert isinstance(draw.segment_profiles(alike, texts=texts, rules=RULES), Note)


def test_the_number_is_named_only_where_one_passes(texts: Texts) -> None:
    chosen = words(draw.segment_numbers(numbers(), texts=texts))
    assert texts.number(0.95, "number2") in chosen.takeaway
    none = words(draw.segment_numbers(numbers(None), texts=texts))
    assert not any(digit in none.takeaway for digit in "0123456789")
    assert texts.number(0.5, "number2") in none.alt
    # Where one group has the lowest BIC nothing is asked to come back.
    alone = numbers(None).assign(stability=np.nan, stability_low=np.nan)
    assert "–" in words(draw.segment_numbers(alone, texts=texts)).alt


def test_models_are_compared_in_words(texts: Texts) -> None:
    several = words(draw.segment_models(result().models, texts=texts))
    assert texts.number(0.026, "percent1") in several.takeaway
    assert several.alt.count("interval") == 5
    none = words(draw.segment_models(models("categories", "needs"), texts=texts))
    assert none.takeaway != several.takeaway
    assert texts.number(0.026, "percent1") not in none.takeaway


def test_tables_show_both_languages_and_hide_small_cells(texts: Texts) -> None:
    page = Page(language=texts.language, rules=RULES)
    made = shown.tables(result(), rules=RULES)
    html = {name: str(page.table(**table).data) for name, table in made.items()}
    assert {"nl": "Hoog: groei", "en": "High: growth"}[texts.language] in html["sizes"]
    assert {"nl": "Functie", "en": "Function"}[texts.language] in html["overlap"]
    assert {"nl": "Functie", "en": "Function"}[texts.language] in html["cells"]
    # Two people in a cell of the depot: its row, and the smallest other one, so that it does not follow from the rest.
    assert "96%" not in html["cells"]
    assert html["cells"].count("60%") == 1
    for name in ("numbers", "outcomes", "agreement"):
        assert "<table" in html[name]


def test_without_segments_every_place_says_so(texts: Texts) -> None:
    page = Page(language=texts.language, rules=RULES)
    nothing = NeedsSegments(not_testable("needs-segments", reason=REASON, rules=RULES))
    assert all(
        isinstance(picture, Note) for picture in shown.pictures(nothing, texts=texts, rules=RULES).values()
    )
    for table in shown.tables(nothing, rules=RULES).values():
        assert "<table" not in str(page.table(**table).data)
    tried = replace(nothing, number=numbers(None), models=models("categories", "needs"))
    drawn = shown.pictures(tried, texts=texts, rules=RULES)
    assert isinstance(drawn["numbers"], Picture)
    assert isinstance(drawn["profiles"], Note)
    assert isinstance(drawn["models"], Picture)
