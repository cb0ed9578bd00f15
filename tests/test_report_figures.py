"""Figures: they draw what they are given, say it in words, and survive extremes."""

import io
import math
import re

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from exresearch.disclosure import DisclosureRules, Groups, Measure, read_ledger, release
from exresearch.findings import (
    EstimateRecord,
    Finding,
    Note,
    SmallestEffect,
    Verdict,
    conclude_conjunction,
    load_registry,
)
from exresearch.report import Page, Picture, Texts
from exresearch.report import figures as draw
from exresearch.report.behind import data_tables
from exresearch.report.behind.tables import MOST
from exresearch.report.columns import REVERSED_NOTE
from exresearch.report.page import LEDGER
from exresearch.report.theme import new_figure, png, svg

RULES = DisclosureRules()
SIDES = {
    "ex": Groups("employees", by={"unit": "unit"}, measures={"ex": Measure("needs", 0, 100)}),
    "cx": Groups("customers", by={"unit": "unit"}, measures={"cx": Measure("cx", -5, 100)}),
}
MESSAGE, VALUES = RULES.sentence()
LONG = (
    "De organisatie begrijpt wat ik nodig heb om mijn werk goed te doen & handelt daar ook zichtbaar naar, "
    "ook als dat moeite kost en tijd vraagt"
)


@pytest.fixture(params=["nl", "en"])
def texts(request):
    return Texts(request.param, strict=True)


@pytest.fixture
def finding():
    def make(
        estimate,
        low,
        high,
        verdict,
        *,
        unit="ratio",
        null=1.0,
        smallest=(0.9, 1.1),
        p=0.001,
        robustness=(),
        **more,
    ):
        return Finding(
            hypothesis="engagement-cx",
            verdict=verdict,
            reason=Note(message="x"),
            estimand="ratio",
            unit_of_measurement=unit,
            null=null,
            direction="greater",
            smallest_effect=SmallestEffect(low=smallest[0], high=smallest[1]),
            family="engagement-cx",
            estimate=estimate,
            conf_low=low,
            conf_high=high,
            conf_level=0.95,
            p_value=p,
            p_adjusted=p,
            n=500,
            n_units=50,
            n_excluded=0,
            method=Note(message="x"),
            robustness=robustness,
            disclosure_rule=Note(message=MESSAGE, values=VALUES),
            **more,
        )

    return make


def record(label, unit, estimate, low, high, n=500):
    return EstimateRecord(
        term=label[:5],
        label=Note(message=label),
        unit_of_measurement=unit,
        estimate=estimate,
        conf_low=low,
        conf_high=high,
        conf_level=0.95,
        n=n,
        method=Note(message="x"),
    )


def drivers(count):
    importance = np.linspace(0.09, 0.001, count)
    ranks = np.arange(1, count + 1)
    return pd.DataFrame(
        {
            "driver": [f"{LONG} {i}" for i in ranks],
            "block": [("employee-first", "customer-first", None)[i % 3] for i in ranks],
            "importance": importance,
            "conf_low": importance * 0.5,
            "conf_high": importance * 1.6,
            "rank": ranks,
            "rank_low": np.maximum(1, ranks - 2),
            "rank_high": np.minimum(count, ranks + 2),
            "n": 400,
            "conf_level": 0.95,
        }
    )


def units(count, n=20):
    generator = np.random.default_rng(5)
    ex = generator.normal(5, 0.5, count)
    group = [("leaders", "middle", "laggards")[i % 3] for i in range(count)]
    names = [f"u{i:02d}" for i in range(count)]
    cx = ex + generator.normal(0, 1, count)
    return pd.DataFrame({"unit": names, "ex": ex, "cx": cx, "ex_n": n, "cx_n": n, "group": group})


def complete(picture):
    drawn = svg(picture.figure)
    assert drawn.startswith("<svg")
    assert "DejaVu" not in drawn
    assert "date>" not in drawn
    assert len(picture.alt) > 15
    assert picture.takeaway.endswith(".")
    return drawn


