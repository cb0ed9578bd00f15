"""How often the 95 % intervals of the tested hypotheses hold the truth, over many simulated companies.

``python benchmarks/coverage.py`` prints the two tables of ``docs/coverage.md``; ``--write`` puts them there, between
its markers. Every company goes the whole way of a study: tables on disk, checks, cleaning, analyses, findings.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd
import yaml
from rich.progress import track
from scipy.stats import beta

from exresearch.disclosure import DisclosureRules
from exresearch.findings import EstimateRecord, Finding
from exresearch.findings.analyses import employee_first, engaged_minority, engagement_and_cx
from exresearch.study import Study, load_study
from exresearch.study.demo import DemoSettings, simulate_demo
from exresearch.study.demo.tables import FILES, write_table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "coverage.md"
BEGIN, END = "<!-- coverage: begin -->", "<!-- coverage: end -->"
OUTCOMES = ("enps", "stay", "effort", "promote")
DECIDING = ("ratio", "engaged share", *(f"named difference, {name}" for name in OUTCOMES))
#: Shares that are asked of 200 companies; fewer companies are not judged.
LOWEST, HIGHEST, MOST_FALSE, ENOUGH = 0.92, 0.98, 0.06, 200
#: The tables that the three analyses read.
NEEDED = ("employees", "customers", "units")
NULL_FROM = 100_000


def main() -> int:
    parser = argparse.ArgumentParser(description="Coverage of intervals, and false support.")
    parser.add_argument("--seeds", type=int, default=200, help="companies with the planted effects")
    parser.add_argument(
        "--null-seeds", type=int, default=100, help="companies in which nothing affects anything"
    )
    parser.add_argument("--n-boot", type=int, default=1000, help="bootstrap replicates")
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/coverage.md")
    options = parser.parse_args()
    # Before the workers start: one thread each, so that two processes use two cores.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    started = time.monotonic()
    planted = simulated(range(1, options.seeds + 1), effect_scale=1.0, options=options)
    null = simulated(
        range(NULL_FROM + 1, NULL_FROM + options.null_seeds + 1), effect_scale=0.0, options=options
    )
    covered = coverage(planted, truths())
    support = false_support(null)
    text = page(covered, support, verdicts(planted), options=options, seconds=time.monotonic() - started)
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")
    problems = shortcomings(covered, support)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def simulated(seeds: range, *, effect_scale: float, options: argparse.Namespace) -> pd.DataFrame:
    """Run all companies, spread over processes; the order of the rows does not depend on the spreading."""
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=context) as pool:
        jobs = [
            pool.submit(company, seed, effect_scale=effect_scale, n_boot=options.n_boot) for seed in seeds
        ]
        name = "planted" if effect_scale else "null"
        done = track(as_completed(jobs), description=f"{name} companies", total=len(jobs))
        rows = [row for job in done for row in job.result()]
    columns = ["seed", "quantity", "estimate", "conf_low", "conf_high", "verdict"]
    return pd.DataFrame(rows, columns=columns).sort_values(["quantity", "seed"], ignore_index=True)


def company(seed: int, *, effect_scale: float, n_boot: int) -> list[dict[str, Any]]:
    """Simulate one company, analyse it as the notebooks do with the settings of the demo, and keep its intervals."""
    with TemporaryDirectory() as folder:
        study = _study(seed, Path(folder), effect_scale=effect_scale)
    settings = study.settings.parameters
    rules = DisclosureRules(
        settings.min_respondents, settings.min_model, settings.min_units, settings.min_comments
    )
    interval: dict[str, Any] = {"conf_level": settings.conf_level, "n_boot": n_boot, "seed": seed}
    engaged: dict[str, Any] = {
        "engaged_definition": settings.engaged_definition,
        "engaged_threshold": settings.engaged_threshold,
    }
    link = engagement_and_cx(
        study,
        ex_measure=settings.ex_measure,
        cx_measure=settings.cx_measure,
        ex_alternative=settings.ex_alternative,
        leader_share=settings.leader_share,
        set_apart=settings.set_apart,
        min_unit_n=settings.min_unit_n,
        rules=rules,
        **engaged,
        **interval,
    ).finding
    minority = engaged_minority(study, conf_level=settings.conf_level, rules=rules, **engaged).finding
    drivers = employee_first(study, n_imputations=0, rules=rules, **interval).finding
    return [{"seed": seed, **row} for row in (*_link(link), *_minority(minority), *_drivers(drivers))]


def _study(seed: int, folder: Path, *, effect_scale: float) -> Study:
    tables = simulate_demo(seed, DemoSettings(effect_scale=effect_scale))
    files = {name: str(folder / FILES[name]) for name in NEEDED}
    for name, file in files.items():
        write_table(tables[name], Path(file))
    return load_study(ROOT / "params" / "demo.yaml", overrides={"tables": files, "synthetic": None})


def _link(finding: Finding) -> Iterator[dict[str, Any]]:
    yield _row("ratio", finding)
    wanted = {"odds_ratio": "odds ratio", "difference": "difference", "correlation": "correlation"}
    yield from (_row(wanted[part.term], part) for part in finding.robustness if part.term in wanted)


def _minority(finding: Finding) -> Iterator[dict[str, Any]]:
    yield _row("engaged share", finding)


def _drivers(finding: Finding) -> Iterator[dict[str, Any]]:
    yield {"quantity": "conjunction", "verdict": finding.verdict.value}
    yield from (_row(f"named difference, {part.term}", part) for part in finding.components)
    blocks = [part for part in finding.robustness if part.term.endswith("_blocks")]
    yield from (_row(f"block difference, {part.term.removesuffix('_blocks')}", part) for part in blocks)
    for driver in finding.drivers:
        if driver.outcome == "enps":
            row = {"estimate": driver.importance, "conf_low": driver.conf_low, "conf_high": driver.conf_high}
            yield {"quantity": f"LMG on enps, {driver.driver}", **row}


def _row(quantity: str, record: Finding | EstimateRecord) -> dict[str, Any]:
    numbers = {name: getattr(record, name) for name in ("estimate", "conf_low", "conf_high")}
    return {
        "quantity": quantity,
        **numbers,
        "verdict": None if record.verdict is None else record.verdict.value,
    }


def truths() -> dict[str, tuple[float, float]]:
    """Give the implied truth of every quantity and its Monte-Carlo error, from data/demo/truth.yaml."""
    text = (ROOT / "data" / "demo" / "truth.yaml").read_text(encoding="utf-8")
    implied = yaml.safe_load(text)["implied"]
    link, first = implied["engagement-cx"], implied["employee-first"]
    values = {
        name.replace("_", " "): link[name] for name in ("ratio", "odds_ratio", "difference", "correlation")
    }
    values["engaged share"] = implied["engaged-minority"]["engaged_share"]
    values |= {f"named difference, {name}": first[name]["named_difference"] for name in OUTCOMES}
    drivers = [name for name in first["enps"] if name.startswith("d_")]
    values |= {f"LMG on enps, {name}": first["enps"][name] for name in drivers}
    known = {name: (item["value"], item["monte_carlo_error"]) for name, item in values.items()}
    codebook = yaml.safe_load((ROOT / "data" / "demo" / "codebook.yaml").read_text(encoding="utf-8"))[
        "variables"
    ]
    blocks = {item["column"]: item.get("block") for item in codebook if item["role"] == "driver"}
    for outcome in OUTCOMES:
        # The study compares the mean driver of the two blocks, truth.yaml the sums; errors taken as independent.
        sides = [
            [first[outcome][name] for name in drivers if blocks[name] == block]
            for block in ("employee-first", "customer-first")
        ]
        means = [np.mean([item["value"] for item in side]) for side in sides]
        errors = [item["monte_carlo_error"] / len(side) for side in sides for item in side]
        known[f"block difference, {outcome}"] = (float(means[0] - means[1]), float(np.linalg.norm(errors)))
    return known


def coverage(rows: pd.DataFrame, known: dict[str, tuple[float, float]]) -> pd.DataFrame:
    """Compare the intervals of every quantity with its truth."""
    result = []
    for quantity, (truth, error) in known.items():
        part = rows[rows["quantity"] == quantity].dropna(subset=["estimate"])
        below = int((part["conf_low"] > truth).sum())
        above = int((part["conf_high"] < truth).sum())
        n, spread = len(part), float(part["estimate"].std(ddof=1))
        held = n - below - above
        low, high = _binomial(held, n)
        result.append(
            {
                "quantity": quantity,
                "truth": truth,
                "truth_error": error,
                "n": n,
                "covered": held / n,
                "covered_low": low,
                "covered_high": high,
                "missed_below": below,
                "missed_above": above,
                "mean_width": float((part["conf_high"] - part["conf_low"]).mean()),
                "width_in_sd": float((part["conf_high"] - part["conf_low"]).mean() / spread),
                "bias_in_sd": float((part["estimate"].mean() - truth) / spread),
            }
        )
    return pd.DataFrame(result)


def _binomial(successes: int, n: int) -> tuple[float, float]:
    """Clopper-Pearson: what 95 % of such benchmarks say of the true share."""
    low = 0.0 if successes == 0 else float(beta.ppf(0.025, successes, n - successes + 1))
    high = 1.0 if successes == n else float(beta.ppf(0.975, successes + 1, n - successes))
    return low, high


def verdicts(rows: pd.DataFrame) -> pd.Series:
    """Count the verdicts of the three hypotheses."""
    names = {"ratio": "engagement-cx", "engaged share": "engaged-minority", "conjunction": "employee-first"}
    part = rows[rows["quantity"].isin(names)]
    return part.assign(hypothesis=part["quantity"].map(names)).groupby("hypothesis")["verdict"].value_counts()


def false_support(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the share of 'supported' where nothing affects anything, per claim about an effect."""
    names = {
        "ratio": "`engagement-cx`: ratio",
        "conjunction": "`employee-first`: all outcomes together",
        **{f"named difference, {name}": f"`employee-first`: {name}" for name in OUTCOMES},
    }
    result = []
    for quantity, claim in names.items():
        found = rows.loc[rows["quantity"] == quantity, "verdict"]
        supported = int((found == "supported").sum())
        low, high = _binomial(supported, len(found))
        counts = ", ".join(f"{name} {count}" for name, count in found.value_counts().items())
        result.append(
            {
                "claim": claim,
                "n": len(found),
                "supported": supported / len(found),
                "supported_low": low,
                "supported_high": high,
                "verdicts": counts,
            }
        )
    return pd.DataFrame(result)


