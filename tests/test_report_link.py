"""Figures and tables of the link: what they say, whom they leave out, and that they hold up without data."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules, Groups, Measure
from exresearch.findings import Note
from exresearch.findings.analyses.linkage.funnel import Funnel
from exresearch.measures import LinkTable, Side
from exresearch.models import funnel_limits
from exresearch.report import Picture, Texts
from exresearch.report import figures as draw
from exresearch.report import link as shown
from exresearch.report.figures.linkage.funnel import TOO_FEW
from exresearch.report.figures.linkage.kinds import NO_KINDS
from exresearch.report.figures.linkage.release import with_small_units
from exresearch.report.theme import svg

RULES = DisclosureRules()
ENGLISH = Texts("en", strict=True)
GROUPS = {
    "ex": Groups("employees", by={"unit": "unit"}, measures={"ex": Measure("engaged")}),
    "cx": Groups("customers", by={"unit": "unit"}, measures={"cx": Measure("cx", 0, 10)}),
}


@pytest.fixture(params=["nl", "en"])
def texts(request: pytest.FixtureRequest) -> Texts:
    return Texts(request.param, strict=True)


def contrasts(**change: Any) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "engaged": ["Highly engaged", "Highly engaged", "Engaged"], "cut": [0.2, 1 / 3, 0.25], "term": "ratio",
            "unit_of_measurement": "ratio", "estimate": [2.0, 1.8, 1.5], "conf_low": [1.2, 1.1, 0.9],
            "conf_high": [3.3, 2.9, 2.5], "simple_low": [1.6, 1.5, 1.3], "simple_high": [2.5, 2.1, 1.7], "n": 900,
            "n_units": 40, "conf_level": 0.95, "comparable": [False, False, True],
        }
    )  # fmt: skip
    return frame.assign(**change)


def test_cut_forest_counts_whole_intervals(texts: Texts) -> None:
    picture = draw.cut_forest(contrasts(), texts=texts, rules=RULES, published=(1.53, "source"))
    if texts.language == "en":
        assert picture.takeaway == "In 2 of 3 comparisons the whole interval lies above 1."
        assert "Highly engaged, 20% at each end: 2.00 (1.20 to 3.30)." in picture.alt
        assert "Katz" in picture.caption
        assert "published: 1.53" in svg(picture.figure)
    else:
        assert "2,00 (1,20 tot 3,30)" in picture.alt


def test_cut_forest_says_nothing_of_what_is_not_known() -> None:
    frame = contrasts(simple_low=np.nan, simple_high=np.nan, comparable=False)
    picture = draw.cut_forest(frame, texts=ENGLISH, rules=RULES, published=(1.53, "source"))
    assert "Katz" not in picture.caption
    assert "published" not in svg(picture.figure)
    with pytest.raises(ValueError, match="cut_forest needs at least one row"):
        draw.cut_forest(frame.head(0), texts=ENGLISH, rules=RULES)


def units(n: int = 40) -> pd.DataFrame:
    rng = np.random.default_rng(1)
    ex = rng.uniform(0.2, 0.7, n)
    return pd.DataFrame(
        {
            "unit": [f"u{i:02d}" for i in range(n)],
            "ex": ex,
            "ex_n": 20.0,
            "cx": 6 + 2 * ex + rng.normal(0, 0.3, n),
            "cx_n": 30.0,
            "kind": ["shop", "desk"] * (n // 2),
        }
    )


AXES: dict[str, Any] = {"ex_label": "Engaged", "cx_label": "Customers", "ex_is_share": True}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ((-0.5, -0.1), "weaker than over all"),
        ((0.1, 0.5), "stronger than over all"),
        ((-0.1, 0.1), "cannot be told"),
    ],
)
def test_kinds_say_what_the_interval_says(change: tuple[float, float], words: str) -> None:
    picture = draw.kind_scatter(
        units(), texts=ENGLISH, rules=RULES, groups=GROUPS, kind_label="Type of unit", change=change, **AXES
    )
    assert isinstance(picture, Picture)
    assert words in picture.takeaway
    assert "40 units by type of unit" in picture.caption


def test_kinds_of_few_units_are_not_told_apart() -> None:
    frame = units()
    frame["kind"] = ["shop"] * 36 + ["secret"] * 4
    options: dict[str, Any] = {
        "rules": RULES,
        "groups": GROUPS,
        "kind_label": "Kind",
        "change": (0, 1),
        **AXES,
    }
    assert draw.kind_scatter(frame, texts=ENGLISH, **options) is NO_KINDS
    frame["kind"] = ["shop"] * 18 + ["desk"] * 18 + ["secret"] * 4
    picture = draw.kind_scatter(frame, texts=ENGLISH, **options)
    assert isinstance(picture, Picture)
    assert "secret" not in svg(picture.figure)
    assert "36 units" in picture.caption
    few = units().assign(ex_n=3.0)
    assert draw.kind_scatter(few, texts=ENGLISH, **options) is NO_KINDS


def curve() -> pd.DataFrame:
    grid = np.linspace(0.2, 0.7, 9)
    one = pd.DataFrame(
        {"ex": grid, "estimate": 6 + 2 * grid, "conf_low": 5.8 + 2 * grid, "conf_high": 6.2 + 2 * grid}
    )
    return pd.concat([one.assign(model="linear"), one.assign(model="spline")], ignore_index=True)


def test_dose_curve_claims_a_bend_only_where_the_test_does(texts: Texts) -> None:
    options: dict[str, Any] = {
        "texts": texts, "rules": RULES, "groups": GROUPS, "n": 800, "conf_level": 0.95, **AXES,
    }  # fmt: skip
    bent = draw.dose_curve(curve(), units(), p_value=0.01, **options)
    straight = draw.dose_curve(curve(), units(), p_value=0.2, **options)
    assert bent.takeaway != straight.takeaway
    if texts.language == "en":
        assert straight.takeaway == "No bend can be shown: a straight line fits as well (p = 0.200)."
        assert "from 6.40 (6.20 to 6.60) to 7.40 (7.20 to 7.60)" in straight.alt
        assert "Dots: units with at least 5 answers." in straight.caption
    hidden = draw.dose_curve(curve(), units().assign(ex_n=np.nan), p_value=0.2, **options)
    assert len(hidden.caption) < len(straight.caption)
    assert isinstance(draw.dose_curve(curve(), units(), p_value=0.2, **(options | {"n": 4})), Note)


def test_moderated_slope_follows_the_interval(texts: Texts) -> None:
    grid = np.linspace(1, 9, 9)
    along = pd.DataFrame(
        {"moderator": grid, "estimate": grid / 10, "conf_low": grid / 10 - 0.3, "conf_high": grid / 10 + 0.3}
    )
    regions = pd.DataFrame(
        {"low": [1.0, 3.0], "high": [3.0, 9.0], "slope": ["undetermined", "positive"], "share": [0.25, 0.75]}
    )
    options: dict[str, Any] = {"texts": texts, "rules": RULES, "n": 800, "moderator": "Customer contact"}
    said = {
        word: draw.moderated_slope(along, regions, interaction=limits, **options).takeaway
        for word, limits in (("up", (0.1, 0.2)), ("down", (-0.2, -0.1)), ("open", (-0.1, 0.1)))
    }
    assert len(set(said.values())) == 3
    if texts.language == "en":
        assert said["up"] == "Where customer contact is higher, the link is stronger."
        picture = draw.moderated_slope(along, regions, interaction=(0.1, 0.2), **options)
        assert "75% of the units" in picture.caption


def side(name: str, frame: pd.DataFrame | None = None) -> Side:
    if name == "ex":
        return Side(
            "engagement", "share", "employees", pd.DataFrame() if frame is None else frame, (0.0, 1.0)
        )
    return Side("cx", "mean", "customers", pd.DataFrame() if frame is None else frame, (0.0, 10.0))


def funnel(people: np.ndarray) -> Funnel:
    rng = np.random.default_rng(3)
    value = rng.normal(7, 1 / np.sqrt(people))
    order = pd.Series(value).rank()
    frame = pd.DataFrame(
        {
            "unit": [f"u{i:02d}" for i in range(len(people))], "value": value, "people": people,
            "answers": people, "linked": True, "outside": False,
            "extreme": (order <= 4) | (order > len(people) - 4), "small": people < np.median(people),
        }
    )  # fmt: skip
    return Funnel(
        "cx", frame, funnel_limits(np.geomspace(3, 200, 20), centre=7.0, spread=1.0), 7.0, False, side("cx")
    )


def test_funnels_leave_small_units_out_and_name_none(texts: Texts) -> None:
    people = np.r_[np.full(10, 3.0), np.geomspace(6, 200, 30)]
    picture = draw.unit_funnels([funnel(people)], texts=texts, rules=RULES, labels={"cx": "Customers"})
    assert isinstance(picture, Picture)
    axes = picture.figure.axes[0]
    drawn = sum(len(line.get_xdata()) for line in axes.lines if line.get_linestyle() == "None")
    assert drawn == 30
    if texts.language == "en":
        assert "0 of 30 units lie beyond the outer limits" in picture.caption
    none = draw.unit_funnels([funnel(np.full(40, 3.0))], texts=texts, rules=RULES, labels={"cx": "Customers"})
    assert none is TOO_FEW


def test_tables_without_a_link_say_so(texts: Texts) -> None:
    made = shown.tables(None, texts=texts, rules=RULES)
    assert list(made) == ["contrasts", "slopes", "types", "shape", "levels"]
    for table in made.values():
        assert table["frame"].empty
        assert table["note"] is shown.NOTHING


def test_rows_hide_intervals_of_few_answers() -> None:
    kept = shown.contrast_rows(contrasts(), texts=ENGLISH, rules=RULES)
    assert kept["simple"].tolist()[0] == "1.60 to 2.50"
    assert kept["detail"].tolist() == [f"{cut} of the units at each end" for cut in ("20%", "33%", "25%")]
    hidden = shown.contrast_rows(contrasts(n=4), texts=ENGLISH, rules=RULES)
    assert hidden["simple"].isna().all()
    types = pd.DataFrame(
        {
            "category": "kind", "category_label": [{"nl": "Soort", "en": "Kind"}] * 4,
            "term": ["slope", "slope_within", "slope_between", "slope_change"], "estimate": [0.5, 0.4, 0.9, -0.1],
            "conf_low": [0.3, 0.2, 0.1, -0.2], "conf_high": [0.7, 0.6, 1.7, 0.0], "n": 400, "n_kinds": 2,
            "unit_of_measurement": "standardised",
        }
    )  # fmt: skip
    row = shown.type_rows(types, texts=ENGLISH, rules=RULES).iloc[0]
    assert (row["slope_within"], row["correlation_means"], row["n_kinds"]) == ("0.40 (0.20 to 0.60)", None, 2)


def points(picture: Any) -> set[float]:
    """What stands on the horizontal axis of the first panel, of marks alone."""
    lines = [line for line in picture.figure.axes[0].lines if line.get_linestyle() == "None"]
    return {round(float(x), 9) for line in lines for x in np.asarray(line.get_xdata(), dtype=float)}


def test_a_small_unit_is_not_drawn_and_takes_another_with_it() -> None:
    frame = units()
    frame["ex_n"] = np.arange(20.0, 60.0)
    frame.loc[7, "ex_n"] = 4.0
    # The smallest of the others goes along; it is the first.
    gone = {round(float(x), 9) for x in frame.loc[[0, 7], "ex"]}
    groups = frame.assign(group="middle")
    scatter = draw.unit_scatter(groups, texts=ENGLISH, rules=RULES, groups=GROUPS, **AXES)
    kinds = draw.kind_scatter(
        frame, texts=ENGLISH, rules=RULES, groups=GROUPS, kind_label="Kind", change=(0, 1), **AXES
    )
    dose = draw.dose_curve(
        curve(), frame, texts=ENGLISH, rules=RULES, groups=GROUPS, n=800, p_value=0.2, conf_level=0.95, **AXES
    )
    for picture in (scatter, kinds):
        assert isinstance(picture, Picture)
        assert not gone & points(picture)
        assert "38" in picture.caption
    assert isinstance(scatter, Picture)
    assert "Not drawn: 2 units" in scatter.caption
    assert isinstance(dose, Picture)
    assert not gone & {round(float(x), 9) for x in dose.figure.axes[0].lines[0].get_xdata()}
    # In the order of their values, so that nobody counts to the unit that is left out.
    drawn = [float(x) for x in dose.figure.axes[0].lines[0].get_xdata()]
    assert drawn == sorted(drawn)


def test_a_unit_too_small_to_be_linked_takes_company_too() -> None:
    linked = units()
    both = [
        pd.DataFrame({"unit": [*linked["unit"], "tiny"], "wave": "1", "value": 0.5, "n": n, "size": n})
        for n in ([20.0] * 40 + [2.0], [30.0] * 40 + [50.0])
    ]
    table = LinkTable(side("ex", both[0]), side("cx", both[1]), linked, linked, 1, 1, 0)
    frame = with_small_units(linked, table, rules=RULES)
    assert frame.loc[~frame["linked"], ["unit", "ex_n"]].to_numpy().tolist() == [["tiny", 2.0]]
    # Its customers are many enough, and are not there.
    assert frame.loc[~frame["linked"], "cx"].isna().all()
    picture = draw.unit_scatter(
        frame.assign(group="middle"), texts=ENGLISH, rules=RULES, groups=GROUPS, **AXES
    )
    assert isinstance(picture, Picture)
    assert len(points(picture)) == 39
    assert "Not drawn: 1 units" in picture.caption


def test_ratios_of_few_answers_are_not_drawn() -> None:
    frame = contrasts(n=[900, 4, 300])
    picture = draw.cut_forest(frame, texts=ENGLISH, rules=RULES)
    assert isinstance(picture, Picture)
    assert "1.80" not in picture.alt
    assert "1.50" not in picture.alt
    assert picture.takeaway == "In all 1 comparisons the whole interval lies above 1."
    assert isinstance(draw.cut_forest(contrasts(n=4), texts=ENGLISH, rules=RULES), Note)


def test_leaders_of_few_people_are_not_shown() -> None:
    frame = pd.DataFrame(
        {
            "term": ["share_leaders", "share_laggards"], "estimate": [0.4, 0.3], "conf_low": 0.2, "conf_high": 0.5,
            "n": 700, "people": [4.0, 200.0],
        }
    )  # fmt: skip
    groups = Groups("employees", by={"place": "term"}, measures={"estimate": Measure("engaged")})
    options: dict[str, Any] = {"texts": ENGLISH, "measure": "engaged", "rules": RULES, "groups": groups}
    assert isinstance(draw.leaders_laggards(frame, **options), Note)
    many = draw.leaders_laggards(frame.assign(people=[180.0, 200.0]), **options)
    assert isinstance(many, Picture)
    assert many.shown[0].entry.population == "employees"
    # Without numbers of answers the units were counted, and nobody is named.
    unknown = draw.leaders_laggards(frame.assign(people=np.nan), **options)
    assert isinstance(unknown, Picture)
    assert unknown.shown[0].entry.kind == "estimates"