def test_response_by_wave(texts):
    waves = [f"2024-Q{i}" for i in range(1, 5)]
    frame = pd.DataFrame(
        {
            "wave": waves,
            "n": [5812, 5733, 6012, 5900],
            "n_units": 120,
            "response_rate": [0.62, 0.6, None, 0.7],
            "source": ["staff list", "staff list", None, "staff list"],
        }
    )
    picture = draw.response_by_wave(frame, texts=texts, rules=RULES)
    assert texts.number(6012, "integer") in complete(picture)
    assert texts.number(0.6, "percent0") in picture.alt
    one = draw.response_by_wave(
        frame.head(1).assign(n_units=None, response_rate=None), texts=texts, rules=RULES
    )
    complete(one)
    many = pd.concat([frame] * 4, ignore_index=True)
    complete(draw.response_by_wave(many, texts=texts, rules=RULES))


def test_detectable_effects(texts):
    frame = pd.DataFrame(
        {
            "title": [LONG, "b", "c", "d"],
            "testable": [True, True, False, False],
            "value": [0.25, 0.012, 0.4, math.nan],
            "kind": ["correlation", "variance_share", "share_difference", None],
            "n": [124, 4000, 900, math.nan],
        }
    )
    drawn = complete(draw.detectable_effects(frame, texts=texts))
    assert texts.say("not testable") in drawn
    complete(draw.detectable_effects(frame.tail(1), texts=texts))


def test_detectable_effects_refuse_an_unknown_kind(texts):
    frame = pd.DataFrame({"title": ["a"], "testable": True, "value": 0.2, "kind": "cohen_d", "n": 4})
    with pytest.raises(ValueError) as caught:
        draw.detectable_effects(frame, texts=texts)
    assert str(caught.value) == (
        "detectable_effects knows the kinds correlation, share_difference, variance_share; got cohen_d."
    )


def test_engagement(texts, finding):
    bands = pd.DataFrame(
        {
            "level": ["high", "low"],
            "band": ["high", "low"],
            "share": [0.3, 0.7],
            "conf_low": [0.28, 0.6],
            "conf_high": [0.33, 0.8],
            "n": 90,
            "answers": [27, 63],
            "people": [27, 63],
        }
    )
    assert texts.number(0.7, "percent0") in draw.engagement_bands(bands, texts=texts, rules=RULES).takeaway
    complete(draw.engagement_bands(bands, texts=texts, rules=RULES))
    published = pd.DataFrame(
        {
            "value": [0.13, 0.21],
            "year": ["2011-2012", 2024],
            "region": ["World", {"nl": "Wereld", "en": "World"}],
        }
    )
    own = finding(0.31, 0.29, 0.33, Verdict.CONTRADICTED, unit="share", null=0.5, smallest=(0.45, 0.55))
    drawn = complete(draw.engaged_share_benchmarks(own, published, texts=texts, rules=RULES))
    # The old figure is called dated, the new one is not.
    assert drawn.count(texts.say("dated")) == 1
    # Nothing published beside it: the client's share alone.
    alone = draw.engaged_share_benchmarks(own, published.head(0), texts=texts, rules=RULES)
    complete(alone)
    assert alone.alt == alone.takeaway
    outcomes = pd.DataFrame(
        {
            "outcome": ["a"] * 3 + ["b"] * 2,
            "column": ["a"] * 3 + ["b"] * 2,
            "value": [1, 2, 3, 0, 1],
            "share": [0.2, 0.5, 0.3, 0.9, 0.1],
            "answers": [20, 50, 30, 90, 10],
            "people": [20, 50, 30, 90, 10],
        }
    )
    assert texts.number(0.9, "percent0") in draw.outcome_distribution(outcomes, texts=texts, rules=RULES).alt
    complete(draw.outcome_distribution(outcomes.head(1), texts=texts, rules=RULES))


