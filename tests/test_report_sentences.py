"""What findings say, for every verdict and unit of measurement, in both languages."""

import re

import pytest

from exresearch.disclosure import DisclosureRules
from exresearch.findings import (
    Comparison,
    DetectableEffect,
    EstimateRecord,
    Finding,
    Note,
    SmallestEffect,
    Verdict,
)
from exresearch.report import Texts
from exresearch.report.sentences import UNIT_NAMES, comparison_sentence, verdict_sentence

LOG_UNITS = {"ratio", "odds_ratio", "hazard_ratio", "rate_ratio"}
TESTED = [verdict for verdict in Verdict if verdict is not Verdict.NOT_TESTABLE]
ENGLISH = {
    "the",
    "and",
    "are",
    "with",
    "that",
    "this",
    "between",
    "claim",
    "times",
    "units",
    "which",
    "from",
}
DUTCH = {"de", "het", "een", "niet", "met", "van", "voor", "bewering", "eenheden", "aandeel", "tot"}
MESSAGE, VALUES = DisclosureRules().sentence()
FIXED = {
    "hypothesis": "engagement-cx",
    "family": "engagement-cx",
    "disclosure_rule": Note(message=MESSAGE, values=VALUES),
    "reason": Note(message="That supports the claim."),
}


@pytest.fixture
def tested():
    def make(unit, verdict, *, estimand="something", direction="greater", **more):
        null = 1.0 if unit in LOG_UNITS else 0.5 if unit == "share" else 0.0
        distances = {
            Verdict.SUPPORTED: (0.2, 0.3, 0.4),
            Verdict.CONTRADICTED: (-0.4, -0.3, -0.2),
            Verdict.EQUIVALENT: (-0.02, 0.01, 0.03),
            Verdict.INCONCLUSIVE: (-0.1, 0.2, 0.4),
        }
        low, estimate, high = (null + distance for distance in distances[verdict])
        p = 0.4 if verdict in (Verdict.EQUIVALENT, Verdict.INCONCLUSIVE) else 0.001
        return Finding(
            verdict=verdict,
            estimand=estimand,
            unit_of_measurement=unit,
            null=null,
            direction=direction,
            estimate=estimate,
            conf_low=low,
            conf_high=high,
            conf_level=0.95,
            p_value=p,
            p_adjusted=p,
            n=500,
            n_units=50,
            n_excluded=0,
            smallest_effect=SmallestEffect(low=null - 0.05, high=null + 0.05),
            method=Note(message="the same bootstrap"),
            **FIXED | more,
        )

    return make


@pytest.mark.parametrize("verdict", TESTED)
@pytest.mark.parametrize("unit", list(UNIT_NAMES))
def test_every_verdict_and_unit_is_said_in_both_languages(tested, unit, verdict):
    finding = tested(unit, verdict)
    dutch = verdict_sentence(finding, Texts("nl", strict=True))
    english = verdict_sentence(finding, Texts("en"))
    assert not set(re.findall(r"[a-z]+", dutch.lower())) & ENGLISH
    assert not set(re.findall(r"[a-z]+", english.lower())) & DUTCH
    assert "95%-interval" in dutch
    assert "95% interval" in english
    assert not re.search(r"[{}]", dutch + english)
    # A sentence is about an association unless the record says otherwise.
    assert not re.search(r"\b(leads to|because of|improves|raises)\b", english)


