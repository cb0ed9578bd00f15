"""Every estimate takes the weights: a row of weight 2 is that row twice, and the unit of the weights is nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import testability as can_test
from exresearch.findings.analyses import (
    employee_first,
    engaged_minority,
    engagement_and_cx,
    outcome_answers,
)
from exresearch.measures import link_table, weight_summary
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, generate_demo

PARAMS = Path(__file__).parents[1] / "params"
RULES = DisclosureRules()
# Sums of other rows in another order.
ROUNDING = 1e-8
LEVEL = {"conf_level": 0.95, "rules": RULES}
LINK = {
    "ex_measure": "engagement", "cx_measure": "cx", "engaged_definition": "highly_or_moderately",
    "engaged_threshold": 5.0, "min_unit_n": 5,
}  # fmt: skip


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The files of a demo company of 24 units and two waves."""
    folder = tmp_path_factory.mktemp("weights") / "tables"
    files = generate_demo(folder, seed=5, settings=DemoSettings(n_units=24, n_waves=2))
    return {name: str(file) for name, file in files.items()}


@pytest.fixture(scope="module")
def demo(tables: dict[str, str]) -> Study:
    """That company, with weights that differ enough to matter."""
    study = load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None})
    rng = np.random.default_rng(3)
    weighted = {
        name: study.table(name).assign(weight=rng.uniform(0.5, 2.0, len(study.table(name))))
        for name in ("employees", "customers")
    }
    return replace(study, tables=study.tables | weighted)


def analysed(study: Study) -> dict[str, Any]:
    """All analyses of a study."""
    link = {"ex_alternative": "satisfaction", "leader_share": 0.25, "set_apart": "unit_type=kantoor"}
    mean = {"ex_measure": "satisfaction", "ex_alternative": ""}
    return {
        "link": engagement_and_cx(study, **LINK, **link, **LEVEL, n_boot=200, seed=1),
        "mean_link": engagement_and_cx(study, **(LINK | link | mean), **LEVEL, n_boot=200, seed=1),
        "minority": engaged_minority(
            study, engaged_definition="highly_or_moderately", engaged_threshold=5.0, **LEVEL
        ),
        "threshold": engaged_minority(study, engaged_definition="threshold", engaged_threshold=5.0, **LEVEL),
        "drivers": employee_first(study, n_boot=200, n_imputations=0, seed=1, **LEVEL),
        "outcomes": outcome_answers(study, enps_variant="us", **LEVEL),
        "outcomes_eu": outcome_answers(study, enps_variant="eu", **LEVEL),
        "table": link_table(study, **LINK),
    }