def test_small_groups_of_answers_are_not_drawn_and_take_company(texts):
    bands = pd.DataFrame(
        {
            "level": ["highly", "moderately", "slightly", "disengaged"],
            "band": ["W", "X", "Y", "Z"],
            "share": [0.4, 0.43, 0.14, 0.03],
            "conf_low": 0.01,
            "conf_high": 0.5,
            "n": 100,
            "answers": [40, 43, 14, 12],
            "people": [40, 43, 14, 3],
        }
    )
    picture = draw.engagement_bands(bands, texts=texts, rules=RULES)
    assert texts.number(0.43, "percent0") in picture.alt
    for band, share in (("Y", 0.14), ("Z", 0.03)):
        assert f"{band}:" not in picture.alt
        assert f">{texts.number(share, 'percent0')}<" not in complete(picture)
    answers = pd.DataFrame(
        {
            "outcome": "a", "column": "a", "value": [1, 2, 3, 4], "share": [0.02, 0.07, 0.31, 0.6],
            "answers": [2, 7, 31, 60], "people": [2, 7, 31, 60],
        }
    )  # fmt: skip
    drawn = draw.outcome_distribution(answers, texts=texts, rules=RULES)
    heights = [patch.get_height() for patch in drawn.figure.axes[0].patches]
    assert heights == pytest.approx([0.31, 0.6])
    assert complete(drawn).count("×") == 2
    everybody = answers.assign(people=[0, 0, 0, 3], answers=[0, 0, 0, 3])
    assert "%" not in draw.outcome_distribution(everybody, texts=texts, rules=RULES).alt


def test_unit_scatter_shows_no_small_unit(texts):
    frame = units(30)
    frame.loc[0, ["ex", "cx", "ex_n"]] = [50.0, 90.0, 4]
    picture = draw.unit_scatter(
        frame,
        texts=texts,
        ex_label="EX",
        cx_label="CX",
        ex_is_share=False,
        rules=RULES,
        groups=SIDES,
        line=(0.0, 1.0),
        correlation=(0.2, 0.6),
    )
    complete(picture)
    # Another one goes along, since all of them add up.
    assert "28" in picture.caption
    assert picture.figure.axes[0].get_xlim()[1] < 20
    assert picture.takeaway == texts.say(
        "Where “{ex}” is higher, “{cx}” tends to be higher too.", ex="EX", cx="CX"
    )


def test_unit_scatter_claims_no_link_that_may_be_chance(texts):
    options = {
        "texts": texts,
        "ex_label": "EX",
        "cx_label": "CX",
        "ex_is_share": False,
        "rules": RULES,
        "groups": SIDES,
    }
    open_link = texts.say("Between units no clear link shows between “{ex}” and “{cx}”.", ex="EX", cx="CX")
    picture = draw.unit_scatter(units(30), line=(0.0, 1.0), correlation=(-0.1, 0.4), **options)
    assert picture.takeaway == open_link
    downward = texts.say("Where “{ex}” is higher, “{cx}” tends to be lower.", ex="EX", cx="CX")
    assert draw.unit_scatter(units(30), correlation=(-0.5, -0.1), **options).takeaway == downward
    assert draw.unit_scatter(units(30), line=(0.0, 1.0), **options).takeaway == texts.say(
        "Each mark is a unit."
    )


def test_unit_scatter_of_too_few_units_says_so(texts):
    picture = draw.unit_scatter(
        units(4), texts=texts, ex_label="EX", cx_label="CX", ex_is_share=False, rules=RULES, groups=SIDES
    )
    assert isinstance(picture, Note)
    assert texts.note(picture) == texts.say(
        "Not drawn: fewer than {minimum} units have enough answers.", minimum=5
    )


