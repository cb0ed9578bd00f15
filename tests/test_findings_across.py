"""Findings of several clients held together: scales, what is alike, pools, drivers, waves, contributions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pydantic import ValidationError

from exresearch.disclosure import DisclosureRules
from exresearch.findings import EstimateRecord, Finding, Note, Verdict, conclude
from exresearch.findings.across import (
    ClientReport,
    DriverMoments,
    changes,
    from_scale,
    pool_drivers,
    pool_hypothesis,
    ranked_drivers,
    to_scale,
)
from exresearch.findings.across.scales import NotOnScale
from exresearch.findings.conclude import conclude_conjunction, estimand_for
from exresearch.models import importance_replicates, unit_moments
from exresearch.models.pooling import pool_estimates

RULES = DisclosureRules()
SETTINGS = {
    "engaged_definition": "highly",
    "engaged_threshold": 5.0,
    "leader_share": 0.25,
    "cx_measure": "cx",
}


def record(
    estimate: float, error: float, *, unit: str, term: str = "x", std_error: bool = True
) -> EstimateRecord:
    low, high = estimate - 1.96 * error, estimate + 1.96 * error
    if unit == "ratio":
        low, high = (
            estimate * math.exp(-1.96 * error / estimate),
            estimate * math.exp(1.96 * error / estimate),
        )
    null = {"ratio": 1.0, "share": 0.5}.get(unit, 0.0)
    p_value = 0.001 if not low <= null <= high else 0.5
    return EstimateRecord(
        term=term, label=Note(message=term), unit_of_measurement=unit, estimate=estimate, conf_low=low,
        conf_high=high, conf_level=0.95, std_error=error if std_error else None, p_value=p_value, n=200, n_units=20,
        method=Note(message="m"),
    )  # fmt: skip


def ratio(estimate: float, error: float = 0.15, **options: Any) -> Finding:
    return conclude(
        record(estimate, error, unit="ratio", **options),
        hypothesis="engagement-cx",
        estimand=estimand_for("engagement-cx", ex_construct="engagement"),
        n_excluded=0,
        rules=RULES,
    )


def same(one: Any, other: Any) -> None:
    names = (
        "estimate",
        "std_error",
        "conf_low",
        "conf_high",
        "expect_low",
        "expect_high",
        "p_value",
        "tau2",
        "i2",
    )
    assert one.k == other.k
    for name in names:
        assert getattr(one, name) == pytest.approx(getattr(other, name), rel=1e-6, abs=1e-9), name


def client(
    *findings: Finding, name: str = "a", settings: dict[str, Any] | None = None, **more: Any
) -> ClientReport:
    return ClientReport(
        client=name,
        label={"nl": name, "en": name},
        findings={finding.hypothesis: finding for finding in findings},
        settings={"02_engagement_and_cx": SETTINGS | (settings or {})},
        **more,
    )


@pytest.mark.parametrize(
    ("unit", "estimate", "slope"),
    [("ratio", 2.0, 0.5), ("share", 0.2, 6.25), ("correlation", 0.6, 1 / 0.64), ("points", 12.0, 1.0)],
)
def test_scales_go_there_and_back(unit: str, estimate: float, slope: float) -> None:
    placed = to_scale(unit, estimate, conf_low=0.1, conf_high=0.9, conf_level=0.95, std_error=0.1)
    assert from_scale(unit, placed.estimate) == pytest.approx(estimate)
    assert placed.std_error == pytest.approx(0.1 * slope)
    ends = [from_scale(unit, placed.estimate + side * 1.959964 * 0.2) for side in (-1, 1)]
    derived = to_scale(unit, estimate, conf_low=ends[0], conf_high=ends[1], conf_level=0.95, std_error=None)
    assert derived.std_error == pytest.approx(0.2, rel=1e-6)
    assert (placed.from_interval, derived.from_interval) == (False, True)


@pytest.mark.parametrize(
    ("unit", "estimate", "error"), [("share", 1.0, 0.1), ("ratio", 0.0, 0.1), ("points", 3.0, 0.0)]
)
def test_what_has_no_place_on_a_scale_is_refused(unit: str, estimate: float, error: float) -> None:
    with pytest.raises(NotOnScale):
        to_scale(unit, estimate, conf_low=0.0, conf_high=1.0, conf_level=0.95, std_error=error)


def test_ratios_are_pooled_as_logarithms_and_decided_by_the_declared_rule() -> None:
    values = [1.5, 1.8, 1.4, 1.7]
    pooled = pool_hypothesis("engagement-cx", [client(ratio(v), name=str(v)) for v in values])
    part = pooled.parts[0]
    assert part.pooled is not None
    alone = pool_estimates(np.log(values), [0.15 / v for v in values], test="adhoc")
    same(part.pooled, alone)
    assert part.back(part.pooled.estimate) == pytest.approx(math.exp(alone.estimate))
    assert (pooled.verdict, part.verdict) == (Verdict.SUPPORTED, Verdict.SUPPORTED)
    assert pooled.client_verdicts == (Verdict.SUPPORTED,) * 4
    assert sorted(part.against) == [0, 1, 2, 3]
    same(
        part.against[0].others,
        pool_estimates(np.log(values[1:]), [0.15 / v for v in values[1:]], test="adhoc"),
    )
    assert part.without is not None
    assert len(part.without) == 4


def test_clients_that_are_not_alike_are_left_out_and_told_why() -> None:
    clients = [client(ratio(1.5 + 0.1 * at), name=str(at)) for at in range(3)]
    clients += [client(ratio(1.4), name="share", settings={"leader_share": 0.33})]
    clients += [client(ratio(1.4), name="engaged", settings={"engaged_definition": "threshold"})]
    # The threshold says nothing where nobody is judged by it.
    clients += [client(ratio(1.6), name="idle", settings={"engaged_threshold": 6.0}), client(name="none")]
    part = pool_hypothesis("engagement-cx", clients).parts[0]
    assert [one.client for one in part.estimates] == [0, 1, 2, 5]
    assert [(one.client, one.differs) for one in part.left_out] == [
        (3, ("leader_share",)),
        (4, ("engaged_definition", "engaged_threshold")),
        (6, ()),
    ]
    assert part.left_out[2].reason == Note(message="Its report does not decide this claim.")
    # Of sets that are as large the one with the client that asks is pooled.
    pair = [client(ratio(1.5), settings={"leader_share": share}) for share in (0.25, 0.33)]
    assert [one.client for one in pool_hypothesis("engagement-cx", pair, first=1).parts[0].estimates] == [1]


def test_two_clients_are_no_ground_for_a_verdict() -> None:
    pooled = pool_hypothesis("engagement-cx", [client(ratio(1.5)), client(ratio(1.8))])
    part = pooled.parts[0]
    assert pooled.verdict is Verdict.NOT_TESTABLE
    assert part.pooled is not None
    assert part.pooled.k == 2
    assert part.reason is not None
    assert dict(part.reason)["values"] == {"n": 2, "all": 2, "least": 3}
    assert (part.without, part.against) == (None, {})
    three = pool_hypothesis("engagement-cx", [client(ratio(v)) for v in (1.5, 1.8, 1.6)]).parts[0]
    assert three.testable
    assert three.against == {}


def test_parts_of_a_claim_are_corrected_together() -> None:
    def finding(ex: float, cx: float) -> Finding:
        parts = {name: record(v, 0.1, unit="standardised", term=name) for name, v in (("ex", ex), ("cx", cx))}
        return conclude_conjunction(parts, hypothesis="programme-effect", n_excluded=0, rules=RULES)

    clients = [client(finding(0.4 + d, 0.31 - d)) for d in (0.0, 0.05, 0.1)]
    pooled = pool_hypothesis("programme-effect", clients)
    assert [part.term for part in pooled.parts] == ["ex", "cx"]
    p_values = [part.pooled.p_value for part in pooled.parts if part.pooled is not None]
    assert [part.p_adjusted for part in pooled.parts] == pytest.approx([2 * p_values[0], p_values[1]])


def contributed(
    seed: int, n: int = 400, *, names: tuple[str, ...] = ("a", "b", "c"), shift: float = 0.0
) -> DriverMoments:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3)) + rng.normal(size=(n, 1)) + shift
    y = x @ [0.8, 0.4, 0.1] + rng.normal(size=n)
    data = pd.DataFrame(
        {"y": y, **{name: x[:, at] for at, name in enumerate("abc")}, "unit": np.arange(n) // 20}
    )
    moments = unit_moments(data, columns=["y", "a", "b", "c"], cluster="unit")
    found = importance_replicates(
        moments, outcome="y", drivers=["a", "b", "c"], methods=("lmg",), n_boot=200, seed=1
    )
    z = np.column_stack([np.ones(n), y, x])
    items = [
        {
            "name": name,
            "label": {"en": name, "nl": name},
            "block": "other",
            "group": None,
            "minimum": 1.0,
            "maximum": 7.0,
        }
        for name in ("enps", *names)
    ]
    return DriverMoments.model_validate_json(
        DriverMoments(
            outcome=items[0],  # type: ignore[arg-type]
            drivers=tuple(items[1:]),  # type: ignore[arg-type]
            n=n,
            n_people=n,
            n_units=n // 20,
            resampled="unit",
            weighted=False,
            moments=tuple(tuple(row) for row in (z.T @ z).tolist()),
            importance=tuple(found.estimate["lmg"].tolist()),
            covariance=tuple(tuple(row) for row in np.cov(found.replicates["lmg"], rowvar=False).tolist()),
            r_squared=found.r_squared,
        ).as_text()
    )


def test_drivers_are_pooled_from_moments_as_from_all_rows() -> None:
    found = [contributed(seed, shift=3.0 * seed) for seed in range(4)]
    clients = [client(name=str(at), drivers=one) for at, one in enumerate(found)]
    pooled = pool_drivers([*clients, client(name="none")])
    assert pooled.clients == (0, 1, 2, 3)
    assert [driver.construct for driver in pooled.drivers] == ["a", "b", "c"]
    assert pooled.left_out == ((4, Note(message="It contributed no moments.")),)
    # All answers about their own client's means, put together: the pooled moments say the same.
    rows = []
    for seed in range(4):
        rng = np.random.default_rng(seed)
        x = rng.normal(size=(400, 3)) + rng.normal(size=(400, 1)) + 3.0 * seed
        y = x @ [0.8, 0.4, 0.1] + rng.normal(size=400)
        both = np.column_stack([y, x])
        rows.append(both - both.mean(axis=0))
    whole = pd.DataFrame(np.concatenate(rows), columns=["y", "a", "b", "c"])
    theirs = importance_replicates(
        unit_moments(whole, columns=["y", "a", "b", "c"]), outcome="y", drivers=["a", "b", "c"], methods=("lmg",),
        n_boot=200, seed=1,
    )  # fmt: skip
    assert [driver.together for driver in pooled.drivers] == pytest.approx(
        theirs.estimate["lmg"].tolist(), rel=1e-9
    )
    for at, driver in enumerate(pooled.drivers):
        shares = [one.importance[at] for one in found]
        errors = [one.std_errors()[at] for one in found]
        same(driver.mean, pool_estimates(shares, errors, test="adhoc"))
        assert driver.together_low < driver.together < driver.together_high
        assert driver.ranks == (at + 1,) * 4
    assert sum(driver.together for driver in pooled.drivers) == pytest.approx(theirs.r_squared, rel=1e-9)


def test_drivers_of_other_constructs_are_compared_by_rank_alone() -> None:
    clients = [client(drivers=contributed(at)) for at in range(2)]
    clients += [client(drivers=contributed(5, names=("a", "b", "other")))]
    pooled = pool_drivers(clients)
    assert pooled.drivers == ()
    assert pooled.reason is not None
    assert dict(pooled.reason)["values"] == {"n": 2, "all": 3, "least": 3}
    assert pooled.left_out == ((2, Note(message="Its drivers are not the same constructs.")),)
    assert ranked_drivers(clients) == ()


def test_a_contribution_checks_itself() -> None:
    good = contributed(1)
    assert DriverMoments.model_validate_json(good.as_text()) == good
    for change, text in (
        ({"n_people": 29}, "greater than or equal to 30"),
        ({"importance": (0.1, 0.2)}, "importance and covariance must be of the 3 drivers."),
        ({"moments": good.moments[:-1]}, "moments must be 5 by 5: 1, the outcome and each driver."),
        ({"drivers": (good.drivers[0],) * 3}, "two drivers measure the same construct."),
    ):
        with pytest.raises(ValidationError) as caught:
            DriverMoments.model_validate({**good.model_dump(), **change})
        assert text in str(caught.value)


def test_a_change_between_waves_has_an_interval_where_it_is_honest() -> None:
    before = client(ratio(1.5, 0.15), inputs={"employees: a": "1"})
    after = client(ratio(1.8, 0.18), inputs={"employees: b": "2"})
    row = changes(before, after)[0]
    error = math.hypot(0.15 / 1.5, 0.18 / 1.8)
    assert row.as_ratio
    assert row.change == pytest.approx(1.2)
    assert row.conf_low == pytest.approx(1.2 * math.exp(-1.959964 * error), rel=1e-6)
    assert row.p_value == pytest.approx(math.erfc(math.log(1.2) / error / math.sqrt(2)))
    shared = client(ratio(1.8), inputs={"employees: b": "2", "customers: c": "1"})
    other = client(ratio(1.8), inputs={"employees: b": "2"}, settings={"leader_share": 0.33})
    weightless = client(ratio(1.8, std_error=False), inputs={"employees: b": "2"})
    said = [changes(before, one)[0].reason for one in (shared, other)]
    assert [note.message[:19] for note in said if note is not None] == [
        "Not independent: bo",
        "Not the same number",
    ]
    assert changes(before, shared)[0].change is None
    assert changes(before, weightless)[0].change == pytest.approx(1.2)
