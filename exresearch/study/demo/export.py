"""The demo client as a study of its own: tables, codebook and a study file in one folder."""

from __future__ import annotations

import json
from pathlib import Path

import yaml

from exresearch.study.demo.tables import FILES, GENERATOR, cut_demo, generate_demo, simulate_demo, write_table

_PROJECT = Path(__file__).resolve().parents[3]


def write_demo_study(
    directory: Path, *, seed: int = 2016, n_units: int | None = None, n_employees: int | None = None
) -> Path:
    """Write the demo client, or a small cut of it, with a study file that runs as it is.

    Parameters
    ----------
    directory : pathlib.Path
        A new or empty folder.
    seed : int
        Seed of the generator, and of the cut.
    n_units, n_employees : int, optional
        Size of the cut; give both or neither.

    Returns
    -------
    pathlib.Path
        The study file.

    Raises
    ------
    ValueError
        If the folder is not empty, only one of the sizes is given, or the demo has no such number of units or
        employees.
    OSError
        If the folder cannot be written.
    """
    if (n_units is None) != (n_employees is None):
        raise ValueError(
            "a cut needs both a number of units and a number of employees; give --units and --employees"
        )
    if directory.exists() and (not directory.is_dir() or any(directory.iterdir())):
        raise ValueError("the folder is not empty")
    directory.mkdir(parents=True, exist_ok=True)
    tables = directory / "tables"
    if n_units is None or n_employees is None:
        generate_demo(tables, seed=seed)
        client = "demo_copy"
    else:
        cut = cut_demo(simulate_demo(seed), n_units=n_units, n_employees=n_employees, seed=seed)
        tables.mkdir()
        for name, frame in cut.items():
            write_table(frame, tables / FILES[name])
        record = {"seed": seed, "generator": GENERATOR, "n_units": n_units, "n_employees": n_employees}
        (tables / "generated.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        client = f"demo_{n_units}_units"
    codebook = (_PROJECT / "data" / "demo" / "codebook.yaml").read_text(encoding="utf-8")
    # Without its first line, which says where the schema lies, seen from the project's own folder.
    (directory / "codebook.yaml").write_text(codebook.partition("\n")[2], encoding="utf-8")
    content = yaml.safe_load((_PROJECT / "params" / "demo.yaml").read_text(encoding="utf-8"))
    content |= {
        "client": client,
        "codebook": "codebook.yaml",
        "synthetic": {"seed": seed},
        "tables": {name: f"tables/{file}" for name, file in FILES.items()},
    }
    study = directory / "study.yaml"
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=120)
    study.write_text(
        "# The fictional demo client; see README.md for what each key means.\n" + text, encoding="utf-8"
    )
    return study