def test_leaders_laggards(texts):
    frame = pd.DataFrame(
        {
            "term": ["share_leaders", "share_laggards", "ratio"],
            "estimate": [0.41, 0.29, 1.4],
            "conf_low": [0.37, 0.25, 1.2],
            "conf_high": [0.45, 0.33, 1.7],
            "n": 700,
            "people": np.nan,
        }
    )
    picture = draw.leaders_laggards(
        frame,
        texts=texts,
        measure="engaged",
        rules=RULES,
        published=(0.75, 0.49),
        published_label="Temkin, 2016",
    )
    assert "75%" in complete(picture)
    assert "41%" in picture.alt
    with pytest.raises(ValueError) as caught:
        draw.leaders_laggards(frame, texts=texts, measure="engaged", rules=RULES, published=(0.75, 0.49))
    assert (
        str(caught.value) == "leaders_laggards: published figures need published_label, with source and year."
    )
    with pytest.raises(ValueError) as caught:
        draw.leaders_laggards(frame.tail(1), texts=texts, measure="engaged", rules=RULES)
    assert str(caught.value) == (
        "leaders_laggards needs the terms share_leaders, share_laggards; missing: share_leaders, "
        "share_laggards."
    )


def test_robustness_puts_each_unit_on_its_own_axis(texts, finding):
    checks = (
        record("Overview", "ratio", 1.5, 0.0, 250.0),
        record("Summary", "odds_ratio", 2.0, 1.5, 3.0),
        record("Contents", "correlation", -0.1, -0.3, 0.1),
        record("Notebook", "share", 0.4, 0.3, 0.5),
    )
    picture = draw.robustness_forest(
        finding(1.4, 1.2, 1.7, Verdict.SUPPORTED, robustness=checks), texts=texts
    )
    complete(picture)
    assert len(picture.figure.axes) == 4
    # The share has no "no effect" to lie above, so three checks can be judged; only one interval excludes it.
    assert picture.takeaway == texts.say(
        "{clear} of the {checks} checks lie, with their whole interval, on the side of the deciding estimate.",
        clear=1,
        checks=3,
    )
    complete(draw.robustness_forest(finding(1.4, 1.2, 1.7, Verdict.SUPPORTED), texts=texts))


def test_forests_neither_draw_nor_name_an_estimate_of_few_people(texts, finding):
    checks = (
        record("Overview", "ratio", 1.51, 1.3, 1.9, n=4),
        record("Summary", "ratio", 1.62, 1.4, 2.0, n=40),
        record("Contents", "ratio", 1.73, 1.5, 2.1),
    )
    picture = draw.robustness_forest(
        finding(1.4, 1.2, 1.7, Verdict.SUPPORTED, robustness=checks), texts=texts
    )
    # One alone would be the rest of them all, so the next smallest goes along.
    for value, there in ((1.51, False), (1.62, False), (1.73, True), (1.4, True)):
        assert (texts.number(value, "number2") in picture.alt) == there
    frame = pd.DataFrame(
        {
            "outcome": ["a", "b", "c"], "estimate": [0.06, 0.05, 0.04], "conf_low": 0.01, "conf_high": 0.09,
            "n": [400, 30, 3], "verdict": "supported",
        }
    )  # fmt: skip
    options = {"texts": texts, "null": 0.0, "smallest_effect": (-0.02, 0.02)}
    differences = draw.difference_forest(frame, **options)
    assert texts.number(0.06, "points1") in differences.alt
    assert texts.number(0.04, "points1") not in differences.alt
    assert isinstance(draw.difference_forest(frame.tail(1), **options), Note)


@pytest.mark.parametrize("count", [1, 8, 30])
def test_driver_forest(texts, count):
    picture = draw.driver_forest(
        drivers(count).assign(named=[True] + [False] * (count - 1)), texts=texts, outcome="eNPS"
    )
    drawn = complete(picture)
    assert texts.number(0.09, "percent1") in picture.takeaway
    assert drawn.count(" …") == count
    assert "eNPS" in picture.caption


