"""The registry of hypotheses and the ledger of published figures: complete, consistent, and clear when wrong."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import BaseModel, ValidationError

from exresearch.findings.claims import claims_for, load_claims, parse_claims
from exresearch.findings.registry import (
    DIRECTION_VERDICTS,
    Alternative,
    Needs,
    Registry,
    UnknownHypothesis,
    load_registry,
    parse_registry,
)

DESIGN = Path(__file__).parents[1].parent / "shared" / "design" / "hypotheses.md"
IDS = (
    "engagement-cx", "engaged-minority", "employee-first", "ex-precedes-cx", "two-way", "vicious-circle", "balance",
    "engagement-chain", "aligned-workforce", "promise-delivered", "journey-moments", "needs-segments",
    "human-experience", "business-outcomes", "talent-magnet", "people-not-process", "pay-is-not-enough",
    "peers-carry-peers", "beyond-clicks", "programme-effect",
)  # fmt: skip
# 1 / 1.10 written with 16 digits is symmetric with 1.10 to rounding.
ROUNDING = 1e-12
# Titles are headings and claims are table rows, so both have a length.
TITLE_WORDS = range(3, 7)
CLAIM_WORDS = range(8, 30)


@pytest.fixture(scope="module")
def content() -> dict[str, Any]:
    text = files("exresearch.findings").joinpath("hypotheses.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


@pytest.fixture(scope="module")
def ledger() -> dict[str, Any]:
    text = files("exresearch.findings").joinpath("claims.yaml").read_text(encoding="utf-8")
    return dict(yaml.safe_load(text))


def texts(value: Any, place: str) -> list[tuple[str, str, str]]:
    """All pairs of Dutch and English text inside a model, with the place where each was found."""
    if isinstance(value, BaseModel):
        fields = type(value).model_fields
        if set(fields) == {"nl", "en"}:
            dutch, english = getattr(value, "nl"), getattr(value, "en")  # noqa: B009 - the model is not known here
            if isinstance(dutch, str):
                return [(place, dutch, english)]
            return [(f"{place}.{i}", *pair) for i, pair in enumerate(zip(dutch, english, strict=True))]
        return [found for name in fields for found in texts(getattr(value, name), f"{place}.{name}")]
    if isinstance(value, tuple):
        return [found for i, item in enumerate(value) for found in texts(item, f"{place}.{i}")]
    if isinstance(value, dict):
        return [found for key, item in value.items() for found in texts(item, f"{place}.{key}")]
    return []


def exactly(message: str) -> str:
    """Return a pattern that only the whole message matches."""
    return f"^{re.escape(message)}$"


def design_rows() -> dict[str, list[str]]:
    if not DESIGN.exists():
        pytest.skip("the design documents are not beside this checkout (../shared/design/hypotheses.md)")
    rows = re.findall(r"^\| `([a-z-]+)` \|(.*)\|$", DESIGN.read_text(encoding="utf-8"), flags=re.MULTILINE)
    return {name: cells.split(" | ") for name, cells in rows}


def test_registry_holds_every_hypothesis_in_reading_order() -> None:
    registry = load_registry()
    assert registry.ids == IDS
    assert len(registry) == len(IDS)
    assert all(name in registry for name in IDS)
    assert "engagement" not in registry
    assert load_registry() is registry


def test_registry_holds_the_ids_and_articles_of_the_design() -> None:
    rows = design_rows()
    assert load_registry().ids == tuple(rows)
    for name, cells in rows.items():
        articles = tuple(sorted(set(re.findall(r"\b00[0-4]\b", cells[0]))))
        assert load_registry()[name].article == articles, name


def test_every_text_of_registry_and_ledger_is_said_in_both_languages() -> None:
    found = texts(load_registry(), "registry") + [
        t for figure in load_claims() for t in texts(figure, figure.id)
    ]
    assert len(found) > 250
    for place, dutch, english in found:
        assert dutch.strip(), place
        assert english.strip(), place
    # A sentence that is the same in both languages has been left untranslated; single words may coincide.
    same = [place for place, dutch, english in found if dutch == english and len(dutch.split()) > 3]
    assert same == []


@pytest.mark.parametrize("name", IDS)
def test_titles_and_claims_fit_a_heading_and_a_table_row(name: str) -> None:
    hypothesis = load_registry()[name]
    for language in ("nl", "en"):
        assert len(hypothesis.title[language].split()) in TITLE_WORDS
        assert len(hypothesis.claim[language].split()) in CLAIM_WORDS


@pytest.mark.parametrize("name", IDS)
def test_smallest_effects_are_symmetric_about_the_null_on_their_scale(name: str) -> None:
    for estimand in load_registry()[name].estimands:
        scale: Callable[[float], float] = math.log if estimand.scale == "log" else float
        null, low, high = (
            scale(estimand.null),
            scale(estimand.smallest_effect.low),
            scale(estimand.smallest_effect.high),
        )
        assert null - low == pytest.approx(high - null, abs=ROUNDING)
        assert (estimand.scale == "log") == (
            estimand.unit in ("ratio", "odds_ratio", "hazard_ratio", "rate_ratio")
        )


def test_engagement_decides_by_ratio_and_a_proxy_by_correlation() -> None:
    hypothesis = load_registry()["engagement-cx"]
    ratio = hypothesis.deciding(ex_construct="engagement")
    assert (ratio.name, ratio.unit, ratio.scale, ratio.null, ratio.direction) == (
        "ratio",
        "ratio",
        "log",
        1,
        "greater",
    )
    assert ratio.smallest_effect.low == pytest.approx(1 / 1.1, abs=ROUNDING)
    assert ratio.smallest_effect.high == 1.1
    for proxy in ("not_burned_out", None):
        correlation = hypothesis.deciding(ex_construct=proxy)
        assert (correlation.name, correlation.null, correlation.direction) == ("correlation", 0, "greater")
        assert (correlation.smallest_effect.low, correlation.smallest_effect.high) == (-0.1, 0.1)
    assert hypothesis.needs.min_units == 10


def test_the_share_of_engaged_employees_is_held_against_one_half() -> None:
    share = load_registry()["engaged-minority"].deciding()
    assert (share.name, share.null, share.direction) == ("share", 0.5, "less")
    assert (share.smallest_effect.low, share.smallest_effect.high) == (0.45, 0.55)


def test_employee_first_is_a_conjunction_of_four_outcomes_in_one_holm_family() -> None:
    hypothesis, family = load_registry()["employee-first"], load_registry().family_of("employee-first")
    assert hypothesis.rule == "conjunction"
    assert (family.id, family.correction) == ("employee-first-outcomes", "holm")
    assert hypothesis.components == tuple(family.components) == ("enps", "stay", "effort", "promote")
    for outcome in hypothesis.components:
        estimand = hypothesis.deciding(component=outcome)
        assert (estimand.name, estimand.unit, estimand.null, estimand.direction) == (
            "lmg_difference",
            "variance_share",
            0,
            "greater",
        )
        assert (estimand.smallest_effect.low, estimand.smallest_effect.high) == (-0.02, 0.02)


def test_direction_questions_have_five_verdicts_and_three_waves() -> None:
    asked = [hypothesis for hypothesis in load_registry().hypotheses if hypothesis.direction_verdicts]
    assert [hypothesis.id for hypothesis in asked] == ["ex-precedes-cx", "two-way", "vicious-circle"]
    for hypothesis in asked:
        assert hypothesis.direction_verdicts == DIRECTION_VERDICTS
        assert hypothesis.needs.min_waves >= 3


def test_notebooks_name_their_hypotheses() -> None:
    registry = load_registry()
    assert [h.id for h in registry.in_notebook("02_engagement_and_cx")] == [
        "engagement-cx",
        "engaged-minority",
    ]
    assert [h.id for h in registry.in_notebook("03_enps_drivers")] == ["employee-first"]
    assert registry.in_notebook("90_summary") == ()
    assert len({hypothesis.notebook for hypothesis in registry.hypotheses}) == 9


def test_an_unknown_hypothesis_names_the_nearest_and_all_legal_ids() -> None:
    with pytest.raises(UnknownHypothesis) as caught:
        load_registry()["engagment-cx"]
    assert isinstance(caught.value, KeyError)
    assert str(caught.value) == (
        "hypothesis 'engagment-cx' is not in the registry; the nearest id is 'engagement-cx'. Legal ids: "
        "engagement-cx, engaged-minority, employee-first, ex-precedes-cx, two-way, vicious-circle, "
        "balance, engagement-chain, "
        "aligned-workforce, promise-delivered, journey-moments, needs-segments, human-experience, "
        "business-outcomes, "
        "talent-magnet, people-not-process, pay-is-not-enough, peers-carry-peers, beyond-clicks, "
        "programme-effect."
    )
    with pytest.raises(UnknownHypothesis):
        claims_for("engagment-cx")
    with pytest.raises(UnknownHypothesis):
        load_registry().family_of("engagment-cx")


def test_a_component_must_be_declared() -> None:
    with pytest.raises(
        ValueError,
        match=exactly(
            "employee-first: component None is not declared; legal components: enps, stay, effort, promote."
        ),
    ):
        load_registry()["employee-first"].deciding()
    with pytest.raises(
        ValueError,
        match=exactly(
            "engaged-minority: component 'enps' is not declared; legal components: none, this hypothesis "
            "has one number."
        ),
    ):
        load_registry()["engaged-minority"].deciding(component="enps")


def test_a_language_must_be_dutch_or_english() -> None:
    with pytest.raises(KeyError, match=re.escape("language must be one of en, nl; got 'fr'.")):
        load_registry()["balance"].title["fr"]


def test_the_registry_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="Instance is frozen"):
        load_registry()["balance"].estimands[0].null = 1.0


@pytest.mark.parametrize(
    ("roles", "constructs", "parts", "missing"),
    [
        (
            {},
            {},
            (),
            (
                "table units",
                "role unit in units",
                "role measure in units",
                "part ex of units",
                "part cx of units",
            ),
        ),
        ({"units": ["unit", "measure"]}, {}, ("ex",), ("part cx of units",)),
        ({"units": ["unit", "measure"]}, {}, ("ex", "cx"), ()),
        (
            {"employees": ["unit"], "customers": ["unit"]},
            {"employees": ["engagement"], "customers": ["cx"]},
            (),
            (),
        ),
        (
            {"employees": ["unit"], "customers": []},
            {"employees": ["engagement"], "customers": ["cx"]},
            (),
            ("role unit in customers",),
        ),
        (
            {"employees": ["unit"], "units": ["unit", "measure"]},
            {"employees": ["burnout"]},
            ("cx",),
            ("construct engagement in employees",),
        ),
    ],
)
def test_what_is_missing_is_said_for_the_nearest_set_of_data(
    roles: dict[str, list[str]],
    constructs: dict[str, list[str]],
    parts: tuple[str, ...],
    missing: tuple[str, ...],
) -> None:
    assert (
        load_registry()["engagement-cx"].needs.missing(roles=roles, constructs=constructs, parts=parts)
        == missing
    )


def test_needs_refuse_tables_that_are_not_listed() -> None:
    with pytest.raises(
        ValidationError, match=re.escape("constructs and roles may name listed tables only; got customers.")
    ):
        Alternative(tables=("employees",), constructs={"customers": ("cx",)})
    with pytest.raises(
        ValidationError, match=re.escape("parts are measures of the table units; list that table.")
    ):
        Alternative(tables=("employees",), parts=("ex",))
    with pytest.raises(ValidationError, match="min_waves"):
        Needs(any_of=(Alternative(tables=("employees",)),), min_units=0, min_waves=0, min_respondents=0)


def first(content: dict[str, Any]) -> dict[str, Any]:
    hypothesis: dict[str, Any] = content["hypotheses"][0]
    return hypothesis


def spoil_null(content: dict[str, Any]) -> None:
    first(content)["estimands"][0]["null"] = 1.2


def spoil_log(content: dict[str, Any]) -> None:
    first(content)["estimands"][0]["smallest_effect"]["low"] = -0.5


def spoil_family(content: dict[str, Any]) -> None:
    first(content)["family"] = "linkage"


def spoil_language(content: dict[str, Any]) -> None:
    first(content)["title"]["nl"] = " "
    del first(content)["claim"]["en"]


def spoil_id(content: dict[str, Any]) -> None:
    content["hypotheses"].append(copy.deepcopy(first(content)))


def spoil_key(content: dict[str, Any]) -> None:
    first(content)["noteboek"] = "02_engagement_and_cx"


def spoil_type(content: dict[str, Any]) -> None:
    first(content)["needs"]["min_units"] = "ten"


def spoil_direction(content: dict[str, Any]) -> None:
    first(content)["direction_verdicts"] = list(DIRECTION_VERDICTS)


def spoil_direction_allowed(content: dict[str, Any]) -> None:
    first(content)["needs"]["min_waves"] = 3
    first(content)["direction_verdicts"] = list(DIRECTION_VERDICTS)


def spoil_direction_order(content: dict[str, Any]) -> None:
    content["hypotheses"][3]["direction_verdicts"] = ["both", "neither"]


def spoil_direction_lost(content: dict[str, Any]) -> None:
    content["hypotheses"][3]["direction_verdicts"] = []


def spoil_phrases(content: dict[str, Any]) -> None:
    first(content)["rivals"]["nl"].pop()


def spoil_fallback(content: dict[str, Any]) -> None:
    del first(content)["estimands"][1]


def spoil_twice(content: dict[str, Any]) -> None:
    del first(content)["estimands"][0]["ex_construct"]


def spoil_when(content: dict[str, Any]) -> None:
    del first(content)["estimands"][1]["when"]


def spoil_component(content: dict[str, Any]) -> None:
    content["hypotheses"][2]["estimands"][0]["components"] = ["enps", "profit"]


def spoil_mixture(content: dict[str, Any]) -> None:
    content["hypotheses"][3]["estimands"][0]["components"] = []


def spoil_rule(content: dict[str, Any]) -> None:
    content["hypotheses"][2]["rule"] = "single"


def spoil_correction(content: dict[str, Any]) -> None:
    content["families"][2]["correction"] = "none"


def spoil_unused(content: dict[str, Any]) -> None:
    content["families"].append({"id": "spare", "label": {"nl": "over", "en": "spare"}, "correction": "none"})


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (
            spoil_null,
            "hypotheses.0.estimands.0: estimand 'ratio': the smallest effect of interest must lie on "
            "both sides of the null "
            "1.2; got 0.9090909090909091 to 1.1.",
        ),
        (
            spoil_log,
            "hypotheses.0.estimands.0: estimand 'ratio': on a log scale every bound is above 0; got -0.5 "
            "to 1.1.",
        ),
        (
            spoil_language,
            "hypotheses.0.title.nl: String should match pattern '^\\S(.*\\S)?$'; hypotheses.0.claim.en: "
            "Field required",
        ),
        (spoil_id, "hypothesis ids must be unique; given more than once: engagement-cx."),
        (spoil_key, "hypotheses.0.noteboek: Extra inputs are not permitted"),
        (spoil_type, "hypotheses.0.needs.min_units: Input should be a valid integer"),
        (
            spoil_direction,
            "hypotheses.0: hypothesis 'engagement-cx': direction needs at least 3 waves; got 1.",
        ),
        (
            spoil_direction_allowed,
            "hypothesis 'engagement-cx': direction_verdicts belong to families marked 'direction: true' "
            "and to no other; "
            "family 'engagement-cx' has direction false.",
        ),
        (
            spoil_direction_order,
            "hypotheses.3: hypothesis 'ex-precedes-cx': a direction question has exactly the verdicts "
            "ex_first, cx_first, "
            "both, neither, undetermined_by_design; got both, neither.",
        ),
        (
            spoil_direction_lost,
            "hypothesis 'ex-precedes-cx': direction_verdicts belong to families marked 'direction: true' "
            "and to no other; "
            "family 'direction' has direction true.",
        ),
        (
            spoil_phrases,
            "hypotheses.0.rivals: nl has 5 phrases and en has 6; give both lists the same phrases.",
        ),
        (
            spoil_fallback,
            "hypotheses.0: hypothesis 'engagement-cx': no estimand without ex_construct to fall back on.",
        ),
        (
            spoil_twice,
            "hypotheses.0: hypothesis 'engagement-cx': two estimands decide the same component under the "
            "same condition.",
        ),
        (
            spoil_when,
            "hypotheses.0: hypothesis 'engagement-cx': with more than one estimand each says when it "
            "decides.",
        ),
        (
            spoil_component,
            "hypothesis 'employee-first': family 'employee-first-outcomes' has no component profit; it "
            "has: enps, stay, "
            "effort, promote.",
        ),
        (
            spoil_mixture,
            "hypotheses.3: hypothesis 'ex-precedes-cx': either every estimand names components or none does.",
        ),
        (
            spoil_rule,
            "hypotheses.2: hypothesis 'employee-first': rule 'conjunction' goes with two or more "
            "components and 'single' with "
            "fewer; got 'single' with 4.",
        ),
        (
            spoil_correction,
            "families.2: family 'employee-first-outcomes': 'holm' goes with two or more components, and "
            "'none' with fewer or with direction; got "
            "'none' with 4.",
        ),
        (spoil_unused, "families without a hypothesis: spare."),
    ],
)
def test_a_wrong_registry_is_refused_with_the_place_and_the_remedy(
    content: dict[str, Any], spoil: Callable[[dict[str, Any]], None], message: str
) -> None:
    spoilt = copy.deepcopy(content)
    spoil(spoilt)
    with pytest.raises(ValueError, match=exactly(f"hypotheses.yaml: {message}")):
        parse_registry(yaml.safe_dump(spoilt, allow_unicode=True, sort_keys=False))


def test_an_undeclared_family_is_refused_with_all_declared_ones(content: dict[str, Any]) -> None:
    spoilt = copy.deepcopy(content)
    spoil_family(spoilt)
    declared = ", ".join(family["id"] for family in content["families"])
    with pytest.raises(
        ValueError,
        match=exactly(
            f"hypotheses.yaml: hypothesis 'engagement-cx': family 'linkage' is not declared; declared: {declared}."
        ),
    ):
        parse_registry(yaml.safe_dump(spoilt, allow_unicode=True, sort_keys=False))


def test_an_unspoilt_copy_is_read_back_the_same(content: dict[str, Any], ledger: dict[str, Any]) -> None:
    registry = parse_registry(yaml.safe_dump(content, allow_unicode=True, sort_keys=False))
    assert isinstance(registry, Registry)
    assert registry == load_registry()
    assert parse_claims(yaml.safe_dump(ledger, allow_unicode=True, sort_keys=False)) == load_claims()


def test_figures_are_those_that_were_published() -> None:
    values = {figure.id: figure.value for figure in load_claims()}
    leaders, laggards = 0.75, 0.49
    # Two decimals are what is published; the figures must follow from the two shares.
    assert values["temkin-2016-ratio"] == round(leaders / laggards, 2)
    assert values["temkin-2016-odds-ratio"] == round(leaders / (1 - leaders) / (laggards / (1 - laggards)), 2)
    assert values["temkin-2016-difference"] == pytest.approx(leaders - laggards, abs=ROUNDING)
    assert values["temkin-2012-ratio"] == 2.5
    split = [values[f"temkin-2016-{band}"] for band in ("highly", "moderately", "slightly", "disengaged")]
    assert split == [0.26, 0.31, 0.23, 0.21]
    assert [values[f"temkin-index-{band}"] for band in ("highly", "moderately", "slightly")] == [19, 16, 13]
    gallup = [
        values[f"gallup-2012-{band}"]
        for band in ("engaged", "not-engaged", "actively-disengaged", "87-per-cent")
    ]
    assert gallup == [0.13, 0.63, 0.24, 0.87]
    assert [values[f"gallup-{name}"] for name in ("2022-engaged", "2024-engaged", "2024-europe")] == [
        0.23,
        0.21,
        0.13,
    ]
    assert [values["gallup-2012-eps-high"], values["gallup-2012-eps-low"]] == [1.47, -0.02]
    questionpro = [values[f"questionpro-{name}"] for name in ("enps", "promoters", "detractors")]
    assert questionpro == [14, 0.42, 0.28]
    meta = [values[f"harter-2002-{name}"] for name in ("customer", "turnover", "productivity", "profit")]
    assert meta == [0.33, -0.3, 0.25, 0.17]
    assert [values["glassdoor-2019-all"], values["glassdoor-2019-high-contact"]] == [1.3, 3.2]


def test_only_one_published_figure_may_stand_beside_the_ratio_and_none_beside_the_correlation() -> None:
    beside = {
        estimand: [figure.id for figure in claims_for("engagement-cx") if figure.estimand == estimand]
        for estimand in ("ratio", "correlation")
    }
    assert beside == {"ratio": ["temkin-2016-ratio"], "correlation": []}
    benchmarks = [
        (figure.year, figure.value) for figure in claims_for("engaged-minority") if figure.estimand == "share"
    ]
    assert benchmarks == [(2012, 0.13), (2022, 0.23), (2024, 0.21), (2024, 0.13)]


def test_a_hypothesis_without_published_figures_has_none() -> None:
    assert claims_for("needs-segments") == ()


def claim(ledger: dict[str, Any], **changes: Any) -> str:
    figure = copy.deepcopy(ledger["claims"][0]) | changes
    return yaml.safe_dump({"claims": [figure]}, allow_unicode=True, sort_keys=False)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"hypotheses": ["engaged-minorty"]},
            "claims.0: figure 'temkin-2016-ratio': hypothesis 'engaged-minorty' is not in the registry; "
            "the nearest id is "
            f"'engaged-minority'. Legal ids: {', '.join(IDS)}.",
        ),
        (
            {"estimand": "odds"},
            "claims.0: figure 'temkin-2016-ratio': estimand 'odds' does not decide engagement-cx; legal: "
            "correlation, ratio.",
        ),
        (
            {"value": None},
            "claims.0: figure 'temkin-2016-ratio': units direction, definition, quotation go without a "
            "value and all others "
            "with one; got None with 'ratio'.",
        ),
        (
            {"unit": "share", "value": 13},
            "claims.0: figure 'temkin-2016-ratio': a share lies between 0 and 1; got 13.0.",
        ),
        (
            {"unit": "correlation", "value": -1.3},
            "claims.0: figure 'temkin-2016-ratio': a correlation lies between -1 and 1; got -1.3.",
        ),
        ({"year": "2016"}, "claims.0.year: Input should be a valid integer"),
        (
            {"doi": "doi:10.1037/x"},
            "claims.0.doi: String should match pattern '^10\\.[0-9]{4,9}/\\S+$'",
        ),
        ({"note": "x"}, "claims.0.note: Extra inputs are not permitted"),
    ],
)
def test_a_wrong_figure_is_refused_with_the_place_and_the_remedy(
    ledger: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=exactly(f"claims.yaml: {message}")):
        parse_claims(claim(ledger, **changes))


def test_figure_ids_are_unique(ledger: dict[str, Any]) -> None:
    twice = yaml.safe_dump({"claims": [ledger["claims"][0]] * 2}, allow_unicode=True, sort_keys=False)
    with pytest.raises(
        ValueError,
        match=exactly("claims.yaml: figure ids must be unique; given more than once: temkin-2016-ratio."),
    ):
        parse_claims(twice)
