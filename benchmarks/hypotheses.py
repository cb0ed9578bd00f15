"""How often the 95 % intervals of all hypotheses hold the truth of a company, and claim what is not there.

Every company is simulated, written to disk and read like a client's; the function of each notebook then gives its
findings, without what stands beside a verdict and cannot change it (checks, caveats, frames of the page). There are
three kinds: ``planted`` with the effects of the demo, ``null`` in which nothing affects anything, and ``large`` of
1,000 units, the mean of whose estimates is taken for the truth. Each row goes to ``--rows FILE`` as a line of JSON as
soon as its company is done, and a run goes on where an earlier one stopped, so that it can be made in parts::

    python benchmarks/hypotheses.py --rows rows.jsonl --kinds large
    python benchmarks/hypotheses.py --rows rows.jsonl --kinds planted,null --seeds 0:50 --only chain,balance
    python benchmarks/hypotheses.py --rows rows.jsonl --kinds none --write
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import json
import multiprocessing
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, field, fields, is_dataclass
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, get_type_hints

import numpy as np
import pandas as pd
from rich.progress import track
from scipy.special import ndtri

from exresearch.disclosure import DisclosureRules
from exresearch.findings import EstimateRecord, Finding, testability
from exresearch.findings.analyses import HumanChoices
from exresearch.study import Parameters, Study, load_study
from exresearch.study.demo import DemoSettings, simulate_demo
from exresearch.study.demo.tables import FILES, write_table

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "coverage-hypotheses.md"
ROWS = ROOT / "reports" / "hypotheses.jsonl"
BEGIN, END = "<!-- hypotheses: begin -->", "<!-- hypotheses: end -->"
LOWEST, HIGHEST, MOST_FALSE = 0.92, 0.98, 0.06
#: Companies of each kind that are asked for; the shares of fewer are shown and not judged.
ENOUGH = {"planted": 200, "null": 300, "large": 16}
#: Seeds of the kinds do not overlap.
FIRST_SEED = {"planted": 1, "null": 100_001, "large": 200_001}
WORLD = {
    "planted": DemoSettings(),
    "null": DemoSettings(effect_scale=0.0),
    "large": DemoSettings(n_units=1000),
}
#: Claims about a level and not about an effect: true where nothing affects anything.
LEVELS = ("engaged-minority",)
CLAIM = "the claim"
_ANALYSES = "exresearch.findings.analyses"


def nothing(value: Any) -> Callable[..., Any]:
    """A function that returns the same for every call, in the place of a check."""
    return lambda *_, **__: value


@dataclass(frozen=True)
class Analysis:
    """A function of ``exresearch.findings.analyses``, and what is left out when it is called here.

    ``instead`` gives for names of modules below that package what stands in for them; ``alone`` gives for functions
    that estimate what decides and checks by a ``name`` the one name that is kept; ``made`` gives arguments that are
    made of several settings.
    """

    function: str
    instead: Mapping[str, Any] = field(default_factory=dict)
    alone: Mapping[str, str] = field(default_factory=dict)
    made: Callable[[Parameters], dict[str, Any]] | None = None


_FRAME = pd.DataFrame()
ANALYSES = {
    "engagement": Analysis(
        "engagement_and_cx",
        {
            "linkage.engagement.link_slopes": nothing(SimpleNamespace(records=list)),
            "linkage.engagement.definition_check": nothing([]),
            "linkage.engagement.association_checks": nothing([]),
            "linkage.engagement.aggregation_caveats": nothing([]),
        },
    ),
    "minority": Analysis("engaged_minority", {"linkage.minority._band_shares": nothing(_FRAME)}),
    "drivers": Analysis(
        "employee_first",
        {
            "drivers.employee_first.one_source": nothing(SimpleNamespace(table=_FRAME, records=[], notes=[])),
            "drivers.employee_first.method_records": nothing([]),
            "drivers.employee_first.interaction_table": nothing(_FRAME),
            "drivers.employee_first.performance_table": nothing(_FRAME),
            "drivers.employee_first.agreement_table": nothing(_FRAME),
            "drivers.employee_first.handling_table": nothing(_FRAME),
            "drivers.employee_first.influence_table": nothing(_FRAME),
            "drivers.employee_first.named_influence": nothing(None),
        },
    ),
    "direction": Analysis(
        "which_comes_first",
        {
            "direction.order.links_of": nothing(SimpleNamespace(records=(), deviations=_FRAME)),
            "direction.order.sampling_errors": nothing(None),
            "direction.order.other_models": nothing(({}, 0)),
            "direction.order._beside": nothing([]),
            "direction.order.shock_table": nothing((_FRAME, [])),
            "direction.order.complaint_circle": nothing([]),
            "direction.order.direction_caveats": nothing([]),
            "direction.order.scan": nothing(_FRAME),
        },
    ),
    "balance": Analysis(
        "ex_cx_balance",
        {
            "balance.claim.balance_checks": nothing(SimpleNamespace(records=(), table=_FRAME, notes=())),
            "balance.claim._with_deciding": nothing(_FRAME),
            "balance.claim.aggregation_caveats": nothing([]),
        },
    ),
    "business": Analysis(
        "business_outcomes",
        {
            "business.outcomes.checks_beside": nothing(SimpleNamespace(records=(), frame=_FRAME, n_failed=0)),
            "business.outcomes.check_notes": nothing([]),
            "business.outcomes.rates_by_level": nothing(_FRAME),
            "business.outcomes.dispersion_table": nothing(_FRAME),
            "business.outcomes.confounding_table": nothing(_FRAME),
        },
    ),
    "talent": Analysis(
        "talent_magnet",
        {
            "talent.magnet.funnel": nothing(_FRAME),
            "talent.magnet.recommendation_by_phase": nothing(_FRAME),
            "talent.magnet.survival": nothing(_FRAME),
            "talent.exits._checks": nothing(()),
        },
        {"talent.referrals._fit": "referrals", "talent.advocacy._correlation": "enps_nps"},
    ),
    "pay": Analysis("pay_and_experience", {"pay.interplay.checks": nothing([])}),
    "programmes": Analysis(
        "programme_effect",
        {
            "programmes.effect.page_frames": nothing(({}, [], [])),
            "programmes.effect.programme_specifications": nothing(None),
        },
    ),
    "chain": Analysis(
        "engagement_chain",
        {
            "chain.claim.checks": nothing(([], 0)),
            "chain.claim.between_colleagues": nothing((_FRAME, [])),
            "chain.claim.confounded_links": nothing((_FRAME, _FRAME)),
            "chain.claim.proportion_mediated": nothing(_FRAME),
            "chain.claim.unmeasured_links": nothing(_FRAME),
        },
    ),
    "journey": Analysis(
        "journey_moments",
        {
            "journey.claim.checks": nothing([]),
            "journey.claim._caveats": nothing([]),
            "journey.map.moment_scores": nothing(_FRAME),
            "journey.map.phase_scores": nothing(_FRAME),
            "journey.map.group_scores": nothing(_FRAME),
            "journey.map.time_of_rating": nothing(_FRAME),
            "journey.claim.recommendation_by_phase": nothing(_FRAME),
            "journey.claim.promise_kept": nothing(_FRAME),
            "journey.claim.moment_importance": nothing((_FRAME, [])),
            "journey.claim.people_in_several": nothing(_FRAME),
            "journey.claim.whole_journey": nothing(None),
            "journey.claim.moment_necessity": nothing(_FRAME),
            "journey.claim.moment_bottlenecks": nothing(_FRAME),
        },
    ),
    "segments": Analysis(
        "needs_segments",
        {
            "segments.claim.checks": nothing([]),
            "segments.claim._caveats": nothing([]),
            "segments.claim.overlap": nothing((_FRAME, _FRAME)),
            "segments.claim.profiles": nothing(_FRAME),
            "segments.claim.answered": nothing((_FRAME, [])),
            "segments.claim.outcome_rows": nothing(_FRAME),
            "segments.claim.agreement": nothing(_FRAME),
        },
    ),
    "human": Analysis(
        "human_experience",
        {
            "human.experience.together_of": nothing(None),
            "human.experience.influence_of": nothing(None),
            "human.experience._caveats": nothing([]),
        },
        made=lambda settings: {
            "choices": HumanChoices(
                settings.ex_measure,
                settings.cx_measure,
                settings.engaged_definition,
                settings.engaged_threshold,
                settings.min_unit_n,
            ),
            "weights": {"ex": 1.0, "cx": 1.0, "bx": 1.0},
        },
    ),
    "aligned": Analysis(
        "aligned_workforce",
        {
            "aligned.claim.other_ways": nothing(([], 0)),
            "aligned.claim.model_records": nothing([]),
            "aligned.claim._colleagues": nothing([]),
            "aligned.claim._caveats": nothing([]),
            "aligned.claim._models": nothing(_FRAME),
            "aligned.claim.weakest_groups": nothing(_FRAME),
            "aligned.claim.overlap": nothing(_FRAME),
        },
    ),
    "promise": Analysis(
        "promise_delivered",
        {
            "promise.claim.promise_checks": nothing(SimpleNamespace(records=[], skipped=0)),
            "promise.claim.shape_records": nothing([]),
            "promise.claim._caveats": nothing([]),
            "promise.claim._shown": lambda study, finding, *_, **__: SimpleNamespace(finding=finding),
        },
    ),
    "people": Analysis(
        "people_not_process",
        {
            "people.process.process_checks": nothing(SimpleNamespace(records=[], notes=[], known=_FRAME)),
            "people.process._caveats": nothing([]),
        },
    ),
    "peers": Analysis(
        "peers_carry_peers",
        {
            "peers.carry.peer_checks": nothing([]),
            "peers.carry.ambassador_records": nothing(([], [])),
            "peers.carry._caveats": nothing([]),
            "peers.carry._bins": nothing(_FRAME),
        },
    ),
    "clicks": Analysis("beyond_clicks", {"clicks.claim._CHECKS": {}, "clicks.claim._caveats": nothing([])}),
}


def _others() -> dict[str, Analysis]:
    """Every other function that gives a finding, whole: slower, until what can be left out is named above."""
    package = importlib.import_module(_ANALYSES)
    named, found = {analysis.function for analysis in ANALYSES.values()}, {}
    for name in package.__all__:
        function = getattr(package, name)
        if name in named or not inspect.isfunction(function):
            continue
        result = get_type_hints(function).get("return")
        if is_dataclass(result) and {"finding", "findings"} & {part.name for part in fields(result)}:
            found[name] = Analysis(name)
    return found


ANALYSES |= _others()


def main() -> int:
    """Simulate what is not there yet, and print or write the tables of all rows."""
    options = _arguments()
    # Before the workers start: one thread each, so that two processes use two cores.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    options.rows.parent.mkdir(parents=True, exist_ok=True)
    for analysis in ANALYSES.values():
        for name in (*analysis.instead, *analysis.alone):
            if _place(name) is None:
                print(f"{name} is not there any more: what took its place is computed too.", file=sys.stderr)
    done = read_rows(options.rows)
    for kind in options.kinds:
        simulate(kind, done, options)
    rows = pd.DataFrame(read_rows(options.rows))
    if rows.empty:
        print("There are no rows yet.")
        return 0
    covered, support = coverage(rows), false_support(rows)
    text = page(rows, covered, support)
    print(text)
    if options.write:
        before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
        _, _, after = rest.partition(END)
        PAGE.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}", encoding="utf-8", newline="\n")
    problems = shortcomings(rows, covered, support)
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description="Coverage of intervals, and false support, of all hypotheses."
    )
    parser.add_argument("--rows", type=Path, default=ROWS, help="file that keeps the rows")
    parser.add_argument("--kinds", default="large,planted,null", help="kinds of companies, or none")
    parser.add_argument("--only", default=",".join(ANALYSES), help=f"analyses, of {', '.join(ANALYSES)}")
    parser.add_argument(
        "--seeds", default="", help="FROM:TO among the companies of a kind, 0 being the first"
    )
    parser.add_argument(
        "--n-boot", type=int, default=400, help="bootstrap replicates; 200 in large companies"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--write", action="store_true", help=f"put the tables into docs/{PAGE.name}")
    options = parser.parse_args()
    options.kinds = [] if options.kinds == "none" else options.kinds.split(",")
    options.only = options.only.split(",")
    for given, legal in ((options.kinds, ENOUGH), (options.only, ANALYSES)):
        if strange := [name for name in given if name not in legal]:
            parser.error(f"{', '.join(strange)} is none of {', '.join(legal)}.")
    return options


def read_rows(path: Path) -> list[dict[str, Any]]:
    """Rows of earlier runs; where an analysis failed and was repeated, those of the repetition."""
    if not path.exists():
        return []
    last: dict[tuple[str, int, str], list[dict[str, Any]]] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows = last.setdefault((row["kind"], row["seed"], row["analysis"]), [])
        if rows and _failed(rows[0]):
            rows.clear()
        rows.append(row)
    return [row for rows in last.values() for row in rows]


def _failed(row: Mapping[str, Any]) -> bool:
    return str(row["verdict"]).startswith("error")


def simulate(kind: str, done: Sequence[Mapping[str, Any]], options: argparse.Namespace) -> None:
    """Add the rows of the companies of one kind that the file lacks."""
    first, last = (int(part) for part in (options.seeds or f"0:{ENOUGH[kind]}").split(":"))
    known = {(row["kind"], row["seed"], row["analysis"]) for row in done if not _failed(row)}
    jobs = {}
    for seed in range(FIRST_SEED[kind] + first, FIRST_SEED[kind] + last):
        lacking = [name for name in options.only if (kind, seed, name) not in known]
        if lacking:
            jobs[seed] = lacking
    if not jobs:
        return
    n_boot = min(options.n_boot, 200) if kind == "large" else options.n_boot
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(options.processes, mp_context=context, initializer=only_what_decides) as pool:
        waiting = [pool.submit(company, kind, seed, names, n_boot=n_boot) for seed, names in jobs.items()]
        for job in track(as_completed(waiting), description=f"{kind} companies", total=len(waiting)):
            lines = "".join(json.dumps(row) + "\n" for row in job.result())
            with options.rows.open("a", encoding="utf-8") as file:
                file.write(lines)


def only_what_decides() -> None:
    """Leave out, in this process, what the analyses compute beside their verdict."""
    warnings.simplefilter("ignore")
    for analysis in ANALYSES.values():
        for name, value in analysis.instead.items():
            if (place := _place(name)) is not None:
                setattr(*place, value)
        for name, kept in analysis.alone.items():
            if (place := _place(name)) is not None:
                setattr(*place, _alone(getattr(*place), kept))


def _place(name: str) -> tuple[Any, str] | None:
    """The module and the name in it; None where it is gone."""
    place, _, attribute = name.rpartition(".")
    module = importlib.import_module(f"{_ANALYSES}.{place}")
    return (module, attribute) if hasattr(module, attribute) else None


def _alone(function: Callable[..., Any], kept: str) -> Callable[..., Any]:
    return lambda *given, **named: function(*given, **named) if named.get("name") == kept else None


def company(kind: str, seed: int, names: Sequence[str], *, n_boot: int) -> list[dict[str, Any]]:
    """Simulate one company and give the rows of some analyses of it."""
    with TemporaryDirectory() as folder:
        tables = simulate_demo(seed, WORLD[kind])
        files = {name: str(Path(folder) / file) for name, file in FILES.items()}
        for name, file in files.items():
            write_table(tables.pop(name), Path(file))
        study = load_study(ROOT / "params" / "demo.yaml", overrides={"tables": files, "synthetic": None})
    _count_units_once()
    rows = []
    for name in names:
        started = time.process_time()
        try:
            found = list(quantities(analyse(study, name, n_boot=n_boot, seed=seed)))
        except Exception as error:  # noqa: BLE001 - one analysis that fails must not lose a night of the others
            found = [{"hypothesis": "", "quantity": "", "verdict": f"error: {type(error).__name__}"}]
        seconds = round(time.process_time() - started, 2)
        rows += [{"kind": kind, "seed": seed, "analysis": name, "seconds": seconds, **row} for row in found]
    return rows


def _count_units_once() -> None:
    """Every analysis asks how many units can be linked: for one company the answer is the same."""
    module = importlib.import_module(testability.__module__)
    count = getattr(module, "_linked_of_one_company", module._linked)
    known: dict[tuple[Any, ...], tuple[int, int]] = {}

    def linked(study: Study, **sides: Any) -> tuple[int, int]:
        key = tuple(sorted(sides.items()))
        if key not in known:
            known[key] = count(study, **sides)
        return known[key]

    module._linked_of_one_company = count  # type: ignore[attr-defined]
    module._linked = linked


def analyse(study: Study, name: str, *, n_boot: int, seed: int) -> list[Finding]:
    """Call one analysis with the settings of the demo, as its notebook does."""
    function = getattr(importlib.import_module(_ANALYSES), ANALYSES[name].function)
    settings, made = study.settings.parameters, ANALYSES[name].made
    fixed: dict[str, Any] = {
        "rules": DisclosureRules(
            settings.min_respondents, settings.min_model, settings.min_units, settings.min_comments
        ),
        "n_boot": n_boot,
        "seed": seed,
        "n_imputations": 0,
        "n_splits": 0,
        **({} if made is None else made(settings)),
    }
    options = {}
    for parameter in list(inspect.signature(function).parameters.values())[1:]:
        if parameter.name in fixed:
            options[parameter.name] = fixed[parameter.name]
        elif hasattr(settings, parameter.name):
            options[parameter.name] = getattr(settings, parameter.name)
        elif parameter.default is parameter.empty:
            raise TypeError(f"{function.__name__}: no setting of the study is called {parameter.name}.")
    result = function(study, **options)
    several = getattr(result, "findings", None)
    return [result.finding] if several is None else list(several.values())


def quantities(findings: Sequence[Finding]) -> Iterator[dict[str, Any]]:
    """Give what decides: one estimate, or the components of a conjunction and the verdict on all of them."""
    for finding in findings:
        yield {"hypothesis": finding.hypothesis, "quantity": CLAIM, **_numbers(finding)}
        for part in finding.components:
            yield {"hypothesis": finding.hypothesis, "quantity": part.term, **_numbers(part)}


def _numbers(record: Finding | EstimateRecord) -> dict[str, Any]:
    numbers = {name: getattr(record, name) for name in ("estimate", "conf_low", "conf_high")}
    return numbers | {"verdict": None if record.verdict is None else record.verdict.value}


def coverage(rows: pd.DataFrame) -> pd.DataFrame:
    """Compare the intervals of every quantity in the planted companies with its mean in the large ones."""
    numbers = rows.reindex(columns=[*rows.columns.union(["estimate", "conf_low", "conf_high"])])
    numbers = numbers.dropna(subset=["estimate", "conf_low", "conf_high"])
    found = []
    for (hypothesis, quantity), part in numbers.groupby(["hypothesis", "quantity"], sort=False):
        large = part.loc[part["kind"] == "large", "estimate"]
        planted = part[part["kind"] == "planted"]
        if len(large) < 2 or len(planted) < 2:
            continue
        truth, n, spread = float(large.mean()), len(planted), float(planted["estimate"].std())
        below = int((planted["conf_low"] > truth).sum())
        above = int((planted["conf_high"] < truth).sum())
        low, high = wilson(n - below - above, n)
        found.append(
            {
                "hypothesis": hypothesis,
                "quantity": quantity,
                "truth": truth,
                "truth_error": float(large.std() / np.sqrt(len(large))),
                "n": n,
                "covered": (n - below - above) / n,
                "covered_low": low,
                "covered_high": high,
                "missed_below": below,
                "missed_above": above,
                "width_in_sd": float((planted["conf_high"] - planted["conf_low"]).mean()) / spread,
                "bias_in_sd": (float(planted["estimate"].mean()) - truth) / spread,
            }
        )
    return pd.DataFrame(found)


def wilson(successes: int, n: int) -> tuple[float, float]:
    """Interval of a share by Wilson (1927, doi:10.1080/01621459.1927.10502953), at 95 %."""
    z = float(ndtri(0.975))
    middle, scale = (successes + z**2 / 2) / (n + z**2), z / (n + z**2)
    half = scale * float(np.sqrt(successes * (n - successes) / n + z**2 / 4))
    return max(middle - half, 0.0), min(middle + half, 1.0)


def false_support(rows: pd.DataFrame) -> pd.DataFrame:
    """Give the share of 'supported' where nothing affects anything, per claim and per component."""
    null = rows[(rows["kind"] == "null") & ~rows["hypothesis"].isin(["", *LEVELS])]
    found = []
    for (hypothesis, quantity), part in null.groupby(["hypothesis", "quantity"], sort=False):
        n, supported = len(part), int((part["verdict"] == "supported").sum())
        low, high = wilson(supported, n)
        found.append(
            {
                "hypothesis": hypothesis,
                "quantity": quantity,
                "n": n,
                "supported": supported / n,
                "supported_low": low,
                "supported_high": high,
                "verdicts": _counts(part["verdict"]),
            }
        )
    return pd.DataFrame(found)


def _counts(verdicts: pd.Series) -> str:
    return ", ".join(f"{name} {count}" for name, count in verdicts.value_counts().items())


def shortcomings(rows: pd.DataFrame, covered: pd.DataFrame, support: pd.DataFrame) -> list[str]:
    """Say what is asked and not reached, and what failed."""
    problems = [
        f"{row.hypothesis}, {row.quantity}: {row.covered:.1%} covered"
        for row in covered.itertuples()
        if row.n >= ENOUGH["planted"] and not LOWEST <= row.covered <= HIGHEST
    ]
    problems += [
        f"{row.hypothesis}, {row.quantity}: {row.supported:.1%} falsely supported"
        for row in support.itertuples()
        if row.n >= ENOUGH["null"] and row.supported > MOST_FALSE
    ]
    failed = rows[rows["verdict"].astype("str").str.startswith("error")]
    for (analysis, verdict), part in failed.groupby(["analysis", "verdict"]):
        problems.append(
            f"{analysis}: {verdict} in {len(part)} companies, of them seed {part['seed'].iloc[0]}"
        )
    return problems


def page(rows: pd.DataFrame, covered: pd.DataFrame, support: pd.DataFrame) -> str:
    """Both tables as Markdown."""
    companies = rows.drop_duplicates(["kind", "seed"])["kind"].value_counts()
    once = rows.drop_duplicates(["kind", "seed", "analysis"])
    planted = once[once["kind"] == "planted"].groupby("analysis")["seconds"].mean()
    times = ", ".join(f"{name} {seconds:.1f}" for name, seconds in planted.items())
    lines = [
        f"Made on {datetime.now(UTC).date()} by `python benchmarks/hypotheses.py --write` from "
        f"{', '.join(f'{count} {kind}' for kind, count in companies.items())} companies. Seconds of a processor for "
        f"each planted company: {times or 'none'}.",
        "",
        "### Intervals that hold the truth",
        "",
        "| hypothesis | quantity | truth | companies | covered | 95 % interval of it | truth below / above | "
        "width / SD | bias / SD |",
        "|---|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    lines += [
        f"| `{row.hypothesis}` | {row.quantity} | {row.truth:.4f} ± {row.truth_error:.4f} | {row.n} | "
        f"{row.covered:.1%} | {row.covered_low:.1%} to {row.covered_high:.1%} | {row.missed_below} / "
        f"{row.missed_above} | {row.width_in_sd:.2f} | {row.bias_in_sd:+.2f} |"
        for row in covered.itertuples()
    ]
    lines += [
        "",
        "### False support where there is nothing",
        "",
        "| hypothesis | quantity | companies | supported | 95 % interval of it | verdicts |",
        "|---|---|---:|---:|---:|---|",
    ]
    lines += [
        f"| `{row.hypothesis}` | {row.quantity} | {row.n} | {row.supported:.1%} | {row.supported_low:.1%} to "
        f"{row.supported_high:.1%} | {row.verdicts} |"
        for row in support.itertuples()
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