def test_drivers_that_were_turned_round_are_marked_and_explained(texts):
    frame = drivers(3).assign(driver=["Empty", "Heard", "Calm"], reversed=[True, False, False])
    picture = draw.driver_forest(frame, texts=texts)
    word = {"nl": "(omgekeerd)", "en": "(reversed)"}[texts.language]
    assert f"{word} Empty" in picture.alt
    assert complete(picture).count(word) == 1
    explained = texts.say(REVERSED_NOTE)
    assert explained in picture.caption
    # A name that is cut short keeps the word.
    assert complete(draw.driver_forest(frame.assign(driver=LONG), texts=texts)).count(word) == 1
    plain = draw.driver_forest(frame.assign(reversed=False), texts=texts)
    assert word not in complete(plain) + plain.caption


def test_driver_forest_names_unknown_blocks(texts):
    with pytest.raises(ValueError) as caught:
        draw.driver_forest(drivers(3).assign(block="pay"), texts=texts)
    assert (
        str(caught.value) == "driver_forest knows the blocks employee-first, customer-first, other; got pay."
    )


def test_difference_forest_says_the_verdict_in_words(texts):
    frame = pd.DataFrame(
        {
            "outcome": ["a", "b", LONG],
            "estimate": [0.06, 0.0, 9.0],
            "conf_low": [0.03, -0.01, -4.0],
            "conf_high": [0.09, 0.01, 30.0],
            "n": 400,
            "verdict": ["supported", "equivalent", None],
        }
    )
    picture = draw.difference_forest(frame, texts=texts, null=0.0, smallest_effect=(-0.02, 0.02))
    assert texts.say("supported") in complete(picture)
    assert texts.say("no meaningful effect") in picture.alt


def test_overview_scales_by_the_smallest_effect_and_survives_extremes(texts, finding):
    wide = finding(1.4, 0.0, 4000.0, Verdict.INCONCLUSIVE, p=0.3)
    untested = Finding(
        hypothesis="two-way",
        verdict=Verdict.NOT_TESTABLE,
        reason=Note(message="x"),
        estimand="x",
        unit_of_measurement="ratio",
        null=1.0,
        direction="greater",
        smallest_effect=SmallestEffect(low=0.9, high=1.1),
        family="direction",
        disclosure_rule=Note(message=MESSAGE, values=VALUES),
    )
    picture = draw.overview_forest([wide, untested], texts=texts)
    assert texts.say("Not drawn: {count} that these data cannot test.", count=1) in picture.caption
    assert texts.say("inconclusive").capitalize() in complete(picture)
    # The limit that lies infinitely far is an arrow, and no number in the table behind.
    assert "∞" not in "".join(data_tables(picture, texts=texts))
    with pytest.raises(ValueError) as caught:
        draw.overview_forest([untested], texts=texts)
    assert str(caught.value) == "overview_forest needs at least one tested finding; got none."


@pytest.mark.parametrize("direction", ["greater", "less"])
def test_overview_puts_the_side_of_the_claim_on_the_right(texts, finding, direction):
    side = 1 if direction == "greater" else -1
    low, estimate, high = sorted((side * 0.2, side * 0.3, side * 0.4))
    found = finding(0.3, 0.2, 0.4, Verdict.SUPPORTED, unit="correlation", null=0.0, smallest=(-0.1, 0.1))
    found = Finding.model_validate(
        found.model_dump()
        | {"direction": direction, "estimate": estimate, "conf_low": low, "conf_high": high}
    )
    axes = draw.overview_forest([found], texts=texts).figure.axes[0]
    drawn = [x for line in axes.lines for x in np.atleast_1d(line.get_xdata()) if line.get_marker() == "o"]
    assert drawn == pytest.approx([3.0])


