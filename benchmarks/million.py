"""The whole suite on a million answer sheets of sixty columns: seconds, and the memory of everything that runs.

``python benchmarks/million.py DIR`` writes such a client to a folder, ``--run`` runs the suite on it as well and prints
what it took, each notebook included. ``--employees 100000`` is a quick look. The client is the demo company, grown:
divisions that do not know each other, simulated and written one after the other, so that writing needs little memory.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import yaml
from watching.tree import watched

from exresearch.study.demo import DemoSettings, simulate_demo

ROOT = Path(__file__).resolve().parents[1]
SEED = 2016
UNITS = 1000
#: Answer sheets of one division, which is what is in memory at a time.
DIVISION = 50_000
#: Answer sheets per post and wave in the demo's world: most people are asked, and 70 % of them answer.
SHEETS_PER_POST = 0.68
LIMIT_SECONDS, LIMIT_GIB = 300, 6.0
TABLES = ("employees", "customers", "partners", "units", "people", "moments")
#: Columns beside the demo's 57: what most clients ask as well.
MORE = [
    {
        "table": "employees",
        "column": "age_band",
        "role": "category",
        "label": {"nl": "Leeftijd", "en": "Age"},
    },
    {
        "table": "employees",
        "column": "education",
        "role": "category",
        "label": {"nl": "Opleiding", "en": "Education"},
    },
    {
        "table": "employees",
        "column": "team_support",
        "role": "item",
        "construct": "team_support",
        "minimum": 1,
        "maximum": 7,
        "label": {"nl": "Collega's helpen elkaar hier.", "en": "Colleagues here help one another."},
        "instrument": "Noorderlicht demo survey, wording of the exresearch authors",
        "licence": "GPL-3.0-or-later",
    },
]
AGES = ("tot 30 jaar", "30 tot 45 jaar", "45 tot 55 jaar", "55 jaar of ouder")
EDUCATION = ("mbo", "hbo", "wo", "anders")


def main() -> None:
    parser = argparse.ArgumentParser(description="The whole suite on a million answer sheets.")
    parser.add_argument(
        "folder",
        type=Path,
        nargs="?",
        help="where the client is or will be; a passing one if not said",
    )
    parser.add_argument(
        "--employees", type=int, default=1_000_000, help="answer sheets, or a few per cent more"
    )
    parser.add_argument("--units", type=int, help="units; 1,000 in a million sheets")
    parser.add_argument("--run", action="store_true", help="run the suite, and say what it took")
    parser.add_argument("--only", action="append", default=[], help="as `exresearch run --only`")
    parser.add_argument("--jobs", type=int, default=2, help="notebooks at a time")
    options = parser.parse_args()
    if options.folder is None:
        with TemporaryDirectory() as folder:
            sys.exit(measured(Path(folder) / "client", options))
    sys.exit(measured(options.folder, options))


def measured(folder: Path, options: argparse.Namespace) -> int:
    """Write the client where it is not there yet, say how large it is, and run the suite if asked to."""
    study = folder / "study.yaml"
    if not study.exists():
        clock = time.perf_counter()
        write_client(folder, sheets=options.employees, units=options.units)
        print(f"Written in {time.perf_counter() - clock:.0f} s:")
    for name in TABLES:
        file = pq.ParquetFile(folder / f"{name}.parquet")
        size = (folder / f"{name}.parquet").stat().st_size / 2**20
        print(
            f"  {name:10}{file.metadata.num_rows:>10,} rows x {file.metadata.num_columns} columns, {size:.1f} MiB"
        )
    if options.run:
        return run(study, jobs=options.jobs, only=options.only)
    return 0


def write_client(folder: Path, *, sheets: int, units: int | None = None) -> None:
    """Write tables, codebook and study file, division by division; the same arguments give the same bytes.

    Parameters
    ----------
    folder : pathlib.Path
        A new folder; it appears when everything is written.
    sheets : int
        Answer sheets, within a few per cent.
    units : int, optional
        Units of the company; one for a thousand sheets by default.
    """
    partial = folder.with_name(f".{folder.name}-partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    divisions = max(1, round(sheets / DIVISION))
    each = max(2, (units or round(UNITS * sheets / 1_000_000)) // divisions)
    world = DemoSettings(
        n_units=each,
        mean_headcount=round(sheets / (divisions * each * SHEETS_PER_POST * DemoSettings().n_waves)),
    )
    writers: dict[str, pq.ParquetWriter] = {}
    n_people = n_visitors = 0
    for division, seed in enumerate(np.random.SeedSequence(SEED).generate_state(divisions)):
        tables = simulate_demo(int(seed), world)
        tables["employees"] = with_more(tables["employees"], seed=int(seed))
        visitors = (
            tables["moments"].loc[tables["moments"]["person_id"].str.startswith("K"), "person_id"].nunique()
        )
        for name in TABLES:
            frame = renamed(tables[name], units=division * each, people=n_people, visitors=n_visitors)
            table = pa.Table.from_pandas(
                frame.convert_dtypes(), preserve_index=False
            ).replace_schema_metadata()
            if name not in writers:
                schema = pa.schema([as_stored(field) for field in table.schema])
                writers[name] = pq.ParquetWriter(partial / f"{name}.parquet", schema, compression="zstd")
            writers[name].write_table(table.cast(writers[name].schema))
        n_people += len(tables["people"])
        n_visitors += visitors
    for writer in writers.values():
        writer.close()
    book = yaml.safe_load((ROOT / "data" / "demo" / "codebook.yaml").read_text(encoding="utf-8"))
    book["variables"] += MORE
    book["constructs"]["team_support"] = {"nl": "Steun van collega's", "en": "Support of colleagues"}
    demo = yaml.safe_load((ROOT / "params" / "demo.yaml").read_text(encoding="utf-8"))
    del demo["synthetic"]
    demo |= {
        "client": f"employees_{sheets}",
        "name": "Noorderlicht Groep",
        "codebook": "codebook.yaml",
        "tables": {name: f"{name}.parquet" for name in TABLES},
    }
    for name, content in (("codebook.yaml", book), ("study.yaml", demo)):
        text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
        (partial / name).write_text(text, encoding="utf-8")
    partial.rename(folder)


def with_more(employees: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Add two categories of a person and an item that goes with engagement."""
    rng = np.random.default_rng([SEED, seed])
    codes, people = pd.factorize(employees["person_id"])
    item = np.clip(np.rint(0.5 * employees["eng_1"].fillna(4) + 2.2 + rng.normal(0, 1, len(employees))), 1, 7)
    item[rng.random(len(employees)) < 0.03] = np.nan
    return employees.assign(
        age_band=np.array(AGES, dtype=object)[rng.integers(0, len(AGES), len(people))[codes]],
        education=np.array(EDUCATION, dtype=object)[
            rng.choice(4, len(people), p=(0.4, 0.35, 0.15, 0.1))[codes]
        ],
        team_support=item,
    )


