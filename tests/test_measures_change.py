"""Change between two waves: exact splits, planted truths, intervals against other implementations, and reasons."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
import scipy.stats
import statsmodels.api as sm

from exresearch.measures import (
    composition_change,
    construct_score,
    dependence_groups,
    panel_change,
    wave_change,
    wave_changes,
)
from exresearch.study import Codebook, Construct, Study

EXACT = 1e-12
PANEL = ["total", "answers", "people", "stayers", "joiners", "leavers", "weights"]
NUMBERS = ["estimate", "std_error", "conf_low", "conf_high"]


def sheets(seed: int, *, n: int = 240, units: int = 24, weighted: bool = True) -> pd.DataFrame:
    """Two waves of persons in units, of whom some leave, join, move or are unknown."""
    rng = np.random.default_rng(seed)
    person = np.arange(n)
    unit = rng.integers(0, units, n)
    level = rng.normal(4, 1, n) + rng.normal(0, 0.4, units)[unit]
    parts = []
    for later, who in ((False, person[: n - 60]), (True, person[60:])):
        value = level[who] + rng.normal(0.3 * later, 0.5, len(who))
        moved = rng.random(len(who)) < 0.05
        part = pd.DataFrame({"later": later, "person": who.astype("float64"), "value": value})
        part["unit"] = np.where(moved, rng.integers(0, units, len(who)), unit[who])
        part["category"] = np.where(value > 4.2, "content", rng.choice(["a", "b", "c"], len(who)))
        parts.append(part)
    frame = pd.concat(parts, ignore_index=True)
    frame.loc[rng.random(len(frame)) < 0.08, "person"] = np.nan
    frame.loc[rng.random(len(frame)) < 0.05, "category"] = None
    frame["weight"] = rng.lognormal(0, 0.4, len(frame)) if weighted else 1.0
    return frame.assign(group=frame["unit"])


def estimates(table: pd.DataFrame) -> dict[str, float]:
    return dict(zip(table["term"], table["estimate"], strict=True))


def mean(frame: pd.DataFrame) -> float:
    return float(np.average(frame["value"], weights=frame["weight"]))


# Exact splits


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_the_parts_of_a_panel_sum_to_the_change(seed: int, weighted: bool) -> None:
    frame = sheets(seed, weighted=weighted)
    table = panel_change(frame)
    part = estimates(table)
    before, after = frame[~frame["later"]], frame[frame["later"]]
    assert list(table["term"]) == PANEL
    assert part["total"] == pytest.approx(mean(after) - mean(before), abs=EXACT)
    assert part["answers"] + part["people"] == pytest.approx(part["total"], abs=EXACT)
    assert part["stayers"] + part["joiners"] + part["leavers"] == pytest.approx(part["total"], abs=EXACT)
    assert part["answers"] == pytest.approx(part["stayers"] - part["weights"], abs=EXACT)
    # By the formula of the docstring, person by person.
    both = set(before["person"].dropna()) & set(after["person"].dropna())
    stay0, stay1 = before[before["person"].isin(both)], after[after["person"].isin(both)]
    gone, new = before[~before["person"].isin(both)], after[~after["person"].isin(both)]
    j, left = new["weight"].sum() / after["weight"].sum(), gone["weight"].sum() / before["weight"].sum()
    assert part["joiners"] == pytest.approx(j * (mean(new) - mean(stay1)), abs=EXACT)
    assert part["leavers"] == pytest.approx(-left * (mean(gone) - mean(stay0)), abs=EXACT)
    pairs = stay0.merge(stay1, on="person", suffixes=("_0", "_1"))
    p = (pairs["weight_0"] / pairs["weight_0"].sum() + pairs["weight_1"] / pairs["weight_1"].sum()) / 2
    assert part["answers"] == pytest.approx(float(p @ (pairs["value_1"] - pairs["value_0"])), abs=EXACT)
    counted = table[["n_from", "n_to", "n_both"]].drop_duplicates().to_numpy().tolist()
    assert counted == [[len(before), len(after), len(both)]]
    if not weighted:
        assert table.set_index("term").loc["weights", NUMBERS].tolist() == [0.0] * 4


@pytest.mark.parametrize("seed", range(4))
def test_the_parts_of_a_composition_sum_to_the_change(seed: int) -> None:
    frame = sheets(seed)
    table = composition_change(frame)
    part = estimates(table)
    assert list(table["term"]) == ["total", "answers", "people"]
    assert part["total"] == pytest.approx(estimates(panel_change(frame))["total"], abs=EXACT)
    assert part["answers"] + part["people"] == pytest.approx(part["total"], abs=EXACT)
    answers = people = 0.0
    frame["category"] = frame["category"].fillna("unknown")
    totals = frame.groupby("later")["weight"].sum()
    for _, cell in frame.groupby("category"):
        share = cell.groupby("later")["weight"].sum() / totals
        level = cell.groupby("later")[["value", "weight"]].apply(mean)
        answers += share.mean() * (level[True] - level[False])
        people += level.mean() * (share[True] - share[False])
    assert (part["answers"], part["people"]) == pytest.approx((answers, people), abs=EXACT)


def test_nothing_depends_on_order_names_or_the_unit_of_the_weights() -> None:
    frame = sheets(9)
    other = frame.sample(frac=1, random_state=3)
    other["person"] = "p" + (1000 - other["person"]).astype("str").where(other["person"].notna())
    other["category"] = other["category"].map(lambda name: None if pd.isna(name) else f"x{name}")
    other["weight"] = other["weight"] * np.where(other["later"], 7.0, 0.1)
    for change in (panel_change, composition_change):
        np.testing.assert_allclose(change(frame)[NUMBERS], change(other)[NUMBERS], rtol=1e-9, atol=EXACT)
    # Seen from the other side joiners are leavers.
    back = estimates(panel_change(frame.assign(later=~frame["later"])))
    there = estimates(panel_change(frame))
    assert {"joiners": -back["leavers"], "leavers": -back["joiners"]} == pytest.approx(
        {name: there[name] for name in ("joiners", "leavers")}, abs=EXACT
    )
    assert -back["answers"] == pytest.approx(there["answers"], abs=EXACT)
    back, there = (estimates(composition_change(f)) for f in (frame.assign(later=~frame["later"]), frame))
    assert {name: -value for name, value in back.items()} == pytest.approx(there, abs=EXACT)


def test_a_category_of_one_wave_counts_as_people() -> None:
    frame = pd.DataFrame(
        {
            "later": [False] * 3 + [True] * 4,
            "category": ["a", "a", "gone", "a", "a", "new", "new"],
            "value": [2.0, 4.0, 6.0, 3.0, 5.0, 1.0, 1.0],
            "weight": 1.0,
            "group": range(7),
        }
    )
    part = estimates(composition_change(frame))
    # Category a rises by 1, with shares of two thirds and one half.
    assert part["answers"] == pytest.approx((2 / 3 + 1 / 2) / 2, abs=EXACT)
    assert part["total"] == pytest.approx(2.5 - 4.0, abs=EXACT)


# Intervals


def test_of_stayers_alone_it_is_the_paired_t_test() -> None:
    rng = np.random.default_rng(5)
    first = rng.normal(4, 1, 50)
    second = first + rng.normal(0.2, 0.6, 50)
    frame = pd.DataFrame(
        {
            "later": np.repeat([False, True], 50),
            "person": np.tile(np.arange(50), 2),
            "value": np.concatenate([first, second]),
            "weight": 2.0,
            "group": np.tile(np.arange(50), 2),
        }
    )
    table = panel_change(frame, conf_level=0.9).set_index("term")
    test = scipy.stats.ttest_rel(second, first)
    interval = test.confidence_interval(0.9)
    for term in ("total", "answers", "stayers"):
        row = table.loc[term]
        assert row["estimate"] / row["std_error"] == pytest.approx(test.statistic, rel=1e-9)
        assert (row["conf_low"], row["conf_high"]) == pytest.approx((interval.low, interval.high), rel=1e-9)
    assert (
        table.loc[["people", "joiners", "leavers", "weights"], NUMBERS].to_numpy().tolist() == [[0.0] * 4] * 4
    )


def test_the_total_is_a_regression_with_clustered_errors() -> None:
    frame = sheets(11).assign(person=np.nan)
    fit = sm.WLS(
        frame["value"], sm.add_constant(frame["later"].astype("float64")), weights=frame["weight"]
    ).fit(cov_type="cluster", cov_kwds={"groups": frame["group"]}, use_t=True)
    n = len(frame)
    # statsmodels adds (n - 1) / (n - k) to G / (G - 1).
    error = fit.bse["later"] / np.sqrt((n - 1) / (n - 2))
    for change in (panel_change, composition_change):
        row = change(frame).set_index("term").loc["total"]
        assert (row["estimate"], row["std_error"]) == pytest.approx((fit.params["later"], error), rel=1e-9)
        half = scipy.stats.t.ppf(0.975, 23) * error
        assert (row["conf_low"], row["conf_high"]) == pytest.approx(
            (row["estimate"] - half, row["estimate"] + half), rel=1e-9
        )


@pytest.mark.parametrize("change", [panel_change, composition_change])
def test_linearised_errors_are_those_of_the_jackknife(change: Any) -> None:
    frame = sheets(13, n=1200, units=150)
    # Nobody moves here: a person in two groups is taken out twice by the jackknife.
    home = frame.groupby("person")["unit"].transform("first")
    frame["group"] = home.where(frame["person"].notna(), frame["unit"])
    table = change(frame)
    left_out = [estimates(change(frame[frame["group"] != group])) for group in frame["group"].unique()]
    size = len(left_out)
    for term, error in zip(table["term"], table["std_error"], strict=True):
        values = np.array([replicate[term] for replicate in left_out])
        jackknife = np.sqrt((size - 1) / size * ((values - values.mean()) ** 2).sum())
        assert error == pytest.approx(jackknife, rel=0.03), term


@pytest.mark.parametrize(("kind", "change"), [(panel_change, "panel"), (composition_change, "category")])
def test_wrong_frames_are_refused(kind: Any, change: str) -> None:
    frame = sheets(1)
    named = {"panel": "person", "category": "category"}[change]
    cases = [
        (
            frame.drop(columns=["value", "group"]),
            {},
            f"the frame needs the columns later, {named}, value, weight, group; missing: value, group.",
        ),
        (frame, {"conf_level": 1}, "conf_level must be between 0 and 1; got 1."),
        (
            frame.assign(weight=frame["weight"].where(frame.index > 1, 0.0)),
            {},
            "values must be known and weights above 0; 2 rows are otherwise.",
        ),
        (
            frame[frame["later"]],
            {},
            "later must be true in some rows and false in others; there is one wave only.",
        ),
    ]
    for name in ("value", "weight"):
        unknown = frame.assign(**{name: frame[name].astype("Float64").where(frame.index > 2)})
        cases.append((unknown, {}, "values must be known and weights above 0; 3 rows are otherwise."))
    for given, options, message in cases:
        with pytest.raises(ValueError) as caught:
            kind(given, **options)
        assert str(caught.value) == message


@pytest.mark.parametrize("change", [panel_change, composition_change])
def test_a_row_without_a_group_is_one_by_itself(change: Any) -> None:
    frame = sheets(5)
    missing = frame.index % 7 == 0
    holes = frame.assign(group=("u" + frame["group"].astype("str")).where(~missing))
    own = holes["group"].fillna(pd.Series([f"row {number}" for number in frame.index]))
    if change is panel_change:
        # The rows of one person stay together: in the group of either wave, or else in one of the person.
        known = holes.sort_values("later", kind="stable").groupby("person")["group"].transform("first")
        own = known.reindex(frame.index).where(frame["person"].notna(), holes["group"])
        own = own.fillna("person " + frame["person"].astype("str")).where(
            own.notna() | frame["person"].notna(), pd.Series([f"row {number}" for number in frame.index])
        )
    np.testing.assert_allclose(change(holes)[NUMBERS], change(frame.assign(group=own))[NUMBERS], rtol=1e-9)
    assert change(frame.assign(group=None))["std_error"].notna().all()


# Planted truths


def workforce(*, rise: float, leave: float, n: int = 4000) -> pd.DataFrame:
    """Half of the people are content (5) and half are not (3); of the latter a share leaves, and content ones join."""
    rng = np.random.default_rng(17)
    content = np.arange(n) % 2 == 0
    left = ~content & (rng.random(n) < leave)
    joined = np.arange(n, n + left.sum())
    before = pd.DataFrame({"later": False, "person": np.arange(n), "content": content})
    after = pd.DataFrame(
        {
            "later": True,
            "person": np.r_[np.arange(n)[~left], joined],
            "content": np.r_[content[~left], np.ones(len(joined), bool)],
        }
    )
    frame = pd.concat([before, after], ignore_index=True)
    frame["value"] = 3 + 2 * frame["content"] + rise * frame["later"] + rng.normal(0, 0.5, len(frame))
    return frame.assign(weight=1.0, group=frame["person"], category=frame["content"].map(str))


@pytest.mark.parametrize(
    ("rise", "leave"),
    [(0.0, 0.3), (0.4, 0.0), (0.4, 0.3), (-0.2, 0.3)],
    ids=["people", "answers", "both", "opposed"],
)
def test_a_planted_truth_is_found(rise: float, leave: float) -> None:
    frame = workforce(rise=rise, leave=leave)
    # Of everybody leave / 2 is replaced, by people who score 2 more.
    truth = {"total": rise + leave, "answers": rise, "people": leave}
    for change in (panel_change, composition_change):
        table = change(frame).set_index("term")
        for term, value in truth.items():
            row = table.loc[term]
            assert abs(row["estimate"] - value) < 4 * row["std_error"] + 1e-9, term
            assert row["std_error"] < 0.03
            if value == 0:
                assert row["conf_low"] <= 0 <= row["conf_high"]
    if rise < 0:
        # Everybody's answers fell, and the score rose.
        assert table.loc["total", "conf_low"] > 0
        assert table.loc["answers", "conf_high"] < 0


def test_whoever_is_unknown_never_matches() -> None:
    frame = sheets(2).assign(person=np.nan)
    table = panel_change(frame).set_index("term")
    assert table["n_both"].unique().tolist() == [0]
    assert table.loc["total", NUMBERS].notna().all()
    assert table.loc[PANEL[1:], NUMBERS].isna().all(axis=None)
    # Half of the persons unknown: those count as leavers and joiners, and nobody is dropped.
    known = workforce(rise=0.4, leave=0.0)
    half = known.assign(person=known["person"].where(known["person"] < 2000).astype("float64"))
    table = panel_change(half).set_index("term")
    assert table.iloc[0][["n_from", "n_to", "n_both"]].tolist() == [4000, 4000, 2000]
    assert table.loc["answers", "estimate"] == pytest.approx(0.4, abs=0.05)


def test_several_sheets_of_a_person_are_one() -> None:
    frame = workforce(rise=0.4, leave=0.3, n=400)
    twice = pd.concat([frame, frame], ignore_index=True)
    one, two = panel_change(frame), panel_change(twice)
    np.testing.assert_allclose(one[NUMBERS], two[NUMBERS], rtol=1e-9, atol=EXACT)
    assert one["n_both"].tolist() == two["n_both"].tolist()


# Of a study


@pytest.fixture
def two_waves(client: Any) -> Study:
    """Sixty people in six units, forty of whom answer in both years; 2023 did not ask `mood`."""
    rng = np.random.default_rng(3)
    table = client.tables["employees"]
    later = table.assign(year="2025", id=[f"p{i:02d}" for i in range(20, 80)])
    for name in ("eng_1", "eng_2", "eng_3"):
        later[name] = rng.integers(2, 8, 60)
    earlier = table.head(40).assign(year="2023", id=[f"q{i:02d}" for i in range(40)])
    both = pd.concat([earlier, table, later], ignore_index=True)
    both["mood"] = np.where(both["year"] == "2025", rng.integers(1, 8, len(both)), np.nan)
    both["site"] = np.where(rng.random(len(both)) < 0.4, "north", "south")
    both["desk"] = [f"d{i}" for i in range(len(both))]
    client.tables["employees"] = both
    seven = {"minimum": 1, "maximum": 7}
    for entry in (
        client.entry("employees", "mood", "item", construct="mood", **seven),
        client.entry("employees", "site", "category"),
        client.entry("employees", "desk", "category"),
    ):
        client.variables[f"employees.{entry['column']}"] = entry
    for name in ("customers", "units"):
        frame = client.tables[name]
        client.tables[name] = pd.concat([frame, frame.assign(year="2025"), frame.assign(year="2023")])
    return client.load()


def test_a_study_s_change_is_that_of_its_scores(two_waves: Study) -> None:
    table = wave_change(two_waves, construct="engagement", from_wave="2024")
    assert list(table.columns) == [
        "construct", "label", "from_wave", "to_wave", "method", "term", "estimate", "std_error", "conf_low",
        "conf_high", "conf_level", "n_from", "n_to", "n_both", "reason",
    ]  # fmt: skip
    assert list(dict.fromkeys(table["method"])) == ["panel", "categories:site", "categories:desk"]
    assert table[["from_wave", "to_wave"]].drop_duplicates().to_numpy().tolist() == [["2024", "2025"]]
    assert table.loc[0, "label"] == {"nl": "engagement", "en": "engagement"}
    frame = two_waves.table("employees").query("wave != '2023'")
    score = construct_score(frame, codebook=two_waves.codebook, table="employees", construct="engagement")
    rows = pd.DataFrame(
        {
            "later": frame["wave"] == "2025",
            "person": frame["person"],
            "value": score,
            "weight": 1.0,
            "category": frame["site"],
            # Six units are too few to stand for units, so that persons are kept together.
            "group": frame["person"],
        }
    )
    assert dependence_groups(frame).by == "person"
    for method, expected in (("panel", panel_change(rows)), ("categories:site", composition_change(rows))):
        part = table[table["method"] == method]
        assert part["term"].tolist() == expected["term"].tolist()
        np.testing.assert_allclose(part[NUMBERS].astype("float64"), expected[NUMBERS], rtol=1e-9, atol=EXACT)
        assert part["reason"].unique().tolist() == [""]
    assert table.loc[0, ["n_from", "n_to", "n_both"]].tolist() == [60, 60, 40]
    desk = table[table["method"] == "categories:desk"]
    assert desk["reason"].tolist() == ["", *[
        "The categories are too small: on average they hold fewer than 10 scores in one of the waves."
    ] * 2]  # fmt: skip
    assert desk["estimate"].isna().tolist() == [False, True, True]


def test_what_cannot_be_split_has_a_reason(two_waves: Study) -> None:
    def reasons(study: Study, **options: Any) -> list[tuple[str, str, str]]:
        table = wave_change(study, **{"construct": "engagement"} | options)
        found = table[table["reason"] != ""]
        assert found["estimate"].isna().all()
        return list(found[["method", "term", "reason"]].itertuples(index=False, name=None))

    once = "It was not asked in two waves, so that there is no change to speak of."
    assert reasons(two_waves, construct="mood") == [("", "total", once)]
    mood = wave_change(two_waves, construct="mood")
    assert mood[["from_wave", "to_wave"]].to_numpy().tolist() == [["2025", "2025"]]
    assert reasons(two_waves, from_wave="2024", to_wave="2025", construct="mood") == [("", "total", once)]
    # The first wave of three is the default, and none of its people is there in the last.
    few = "Fewer than 30 people have a score in both waves, so that their change cannot be told."
    found = reasons(two_waves)
    assert [(method, reason) for method, _, reason in found if method == "panel"] == [("panel", few)] * 6
    assert wave_change(two_waves, construct="engagement")["from_wave"].unique().tolist() == ["2023"]

    frame = two_waves.table("employees")

    def with_table(table: pd.DataFrame, codebook: Codebook = two_waves.codebook) -> Study:
        return replace(two_waves, tables=two_waves.tables | {"employees": table}, codebook=codebook)

    small = with_table(frame[(frame["wave"] != "2025") | (frame["unit"] == "Unit A")])
    assert reasons(small) == [("", "total", "Fewer than 30 people have a score in one of the two waves.")]
    assert wave_change(small, construct="engagement")[["n_from", "n_to"]].to_numpy().tolist() == [[40, 10]]
    bare = with_table(frame.drop(columns=["person", "site", "desk"]))
    unsplit = "The answer sheets hold neither persons nor categories, so that the change cannot be split."
    assert reasons(bare) == [("", "answers", unsplit), ("", "people", unsplit)]
    alone = with_table(frame.drop(columns=["person", "desk"]).assign(site="north"))
    one = "All answer sheets are of one category."
    assert reasons(alone) == [("categories:site", term, one) for term in ("answers", "people")]
    assert reasons(with_table(frame.drop(columns=["wave"]))) == [("", "total", once)]
    gone = frame.assign(
        **{name: frame[name].where(frame["wave"] != "2023") for name in ("eng_1", "eng_2", "eng_3")}
    )
    table = wave_change(with_table(gone), construct="engagement", from_wave="2023")
    assert table["reason"].tolist() == ["It was not asked in both of these waves."]
    factor = Codebook(
        two_waves.codebook.variables,
        {"engagement": Construct(nl="Bevlogenheid", en="Engagement", score="factor")},
    )
    (found_factor,) = reasons(with_table(frame, factor), from_wave="2024")
    assert found_factor == (
        "", "total",
        "One of the items would be the factor by itself (a Heywood case); score the mean or the sum instead.",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"construct": "ease"},
            "no item of table 'employees' measures construct 'ease'; see the codebook.",
        ),
        (
            {"from_wave": "2020"},
            "from_wave must be a wave of the study (2023, 2024, 2025); got '2020'.",
        ),
        (
            {"from_wave": "2025", "to_wave": "2024"},
            "from_wave must come before to_wave; got '2025' and '2024'.",
        ),
        ({"conf_level": 0}, "conf_level must be between 0 and 1; got 0."),
    ],
)
def test_what_is_not_in_the_study_is_refused(two_waves: Study, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        wave_change(two_waves, **{"construct": "engagement"} | options)
    assert str(caught.value) == message
    if "construct" not in options:
        with pytest.raises(ValueError) as caught:
            wave_changes(two_waves, **options)
        assert str(caught.value) == message


def test_all_constructs_below_each_other(two_waves: Study) -> None:
    table = wave_changes(two_waves, from_wave="2024", conf_level=0.9)
    assert list(dict.fromkeys(table["construct"])) == ["engagement", "enps", "mood"]
    for construct, rows in table.groupby("construct"):
        alone = wave_change(two_waves, construct=construct, from_wave="2024", conf_level=0.9)
        pd.testing.assert_frame_equal(rows.reset_index(drop=True), alone)
    assert wave_changes(two_waves, table="partners").empty
    assert list(wave_changes(two_waves, table="partners").columns) == list(table.columns)


def test_a_question_asked_in_few_units_keeps_persons_together(two_waves: Study) -> None:
    frame = two_waves.table("employees").copy()
    number = frame["person"].str[1:].astype("int64")
    frame["unit"] = [f"u{i % 12}" for i in number]
    items = ["eng_1", "eng_2", "eng_3"]
    frame[items] = frame[items].where(number % 12 < 8)
    study = replace(two_waves, tables=two_waves.tables | {"employees": frame})
    rows = frame[frame["wave"] != "2023"]
    assert dependence_groups(rows).by == "unit"
    score = construct_score(rows, codebook=study.codebook, table="employees", construct="engagement")
    given = pd.DataFrame(
        {"later": rows["wave"] == "2025", "category": rows["site"], "value": score, "weight": 1.0}
    ).assign(group=rows["person"])[score.notna()]
    expected = composition_change(given).set_index("term")
    table = wave_change(study, construct="engagement", from_wave="2024").set_index(["method", "term"])
    got = table.loc["categories:site", NUMBERS].astype("float64")
    np.testing.assert_allclose(got, expected.loc[got.index, NUMBERS], rtol=1e-9, atol=EXACT)


def test_weights_and_units_are_used(two_waves: Study) -> None:
    frame = two_waves.table("employees").copy()
    frame["unit"] = [f"u{i % 12}" for i in range(len(frame))]
    frame["weight"] = np.where(frame["site"] == "north", 3.0, 1.0)
    study = replace(two_waves, tables=two_waves.tables | {"employees": frame})
    table = wave_change(study, construct="engagement", from_wave="2024").set_index(["method", "term"])
    rows = frame[frame["wave"] != "2023"]
    score = construct_score(rows, codebook=study.codebook, table="employees", construct="engagement")
    given = pd.DataFrame(
        {
            "later": rows["wave"] == "2025",
            "person": rows["person"],
            "value": score,
            "weight": rows["weight"],
            "group": rows["unit"],
        }
    )
    expected = panel_change(given).set_index("term")
    got = table.loc["panel", NUMBERS].astype("float64")
    np.testing.assert_allclose(got, expected.loc[got.index, NUMBERS], rtol=1e-9, atol=EXACT)
    assert abs(got.loc["weights", "estimate"]) > 1e-3
    # All methods speak of the same change with the same interval.
    totals = table.xs("total", level="term")[NUMBERS].astype("float64")
    np.testing.assert_allclose(totals, np.tile(totals.iloc[0], (len(totals), 1)), rtol=1e-9)
