"""Write the table of hypotheses in README.md anew from the registry (tests/test_house.py compares the two)."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[1]
START, END = "<!-- hypotheses:start -->", "<!-- hypotheses:end -->"


def table(hypotheses: list[dict[str, Any]], notebooks: set[str]) -> str:
    """The table in Markdown: id, claim, and the notebook that decides it, if that has been written."""
    rows = ["| id | claim | notebook |", "|---|---|---|"]
    for hypothesis in hypotheses:
        claim = " ".join(str(hypothesis["claim"]["en"]).split()).replace("|", "\\|")
        name = hypothesis["notebook"]
        place = f"[`{name}`](notebooks/{name}.ipynb)" if name in notebooks else "no notebook yet"
        rows.append(f"| `{hypothesis['id']}` | {claim} | {place} |")
    return "\n".join(rows)


def current_table(root: Path) -> str:
    """The table as registry and notebooks say it should be now."""
    registry = yaml.safe_load((root / "exresearch/findings/hypotheses.yaml").read_text(encoding="utf-8"))
    return table(registry["hypotheses"], {path.stem for path in (root / "notebooks").glob("*.ipynb")})


def with_table(readme: str, new: str) -> str:
    """The text of the README with the table between its markers replaced."""
    for marker in (START, END):
        if readme.count(marker) != 1:
            raise ValueError(
                f"README.md must hold the marker {marker} once; it holds it {readme.count(marker)} times."
            )
    before, rest = readme.split(START)
    return f"{before}{START}\n{new}\n{END}{rest.split(END)[1]}"


def main() -> int:
    """Rewrite README.md in place."""
    path = ROOT / "README.md"
    path.write_text(
        with_table(path.read_text(encoding="utf-8"), current_table(ROOT)), encoding="utf-8", newline="\n"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
