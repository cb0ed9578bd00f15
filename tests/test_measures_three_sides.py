"""Three sides by unit: pooled as by hand, left out and counted where too little is behind them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from exresearch.measures import NotMeasured, link_table, three_sides
from exresearch.study import Study

CHOICES: dict[str, Any] = {
    "ex_measure": "engagement", "cx_measure": "cx", "engaged_definition": "threshold", "engaged_threshold": 4.0,
}  # fmt: skip


def with_partners(client: Any, *, waves: tuple[str, ...] = ("2024",)) -> Study:
    rng = np.random.default_rng(3)
    unit = np.repeat(client.units, 8 * len(waves))
    frame = pd.DataFrame({"team": unit, "year": np.tile(np.repeat(waves, 8), len(client.units))})
    frame["px_1"], frame["px_2"] = rng.integers(0, 11, len(frame)), rng.integers(0, 11, len(frame))
    client.tables["partners"] = frame
    client.settings["tables"]["partners"] = "partners.csv"
    entries = [
        client.entry("partners", "team", "unit"),
        client.entry("partners", "year", "wave"),
        *(
            client.entry("partners", name, "item", construct="bx", minimum=0, maximum=10)
            for name in ("px_1", "px_2")
        ),
    ]
    client.variables |= {f"{entry['table']}.{entry['column']}": entry for entry in entries}
    return client.load()


def test_each_side_is_what_its_own_answers_say(client: Any) -> None:
    study = with_partners(client)
    found = three_sides(study, **CHOICES)
    partners = study.table("partners")
    by_hand = partners[["px_1", "px_2"]].astype(float).mean(axis=1).groupby(partners["unit"]).mean()
    assert found.units.set_index("unit")["bx"].to_dict() == pytest.approx(by_hand.to_dict())
    assert found.units["bx_n"].tolist() == [8.0] * 6
    link = link_table(study, **CHOICES).units.set_index("unit")
    for name in ("ex", "cx", "ex_n", "cx_size"):
        assert found.units.set_index("unit")[name].to_dict() == pytest.approx(link[name].to_dict())
    answers = partners[["px_1", "px_2"]].astype(float).mean(axis=1)
    within = answers - answers.groupby(partners["unit"]).transform("mean")
    # The variance of one answer around its unit, pooled over six units of eight, over the eight of a unit.
    error = float((within**2).sum() / (48 - 6) / 8)
    assert found.units["bx_error"].tolist() == pytest.approx([error] * 6)
    assert found.n_excluded == 0
    assert found.panel[["unit", "wave"]].drop_duplicates().shape[0] == 6
    assert {side.source for side in found.sides.values()} == {"employees", "customers", "partners"}


def test_units_without_a_side_are_left_out_and_counted(client: Any) -> None:
    with_partners(client)
    partners = client.tables["partners"]
    first, second = client.units[:2]
    client.tables["partners"] = partners[
        (partners["team"] != first) & ~((partners["team"] == second) & (partners.index % 8 > 3))
    ]
    found = three_sides(client.load(), **CHOICES)
    assert found.n_excluded == 2
    assert found.n_out == {"ex": 0, "cx": 0, "bx": 2}
    assert len(found.units) == 4


def test_waves_are_pooled_by_their_answers(client: Any) -> None:
    study = with_partners(client, waves=("2023", "2024"))
    found = three_sides(study, **CHOICES)
    partners = study.table("partners")
    by_hand = partners[["px_1", "px_2"]].astype(float).mean(axis=1).groupby(partners["unit"]).mean()
    # Employees and customers were asked in one wave only: the panel has that wave, the units have both.
    assert found.units.set_index("unit")["bx"].to_dict() == pytest.approx(by_hand.to_dict())
    assert found.panel["wave"].unique().tolist() == ["2024"]


def test_a_side_that_is_not_measured_is_named(client: Any) -> None:
    message = (
        "^construct 'bx' is not measured by unit: neither items of table 'partners' with a unit, nor a measure of "
        "table 'units'.$"
    )
    with pytest.raises(NotMeasured, match=message):
        three_sides(client.load(), **CHOICES)