@pytest.mark.parametrize(
    ("unit", "estimand", "verdict", "english", "dutch"),
    [
        (
            "ratio",
            "ratio",
            Verdict.SUPPORTED,
            "Among the leaders in customer experience the share of engaged employees is 1.30 times that "
            "among the laggards "
            "(95% interval 1.20 to 1.40). That supports the claim. It shows that the two go together, not "
            "that one is the "
            "cause of the other.",
            "Bij de koplopers in klantbeleving is het aandeel bevlogen medewerkers 1,30 keer zo groot als "
            "bij de "
            "achterblijvers (95%-interval 1,20 tot 1,40). Dat onderbouwt de bewering. Het laat zien dat de "
            "twee samengaan, "
            "niet dat het een de oorzaak is van het ander.",
        ),
        (
            "correlation",
            "correlation",
            Verdict.CONTRADICTED,
            "Units with a better employee experience tend to have a worse customer experience: the "
            "correlation is −0.30 "
            "(95% interval −0.40 to −0.20). That contradicts the claim: these data point the other way.",
            "Waar de medewerkersbeleving beter is, is de klantbeleving meestal juist slechter: de "
            "correlatie tussen "
            "eenheden is −0,30 (95%-interval −0,40 tot −0,20). Dat weerlegt de bewering voor deze "
            "organisatie: de "
            "gegevens wijzen de andere kant op.",
        ),
        (
            "correlation",
            "correlation",
            Verdict.INCONCLUSIVE,
            "Between units no clear link shows between employee and customer experience: the correlation "
            "is 0.20 "
            "(95% interval −0.10 to 0.40). These data leave the claim open. That is no proof that there is "
            "nothing.",
            "Van eenheid tot eenheid is geen duidelijk verband te zien tussen medewerkersbeleving en "
            "klantbeleving: de correlatie is 0,20 (95%-interval −0,10 tot 0,40). Deze gegevens laten de "
            "bewering open. Dat bewijst niet dat er niets is.",
        ),
        (
            "share",
            "share",
            Verdict.EQUIVALENT,
            "Of the employees who answered, 51.0% are engaged (95% interval 48.0% to 53.0%). That is too "
            "close to the "
            "dividing line to speak of more or less.",
            "Van de medewerkers die meededen is 51,0% bevlogen (95%-interval 48,0% tot 53,0%). Dat ligt te "
            "dicht bij de "
            "grens om van meer of minder te spreken.",
        ),
    ],
)
def test_whole_sentences(tested, unit, estimand, verdict, english, dutch):
    finding = tested(unit, verdict, estimand=estimand)
    assert verdict_sentence(finding, Texts("en")) == english
    assert verdict_sentence(finding, Texts("nl", strict=True)) == dutch


def test_one_estimand_of_two_hypotheses_has_two_sentences(tested):
    kept = {"hypothesis": "promise-delivered", "measures": {"ex": {"nl": "Willen blijven", "en": "Staying"}}}
    finding = tested("standardised", Verdict.SUPPORTED, estimand="incongruence_slope", **kept)
    assert verdict_sentence(finding, Texts("nl", strict=True)).startswith(
        "Met elke standaardafwijking die er meer is waargemaakt en minder is beloofd, verandert "
        "\u2018Willen blijven\u2019 met "
        "+0,30 standaardafwijking (95%-interval 0,20 tot 0,40; positief betekent: lager waar minder is waargemaakt dan "
        "beloofd)."
    )
    balance = tested("standardised", Verdict.SUPPORTED, estimand="incongruence_slope", hypothesis="balance")
    assert "customers fall behind" in verdict_sentence(balance, Texts("en"))


def test_components_are_listed_by_verdict(tested):
    whole = tested("variance_share", Verdict.INCONCLUSIVE, estimand="lmg_difference")
    limits = {
        "stay": (0.06, 0.09, 0.12, 0.001, Verdict.SUPPORTED),
        "effort": (-0.02, 0.01, 0.03, 0.5, Verdict.EQUIVALENT),
    }
    parts = tuple(
        EstimateRecord(
            term=term,
            label=Note(message="{name}", values={"name": term}),
            unit_of_measurement="variance_share",
            estimate=estimate,
            conf_low=low,
            conf_high=high,
            conf_level=0.95,
            p_value=p,
            p_adjusted=p,
            n=500,
            method=Note(message="the same bootstrap"),
            verdict=verdict,
            rule=whole.rule,
        )
        for term, (low, estimate, high, p, verdict) in limits.items()
    )
    headline = {
        name: getattr(parts[0], name)
        for name in ("estimate", "conf_low", "conf_high", "p_value", "p_adjusted")
    }
    finding = Finding.model_validate(
        whole.model_dump() | headline | {"components": tuple(part.model_dump() for part in parts)}
    )
    assert verdict_sentence(finding, Texts("en")) == (
        "stay: the difference in explained variance between the employee-first and the customer-first driver is 9.0 "
        "%-points (95% interval 6.0 to 12.0 %-points; positive means that the employee-first driver weighs more). "
        "Supported: stay. No meaningful effect: effort. The claim is about all its parts together, and it stays open "
        "because not every part supports it."
    )


