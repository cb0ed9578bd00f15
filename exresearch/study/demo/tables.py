"""The demo client as tables: in memory, cut down to a small company, and as files on disk."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from exresearch.study.demo.company import DemoSettings, simulate_company
from exresearch.study.demo.records import moments_table, people_table, units_table
from exresearch.study.demo.surveys import customers_table, employees_table, partners_table
from exresearch.study.demo.workforce import FIRST_YEAR, employment_dates, quarter_start, simulate_workforce

#: Table name to file name.
FILES = {
    "employees": "employees.parquet",
    "customers": "customers.parquet",
    "partners": "partners.csv",
    "units": "units.csv",
    "people": "people.csv",
    "moments": "moments.parquet",
}
_STAMP = "generated.json"
#: Goes up by one whenever the same seed gives other tables, so that a folder of an earlier one is made anew.
GENERATOR = 2


def simulate_demo(seed: int, settings: DemoSettings | None = None) -> dict[str, pd.DataFrame]:
    """Simulate the demo company in memory.

    Use it where many companies are needed (benchmarks); `generate_demo` writes one to files.

    Parameters
    ----------
    seed : int
        Decides every number; each table has a random stream of its own.
    settings : DemoSettings, optional
        Size and world; by default 120 units and six waves with the planted effects.

    Returns
    -------
    dict of str to pandas.DataFrame
        employees, customers, partners, units, people, moments. Answers are numbers with NaN where missing and
        99 where "no opinion" was ticked (see the codebook).

    Raises
    ------
    ValueError
        If the settings allow no stationary process.

    Examples
    --------
    >>> sorted(simulate_demo(1, DemoSettings(n_units=3)))
    ['customers', 'employees', 'moments', 'partners', 'people', 'units']
    """
    world = settings or DemoSettings()
    streams = [np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(9)]
    company = simulate_company(streams[0], world)
    workforce = simulate_workforce(streams[1], company, world)
    start, end = employment_dates(streams[2], workforce)
    return {
        "employees": employees_table(streams[3], company, workforce, world, start),
        "customers": customers_table(streams[4], company, world),
        "partners": partners_table(streams[5], company, world),
        "units": units_table(streams[6], company, workforce, world),
        "people": people_table(workforce, start, end),
        "moments": moments_table(streams[7], company, workforce, world, end, words=streams[8]),
    }


def generate_demo(
    directory: str | Path, *, seed: int = 2016, settings: DemoSettings | None = None
) -> dict[str, Path]:
    """Write the demo company to a directory, completely or not at all.

    The files are written to a temporary directory beside it, which takes the name of `directory` when all are
    there. A directory that holds anything else is left alone.

    Parameters
    ----------
    directory : str or Path
        Where the files go; made when it is absent, replaced when it holds an earlier demo.
    seed : int
        Two calls with one seed and the same settings give byte-identical files.
    settings : DemoSettings, optional
        Size and world.

    Returns
    -------
    dict of str to Path
        Table name to file. ``generated.json`` beside them records seed, generator, settings and rows.

    Raises
    ------
    FileExistsError
        If `directory` is a file or holds files that are not a demo's.
    OSError
        If `directory` cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     files = generate_demo(Path(folder) / "demo", settings=DemoSettings(n_units=3))
    >>> files["units"].name
    'units.csv'
    """
    world = settings or DemoSettings()
    target = Path(directory).absolute()
    _check_target(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = Path(tempfile.mkdtemp(prefix=f".{target.name}-partial-", dir=target.parent))
    try:
        tables = simulate_demo(seed, world)
        for name, frame in tables.items():
            write_table(frame, partial / FILES[name])
        rows = {name: len(frame) for name, frame in tables.items()}
        stamp = {"seed": seed, "generator": GENERATOR, "settings": asdict(world), "rows": rows}
        (partial / _STAMP).write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8", newline="\n")
        partial.chmod(0o755)
        if target.exists():
            # Checked above: an earlier demo or an empty directory.
            old = Path(tempfile.mkdtemp(prefix=f".{target.name}-old-", dir=target.parent))
            target.replace(old / target.name)
            partial.replace(target)
            shutil.rmtree(old)
        else:
            partial.replace(target)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return {name: target / file for name, file in FILES.items()}


def cut_demo(
    tables: dict[str, pd.DataFrame], *, n_units: int, n_employees: int, seed: int
) -> dict[str, pd.DataFrame]:
    """Cut a small company out of the demo, as if the rest had never existed.

    Units are chosen at random, then people (who answered at least once) within them, spread evenly. Answer
    sheets, HR records and moments follow the people; headcount, leavers and hires are counted again; other counts
    of a unit are thinned in proportion to its headcount; customers and partners follow the units.

    Parameters
    ----------
    tables : dict of str to pandas.DataFrame
        What `simulate_demo` gives; not changed.
    n_units, n_employees : int
        Size of the cut, such as 4 and 40; at least one employee a unit.
    seed : int
        Decides who is in the cut.

    Returns
    -------
    dict of str to pandas.DataFrame
        The same tables and columns, with fewer rows.

    Raises
    ------
    ValueError
        If the tables do not hold that many units, or not that many people in the chosen units.

    Examples
    --------
    >>> small = cut_demo(simulate_demo(1, DemoSettings(n_units=8)), n_units=4, n_employees=40, seed=1)
    >>> small["employees"]["person_id"].nunique()
    40
    """
    rng = np.random.default_rng(seed)
    employees, people = tables["employees"], tables["people"]
    all_units = np.sort(employees["unit"].unique())
    if not 1 <= n_units <= all_units.size:
        raise ValueError(
            f"cut_demo: n_units is {n_units}; legal values are 1 to {all_units.size}, the units of the tables. "
            f"Ask for fewer units or simulate more."
        )
    units = np.sort(rng.choice(all_units, n_units, replace=False))
    home = employees.drop_duplicates("person_id").set_index("person_id")["unit"]
    available = int(home.isin(units).sum())
    if not n_units <= n_employees <= available:
        raise ValueError(
            f"cut_demo: n_employees is {n_employees}; legal values are {n_units} (one a unit) to {available}, "
            f"the people who answered in the chosen units. Ask for a number in that range."
        )
    order = pd.Series(rng.permutation(len(home)), index=home.index)[home.isin(units)].sort_values()
    # The k-th person drawn in each unit comes before the (k+1)-th of any unit: an even spread.
    turn = home[order.index].groupby(home[order.index]).cumcount().sort_values(kind="stable")
    chosen = turn.index[:n_employees]

    kept = people[people["person_id"].isin(chosen)].reset_index(drop=True)
    kept["referred_by"] = kept["referred_by"].where(kept["referred_by"].isin(chosen), None)
    in_units = {
        name: tables[name][tables[name]["unit"].isin(units)].reset_index(drop=True)
        for name in ("customers", "partners", "units", "moments")
    }
    before = in_units["units"]["headcount"].sum()
    counted = _recount(in_units["units"], kept, rng)
    moments = in_units["moments"]
    candidate = moments["person_id"].str.startswith("K")
    visitors = np.sort(moments.loc[candidate, "person_id"].unique())
    share = counted["headcount"].sum() / max(before, 1)
    stay = visitors[rng.random(visitors.size) < share]
    in_units["moments"] = moments[
        moments["person_id"].isin(chosen) | moments["person_id"].isin(stay)
    ].reset_index(drop=True)
    answered = employees[employees["person_id"].isin(chosen)].reset_index(drop=True)
    cut = {**in_units, "units": counted, "employees": answered, "people": kept}
    return {name: cut[name] for name in tables}


def _recount(units: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Count headcount, leavers and hires again from HR records, and thin the other counts in proportion."""
    result = units.copy()
    quarter = units["wave"].str[:4].astype(int) * 4 + units["wave"].str[5:].astype(int) - 1
    position = np.asarray(quarter - 4 * FIRST_YEAR + 1, dtype=np.int64)
    first, after = quarter_start(position), quarter_start(position + 1)
    start = people["start"].to_numpy(dtype="datetime64[D]")
    end = people["end"].fillna("2999-12-31").to_numpy(dtype="datetime64[D]")
    same = people["unit"].to_numpy()[None, :] == units["unit"].to_numpy()[:, None]
    here = same & (start <= first[:, None] + 9) & (end > first[:, None] + 9)
    new = same & (start >= first[:, None]) & (start < after[:, None])
    referred = new & people["referred_by"].notna().to_numpy()
    result["headcount"] = here.sum(axis=1)
    result["leavers"] = (here & (end < after[:, None])).sum(axis=1)
    result["hires"], result["hires_referred"] = new.sum(axis=1), referred.sum(axis=1)
    share = np.clip(result["headcount"].to_numpy() / np.maximum(units["headcount"].to_numpy(), 1), 0, 1)

    def thin(count: NDArray[np.int64]) -> NDArray[np.int64]:
        return rng.binomial(count, share)

    for name in ("absence_days", "complaints", "campaign_reach"):
        result[name] = thin(units[name].to_numpy())
    # Applicants who were hired are counted again, those who were not are thinned.
    rejected_referred = thin((units["applicants_referred"] - units["hires_referred"]).to_numpy())
    other = units["applicants"] - units["applicants_referred"] - (units["hires"] - units["hires_referred"])
    result["applicants_referred"] = result["hires_referred"] + rejected_referred
    unreferred = result["hires"] - result["hires_referred"] + thin(other.to_numpy())
    result["applicants"] = result["applicants_referred"] + unreferred
    return result