def test_overview_gives_each_part_of_a_claim_its_own_scale_and_side(texts):
    def part(term, unit, estimate, low, high):
        return EstimateRecord(
            term=term, label=Note(message="x"), unit_of_measurement=unit, estimate=estimate, conf_low=low,
            conf_high=high, conf_level=0.95, p_value=0.001, n=500, method=Note(message="x"),
        )  # fmt: skip

    parts = {
        "turnover": part("turnover", "rate_ratio", 1.05**-3, 1.05**-4, 1.05**-2),
        "result": part("result", "standardised", 0.4, 0.3, 0.5),
    }
    found = conclude_conjunction(parts, hypothesis="business-outcomes", n_excluded=0, rules=DisclosureRules())
    picture = draw.overview_forest([found], texts=texts)
    axes = picture.figure.axes[0]
    drawn = [x for line in axes.lines for x in np.atleast_1d(line.get_xdata()) if line.get_marker() == "o"]
    # Fewer leavers and a better result both lie on the side of the claim.
    assert sorted(drawn) == pytest.approx([3.0, 4.0])
    components = load_registry().family_of("business-outcomes").components
    for name in ("turnover", "result"):
        assert components[name][texts.language] in picture.alt
    assert picture.takeaway == f"{texts.say('supported').capitalize()}: 1."


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("detectable_effects", "title, testable, value, kind, n"),
        ("driver_forest", "driver, block, importance, conf_low, conf_high, rank, rank_low, rank_high"),
    ],
)
def test_missing_columns_are_all_named(texts, name, columns):
    with pytest.raises(ValueError) as caught:
        getattr(draw, name)(pd.DataFrame({"x": [1]}), texts=texts)
    assert str(caught.value) == f"{name} needs the columns {columns}; missing: {columns}."


def test_client_text_is_drawn_as_it_is(texts):
    frame = drivers(1).assign(driver="$\\alpha$ <script>alert(1)</script>")
    drawn = complete(draw.driver_forest(frame, texts=texts))
    assert "<script" not in drawn
    assert "$\\alpha$" in drawn


