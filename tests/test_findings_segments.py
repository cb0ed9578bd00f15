"""Segments on needs: on planted truth, on noise, against a plain computation, and without the data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from scipy.special import stdtr, stdtrit

from exresearch.disclosure import DisclosureRules, release
from exresearch.findings import Verdict
from exresearch.findings.analyses import NeedsSegments, needs_segments
from exresearch.findings.analyses.segments import claim, gains
from exresearch.findings.analyses.segments.gains import HeldOut, held_out
from exresearch.findings.analyses.segments.people import OTHER, People, people
from exresearch.findings.analyses.segments.profiles import answered, overlap, profiles, segment_names
from exresearch.measures import dependence_groups
from exresearch.models.gain import unit_gain
from exresearch.models.segmentation import choose_segments
from exresearch.study import Study, load_study

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
NEEDS = [f"need_{number}" for number in range(1, 10)]
FIVE = ["function", "level", "department", "business_unit", "location"]


@pytest.fixture(scope="module")
def whole() -> Study:
    return load_study(PARAMS / "demo.yaml")


@pytest.fixture(scope="module")
def demo(whole: Study) -> Study:
    """Employees of every fourth unit, thirty in all, in two waves of the demo."""
    sheets = whole.table("employees")
    few = sheets["unit"].isin(sheets["unit"].unique()[::4]) & sheets["wave"].isin(whole.waves[-2:])
    alone = with_employees(whole, sheets[few].reset_index(drop=True))
    return replace(alone, tables={"employees": alone.table("employees")}, waves=whole.waves[-2:])


@pytest.fixture(scope="module")
def quick() -> Iterator[None]:
    """Folds drawn once, and few samples: several draws of folds and the rule for segments have tests of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(gains, "_ROWS_OF_FOLDS", 1000)
        patch.setattr(claim, "choose_segments", partial(choose_segments, n_boot=5, n_draws=19))
        yield


@pytest.fixture(scope="module")
def found(demo: Study, quick: None) -> NeedsSegments:
    return needs_segments(demo, conf_level=0.95, rules=RULES, seed=1)


def with_employees(study: Study, employees: pd.DataFrame) -> Study:
    kept = tuple(
        v for v in study.codebook.variables if v.table != "employees" or v.column in {*employees, "id"}
    )
    codebook = replace(study.codebook, variables=kept)
    return replace(study, tables=study.tables | {"employees": employees}, codebook=codebook)


def everybody(study: Study) -> People:
    taken = people(study)
    assert isinstance(taken, People)
    return taken


def test_planted_segments_are_found_and_gain(found: NeedsSegments) -> None:
    finding = found.finding
    assert finding.estimand == "out_of_sample_gain"
    assert finding.verdict is Verdict.SUPPORTED
    assert finding.estimate is not None
    assert len(found.sizes) == 3
    np.testing.assert_allclose(sorted(found.sizes["share"]), [0.25, 0.35, 0.40], atol=0.06)
    checks = {record.term: record for record in finding.robustness}
    assert set(checks) == {
        "gain_added", "gain_equal", "gain_fewer", "gain_more", "gain_number", "gain_colleagues", "gain_averaged",
        "gain_last_wave", "needs_instead", "segments_or_needs",
    }  # fmt: skip
    # Two of the three segments only: much of the difference is gone.
    assert checks["gain_fewer"].estimate < finding.estimate
    # Answers averaged over sheets are more reliable.
    assert checks["gain_averaged"].estimate > finding.estimate
    by_outcome = found.outcomes.set_index("term")["estimate"]
    assert by_outcome["effort"] > by_outcome["enps"] > max(by_outcome["stay"], by_outcome["promote"])
    assert finding.estimate == pytest.approx(by_outcome.mean(), abs=0.002)
    assert (found.agreement["estimate"] > 0.8).all()


def test_segments_are_named_from_their_needs_in_the_words_of_the_codebook(found: NeedsSegments) -> None:
    named = [note.model_dump()["values"]["high"] for note in found.sizes["label"]]
    dutch, english = ({label[language] for label in named} for language in ("nl", "en"))
    assert english == {"need for growth", "need for security", "need for belonging"}
    assert dutch == {"behoefte aan groei", "behoefte aan zekerheid", "behoefte aan verbinding"}
    assert "effort" not in found.profile["item"].tolist()


