"""What stands beside the link of engagement and customer experience: planted truth, noise, and lacking data."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm

from exresearch.disclosure import DisclosureRules
from exresearch.findings.analyses import LinkDetails, engagement_and_cx, link_details
from exresearch.findings.analyses.linkage.covariates import OTHER_KINDS, unit_kinds
from exresearch.findings.analyses.linkage.levels import link_levels
from exresearch.findings.analyses.linkage.shape import link_shape
from exresearch.models import katz_interval
from exresearch.models.regression import linear_regression
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
NHS = (
    Path(__file__).parents[1].parent
    / "shared"
    / "data"
    / "nhs_ex_cx_linked"
    / "staff_x_inpatient_2021_2022.csv"
)
RULES = DisclosureRules()
ROUNDING = 1e-9
# The mixed model of the other implementation stops its search at about this distance.
SEARCH = 1e-4
SETTINGS: dict[str, Any] = {
    "cx_measure": "cx", "leader_share": 0.25, "set_apart": "", "engaged_definition": "highly_or_moderately",
    "engaged_threshold": 5.0, "min_unit_n": 5, "conf_level": 0.95, "n_boot": 200, "seed": 1,
}  # fmt: skip

RESAMPLING = {name: SETTINGS[name] for name in ("n_boot", "conf_level", "seed")}


def company(folder: Path, **settings: Any) -> Study:
    files = generate_demo(folder, seed=11, settings=DemoSettings(**settings))
    tables = {name: str(file) for name, file in files.items()}
    return load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})


def linked(
    study: Study, *, ex_measure: str = "engagement", moderator: str = "customer_contact", **change: Any
) -> Any:
    """The verdict, and what stands beside it."""
    options = SETTINGS | change
    found = engagement_and_cx(study, ex_measure=ex_measure, ex_alternative="", rules=RULES, **options)
    return found, link_details(study, found, moderator=moderator, rules=RULES, **options)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return company(tmp_path_factory.mktemp("demo"), n_units=120, n_waves=2, mean_headcount=24)


@pytest.fixture(scope="module")
def beside(demo: Study) -> tuple[Any, LinkDetails]:
    return linked(demo)


@pytest.fixture(scope="module")
def nothing(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, LinkDetails]:
    return linked(
        company(tmp_path_factory.mktemp("null"), n_units=50, n_waves=2, mean_headcount=20, effect_scale=0.0)
    )


def rows(frame: pd.DataFrame, **wanted: Any) -> pd.DataFrame:
    for name, value in wanted.items():
        frame = frame[frame[name] == value]
    return frame


def names_held(details: LinkDetails) -> str:
    """What is held constant in the adjusted slope."""
    label = details.slopes.table.set_index("term").loc["adjusted", "label"]
    return str(label.model_dump()["values"]["names"]["en"])


def messages(notes: list[Any]) -> str:
    return " ".join(note.message for note in notes)


def test_every_definition_and_cut_has_both_intervals(beside: tuple[Any, LinkDetails]) -> None:
    found, details = beside
    table = details.contrasts
    assert len(table) == 2 * 3 * 3
    assert list(table["definition"].unique()) == ["highly", "highly_or_moderately"]
    deciding = rows(table, definition="highly_or_moderately", cut=0.25, term="ratio").iloc[0]
    numbers = (deciding["estimate"], deciding["conf_low"], deciding["conf_high"], deciding["n"])
    finding = found.finding
    assert numbers == pytest.approx(
        (finding.estimate, finding.conf_low, finding.conf_high, finding.n), abs=ROUNDING
    )
    # Katz by hand, from the thirty units at each end of 120.
    units = found.table.units.sort_values("cx")
    weight = units["ex_size"] * units["ex_n"].sum() / units["ex_size"].sum()
    ends = [slice(90, 120), slice(0, 30)]
    counts = [float((units["ex"] * weight).iloc[end].sum()) for end in ends]
    sizes = [float(weight.iloc[end].sum()) for end in ends]
    katz = katz_interval(counts[0], sizes[0], counts[1], sizes[1])
    assert (deciding["estimate"], deciding["simple_low"], deciding["simple_high"]) == pytest.approx(
        katz, abs=ROUNDING
    )
    ratios = rows(table, term="ratio")
    wider = np.log(ratios["conf_high"] / ratios["conf_low"]) / np.log(
        ratios["simple_high"] / ratios["simple_low"]
    )
    assert (wider > 1).all()
    assert (table["comparable"] == (table["definition"] == "highly_or_moderately")).all()


def test_the_published_ratio_has_the_interval_of_its_kind() -> None:
    assert katz_interval(75, 100, 49, 100) == pytest.approx((1.53, 1.22, 1.93), abs=0.005)


def test_slopes_against_least_squares(demo: Study, beside: tuple[Any, LinkDetails]) -> None:
    found, details = beside
    slopes, units = details.slopes.table.set_index("term"), found.table.units
    z = (units[["ex", "cx"]] - units[["ex", "cx"]].mean()) / units[["ex", "cx"]].std()
    raw = sm.OLS(z["cx"], sm.add_constant(z["ex"])).fit(cov_type="HC3", use_t=True)
    assert slopes.loc["raw", ["estimate", "std_error"]].tolist() == pytest.approx(
        [raw.params["ex"], raw.bse["ex"]], abs=ROUNDING
    )
    assert slopes.loc["raw", ["conf_low", "conf_high"]].tolist() == pytest.approx(
        raw.conf_int().loc["ex"].tolist(), abs=ROUNDING
    )
    weighted = sm.WLS(z["cx"], sm.add_constant(z["ex"]), weights=units["cx_n"]).fit(
        cov_type="HC3", use_t=True
    )
    assert slopes.loc["weighted", "estimate"] == pytest.approx(weighted.params["ex"], abs=ROUNDING)
    table = demo.table("units")
    size = np.log(table["headcount"].astype(float).groupby(table["unit"]).mean())
    kinds = {one.column: one.members for one in unit_kinds(demo, units)}
    held = [pd.get_dummies(kinds[name].reset_index(drop=True), dtype=float, drop_first=True).add_prefix(name)
            for name in ("unit_type", "business_unit")]  # fmt: skip
    columns = pd.concat([z["ex"], units["unit"].map(size).rename("size"), *held], axis=1)
    assert names_held(details) == "employees on the payroll, type of unit, business unit"
    adjusted = sm.OLS(z["cx"], sm.add_constant(columns)).fit(cov_type="HC3", use_t=True)
    assert slopes.loc["adjusted", ["estimate", "std_error"]].tolist() == pytest.approx(
        [adjusted.params["ex"], adjusted.bse["ex"]], abs=ROUNDING
    )
    assert {"panel", "panel_adjusted"} <= set(slopes.index)
    panel, spread = found.table.panel, found.table.units[["ex", "cx"]].std()
    moved = panel.assign(
        ex=panel["ex"] / spread["ex"],
        cx=panel["cx"] / spread["cx"],
        later=(panel["wave"] == demo.waves[1]) * 1.0,
    )
    same = linear_regression(moved, outcome="cx", predictors=["ex", "later"], cluster="unit").table.iloc[1]
    assert same["term"] == "ex"
    for name in ("estimate", "std_error", "conf_low", "conf_high"):
        assert slopes.loc["panel", name] == pytest.approx(same[name], abs=ROUNDING)
    assert slopes.loc["disattenuated", "estimate"] > slopes.loc["raw", "estimate"]
    terms = {record.term: record for record in found.finding.robustness}
    assert terms["slope_adjusted"].estimate == slopes.loc["adjusted", "estimate"]
    assert terms["slope_disattenuated"].conf_high == slopes.loc["disattenuated", "conf_high"]


def test_the_kind_of_unit_is_found_to_confound(beside: tuple[Any, LinkDetails]) -> None:
    types = beside[1].types
    table = rows(types.table, category="unit_type").set_index("term")
    # Kinds are planted to differ on both sides in the same direction.
    assert table.loc["slope_between", "estimate"] > table.loc["slope_within", "estimate"] > 0
    assert table.loc["correlation_means", "estimate"] > 0.5
    assert types.category == "unit_type"
    assert set(types.units["kind"]) <= {"winkel", "servicebalie", "bezorging", "kantoor", OTHER_KINDS}


def test_customer_contact_strengthens_the_link_as_planted(beside: tuple[Any, LinkDetails]) -> None:
    shape = beside[1].shape
    estimate, low, high = shape.interaction() or (0.0, 0.0, 0.0)
    assert low > 0
    # Planted is 0.15, on the scale of the true values.
    error = rows(shape.table, part="moderation", term="interaction")["std_error"].iloc[0]
    assert abs(estimate - 0.15) < 3 * error
    assert high - low < 0.5
    slopes = rows(shape.table, part="moderation", term="slope")["estimate"].tolist()
    assert slopes == sorted(slopes)
    assert shape.regions["slope"].iloc[-1] == "positive"
    assert not shape.notes


def test_a_bend_is_found_where_there_is_one_only(demo: Study, beside: tuple[Any, LinkDetails]) -> None:
    table = beside[0].table
    ex = table.units["ex"]
    noise = np.random.default_rng(2).normal(0, 0.1, len(ex))
    for cx, bent in ((6 + 2 * ex + noise, False), (6 + 5 * np.minimum(ex, ex.median()) + noise, True)):
        changed = replace(table, units=table.units.assign(cx=cx))
        shape = link_shape(demo, changed, moderator="", resampling=RESAMPLING)
        change = rows(shape.table, part="dose", term="slope_change").iloc[0]
        assert (shape.curvature < 0.001) == bent
        assert (change["conf_high"] < 0) == bent
        assert set(shape.curve["model"]) == {"linear", "spline"}
        # The curve is back on the scales of the units.
        middle = shape.curve[shape.curve["model"] == "linear"]
        assert middle["estimate"].mean() == pytest.approx(cx.mean(), abs=0.2)
        assert rows(shape.table, part="quantiles")["term"].tolist() == ["slope", "slope", "slope_difference"]


def test_the_two_levels_against_another_mixed_model(beside: tuple[Any, LinkDetails]) -> None:
    found, details = beside
    panel, spread = found.table.panel, found.table.units[["ex", "cx"]].std()
    data = panel.assign(ex=panel["ex"] / spread["ex"], cx=panel["cx"] / spread["cx"])
    data["between"] = data.groupby("unit")["ex"].transform("mean")
    data["within"] = data["ex"] - data["between"]
    other = sm.MixedLM.from_formula("cx ~ within + between + C(wave)", groups="unit", data=data).fit(
        reml=True
    )
    table = details.levels.table.set_index("term")
    for term, name in (("ex_within", "within"), ("ex_between", "between")):
        assert table.loc[term, "estimate"] == pytest.approx(other.params[name], abs=SEARCH)
    variance = float(other.cov_re.iloc[0, 0])
    assert details.levels.icc == pytest.approx(variance / (variance + other.scale), abs=1e-3)
    assert table.loc["ex_between", "conf_low"] > 0
    assert not details.levels.boundary
    assert "lies between units" in details.levels.notes[0].message


def test_no_variance_left_between_units_is_said_in_words(
    demo: Study, beside: tuple[Any, LinkDetails]
) -> None:
    found, _ = beside
    rng = np.random.default_rng(3)
    # What is left differs from wave to wave, and a unit's waves pull apart.
    noise = pd.Series(rng.normal(size=len(found.table.panel)))
    noise -= noise.groupby(found.table.panel["unit"].to_numpy()).transform("mean")
    panel = found.table.panel.assign(cx=found.table.panel["ex"].to_numpy() + noise.to_numpy())
    levels = link_levels(replace(found.table, panel=panel), conf_level=0.95)
    assert levels.boundary
    assert levels.icc == 0.0
    assert 0.0 < levels.icc_high < 0.3
    note = levels.notes[0]
    assert note.message.startswith("The variance between units is estimated as zero")
    assert note.model_dump()["values"] == {"level": 0.95, "high": levels.icc_high}


def test_funnels_show_small_units_scatter(beside: tuple[Any, LinkDetails]) -> None:
    funnels = {one.side: one for one in beside[1].funnels}
    assert list(funnels) == ["cx", "ex"]
    one = funnels["ex"]
    assert one.centre == pytest.approx(
        np.average(one.units["value"], weights=one.units["people"]), abs=ROUNDING
    )
    assert set(one.units) == {"unit", "value", "people", "answers", "linked", "outside", "extreme", "small"}
    assert int(one.units["extreme"].sum()) == 24
    assert one.units["linked"].all()
    assert one.units["answers"].sum() == beside[0].finding.n
    # Nobody answers twice as two people.
    assert one.units["people"].sum() <= beside[0].finding.n


def test_nothing_planted_is_not_found(nothing: tuple[Any, LinkDetails]) -> None:
    found, details = nothing
    assert found.finding.verdict.value not in ("supported", "contradicted")
    held = details.slopes.table[details.slopes.table["term"] != "disattenuated"]
    assert (held["conf_low"] < 0).sum() >= len(held) - 1
    _, low, high = details.shape.interaction() or (0.0, -1.0, 1.0)
    assert low < 0 < high
    levels = details.levels.table.set_index("term")
    assert levels.loc["ex_within", "conf_low"] < 0 < levels.loc["ex_within", "conf_high"]
    assert details.shape.curvature > 0.01


def aggregated(*, errors: bool, counts: bool, waves: int = 2) -> pd.DataFrame:
    rng = np.random.default_rng(8)
    true = rng.normal(size=30)
    parts = [
        pd.DataFrame(
            {
                "team": [f"T{i:02d}" for i in range(30)], "year": str(2021 + wave),
                "happy": 60 + 8 * true + rng.normal(0, 3, 30), "served": 7 + 0.5 * true + rng.normal(0, 0.3, 30),
                "kind": ["shop", "desk", "hub"] * 10,
            }
        )
        for wave in range(waves)
    ]  # fmt: skip
    table = pd.concat(parts, ignore_index=True)
    if counts:
        table = table.assign(
            happy_n=rng.integers(20, 90, len(table)), served_n=rng.integers(20, 90, len(table))
        )
    return table.assign(served_se=0.3) if errors else table


def table_study(client: Any, table: pd.DataFrame) -> Study:
    entry = client.entry
    client.settings["tables"] = {"units": "units.csv"}
    client.tables = {"units": table}
    more = {"n_column": "happy_n"} if "happy_n" in table else {}
    also = {"n_column": "served_n"} if "served_n" in table else {}
    also |= {"std_error_column": "served_se"} if "served_se" in table else {}
    percent = {"kind": "percent", "minimum": 0, "maximum": 100}
    entries = [
        entry("units", "team", "unit"), entry("units", "year", "wave"), entry("units", "kind", "category"),
        entry("units", "happy", "measure", construct="happy", **percent, **more),
        entry("units", "served", "measure", construct="served", kind="mean", minimum=0, maximum=10, **also),
    ]  # fmt: skip
    client.variables = {one["column"]: one for one in entries}
    return client.load()


@pytest.mark.parametrize(
    ("given", "sources", "weighted"),
    [
        ({"errors": True, "counts": True}, ("share", "std_error"), "one over the squared standard error"),
        ({"errors": False, "counts": True}, ("share", "waves"), "number of customers’ answers"),
        ({"errors": False, "counts": False}, ("waves", "waves"), None),
        ({"errors": False, "counts": False, "waves": 1}, ("unknown", "unknown"), None),
    ],
)
def test_a_table_of_units_is_a_full_citizen(
    client: Any, given: dict[str, Any], sources: tuple[str, str], weighted: str | None
) -> None:
    study = table_study(client, aggregated(**given))
    found, details = linked(study, ex_measure="happy", moderator="", cx_measure="served")
    assert found.finding.verdict.value == "supported"
    assert tuple(details.slopes.precision[side].source for side in ("ex", "cx")) == sources
    slopes = details.slopes.table.set_index("term")
    assert ("disattenuated" in slopes.index) == ("unknown" not in sources)
    assert ("weighted" in slopes.index) == (weighted is not None)
    if weighted:
        assert weighted in slopes.loc["weighted", "label"].message
    assert names_held(details) == "kind"
    assert rows(details.contrasts, term="ratio")["estimate"].gt(1).all()
    assert details.contrasts["simple_low"].notna().all() == given["counts"]
    assert not details.contrasts["comparable"].any()
    if given.get("waves") == 1:
        assert "With one wave" in messages(details.levels.notes)
        assert "says nothing about the sampling error" in messages(details.slopes.notes)
    else:
        assert details.levels.table["n_rows"].iloc[0] == 60
    assert "No property of the units is named" in messages(details.shape.notes)
    drawn = {one.side for one in details.funnels}
    assert drawn == ({"ex", "cx"} if given["errors"] else {"ex"} if given["counts"] else set())


def test_hospitals_have_a_link_between_and_none_within() -> None:
    if not NHS.exists():
        pytest.skip("the shared table of hospitals is not here")
    study = load_study(PARAMS / "public" / "nhs_trusts.yaml", overrides={"tables": {"units": str(NHS)}})
    found, details = linked(
        study, ex_measure="not_burned_out", cx_measure="inpatient_experience", moderator="", min_unit_n=30,
        set_apart="Benchmarking group=Acute Specialist Trusts",
    )  # fmt: skip
    assert found.finding.verdict.value == "supported"
    levels = details.levels.table.set_index("term")
    assert levels.loc["ex_between", "conf_low"] > 0.3
    assert levels.loc["ex_within", "conf_low"] < 0 < levels.loc["ex_within", "conf_high"]
    kinds = rows(details.types.table, category="Benchmarking group").set_index("term")
    assert kinds.loc["slope_change", "conf_high"] < 0
    assert details.types.category == "Benchmarking group"
    assert len(details.contrasts) == 9


def test_too_few_units_have_nothing_beside(client: Any) -> None:
    table = aggregated(errors=False, counts=True)
    few = table[table["team"] < "T08"]
    found, details = linked(table_study(client, few), ex_measure="happy", moderator="", cx_measure="served")
    assert found.finding.verdict.value == "not_testable"
    assert details is None


def test_a_moderator_that_is_no_measure_is_said(demo: Study, beside: tuple[Any, LinkDetails]) -> None:
    shape = link_shape(demo, beside[0].table, moderator="weather", resampling=RESAMPLING)
    assert "is not a measure of the units" in messages(shape.notes)
    assert shape.interaction() is None


def test_small_kinds_are_put_together(demo: Study, beside: tuple[Any, LinkDetails]) -> None:
    units = beside[0].table.units.copy()
    units["unit_type"] = ["a"] * 60 + ["b"] * 50 + ["c"] * 4 + ["d"] * 6
    kinds = {one.column: one.members for one in unit_kinds(demo, units)}
    # Four units of c do not make five, so the smallest other kind joins them.
    assert kinds["unit_type"].value_counts().to_dict() == {"a": 60, "b": 50, OTHER_KINDS: 10}
    units["unit_type"] = ["a"] * 118 + ["b", "c"]
    assert "unit_type" not in {one.column for one in unit_kinds(demo, units)}
