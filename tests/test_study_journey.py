"""The journey in the study file, and in the data: order, gaps, strangers, one scale."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.measures import NoJourney, journey_data, moment_column, population_column
from exresearch.study import load_settings

BEFORE = {
    "id": "in",
    "label": {"nl": "Binnenkomen", "en": "Coming in"},
    "employment": "before",
    "moments": [
        "applying",
        {"name": "contract", "label": {"nl": "Contract", "en": "Contract"}, "measured": False},
    ],
}
DURING = {
    "id": "at",
    "label": {"nl": "Werken", "en": "Working"},
    "employment": "during",
    "moments": [{"name": "first day"}],
}


def with_moments(client: Any, *, journey: list[dict[str, Any]] | None = None, phase: bool = False) -> Any:
    rng = np.random.default_rng(3)
    names = np.array(["first day", "applying", "party"])
    rows = pd.DataFrame(
        {
            "who": [f"p{i % 40:02d}" for i in range(120)],
            "role": ["medewerker"] * 80 + ["kandidaat"] * 40,
            "touch": names[np.arange(120) // 40],
            "stage": np.array(["tijdens", "voor", "na"])[np.arange(120) // 40],
            "mark": rng.integers(1, 8, 120),
            "warm": rng.integers(1, 8, 120),
        }
    )
    rows.loc[3, "mark"] = np.nan
    rows.loc[3, "warm"] = np.nan
    client.tables["moments"] = rows
    client.settings["tables"]["moments"] = "moments.csv"
    entries = [
        client.entry("moments", "who", "person"),
        client.entry("moments", "role", "category"),
        client.entry("moments", "touch", "category", construct="moment"),
        client.entry("moments", "stage", "category" if phase else "ignore"),
        client.entry("moments", "mark", "item", construct="moment_experience", minimum=1, maximum=7),
        client.entry("moments", "warm", "item", construct="moment_experience", minimum=1, maximum=7),
    ]
    client.variables |= {f"moments.{e['column']}": e for e in entries}
    if journey is not None:
        client.settings["journey"] = journey
    return client


def test_declared_order_gaps_and_strangers(client: Any) -> None:
    study = with_moments(client, journey=[BEFORE, DURING]).load()
    journey = journey_data(study)
    moments = journey.moments.set_index("moment")
    assert list(moments.index) == ["applying", "contract", "first day", "party"]
    assert moments["n"].tolist() == [40, 0, 39, 40]
    assert moments["people"].tolist() == [40, 0, 39, 40]
    assert moments["declared"].tolist() == [True, True, True, False]
    assert moments["planned"].tolist() == [True, False, True, True]
    assert moments["employment"].tolist() == ["before", "before", "during", ""]
    assert moments["label"]["contract"] == {"nl": "Contract", "en": "Contract"}
    assert moments["label"]["applying"] == {"nl": "applying", "en": "applying"}
    assert journey.coverage == pytest.approx(2 / 3)
    assert journey.n_unrated == 1
    assert journey.names("before", "after") == ["applying"]
    assert journey.scale == (1.0, 7.0)
    first = study.table("moments").iloc[0]
    assert journey.ratings["rating"].iloc[0] == (first["mark"] + first["warm"]) / 2
    assert set(journey.ratings["population"]) == {"employee", "candidate"}
    assert (moment_column(study), population_column(study)) == ("touch", "role")


def test_without_a_declared_journey_phases_or_first_appearance_give_the_order(client: Any) -> None:
    journey = journey_data(with_moments(client, phase=True).load())
    assert not journey.declared
    assert journey.moments["moment"].tolist() == ["applying", "first day", "party"]
    assert journey.moments["employment"].tolist() == ["before", "during", "after"]
    assert journey.coverage == 1.0
    bare = journey_data(with_moments(client).load())
    assert bare.moments["moment"].tolist() == ["first day", "applying", "party"]
    assert set(bare.moments["employment"]) == {""}


def test_one_scale_for_all_or_none(client: Any) -> None:
    client = with_moments(client)
    client.variables["moments.warm"] |= {"construct": "warmth", "maximum": 10}
    with pytest.raises(NoJourney) as caught:
        journey_data(client.load())
    assert (caught.value.reason, caught.value.columns) == ("scales", ("mark", "warm"))


def test_nothing_to_put_on_a_map(client: Any) -> None:
    client = with_moments(client)
    client.variables["moments.touch"] = client.entry("moments", "touch", "ignore")
    client.variables["moments.role"] = client.entry("moments", "role", "ignore")
    with pytest.raises(NoJourney, match="moments"):
        journey_data(client.load())
    client = with_moments(client)
    for name in ("mark", "warm"):
        client.variables[f"moments.{name}"] = client.entry("moments", name, "ignore")
    with pytest.raises(NoJourney, match="ratings"):
        journey_data(client.load())


def refusal(*problems: str) -> str:
    heading = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    return "\n".join([f"{heading} with this study:", *(f"- {problem}" for problem in problems)])


@pytest.mark.parametrize(
    ("journey", "problems"),
    [
        (
            [BEFORE, DURING | {"id": "in"}],
            [
                "small.yaml: journey: the phase 'in' stands here twice; give each phase an id of its own. "
                "Correct this entry."
            ],
        ),
        (
            [BEFORE, DURING | {"moments": ["applying"]}],
            [
                "small.yaml: journey: the contact moment 'applying' stands here twice; keep it in one phase. "
                "Correct this entry."
            ],
        ),
        (
            [DURING, BEFORE],
            [
                "small.yaml: journey: the phase 'in' (before employment) comes after one that lies later; put the "
                "phases in order of time. Correct this entry."
            ],
        ),
        (
            [
                BEFORE | {"employment": "early", "lable": 1},
                DURING | {"moments": [{"name": "x", "mesured": False}]},
            ],
            [
                "small.yaml: journey.0.employment: 'early' is not a legal value. Legal: before, during, after.",
                "small.yaml: journey.0.lable: unknown key 'lable'. Did you mean 'label'? Legal: id, label, employment, "
                "moments.",
                "small.yaml: journey.1.moments.0.mesured: unknown key 'mesured'. Did you mean 'measured'? Legal: name, "
                "label, measured.",
            ],
        ),
        (
            [{"id": "in", "label": {"nl": "a"}, "employment": "before", "moments": [7]}],
            [
                "small.yaml: journey.0.moments: a list of contact moments is expected, each a text between quotes or a "
                "name with a label. Correct this entry.",
            ],
        ),
        (
            [BEFORE | {"moments": []}],
            ["small.yaml: journey.0.moments: there is nothing in it. Fill it in; see params/demo.yaml."],
        ),
    ],
)
def test_a_wrong_journey_is_refused_with_place_and_remedy(
    client: Any, journey: list[dict[str, Any]], problems: list[str]
) -> None:
    client.settings["journey"] = journey
    assert client.refusal() == refusal(*problems)


def test_the_demo_declares_six_moments_in_three_phases() -> None:
    journey = load_settings("params/demo.yaml").journey
    assert [phase.employment for phase in journey] == ["before", "during", "after"]
    assert sum(len(phase.moments) for phase in journey) == 6
