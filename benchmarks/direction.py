"""How often the direction of employee and customer experience is told rightly, in simulated worlds.

Units differ in stable levels, which correlate 0.6 between EX and CX; within units each goes back to its level (0.3 is
left after a wave), shocks correlate 0.3, and an effect over a wave runs from EX, from CX, both ways, or not at all. In
one more world nothing happens within units but noise. The random-intercept model is fitted with equal lags, and the
rule of the study itself answers (`direction_verdict`, `conclude`, `conclude_conjunction`). Prints a line per row;
``--write`` puts the tables into docs/direction.md, ``--draws 50 --more-draws 20`` is a quick look.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from scipy.linalg import solve_discrete_lyapunov

from exresearch.disclosure import DisclosureRules
from exresearch.findings import (
    EstimateRecord,
    Note,
    Verdict,
    conclude,
    conclude_conjunction,
    direction_verdict,
    estimand_for,
    estimate_record,
    load_registry,
)
from exresearch.models import (
    CrossLaggedPanel,
    NotEstimable,
    cross_lagged_difference,
    cross_lagged_panel,
    loop_gain,
)

PAGE = Path(__file__).parents[1] / "docs" / "direction.md"
BEGIN, END = "<!-- direction: begin -->", "<!-- direction: end -->"
SEED = 2026
# Share left after a wave, correlation of shocks and of stable levels, and the standard deviation of the latter.
LEFT, SHOCKS, LEVELS, SPREAD = 0.3, 0.3, 0.6, 1.0
RULES = DisclosureRules()
LEAST_WAVES = load_registry()["ex-precedes-cx"].needs.min_waves
# Effect of EX on CX and of CX on EX as multiples of the size, and the right answer.
WORLDS = {
    "EX first": (1.0, 0.0, "ex_first"),
    "CX first": (0.0, 1.0, "cx_first"),
    "both": (1.0, 1.0, "both"),
    "both, EX twice CX": (1.0, 0.5, "both"),
    "neither": (0.0, 0.0, "neither"),
    "only between units": (0.0, 0.0, "neither"),
}
ANSWERS = ("ex_first", "cx_first", "both", "neither", "open", "undetermined_by_design", "not estimable")
CLAIMS = {
    "ex-precedes-cx": ("ex_to_cx", "ex_minus_cx"),
    "two-way": ("ex_to_cx", "cx_to_ex"),
    "vicious-circle": ("loop",),
}
#: What is asked of rows with this many draws; fewer are not judged.
ENOUGH, RIGHT, RIGHT_BETWEEN, MOST_FALSE = 500, 80.0, 93.0, 5.0


@dataclass(frozen=True, slots=True)
class Setting:
    """One row: a world, the size of its effects, and what is measured of it."""

    world: str
    size: float
    draws: int
    units: int = 150
    waves: int = 4
    reliability: float = 1.0
    missing: float = 0.0

    @property
    def right(self) -> str:
        """The answer that should be given."""
        return WORLDS[self.world][2] if self.waves >= LEAST_WAVES else "undetermined_by_design"

    @property
    def name(self) -> str:
        """How the row is called."""
        data = f", reliability {self.reliability:.1f}" if self.reliability < 1.0 else ""
        data += f", {self.missing:.0%} of unit-waves missing" if self.missing else ""
        return self.world + data


def settings(draws: int, more: int) -> list[Setting]:
    """The rows that are judged, and what else a user meets."""
    three, nothing = ("EX first", "CX first", "both"), ("neither", "only between units")
    rows = [Setting(world, 0.3, draws) for world in (*three, *nothing)]
    rows.append(Setting("EX first", 0.3, draws, waves=2))
    rows += [Setting(world, size, more) for size in (0.2, 0.1) for world in three]
    rows += [Setting(world, 0.3, more, reliability=0.8) for world in (*three, *nothing)]
    rows += [Setting(world, 0.3, more, missing=0.15) for world in (*three, "neither")]
    rows += [Setting(world, 0.3, more, units=60) for world in (*three, "neither")]
    rows += [Setting(world, 0.3, more, units=60, waves=3) for world in (*three, "neither")]
    return rows + [Setting(w, 0.2, more, units=120, waves=6) for w in ("both, EX twice CX", "neither")]


def dynamics(setting: Setting) -> tuple[np.ndarray, np.ndarray]:
    """Effects of a wave on the next [2, 2] (row: outcome; EX, CX), and the covariance of shocks."""
    forth, back, _ = WORLDS[setting.world]
    if setting.world == "only between units":
        return np.zeros((2, 2)), np.eye(2)
    effects = np.array([[LEFT, back * setting.size], [forth * setting.size, LEFT]])
    return effects, np.array([[1.0, SHOCKS], [SHOCKS, 1.0]])


def simulate(rng: np.random.Generator, setting: Setting) -> pd.DataFrame:
    """A stationary panel of one world, as it is measured."""
    effects, shocks = dynamics(setting)
    within = solve_discrete_lyapunov(effects, shocks)
    now = rng.multivariate_normal([0, 0], within, setting.units)
    stable = SPREAD * rng.multivariate_normal([0, 0], [[1, LEVELS], [LEVELS, 1]], setting.units)
    # Reliability of what a unit has in a wave: of all that differs between units then.
    noise = np.sqrt((SPREAD**2 + np.diag(within)) * (1.0 / setting.reliability - 1.0))
    frames = []
    for wave in range(setting.waves):
        seen = stable + now + noise * rng.standard_normal(now.shape)
        seen[rng.random(setting.units) < setting.missing] = np.nan
        frames.append(pd.DataFrame(seen, columns=["ex", "cx"]).assign(unit=range(setting.units), wave=wave))
        now = now @ effects.T + rng.multivariate_normal([0, 0], shocks, setting.units)
    return pd.concat(frames, ignore_index=True)


def truth(setting: Setting) -> dict[str, float]:
    """Standardised effects, their difference, and the loop gain, without error of measurement."""
    effects, shocks = dynamics(setting)
    scale = np.sqrt(np.diag(solve_discrete_lyapunov(effects, shocks)))
    forth, back = effects[1, 0] * scale[0] / scale[1], effects[0, 1] * scale[1] / scale[0]
    return {
        "ex_to_cx": forth,
        "cx_to_ex": back,
        "ex_minus_cx": forth - back if abs(forth - back) > 1e-12 else 0.0,
        "loop": effects[1, 0] * effects[0, 1],
    }


def components(panel: CrossLaggedPanel) -> dict[str, EstimateRecord]:
    """The estimates that the registry names."""
    chosen = (panel.table["scale"] == "standardised") & (panel.table["wave_to"] == "all")
    frames = {
        "ex_to_cx": (panel.table[chosen], "ex_to_cx"),
        "cx_to_ex": (panel.table[chosen], "cx_to_ex"),
        "ex_minus_cx": (cross_lagged_difference(panel), "cross_lagged_difference"),
        "loop": (loop_gain(panel), "loop_gain"),
    }
    return {
        name: estimate_record(
            frame,
            term,
            label=Note(message="Effect"),
            unit_of_measurement="standardised",
            method=Note(message="Model"),
            name=name,
        )
        for name, (frame, term) in frames.items()
    }


def claimed(hypothesis: str, parts: dict[str, EstimateRecord]) -> Verdict:
    """The verdict of the study on one claim."""
    given: dict[str, Any] = {"hypothesis": hypothesis, "n_excluded": 0, "rules": RULES}
    names = CLAIMS[hypothesis]
    if len(names) == 1:
        return conclude(parts[names[0]], estimand=estimand_for(hypothesis), **given).verdict
    return conclude_conjunction({name: parts[name] for name in names}, **given).verdict


def one_draw(job: tuple[Setting, int]) -> dict[str, Any]:
    """The answer on one panel, the claims that it supports, and what its intervals hold."""
    setting, draw = job
    numbers = [setting.size, setting.reliability, setting.missing]
    key = [
        list(WORLDS).index(setting.world),
        *(round(1000 * x) for x in numbers),
        setting.units,
        setting.waves,
    ]
    data = simulate(np.random.default_rng([SEED, *key, draw]), setting)
    way = "fiml" if setting.missing else "listwise"
    try:
        panel = cross_lagged_panel(
            data, unit="unit", wave="wave", ex="ex", cx="cx", missing=way, errors="widened"
        )  # type: ignore[arg-type]
    except NotEstimable:
        few = setting.waves < LEAST_WAVES
        return {"answer": "undetermined_by_design" if few else "not estimable"}
    parts, true = components(panel), truth(setting)
    supported = {name: claimed(name, parts) is Verdict.SUPPORTED for name in CLAIMS}
    effects = [parts["ex_to_cx"], parts["cx_to_ex"]]
    return {
        "answer": direction_verdict(parts) or "open",
        **supported,
        "false": any(supported[name] and not is_true(name, true) for name in CLAIMS),
        **{f"{name} covered": part.conf_low <= true[name] <= part.conf_high for name, part in parts.items()},
        "equivalent": all(smallest(record, "ex_to_cx") for record in effects),
        "std_error": float(np.mean([record.std_error or 0.0 for record in effects])),
    }


def is_true(hypothesis: str, true: dict[str, float]) -> bool:
    """Whether a claim holds in a world: every component lies above its null."""
    return all(true[name] > 0.0 for name in CLAIMS[hypothesis])


def smallest(record: EstimateRecord, component: str) -> bool:
    """Whether the whole interval is too small to matter."""
    bounds = estimand_for("ex-precedes-cx", component=component).smallest_effect
    return bounds.low <= record.conf_low and record.conf_high <= bounds.high


def run(setting: Setting, workers: int) -> dict[str, Any]:
    """One row, in shares of its draws."""
    jobs = [(setting, draw) for draw in range(setting.draws)]
    if workers == 1:
        rows = [one_draw(job) for job in jobs]
    else:
        with ProcessPoolExecutor(workers) as pool:
            rows = list(pool.map(one_draw, jobs, chunksize=10))
    counted = Counter(row["answer"] for row in rows)
    fitted = pd.DataFrame([row for row in rows if "false" in row])
    shares = {name: 100 * counted[name] / setting.draws for name in ANSWERS}
    measured = {
        name: 100 * float(fitted[name].sum()) / setting.draws for name in (*CLAIMS, "false") if len(fitted)
    }
    held = {
        name: 100 * float(fitted[name].mean())
        for name in fitted.columns
        if str(name).endswith("covered") or name == "equivalent"
    }
    error = float(fitted["std_error"].median()) if len(fitted) else float("nan")
    return {"right": shares[setting.right], **shares, **measured, **held, "std_error": error}


def shortcomings(found: Sequence[tuple[Setting, dict[str, Any]]]) -> list[str]:
    """Say what is asked and not reached; empty when all is, or when there are too few draws to say."""
    problems = []
    for setting, row in found:
        if setting.draws < ENOUGH:
            continue
        where = f"{setting.name}, {setting.units} x {setting.waves}"
        asked = RIGHT_BETWEEN if setting.world == "only between units" else RIGHT
        asked = 100.0 if setting.waves < LEAST_WAVES else asked
        if row["right"] < asked:
            problems.append(f"{where}: {row['right']:.1f} % right, {asked:.0f} % asked")
        # Three standard errors of a share of 5 %.
        most = MOST_FALSE + 300 * np.sqrt(0.05 * 0.95 / setting.draws)
        if row.get("false", 0.0) > most:
            problems.append(
                f"{where}: {row['false']:.1f} % with a false claim supported, {most:.1f} % at most"
            )
    return problems


def page(found: Sequence[tuple[Setting, dict[str, Any]]], *, arguments: str) -> str:
    """Both tables, with their date."""
    columns = ("EX first", "CX first", "both", "neither", "open", "undetermined", "not estimable")
    lines = [
        f"Measured on {datetime.now(UTC).date()} with `python benchmarks/direction.py {arguments}--write`, "
        f"seed {SEED}.",
        "",
        "### What is answered, in % of the draws",
        "",
        f"| world | effect | units x waves | draws | right | {' | '.join(columns)} |",
        "|---|---:|---:|---:|---:|" + "---:|" * len(columns),
    ]
    for setting, row in found:
        shares = " | ".join(f"{row[name]:.1f}" for name in ANSWERS)
        lines.append(f"{_head(setting)} {setting.draws} | **{row['right']:.1f}** | {shares} |")
    lines += [
        "",
        "### Claims that are supported, and intervals that hold the truth, in %",
        "",
        "| world | effect | units x waves | `ex-precedes-cx` | `two-way` | `vicious-circle` | a false one "
        "| EX on CX covered | CX on EX covered | difference covered | loop covered | equivalence shown "
        "| median standard error |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for setting, row in found:
        if "false" not in row:
            continue
        true = truth(setting)
        claims = [f"{row[name]:.1f}" + (" (true)" if is_true(name, true) else "") for name in CLAIMS]
        held = [row[f"{name} covered"] for name in ("ex_to_cx", "cx_to_ex", "ex_minus_cx", "loop")]
        cells = [*claims, f"**{row['false']:.1f}**", *(f"{x:.1f}" for x in [*held, row["equivalent"]])]
        lines.append(f"{_head(setting)} {' | '.join(cells)} | {row['std_error']:.3f} |")
    return "\n".join(lines)


def _head(setting: Setting) -> str:
    size = "-" if setting.right == "neither" else f"{setting.size:.1f}"
    return f"| {setting.name} | {size} | {setting.units} x {setting.waves} |"


def read_rows(path: Path | None) -> dict[str, dict[str, Any]]:
    """Rows of an earlier run of the same code, by their setting."""
    if path is None or not path.exists():
        return {}
    return dict(json.loads(line) for line in path.read_text(encoding="utf-8").splitlines())


def main() -> int:
    """Print a line per row and then the tables, or write these into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=500, help="for the rows that are judged")
    parser.add_argument("--more-draws", type=int, default=200, help="for the others")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/direction.md")
    parser.add_argument(
        "--resume", type=Path, help="file that keeps the rows that are there, for a run in parts"
    )
    given = parser.parse_args()
    rows = settings(given.draws, given.more_draws)
    kept = read_rows(given.resume)
    found = []
    for position, setting in enumerate(rows, start=1):
        row = kept.get(str(setting)) or run(setting, given.workers)
        found.append((setting, row))
        if given.resume and str(setting) not in kept:
            with given.resume.open("a", encoding="utf-8") as file:
                file.write(json.dumps([str(setting), row]) + "\n")
        print(
            f"{position} of {len(rows)}: {setting.name}, {setting.size}, {setting.units} x {setting.waves}: "
            f"{row['right']:.1f} % right, {row.get('false', 0.0):.1f} % with a false claim supported",
            flush=True,
        )
    changed = (given.draws, given.more_draws) != (
        parser.get_default("draws"),
        parser.get_default("more_draws"),
    )
    arguments = f"--draws {given.draws} --more-draws {given.more_draws} " if changed else ""
    text = page(found, arguments=arguments)
    print(text)
    if given.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")
    problems = shortcomings(found)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