@pytest.mark.parametrize(
    ("kind", "value", "english"),
    [
        (
            "correlation",
            0.25,
            "With 124 units a study finds a correlation of 0.25 or stronger with 80% probability.",
        ),
        (
            "share_difference",
            0.05,
            "With 124 people who answer independently a study finds a difference of 5.0 %-points or more with 80% "
            "probability.",
        ),
        (
            "variance_share",
            0.062,
            "With 124 people who answer independently a study finds 6.20% of explained variance or more with 80% "
            "probability.",
        ),
    ],
)
def test_what_cannot_be_tested_says_why_and_what_could_have_been_found(kind, value, english):
    finding = Finding(
        verdict=Verdict.NOT_TESTABLE,
        estimand="correlation",
        unit_of_measurement="correlation",
        null=0.0,
        direction="greater",
        smallest_effect=SmallestEffect(low=-0.1, high=0.1),
        detectable_effect=DetectableEffect(kind=kind, value=value, power=0.8, n=124),
        **FIXED
        | {
            "reason": Note(
                message="There are {n_waves:integer} waves; at least {needed:integer} are needed.",
                values={"n_waves": 2, "needed": 3},
            )
        },
    )
    start = "These data cannot test the claim. There are 2 waves; at least 3 are needed. "
    assert verdict_sentence(finding, Texts("en")) == start + english
    dutch = verdict_sentence(finding, Texts("nl", strict=True))
    assert dutch.startswith(
        "Met deze gegevens is de bewering niet te toetsen. Er is 2 keer gemeten; ten minste 3 keer is nodig. "
    )
    assert "80% kans" in dutch


def test_a_published_figure_comes_with_its_place_year_and_faults():
    comparison = Comparison.of("temkin-2016-ratio", 1.53, conf_low=1.1, conf_high=1.3)
    english = comparison_sentence(comparison, Texts("en"))
    assert english.startswith("Published: 1.53 (United States, 2015). Here: lower than the published figure.")
    assert "Source: Temkin Group (2016)." in english
    assert "Attributed to Gallup by mistake" in english


def test_an_unknown_published_figure_is_refused():
    comparison = Comparison.of("nobody-1999", 1.53, conf_low=1.1, conf_high=1.3)
    with pytest.raises(ValueError) as caught:
        comparison_sentence(comparison, Texts("en"))
    assert (
        str(caught.value)
        == "comparison 'nobody-1999' is not in the ledger of published figures (claims.yaml)."
    )


@pytest.mark.parametrize(("limits", "outside"), [((1.1, 1.3), True), ((1.1, 1.8), False)])
def test_support_of_a_ratio_that_excludes_the_published_size_is_of_its_direction(tested, limits, outside):
    published = Comparison.of("temkin-2016-ratio", 1.53, conf_low=limits[0], conf_high=limits[1])
    finding = tested("ratio", Verdict.SUPPORTED, estimand="ratio").model_copy(
        update={"comparisons": (published,)}
    )
    sentence = verdict_sentence(finding, Texts("en"))
    assert sentence.endswith("not that one is the cause of the other.")
    assert ("the size that was published lies outside the interval" in sentence) is outside