def test_the_gain_in_the_demo_is_that_of_an_infinitely_large_company(whole: Study) -> None:
    judged = held_out(everybody(whole), seed=2016)
    judged.add("categories", base=judged.people.design())
    judged.add("segments", segments=3)
    table = judged.gain("segments", base="categories", conf_level=0.95)
    assert table is not None
    implied = yaml.safe_load((PARAMS.parent / "data" / "demo" / "truth.yaml").read_text(encoding="utf-8"))[
        "implied"
    ]
    truth = implied["needs-segments"]["out_of_sample_gain"]["value"]
    assert table["conf_low"].iloc[0] < truth < table["conf_high"].iloc[0]
    assert table["std_error"].iloc[0] < 0.004


def test_nobody_s_segment_leaves_the_analysis(found: NeedsSegments) -> None:
    n = found.finding.n
    assert n is not None
    for name in ("number", "sizes", "profile", "models", "outcomes", "overlap", "cells", "agreement"):
        assert len(getattr(found, name)) < n / 10


def test_everybody_counts_once_with_the_latest_sheet(demo: Study) -> None:
    taken = everybody(demo)
    sheets = demo.table("employees")
    usable = sheets[sheets[NEEDS].notna().sum(axis=1) >= 4.5]
    last = usable.sort_values("wave", kind="stable").groupby("person", sort=False).tail(1)
    assert sorted(taken.needs.index) == sorted(last.index)
    assert taken.n_excluded == len(sheets) - len(last)
    assert taken.kind == "profiles"
    assert list(taken.categories) == FIVE
    np.testing.assert_allclose(
        [np.average(taken.outcomes[name].dropna(), weights=taken.weights[taken.outcomes[name].notna()])
         for name in taken.outcomes], 0, atol=1e-9,
    )  # fmt: skip


def test_nobody_is_predicted_by_colleagues(demo: Study) -> None:
    taken = everybody(demo)
    judged = held_out(taken, seed=3)
    for fold in judged.folds:
        by_unit = pd.Series(fold).groupby(taken.groups.labels.to_numpy()).nunique()
        assert (by_unit == 1).all()
    # A unit's own values change nothing in its predictions.
    judged.add("needs", base=taken.standardised_needs())
    chosen = judged.folds[0] == 0
    moved = taken.outcomes.mask(np.repeat(chosen[:, None], taken.outcomes.shape[1], axis=1), 99.0)
    other = held_out(replace(taken, outcomes=moved), seed=3)
    other.add("needs", base=taken.standardised_needs())
    np.testing.assert_allclose(
        judged.fits["needs"][0].predictions[chosen], other.fits["needs"][0].predictions[chosen]
    )


