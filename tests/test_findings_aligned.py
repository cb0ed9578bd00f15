"""Ready, willing and able: against refits unit by unit, on planted truth and its reverse, on noise, without data.

The demo is loaded here, so that what it says of people and of peers is set beside its truth here too.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml
from statsmodels.regression.linear_model import WLS

from exresearch.disclosure import DisclosureRules
from exresearch.findings import Note, Verdict
from exresearch.findings.analyses import (
    AlignedWorkforce,
    aligned_workforce,
    peers_carry_peers,
    people_not_process,
    promise_delivered,
)
from exresearch.findings.analyses.aligned.checks import rescored
from exresearch.findings.analyses.aligned.claim import CONSTRUCTS
from exresearch.findings.analyses.aligned.rivals import sign_of
from exresearch.findings.analyses.answer_sheets import answer_sheets, other_half, within_groups
from exresearch.findings.analyses.people.checks import ProcessChecks
from exresearch.study import Study, load_study

ROOT = Path(__file__).parents[1]
RULES = DisclosureRules()
PARTS = ["readiness", "willingness", "ability", "alignment"]
OPTIONS = {"conf_level": 0.95, "seed": 1, "rules": RULES}


@pytest.fixture(scope="module")
def demo() -> Study:
    return load_study(ROOT / "params" / "demo.yaml")


@pytest.fixture(scope="module")
def whole(demo: Study) -> AlignedWorkforce:
    return aligned_workforce(demo, conf_level=0.95, seed=2016, rules=RULES)


@pytest.fixture(scope="module")
def small(demo: Study) -> Study:
    frame = demo.table("employees")
    units = sorted(frame["unit"].dropna().unique())[:24]
    return with_sheets(demo, frame[frame["unit"].isin(units) & frame["wave"].isin(demo.waves[:2])])


def with_sheets(study: Study, frame: pd.DataFrame) -> Study:
    return replace(study, tables=study.tables | {"employees": frame})


def truth(hypothesis: str, name: str) -> float:
    implied = yaml.safe_load((ROOT / "data" / "demo" / "truth.yaml").read_text(encoding="utf-8"))["implied"]
    return float(implied[hypothesis][name]["value"])


def scores(frame: pd.DataFrame) -> pd.DataFrame:
    behaviour = pd.concat([frame["behaviour_1"], 8 - frame["behaviour_2"]], axis=1).mean(axis=1)
    raw = frame[PARTS].assign(behaviour=behaviour, w=frame["weight"], unit=frame["unit"], wave=frame["wave"])
    raw = raw.dropna()
    for name in (*PARTS, "behaviour"):
        mean = np.average(raw[name], weights=raw["w"])
        raw[name] = (raw[name] - mean) / np.sqrt(np.average((raw[name] - mean) ** 2, weights=raw["w"]))
    return raw


def gain(raw: pd.DataFrame) -> float:
    r, w, a = raw["readiness"], raw["willingness"], raw["ability"]
    base = raw[PARTS].assign(one=1.0, wave=(raw["wave"] == raw["wave"].max()) * 1.0)
    more = base.assign(
        rw=r * w, ra=r * a, wa=w * a, rwa=r * w * a, low=raw[PARTS[:3]].min(axis=1),
        m=raw["alignment"] * raw[PARTS[:3]].mean(axis=1),
    )  # fmt: skip
    fits = [WLS(raw["behaviour"], x, weights=raw["w"]).fit().rsquared for x in (base, more)]
    return float(fits[1] - fits[0])


def test_the_gain_is_that_of_refits_unit_by_unit(small: Study) -> None:
    finding = aligned_workforce(small, **OPTIONS).finding
    raw = scores(small.table("employees"))
    left = np.array([gain(raw[raw["unit"] != unit]) for unit in sorted(raw["unit"].unique())])
    size = len(left)
    assert finding.estimate == pytest.approx(size * gain(raw) - (size - 1) * left.mean(), abs=1e-8)
    error = np.sqrt((size - 1) / size * ((left - left.mean()) ** 2).sum())
    assert finding.std_error == pytest.approx(error, rel=1e-6)
    assert (finding.n, finding.n_units) == (len(raw), size)
    assert finding.n_excluded == len(small.table("employees")) - len(raw) > 0


def test_the_demo_holds_what_was_planted(whole: AlignedWorkforce, demo: Study) -> None:
    finding = whole.finding
    assert finding.verdict is Verdict.SUPPORTED
    assert finding.conf_low < truth("aligned-workforce", "product_gain") < finding.conf_high
    checks = {record.term: record for record in finding.robustness}
    for term, name in (("product", "products"), ("minimum", "minimum"), ("moderation", "moderation")):
        value, record = truth("aligned-workforce", f"{name}_gain"), checks[f"gain_{term}"]
        assert abs(record.estimate - value) < 3 * record.std_error
    # The weakest link was planted, not a product.
    assert checks["weakest_over_product"].conf_low > 0
    even, lagging = (
        whole.groups.query("kind == @kind")["estimate"].to_numpy() for kind in ("even", "lagging")
    )
    assert (even > lagging).all()
    assert whole.parts["vif"].between(1.0, 1.2).all()
    kept = promise_delivered(demo, conf_level=0.95, n_boot=199, seed=2016, rules=RULES).finding
    assert kept.verdict is Verdict.SUPPORTED
    assert abs(kept.estimate - truth("promise-delivered", "incongruence_slope")) < 3 * kept.std_error


def test_people_and_peers_of_the_demo_are_near_their_truth(
    demo: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyses = "exresearch.findings.analyses."
    # What stands beside a verdict takes most of the time, and has tests of its own.
    monkeypatch.setattr(f"{analyses}people.process.process_checks", lambda *_, **__: ProcessChecks(()))
    monkeypatch.setattr(f"{analyses}peers.carry.peer_checks", lambda *_, **__: ())
    monkeypatch.setattr(f"{analyses}peers.carry.ambassador_records", lambda *_, **__: ((), []))
    common = {"min_unit_n": 5, "conf_level": 0.95, "rules": RULES}
    process = people_not_process(demo, n_boot=99, seed=1, **common).finding
    names = {"autonomy": "autonomy_slope", "standardisation": "standardisation_interaction"}
    for part in process.components:
        assert part.conf_low < truth("people-not-process", names[part.term]) < part.conf_high
    peers = peers_carry_peers(demo, enps_variant="us", **common).finding
    assert peers.conf_low < truth("peers-carry-peers", "peer_effect") < peers.conf_high
    assert {process.verdict, peers.verdict} == {Verdict.SUPPORTED}


def test_people_who_make_up_for_what_they_lack_speak_against_it(small: Study) -> None:
    frame = small.table("employees").copy()
    best = frame[PARTS[:3]].max(axis=1)
    frame["behaviour_1"], frame["behaviour_2"] = best, 8 - best
    finding = aligned_workforce(with_sheets(small, frame), **OPTIONS).finding
    assert finding.verdict is Verdict.CONTRADICTED
    assert finding.estimate < 0
    turned = {record.term: record.estimate for record in finding.robustness}
    assert turned["gain_minimum"] < 0


def test_noise_is_not_called_interplay(small: Study) -> None:
    rng = np.random.default_rng(1)
    frame = small.table("employees").copy()
    total = frame[PARTS].sum(axis=1) / 4
    for name, turn in (("behaviour_1", 1), ("behaviour_2", -1)):
        frame[name] = np.clip(np.rint(4 + turn * (total - 4) + rng.normal(size=len(frame))), 1, 7)
    finding = aligned_workforce(with_sheets(small, frame), **OPTIONS).finding
    assert finding.verdict in (Verdict.INCONCLUSIVE, Verdict.EQUIVALENT)


def test_without_units_persons_are_kept_together_and_without_persons_sheets(small: Study) -> None:
    frame = small.table("employees").drop(columns="unit")
    for data, people in ((frame, frame["person"].nunique()), (frame.drop(columns="person"), len(frame))):
        found = aligned_workforce(with_sheets(small, data), **OPTIONS)
        assert found.finding.tested
        assert found.finding.n_units is None
        terms = {record.term for record in found.finding.robustness}
        assert "gain_within" not in terms
        assert found.models["n"].iloc[0] <= people * 2


def test_what_cannot_be_tested_says_why(small: Study) -> None:
    flat = small.table("employees").assign(ability=4.0)
    reason = aligned_workforce(with_sheets(small, flat), **OPTIONS).finding.reason
    message = "Answers on “{measure}” hardly differ between people."
    assert reason == Note(message=message, values={"measure": small.codebook.label("ability")})
    kept = tuple(v for v in small.codebook.variables if v.column != "alignment")
    lacking = replace(
        with_sheets(small, small.table("employees").drop(columns="alignment")),
        codebook=replace(small.codebook, variables=kept),
    )
    found = aligned_workforce(lacking, **OPTIONS)
    assert found.finding.verdict is Verdict.NOT_TESTABLE
    assert found.models.empty
    few = small.table("employees").head(120)
    assert aligned_workforce(with_sheets(small, few), **OPTIONS).finding.verdict is Verdict.NOT_TESTABLE


def test_groups_are_plain_means_and_small_ones_are_left_out(small: Study) -> None:
    found = aligned_workforce(small, **OPTIONS).groups
    sheets = answer_sheets(small, CONSTRUCTS)
    assert not isinstance(sheets, Note)
    mean, low = sheets.frame[PARTS[:3]].mean(axis=1), sheets.frame[PARTS[:3]].min(axis=1)
    top = mean.index[(mean.rank() - 0.5) / len(mean) >= 0.8]
    gap = (mean - low)[top]
    lags = gap.index[(gap.rank() - 0.5) / len(gap) >= 2 / 3]
    weight = small.table("employees").loc[lags, "weight"]
    row = found[(found["kind"] == "lagging") & (found["level"] == 5)].iloc[0]
    assert row["estimate"] == pytest.approx(np.average(sheets.raw.loc[lags, "behaviour"], weights=weight))
    strict = replace(RULES, min_respondents=10_000)
    assert aligned_workforce(small, conf_level=0.95, seed=1, rules=strict).groups.empty


def test_the_sign_is_that_of_the_weakest_part(small: Study) -> None:
    sheets = answer_sheets(small, CONSTRUCTS)
    assert not isinstance(sheets, Note)
    assert sign_of(rescored(sheets)) == 1.0


def test_colleagues_of_the_other_half_and_what_is_left_within_units(small: Study) -> None:
    sheets = answer_sheets(small, CONSTRUCTS)
    assert not isinstance(sheets, Note)
    others = other_half(small, sheets, ["readiness"], least=3, seed=5)
    assert not isinstance(others, Note)
    frame = small.table("employees").loc[sheets.frame.index]
    codes, _ = pd.factorize(frame["person"], sort=True)
    half = pd.Series(np.random.default_rng(5).permutation(codes.max() + 1)[codes] % 2, frame.index)
    expected = {}
    for row in others.frame.index[:25]:
        same = (frame["unit"] == frame.loc[row, "unit"]) & (frame["wave"] == frame.loc[row, "wave"])
        told = same & (half != half[row])
        expected[row] = np.average(sheets.frame.loc[told, "readiness"], weights=frame.loc[told, "weight"])
    found = others.frame.loc[list(expected), "readiness"]
    assert np.corrcoef(found, list(expected.values()))[0, 1] == pytest.approx(1.0)
    # What is asked of people themselves is left as it is.
    assert others.frame["behaviour"].equals(sheets.frame.loc[others.frame.index, "behaviour"])
    inside = within_groups(sheets, ["ability"])
    assert inside is not None
    weighted = (inside["ability"] * frame["weight"]).groupby(frame["unit"]).sum()
    assert np.allclose(weighted, 0.0, atol=1e-9)


def test_order_of_rows_changes_nothing(small: Study) -> None:
    turned = with_sheets(small, small.table("employees").sample(frac=1.0, random_state=1))
    one, other = aligned_workforce(small, **OPTIONS), aligned_workforce(turned, **OPTIONS)
    assert one.finding.estimate == pytest.approx(other.finding.estimate, abs=1e-10)
    pd.testing.assert_frame_equal(one.groups, other.groups)