def test_the_same_frame_gives_the_same_bytes(texts):
    first, second = (svg(draw.driver_forest(drivers(8), texts=texts).figure) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(("size", "pixels"), [("page", 1037), ("slide", 2000), ("print", 2010)])
def test_a_picture_fills_the_room_of_its_size_and_says_nothing_else(size, pixels):
    texts = Texts("en")
    first, second = (png(draw.driver_forest(drivers(2), texts=texts).figure, size=size) for _ in range(2))
    assert first == second
    image = Image.open(io.BytesIO(first))
    assert (image.width == pytest.approx(pixels, abs=2)) or (size == "slide" and image.height == 1000)
    # No program, no date: only how many dots make an inch.
    assert set(image.info) <= {"dpi"}


def test_the_data_behind_a_figure_are_a_table_in_words(texts):
    picture = draw.driver_forest(drivers(3).assign(block="customer-first"), texts=texts)
    (table,) = data_tables(picture, texts=texts)
    headers = re.findall(r"<th scope=\"col\"[^>]*>([^<]*)<", table)
    assert headers[:3] == [texts.say("Driver"), texts.say("Block"), texts.say("Importance")]
    assert texts.say("customer-first") in table
    # Rounded as in the drawing, and the interval in one column.
    assert texts.number(0.09, "percent1") in table
    assert not {"conf_low", "rank", "importance"} & set(headers)
    shown = Page(language=texts.language, rules=RULES).figure(picture).data
    folded = shown[shown.index("<details") :]
    assert texts.say("The data behind this figure") in folded
    assert table in folded


def test_units_are_listed_without_names_in_the_order_of_their_values(texts):
    frame = units(90)
    options = {"texts": texts, "ex_label": "EX", "cx_label": "CX", "ex_is_share": False, "rules": RULES}
    picture = draw.unit_scatter(frame, groups=SIDES, **options)
    first, second = data_tables(picture, texts=texts)
    assert not re.search(r">u\d\d<", first + second)
    cells = re.findall(r"<th scope=\"row\"[^>]*>([^<]*)<", first)
    values = [float(cell.replace(",", ".")) for cell in cells]
    assert values == sorted(values)
    assert (values[0], values[-1]) == pytest.approx((frame["ex"].min(), frame["ex"].max()), abs=0.01)
    # More are no help to anybody.
    assert len(values) == MOST
    note = "{shown:integer} of {count:integer} rows, evenly chosen from the first to the last."
    assert texts.say(note, shown=MOST, count=90) in first
    assert ">EX<" in first


def test_a_table_behind_a_figure_shows_what_is_drawn_and_no_more(texts):
    frame = release(
        pd.DataFrame({"label": ["a", "b"], "value": [1, 1], "share": [0.2, 0.4], "column": ["x", "y"], "people": 50}),
        count="people", rules=RULES, name="answers to questions",
    )  # fmt: skip
    picture = Picture(new_figure(1), "c", "a", "t", [frame], drawn={"column": ["y"]})
    (table,) = data_tables(picture, texts=texts)
    assert texts.number(0.4, "percent1") in table
    assert texts.number(0.2, "percent1") not in table
    nothing = Picture(new_figure(1), "c", "a", "t", [frame], drawn={"column": ["z"]})
    assert not data_tables(nothing, texts=texts)


def test_numbers_that_are_hidden_stay_hidden_behind_a_figure(texts):
    frame = release(
        pd.DataFrame({"wave": ["a", "b", "c"], "n": [3, 20, 90], "response_rate": [0.11, 0.22, 0.33]}),
        count="n", rules=RULES, name="response by wave",
    )  # fmt: skip
    (table,) = data_tables(Picture(new_figure(1), "c", "a", "t", [frame]), texts=texts)
    assert texts.number(0.33, "percent0") in table
    assert texts.number(0.11, "percent0") not in table
    assert "n &lt; 5" in table


def test_a_picture_has_no_other_size():
    with pytest.raises(ValueError) as caught:
        png(new_figure(1), size="poster")
    assert str(caught.value) == "size must be one of page, slide, print; got 'poster'."


def test_a_picture_needs_its_words():
    with pytest.raises(ValueError) as caught:
        Picture(new_figure(1), "caption", " ", "", [release(pd.DataFrame(), count=None, rules=RULES)])
    assert str(caught.value) == "a picture needs a caption, alt text and a takeaway; empty: alt, takeaway."


def test_a_picture_names_what_it_shows():
    with pytest.raises(ValueError) as caught:
        Picture(new_figure(1), "caption", "alt", "takeaway", [])
    assert str(caught.value) == "a picture names the released frames that it shows; got none."


def test_a_figure_of_few_people_is_not_shown_by_a_page_with_a_higher_minimum():
    rows = release(pd.DataFrame({"share": [0.4, 0.5], "n": [8, 90]}), count="n", rules=RULES)
    picture = Picture(new_figure(1), "caption", "alt", "takeaway", [rows])
    assert "<img" in Page(language="en", rules=RULES).figure(picture).data
    shown = Page(language="en", rules=DisclosureRules(min_respondents=10)).figure(picture).data
    assert "<img" not in shown
    assert "Not drawn: fewer than 10 people are behind a part of it." in shown


def test_a_figure_carries_the_entries_of_what_it_shows():
    rows = release(
        pd.DataFrame({"wave": ["a", "b"], "n": [50, 90]}), count="n", rules=RULES,
        groups=Groups("employees", by={"wave": "wave"}),
    )  # fmt: skip
    picture = Picture(new_figure(1), "caption", "alt", "takeaway", [rows])
    (entry,) = read_ledger(Page(language="en", rules=RULES).figure(picture).metadata[LEDGER])
    # What has no name of its own is called as the page calls it.
    assert (entry.name, entry.kind, [cell.n for cell in entry.cells]) == ("caption", "groups", [50, 90])


def test_a_page_shows_and_stores_a_figure(texts, tmp_path):
    page = Page(language=texts.language, rules=RULES, output_dir=tmp_path / "figures")
    picture = draw.driver_forest(drivers(3), texts=texts)
    html = page.figure(picture).data
    assert 'src="data:image/svg+xml;base64,' in html
    assert f'alt="{picture.alt.replace("&", "&amp;")}"' in html
    assert f"<figcaption>{picture.caption}</figcaption>" in html
    assert (tmp_path / "figures" / "figure-01.svg").read_text(encoding="utf-8") == svg(picture.figure)
