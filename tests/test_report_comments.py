"""Comments on a page: counts per moment, small groups hidden, the agreement told, and no words of anybody."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import MomentComments, moment_comments
from exresearch.report import Page
from exresearch.report import comments as shown
from exresearch.report.text import Texts
from exresearch.report.theme import Picture
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
OPTIONS = {"rules": RULES, "conf_level": 0.95, "n_boot": 50, "seed": 1}


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    folder = tmp_path_factory.mktemp("demo")
    files = generate_demo(folder / "tables", seed=4, settings=DemoSettings(n_units=30, n_waves=2))
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


@pytest.fixture(scope="module")
def found(demo: Study) -> MomentComments:
    return moment_comments(demo, **OPTIONS)


def test_every_comment_on_a_rated_moment_is_counted_once(demo: Study, found: MomentComments) -> None:
    moments = demo.table("moments").dropna(subset=["comment"])
    writers = moments.groupby("moment")["person"].nunique()
    assert (writers < RULES.min_comments).sum() == 1
    # A moment on which nine people or fewer wrote is in no number, and is said to be left out.
    assert found.n == int(moments["moment"].isin(writers.index[writers >= RULES.min_comments]).sum())
    assert found.left_out is not None
    assert found.left_out == found.left_out.model_copy(update={"values": {"n": 1, "least": 10}})
    assert int(found.codes["n"].sum()) == found.n
    assert found.codes["writers"].min() >= RULES.min_comments
    assert (found.codes["people"] <= found.codes["n"]).all()


def test_no_words_of_anybody_reach_the_page(demo: Study, found: MomentComments) -> None:
    page = Page(language="en", rules=RULES)
    blocks = [page.table(**arguments).data for arguments in shown.tables(found).values()]
    picture = shown.codes_picture(found, texts=page.texts, rules=RULES)
    blocks += [page.figure(picture).data, repr(found)]
    for text in demo.table("moments")["comment"].dropna().unique():
        assert not any(text[:25] in block for block in blocks)


def test_small_groups_are_hidden_with_company(found: MomentComments) -> None:
    few = found.codes.copy()
    few.loc[few.index[0], ["n", "people"]] = 2
    page = Page(language="en", rules=RULES)
    html = page.table(**shown.tables(replace(found, codes=few))["codes"]).data
    assert html.count("n &lt; 10") >= 2 * 4
    # The minimum for comments counts, not that for other answers.
    few.loc[:, "people"] = 9
    hidden = replace(found, codes=few, themes=found.themes.assign(people=9))
    hidden = replace(hidden, moment_themes=found.moment_themes.assign(people=9))
    for name in ("codes", "themes", "moment_themes"):
        html = page.table(**shown.tables(hidden)[name]).data
        # Remarks, share and people of each row, and the sentence below.
        assert html.count("n &lt; 10") == 3 * len(shown.tables(hidden)[name]["frame"]) + 1
    picture = shown.codes_picture(hidden, texts=page.texts, rules=RULES)
    assert isinstance(picture, Picture)
    assert not picture.shown[0].frame["share"].notna().any()
    stricter = DisclosureRules(min_respondents=20).for_comments()
    assert stricter.min_respondents == 20


def test_codes_that_agree_too_little_are_said_to(found: MomentComments) -> None:
    assert not found.trusted
    note = shown.quality_sentence(found)
    assert "not good enough" in note.message
    good = replace(found, agreement=found.agreement.assign(estimate=0.7))
    assert "tentative" in shown.quality_sentence(good).message
    texts = Texts("en")
    first, second = (shown.codes_picture(each, texts=texts, rules=RULES) for each in (found, good))
    assert isinstance(first, Picture)
    assert isinstance(second, Picture)
    assert first.takeaway != second.takeaway


def test_without_comments_the_page_says_so(demo: Study) -> None:
    kept = tuple(v for v in demo.codebook.variables if v.column != "comment")
    bare = moment_comments(replace(demo, codebook=replace(demo.codebook, variables=kept)), **OPTIONS)
    assert bare.reason is not None
    assert shown.codes_picture(bare, texts=Texts("en"), rules=RULES) is bare.reason
    assert all(isinstance(part["frame"], pd.DataFrame) for part in shown.tables(bare).values())
    few = demo.tables | {"moments": demo.table("moments").head(20)}
    assert moment_comments(replace(demo, tables=few), **OPTIONS).reason is not None


def test_themes_per_moment_are_the_most_frequent_three(found: MomentComments) -> None:
    themes = found.moment_themes
    assert themes.groupby("group").size().max() == 3
    assert set(themes["group"]) == set(found.codes["group"])
    assert (themes["people"] <= themes["n"]).all()
    np.testing.assert_allclose(themes["share"], themes["n"] / themes["total"])


def test_the_same_few_remarks_are_not_corrected(demo: Study, found: MomentComments) -> None:
    assert found.uncorrected is not None
    assert "errs so often" in found.uncorrected.message
    assert found.codes["estimate"].isna().all()
    moments = demo.table("moments").copy()
    moments.loc[moments["comment"].notna(), "comment"] = "Het duurde te lang."
    same = moment_comments(replace(demo, tables=demo.tables | {"moments": moments}), **OPTIONS)
    assert same.uncorrected is not None
    assert "too few remarks differ" in same.uncorrected.message
    assert same.codes["estimate"].isna().all()
    assert same.codes["share"].notna().all()
    assert shown.tables(same)["codes"]["note"] is same.uncorrected