def renamed(frame: pd.DataFrame, *, units: int, people: int, visitors: int) -> pd.DataFrame:
    """Number the units and people of a division on from those before it."""
    frame = frame.copy()
    frame["unit"] = [f"U{number:05d}" for number in frame["unit"].str[1:].astype(int) + units]
    for name in ("person_id", "referred_by"):
        if name not in frame:
            continue
        known = frame[name].notna()
        text = frame.loc[known, name].astype(str)
        number = text.str[1:].astype(int) + np.where(text.str[0] == "K", visitors, people)
        frame[name] = frame[name].astype(object)
        frame.loc[known, name] = [f"{a}{n:07d}" for a, n in zip(text.str[0], number, strict=True)]
        frame.loc[~known, name] = None
    return frame


def as_stored(field: pa.Field) -> pa.Field:
    """Give the type of a column in the files: whole numbers are small."""
    if pa.types.is_integer(field.type):
        return pa.field(
            field.name, pa.int16() if field.name not in ("absence_days", "campaign_reach") else pa.int32()
        )
    if pa.types.is_floating(field.type):
        return pa.field(field.name, pa.float64())
    return pa.field(field.name, pa.string())


def run(study: Path, *, jobs: int, only: list[str]) -> int:
    """Run the suite in processes of its own, and say how long it took and how much memory all of them held."""
    output = study.parent / "report"
    shutil.rmtree(output, ignore_errors=True)
    command = [sys.executable, "-c", "from exresearch.cli import main; main()", "run", str(study)]
    command += ["--output", str(output), "--language", "en", "--jobs", str(jobs)]
    command += [word for name in only for word in ("--only", name)]
    done = watched(command, cwd=ROOT)
    seconds, size, when, parts, code = done.seconds, done.peak, done.when, done.parts, done.code
    print(f"{seconds:.0f} s, at most {size:.2f} GiB (after {when:.0f} s), exit code {code}")
    print(
        "  then: "
        + ", ".join(f"{name} {held:.2f}" for name, held in sorted(parts.items(), key=lambda p: -p[1]))
    )
    record = output / "run.json"
    if record.is_file():
        for notebook in json.loads(record.read_text(encoding="utf-8"))["notebooks"]:
            print(f"  {notebook['name']:26}{notebook['status']:8}{notebook['seconds']:8.1f} s")
    fits = not only and code == 0 and seconds <= LIMIT_SECONDS and size <= LIMIT_GIB
    return 0 if fits or only else 1


if __name__ == "__main__":
    main()