def _check_target(target: Path) -> None:
    """Refuse to replace anything but an earlier demo or an empty directory."""
    if not target.exists():
        return
    if not target.is_dir():
        raise FileExistsError(
            f"generate_demo: {target} is a file; directory must be a new or empty directory or an earlier demo. "
            f"Choose another directory."
        )
    foreign = sorted({entry.name for entry in target.iterdir()} - {*FILES.values(), _STAMP})
    if foreign:
        raise FileExistsError(
            f"generate_demo: directory {target} also holds {', '.join(foreign[:3])}"
            f"{' and more' if len(foreign) > 3 else ''}, which is not part of a demo and would be lost. "
            f"Choose another directory or move these files."
        )


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write one table; whole numbers become small integers with nulls, so that no NaN is stored."""
    if path.suffix == ".csv":
        frame.to_csv(path, index=False, encoding="utf-8", lineterminator="\n")
        return
    columns: dict[str, pa.Array] = {}
    for name, column in frame.items():
        if not pd.api.types.is_numeric_dtype(column):
            text = column.to_numpy(dtype=object)
            columns[str(name)] = pa.array(text, pa.string(), mask=column.isna().to_numpy())
            continue
        values = column.to_numpy(dtype=np.float64)
        absent = np.isnan(values)
        whole = bool((values[~absent] == np.rint(values[~absent])).all())
        filled = np.where(absent, 0, values)
        columns[str(name)] = pa.array(filled.astype(np.int16) if whole else filled, mask=absent)
    # No pandas metadata: it would write library versions into the file.
    pq.write_table(pa.table(columns), path, compression="zstd")
