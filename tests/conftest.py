"""A small client in a folder of its own, to be spoilt by a test in one place."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from exresearch.report.theme import Picture
from exresearch.study import Study, StudyError, load_study
from tests.traced import strays, untold

# It needs odfpy, which the environment does not have; its files are kept.
collect_ignore = ["written/make.py"]


# Whole reports and browsers take minutes: begun last, one of them would keep a worker busy when the others are done.
_FIRST = (
    "test_run_report",
    "test_report_browser",
    "test_run_many",
    "test_run_cluster",
    "test_weights_everywhere",
    "test_run_again",
)


# Hundreds of samples each, to count how often an interval holds the truth; docs/coverage*.md have longer counts.
_SIMULATIONS = {
    "test_boundary_test_holds_its_level",
    "test_correlation_intervals_cover_the_planted_one",
    "test_coverage_over_few_treated_units",
    "test_intervals_hold_the_truth",
    "test_intervals_of_imputed_data_cover_the_truth",
    "test_joint_test_finds_a_link_and_keeps_its_level",
    "test_planted_equality_is_covered",
    "test_rate_intervals_cover_a_planted_ratio_with_few_clusters",
    "test_the_interval_of_the_hazard_ratio_covers_the_truth_as_often_as_it_says",
    "test_the_scaled_test_keeps_its_level_with_clusters_and_skew",
}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest modules; the order within each stays. Simulations run when asked for."""
    if not os.environ.get("EXRESEARCH_SIMULATIONS"):
        by_hand = pytest.mark.skip(reason="a simulation: EXRESEARCH_SIMULATIONS=1 runs it")
        for item in items:
            if getattr(item, "originalname", item.name) in _SIMULATIONS:
                item.add_marker(by_hand)
    rank = {name: place for place, name in enumerate(_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))


@dataclass
class SmallClient:
    """Six units of ten employees and ten customers in one wave, as settings, codebook and tables to change."""

    folder: Path
    settings: dict[str, Any] = field(default_factory=dict)
    variables: dict[str, dict[str, Any]] = field(default_factory=dict)
    tables: dict[str, pd.DataFrame] = field(default_factory=dict)
    files: dict[str, str | bytes] = field(default_factory=dict)
    units: tuple[str, ...] = tuple(f"Unit {letter}" for letter in "ABCDEF")

    @staticmethod
    def entry(table: str, column: str, role: str, **more: Any) -> dict[str, Any]:
        """One entry of a codebook."""
        return {"table": table, "column": column, "role": role} | more

    @property
    def file(self) -> Path:
        """The study file."""
        return self.folder / "small.yaml"

    def write(self) -> Path:
        """Write everything; `files` last, so that it replaces what was made from the rest."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for name, frame in self.tables.items():
            frame.to_csv(self.folder / f"{name}.csv", index=False)
        codebook = {"variables": list(self.variables.values())}
        for name, content in {"small.yaml": self.settings, "codebook.yaml": codebook}.items():
            text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
            (self.folder / name).write_text(text, encoding="utf-8")
        for name, text in self.files.items():
            data = text.encode() if isinstance(text, str) else text
            (self.folder / name).write_bytes(data)
        return self.file

    def load(self, **overrides: Any) -> Study:
        """Write and load it."""
        return load_study(self.write(), overrides=overrides)

    def refusal(self, **overrides: Any) -> str:
        """Write and load it, and return the message with which it is refused."""
        with pytest.raises(StudyError) as caught:
            self.load(**overrides)
        return str(caught.value)


@pytest.fixture
def client(tmp_path: Path) -> SmallClient:
    """A client that loads as it is."""
    return small_client(tmp_path / "small")


def small_client(folder: Path) -> SmallClient:
    """Return a client that loads as it is, in a folder that is not there yet."""
    rng = np.random.default_rng(7)
    unit, size = np.repeat(SmallClient.units, 10), 60
    employees = pd.DataFrame({"id": [f"p{i:02d}" for i in range(size)], "team": unit, "year": "2024"})
    for name in ("eng_1", "eng_2", "eng_3", "needs", "customer"):
        employees[name] = rng.integers(1, 8, size)
    employees["enps"] = rng.integers(0, 11, size)
    customers = pd.DataFrame({"team": unit, "year": "2024", "cx": rng.integers(0, 11, size)})
    units = pd.DataFrame(
        {"team": SmallClient.units, "year": "2024", "staff": 12, "kind": ["shop", "office"] * 3}
    )
    entry = SmallClient.entry
    seven, ten = {"minimum": 1, "maximum": 7}, {"minimum": 0, "maximum": 10}
    entries = [
        entry("employees", "id", "person"),
        entry("employees", "team", "unit"),
        entry("employees", "year", "wave"),
        *(entry("employees", f"eng_{i}", "item", construct="engagement", **seven) for i in (1, 2, 3)),
        entry("employees", "needs", "driver", block="employee-first", named=True, **seven),
        entry("employees", "customer", "driver", block="customer-first", named=True, **seven),
        entry("employees", "enps", "outcome", construct="enps", **ten),
        entry("customers", "team", "unit"),
        entry("customers", "year", "wave"),
        entry("customers", "cx", "item", construct="cx", **ten),
        entry("units", "team", "unit"),
        entry("units", "year", "wave"),
        entry("units", "staff", "count"),
        entry("units", "kind", "category"),
    ]
    return SmallClient(
        folder=folder,
        settings={
            "client": "small",
            "title": {"nl": "Klein", "en": "Small"},
            "codebook": "codebook.yaml",
            "tables": {name: f"{name}.csv" for name in ("employees", "customers", "units")},
            "parameters": {"n_boot": 200},
        },
        variables={f"{e['table']}.{e['column']}": e for e in entries},
        tables={"employees": employees, "customers": customers, "units": units},
    )


@pytest.fixture(autouse=True)
def _every_mark_was_released(monkeypatch: pytest.MonkeyPatch) -> None:
    """No picture of any test draws a point or bar whose numbers are not in a frame that was released."""
    check = Picture.__post_init__

    def checked(self: Picture) -> None:
        check(self)
        assert not strays(self), f"drawn past the door: {strays(self)}"
        assert not untold(self), f"no words for it in exresearch/report/behind: {untold(self)}"

    monkeypatch.setattr(Picture, "__post_init__", checked)