def test_the_gain_is_the_mean_over_outcomes_of_what_is_left_less(
    demo: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = everybody(demo)
    monkeypatch.setattr(gains, "_ROWS_OF_FOLDS", 2 * len(taken.needs))
    judged = held_out(taken, seed=3)
    assert len(judged.folds) == 2
    judged.add("needs", base=taken.standardised_needs())
    table = judged.gain("needs", base="mean", conf_level=0.95)
    assert table is not None
    left = []
    for repeat in range(len(judged.folds)):
        for column in range(taken.outcomes.shape[1]):
            y = taken.outcomes.iloc[:, column].to_numpy()
            w = np.where(np.isnan(y), 0.0, taken.weights)
            squares = [
                np.average(
                    (np.nan_to_num(y) - judged.fits[name][repeat].predictions[:, column]) ** 2, weights=w
                )
                for name in ("mean", "needs")
            ]
            left.append(squares)
    mean, needs = np.mean(left, axis=0)
    assert table["estimate"].iloc[0] == pytest.approx((mean - needs) / mean, abs=1e-9)
    assert table["n"].iloc[0] == len(taken.needs)
    assert table["n_units"].iloc[0] == 30


def test_the_standard_error_of_a_gain_is_that_of_explicit_refits_with_other_weights(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    rng = np.random.default_rng(5)
    n, unit = 144, np.arange(144) // 12
    segment = rng.integers(0, 2, n)
    place = rng.integers(0, 3, 12)[unit]
    pull = 0.3 * rng.standard_normal(12)[unit] + 0.4 * (place == 1)
    taken = People(
        needs=pd.DataFrame(np.rint(3 + 2.5 * segment[:, None] + rng.standard_normal((n, 3)))),
        outcomes=pd.DataFrame(
            (0.8 * segment + pull)[:, None] * [1.0, 0.5] + rng.standard_normal((n, 2)), columns=list("yz")
        ),
        categories=pd.DataFrame({"place": place.astype(str)}),
        weights=rng.uniform(0.5, 2, n),
        groups=dependence_groups(pd.DataFrame({"unit": unit.astype(str)})),
        items=(),
        measured=(),
        kind="profiles",
        five=True,
        n_excluded=0,
    )
    monkeypatch.setattr(gains, "FOLDS", 4)
    monkeypatch.setattr(gains, "_ROWS_OF_FOLDS", 2 * n)
    judged = held_out(taken, seed=4)
    assert judged.folds.shape == (2, n)
    judged.add("segments", segments=2)

    def estimate(weights: np.ndarray) -> pd.Series:
        again = HeldOut(replace(taken, weights=weights), judged.folds, judged.seed)
        again._refits = judged._refits
        again.add("mean")
        again.add("categories", base=taken.design())
        again.add("segments", segments=2)
        table = again.gain("segments", base="categories", conf_level=0.95)
        assert table is not None
        return table.iloc[0]

    few = estimate(taken.weights)
    monkeypatch.setattr(gains, "FEW_UNITS", 0)
    found = estimate(taken.weights)
    step = 1e-5
    influence = np.array(
        [
            (
                estimate(taken.weights * (1 + step * (unit == group)))["estimate"]
                - estimate(taken.weights * (1 - step * (unit == group)))["estimate"]
            )
            / (2 * step)
            for group in range(12)
        ]
    )
    assert influence.sum() == pytest.approx(0, abs=1e-7)
    assert found["std_error"] == pytest.approx(np.sqrt(12 / 11 * (influence**2).sum()), rel=1e-4)
    # With few units a floor: what takes predictions as given, by the factor for overlapping training parts.
    monkeypatch.setattr(
        gains, "unit_gain", lambda *rows, training=None, **options: unit_gain(*rows, **options)
    )
    given = estimate(taken.weights)
    assert given["std_error"] < found["std_error"]
    assert few["std_error"] == pytest.approx(max(given["std_error"] * np.sqrt(19 / 9), found["std_error"]))
    half = stdtrit(few["df"], 0.975) * few["std_error"]
    assert few[["conf_low", "conf_high"]].tolist() == pytest.approx(
        [few["estimate"] - half, few["estimate"] + half]
    )
    assert few["p_value"] == pytest.approx(2 * stdtr(few["df"], -few["estimate"] / few["std_error"]))


def test_needs_shuffled_apart_name_no_segment(demo: Study) -> None:
    rng = np.random.default_rng(1)
    employees = demo.table("employees").copy()
    for name in NEEDS:
        employees[name] = rng.permutation(employees[name])
    shown = needs_segments(with_employees(demo, employees), conf_level=0.95, rules=RULES, seed=1)
    assert shown.finding.verdict is Verdict.NOT_TESTABLE
    assert "segments" in shown.finding.reason.message
    assert shown.sizes.empty
    assert shown.profile.empty
    assert shown.models["term"].tolist() == ["categories", "needs"]
    assert not shown.number["chosen"].any()


def test_what_is_not_measured_is_not_tested(demo: Study) -> None:
    employees = demo.table("employees")
    outcomes = ["enps", "stay", "effort", "promote"]
    categories = [v.column for v in demo.codebook.select("employees", role="category")]
    for gone in (NEEDS, outcomes, categories):
        shown = needs_segments(
            with_employees(demo, employees.drop(columns=gone)), conf_level=0.95, rules=RULES, seed=1
        )
        assert shown.finding.verdict is Verdict.NOT_TESTABLE
        assert "missing" in shown.finding.reason.message
    two = with_employees(demo, employees.drop(columns=NEEDS[2:]))
    assert "At least" in needs_segments(two, conf_level=0.95, rules=RULES, seed=1).finding.reason.message
    flat = with_employees(demo, employees.assign(**dict.fromkeys(outcomes, 4.0)))
    assert "At least" in needs_segments(flat, conf_level=0.95, rules=RULES, seed=1).finding.reason.message
    few = with_employees(demo, employees.head(150))
    assert (
        "people answered" in needs_segments(few, conf_level=0.95, rules=RULES, seed=1).finding.reason.message
    )


def test_other_categories_take_the_place_of_unknown_ones_and_gaps_are_a_category(demo: Study) -> None:
    employees = demo.table("employees").drop(columns=FIVE)
    gaps = employees.assign(contract=employees["contract"].where(employees.index % 3 > 0))
    taken = people(with_employees(demo, gaps))
    assert isinstance(taken, People)
    assert not taken.five
    assert "contract" in taken.categories
    assert OTHER in set(taken.categories["contract"])
    two = people(
        with_employees(demo, demo.table("employees").drop(columns=["function", "level", "location"]))
    )
    assert isinstance(two, People)
    assert two.five
    assert list(two.categories) == ["department", "business_unit"]


def test_without_persons_every_sheet_counts_and_averages_are_over_sheets(demo: Study) -> None:
    nameless = people(with_employees(demo, demo.table("employees").drop(columns="person")))
    assert isinstance(nameless, People)
    assert len(nameless.needs) > len(everybody(demo).needs)
    averaged = people(demo, averaged=True)
    assert isinstance(averaged, People)
    sheets = demo.table("employees")
    person = sheets.loc[averaged.needs.index[0], "person"]
    own = sheets[(sheets["person"] == person) & (sheets[NEEDS].notna().sum(axis=1) >= 4.5)]
    np.testing.assert_allclose(averaged.needs.iloc[0], own[NEEDS].astype(float).mean())


def test_cells_with_few_people_are_marked_and_a_segment_that_is_a_department_is_seen(demo: Study) -> None:
    taken = everybody(demo)
    segment = (taken.categories["function"] == "verkoop").to_numpy().astype(np.intp)
    summary, cells = overlap(taken, segment, study=demo)
    assert summary["label"].iloc[0]["en"] == "Function"
    assert summary["cramers_v"].iloc[0] == pytest.approx(1, abs=0.01)
    # Every cell is empty or full, so that each row says all about its people.
    assert (cells["least"] < 1).all()
    assert release(cells, count="least", rules=RULES).hidden.all()
    assert len(profiles(taken, segment, study=demo, conf_level=0.9)) == 18
    assert len(segment_names(taken, segment, study=demo)) == 2


def test_nothing_hidden_follows_from_the_sizes_of_the_segments(demo: Study) -> None:
    taken = everybody(demo)
    some = taken.categories.groupby("function").sample(frac=0.3, random_state=1).index
    few = replace(taken, needs=taken.needs.loc[some], categories=taken.categories.loc[some, ["function"]])
    seen = set()
    for seed in range(20):
        rng = np.random.default_rng(seed)
        segment = rng.choice(3, size=len(few.needs), p=[0.2, 0.3, 0.5])
        _, cells = overlap(few, segment, study=demo)
        shown = release(cells, count="least", rules=RULES).frame.dropna()
        # What somebody knows who subtracts all that is shown from the size of every segment.
        counts = shown[["segment_1", "segment_2", "segment_3"]].mul(shown["n"], axis=0).round()
        rest = np.bincount(segment, minlength=3) - counts.sum().to_numpy(dtype="float64")
        assert ((rest == 0) | (rest >= RULES.min_respondents)).all()
        assert rest.all() or not rest.any()
        seen.add(len(shown))
    assert len(seen) > 1


def test_a_need_that_few_of_a_segment_answered_is_left_out_and_named(demo: Study) -> None:
    taken = everybody(demo)
    segment = np.arange(len(taken.needs)) % 2
    holed = taken.needs.copy()
    holed.loc[holed.index[segment == 1][4:], "need_2"] = np.nan
    made = profiles(replace(taken, needs=holed), segment, study=demo, conf_level=0.9)
    kept, notes = answered(made, rules=RULES)
    assert kept["item"].unique().tolist() == [name for name in NEEDS if name != "need_2"]
    assert (
        notes[0].model_dump()["values"]["names"]["en"]
        == made.set_index("item")["label"]["need_2"].iloc[0]["en"]
    )
    assert answered(kept, rules=RULES)[1] == []