def numbers(value: Any, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number in a result, by its path; rows of frames by their texts."""
    if isinstance(value, pd.DataFrame):
        texts = [
            name
            for name in value
            if isinstance(value[name].dtype, pd.StringDtype) or value[name].dtype == object
        ]
        for position, row in enumerate(value.to_dict("records")):
            label = "/".join(str(row[name]) for name in texts if isinstance(row[name], str)) or str(position)
            for name, cell in row.items():
                yield from numbers(cell, f"{path}[{label}].{name}")
    elif isinstance(value, dict):
        for name, cell in value.items():
            yield from numbers(cell, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for position, cell in enumerate(value):
            key = cell.get("term") or cell.get("driver") if isinstance(cell, dict) else None
            outcome = cell.get("outcome", "") if isinstance(cell, dict) else ""
            yield from numbers(cell, f"{path}.{outcome}{key or position}")
    elif hasattr(value, "model_dump"):
        yield from numbers(value.model_dump(), path)
    elif hasattr(value, "__dataclass_fields__"):
        for name in value.__dataclass_fields__:
            yield from numbers(getattr(value, name), f"{path}.{name}")
    elif isinstance(value, int | float | np.number) and not isinstance(value, bool):
        yield path, float(value)


def flat(results: dict[str, Any]) -> dict[str, float]:
    return dict(numbers(results))


# What is an estimate, and not an interval, a test, a rank or a count.
ESTIMATES = (
    "estimate", "importance", "share", "promoters", "passives", "detractors", "r_squared", "ex", "cx", "value", "enps",
    "stay", "effort", "promote",
)  # fmt: skip


def estimates(results: dict[str, Any]) -> dict[str, float]:
    """The estimates alone."""
    return {path: value for path, value in flat(results).items() if path.rpartition(".")[2] in ESTIMATES}


@pytest.fixture(scope="module")
def found(demo: Study) -> dict[str, Any]:
    """Its results."""
    return analysed(demo)


def test_all_kinds_of_estimates_are_compared(found: dict[str, Any]) -> None:
    paths = " ".join(estimates(found))
    for part in (
        ".link.finding.estimate", ".link.finding.robustness.correlation.estimate", "change_on_change.estimate",
        "ratio_units_alike.estimate", "ratio_highly.estimate", "correlation_set_apart.estimate",
        "correlation_alternative.estimate", ".link.units[", ".link.contrast[", ".link.association[",
        ".mean_link.finding.estimate", ".minority.finding.estimate", ".minority.bands[",
        ".minority.finding.robustness.share_highly.estimate", ".threshold.finding.estimate",
        ".drivers.finding.components.enps.estimate", "relative_weights.estimate", "_first.estimate", "_last.estimate",
        "_blocks.estimate", ".drivers.importance[", ".drivers.differences[", ".drivers.correlations[",
        ".outcomes.distribution[", ".outcomes.score[", ".outcomes_eu.score[", ".table.units[", ".table.panel[",
    ):  # fmt: skip
        assert part in paths, part
    assert len(estimates(found)) > 300


def test_a_weight_of_two_is_a_row_twice(demo: Study, found: dict[str, Any]) -> None:
    rng = np.random.default_rng(8)
    heavier, doubled = {}, {}
    for name in ("employees", "customers"):
        frame = demo.table(name)
        chosen = pd.Series(rng.random(len(frame)) < 0.4, index=frame.index)
        heavier[name] = frame.assign(weight=frame["weight"].where(~chosen, 2 * frame["weight"]))
        doubled[name] = pd.concat([frame, frame[chosen]], ignore_index=True)
    expected = estimates(analysed(replace(demo, tables=demo.tables | doubled)))
    got = estimates(analysed(replace(demo, tables=demo.tables | heavier)))
    assert got.keys() == expected.keys()
    off = {
        path: (got[path], expected[path])
        for path in got
        if not np.isclose(got[path], expected[path], rtol=0, atol=ROUNDING, equal_nan=True)
    }
    # What goes by the sampling error of a unit counts answers: one of weight 2 is less certain than two that agree.
    by_error = ("disattenuated", ".slopes.notes.", ".slopes.table[weighted/")
    counts = {path for path in off if any(part in path for part in by_error)}
    assert counts
    assert off.keys() - counts == set()
    assert [path for path in counts if off[path][0] != pytest.approx(off[path][1], rel=0.1)] == []
    # And it is not the estimate without these weights.
    plain = estimates(found)
    same = [
        path
        for path in got.keys() & plain.keys()
        if np.isclose(got[path], plain[path], rtol=0, atol=ROUNDING)
    ]
    assert [path for path in same if ".finding.estimate" in path or ".components." in path] == []


def differences(got: dict[str, float], expected: dict[str, float]) -> dict[str, tuple[float, float]]:
    """All numbers that differ, intervals and tests included; sums of weights are in the unit of the weights."""
    assert got.keys() == expected.keys()
    return {
        path: (got[path], expected[path])
        for path in got
        if not path.endswith("size")
        and not np.isclose(got[path], expected[path], rtol=1e-7, atol=ROUNDING, equal_nan=True)
    }


def test_the_unit_of_the_weights_is_nothing(demo: Study, found: dict[str, Any]) -> None:
    scaled = {name: demo.table(name) for name in ("employees", "customers")}
    scaled = {name: frame.assign(weight=0.01 * frame["weight"]) for name, frame in scaled.items()}
    assert differences(flat(analysed(replace(demo, tables=demo.tables | scaled))), flat(found)) == {}


def test_equal_weights_are_no_weights(demo: Study) -> None:
    names = ("employees", "customers")
    without = {name: demo.table(name).drop(columns="weight") for name in names}
    alike = {name: demo.table(name).assign(weight=3.0) for name in names}
    got, expected = (flat(analysed(replace(demo, tables=demo.tables | part))) for part in (alike, without))
    assert differences(got, expected) == {}


def test_imputation_takes_the_weights(demo: Study) -> None:
    # A part of the sheets, for chained equations take their time.
    sheets = demo.table("employees")
    sheets = sheets[(sheets["wave"] == demo.waves[0]) & (sheets["unit"] <= "U012")]
    first, scaled, other = (
        flat(
            {
                "imputed": employee_first(
                    replace(demo, tables=demo.tables | {"employees": sheets.assign(weight=weight)}),
                    n_boot=200,
                    n_imputations=2,
                    seed=1,
                    **LEVEL,
                )
            }
        )
        for weight in (sheets["weight"], 0.01 * sheets["weight"], sheets["weight"] ** 3)
    )
    assert differences(scaled, first) == {}
    imputed = [path for path in first if "_imputed" in path and path.endswith(".estimate")]
    assert len(imputed) == 4
    assert [path for path in imputed if abs(other[path] - first[path]) < ROUNDING] == []


def test_power_counts_the_answers_that_weights_leave(demo: Study) -> None:
    sheets = demo.table("employees").drop_duplicates("person")
    weights = pd.Series([1.0, 3.0] * (len(sheets) // 2 + 1), index=None)[: len(sheets)].to_numpy()
    for hypothesis in ("engaged-minority", "employee-first"):
        with_weights, without, fewer = (
            can_test(replace(demo, tables=demo.tables | {"employees": part}), hypothesis).detectable_effect
            for part in (
                sheets.assign(weight=weights),
                sheets.drop(columns="weight"),
                # Weights of 1 and 3 leave (1 + 3)^2 / 2 (1 + 9) = 0.8 of the answers.
                sheets.drop(columns="weight").head(round(0.8 * len(sheets))),
            )
        )
        assert with_weights is not None
        assert without is not None
        assert fewer is not None
        assert (with_weights.n, without.n) == (len(sheets), len(sheets))
        assert with_weights.value == pytest.approx(fewer.value, rel=2e-3)
        assert with_weights.value > 1.05 * without.value


def test_a_raked_study_has_other_estimates(tables: dict[str, str]) -> None:
    margins = {"contract": {"vast": 0.4, "tijdelijk": 0.3, "inhuur": 0.3}}
    weighting = {"employees": {"margins": margins}}
    plain, raked = (
        load_study(PARAMS / "demo.yaml", overrides={"tables": tables, "synthetic": None} | more)
        for more in ({}, {"weighting": weighting})
    )
    sheets = raked.table("employees")
    # Leavers are no part of the staff that the margins describe.
    staff = sheets[sheets["phase"] == "employee"]
    shares = staff.groupby(["wave", "contract"])["weight"].sum() / staff.groupby("wave").size()
    for contract, share in margins["contract"].items():
        assert shares.xs(contract, level="contract").tolist() == pytest.approx([share] * 2, abs=1e-9)
    total = sheets[["eng_1", "eng_2", "eng_3"]].sum(axis=1, skipna=False).dropna()
    expected = np.average(total >= 16, weights=sheets.loc[total.index, "weight"])
    options: dict[str, Any] = {
        "engaged_definition": "highly_or_moderately",
        "engaged_threshold": 5.0,
        **LEVEL,
    }
    before, after = (engaged_minority(study, **options).finding.estimate for study in (plain, raked))
    assert after == pytest.approx(expected, abs=ROUNDING)
    assert abs(after - before) > 1e-3
    assert weight_summary(raked).set_index(["table", "wave"]).loc[("employees", "all"), "design_effect"] > 1.2