def shortcomings(covered: pd.DataFrame, support: pd.DataFrame) -> list[str]:
    """Say which required share is not reached; empty when all are, or when there are too few companies to say."""
    judged = covered[covered["quantity"].isin(DECIDING) & (covered["n"] >= ENOUGH)]
    outside = judged[~judged["covered"].between(LOWEST, HIGHEST)]
    problems = [f"{row.quantity}: {row.covered:.1%} covered" for row in outside.itertuples()]
    wrong = support[(support["n"] >= ENOUGH / 2) & (support["supported"] > MOST_FALSE)]
    return problems + [f"{row.claim}: {row.supported:.1%} falsely supported" for row in wrong.itertuples()]


def page(
    covered: pd.DataFrame,
    support: pd.DataFrame,
    found: pd.Series,
    *,
    options: argparse.Namespace,
    seconds: float,
) -> str:
    """Write both tables as Markdown."""
    arguments = f"--seeds {options.seeds} --null-seeds {options.null_seeds} --n-boot {options.n_boot}"
    lines = [
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/coverage.py {arguments} --processes "
        f"{options.processes} --write` in {seconds / 60:.0f} minutes on {os.cpu_count()} cores. Seeds 1 to "
        f"{options.seeds} with the planted effects, {NULL_FROM + 1} to {NULL_FROM + options.null_seeds} without any.",
        "",
        "### Intervals that hold the truth",
        "",
        "| quantity | truth | covered | 95 % range of it | truth below / above | mean width | width / SD | bias / SD |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in covered.itertuples():
        name = f"**{row.quantity}**" if row.quantity in DECIDING else row.quantity
        lines.append(
            f"| {name} | {row.truth:.4f} ± {row.truth_error:.4f} | {row.covered:.1%} | "
            f"{row.covered_low:.1%} to {row.covered_high:.1%} | {row.missed_below} / {row.missed_above} | "
            f"{row.mean_width:.4f} | {row.width_in_sd:.2f} | {row.bias_in_sd:+.2f} |"
        )
    counts = "; ".join(f"`{name}` {verdict} {count}" for (name, verdict), count in found.items())
    lines += [
        "",
        f"Verdicts in these companies: {counts}.",
        "",
        "### False support where there is nothing",
        "",
    ]
    lines += [
        "| claim | companies | supported | 95 % range of it | verdicts of the interval |",
        "|---|---|---|---|---|",
    ]
    lines += [
        f"| {row.claim} | {row.n} | {row.supported:.1%} | {row.supported_low:.1%} to {row.supported_high:.1%} | "
        f"{row.verdicts} |"
        for row in support.itertuples()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
