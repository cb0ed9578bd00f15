"""Write locks/dev.txt and locks/run.txt anew from pyproject.toml (`make lock`); needs uv.

One resolution for every system and for Python 3.11 to 3.13, each file with its hashes, and no index or
link host in it, so that the same lock works behind any mirror. locks/run.txt is locks/dev.txt without
the tools: the core dependencies and what builds the editable package, held to the same versions.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
BUILD = ("editables", "hatchling")
RECIPE = (
    "--universal", "--python-version", "3.11", "--generate-hashes", "--no-annotate", "--no-header",
    "--no-emit-index-url", "--no-emit-find-links", "--quiet",
)  # fmt: skip
PINNED = re.compile(r"^[a-z0-9][a-z0-9._-]*==\S+( ; .+)? \\$|^    --hash=sha256:[0-9a-f]{64}( \\)?$")


def commands(uv: str, *, upgrade: bool) -> list[tuple[list[str], str]]:
    """The two uv commands, in order, each with what it reads from standard input."""
    newer = ["--upgrade"] if upgrade else []
    compile_ = [uv, "pip", "compile", "pyproject.toml"]
    return [
        (
            [
                *compile_,
                "--extra",
                "dev",
                "--extra",
                "lab",
                *RECIPE,
                *newer,
                "--output-file",
                "locks/dev.txt",
            ],
            "",
        ),
        (
            [
                *compile_,
                "-",
                *RECIPE,
                *newer,
                "--constraint",
                "locks/dev.txt",
                "--output-file",
                "locks/run.txt",
            ],
            "\n".join(BUILD),
        ),
    ]


def foreign_lines(lock: str) -> list[int]:
    """Numbers of the lines that are neither a pinned package nor a hash (a host, a link, a local path)."""
    return [number for number, line in enumerate(lock.splitlines(), start=1) if not PINNED.match(line)]


def main(argv: list[str]) -> int:
    """Resolve, write and check both files."""
    uv = shutil.which("uv")
    if uv is None:
        print(
            "exresearch: `make lock` needs uv, which is not on the PATH; install it and run this again.",
            file=sys.stderr,
        )
        return 2
    for command, text in commands(uv, upgrade="--upgrade" in argv):
        done = subprocess.run(
            command, cwd=ROOT, input=text, text=True, stdout=subprocess.DEVNULL, check=False
        )
        if done.returncode:
            print(
                "exresearch: uv found no set of versions (see its words above); locks/ may be half written.",
                file=sys.stderr,
            )
            return 2
    for name in ("dev", "run"):
        path = ROOT / "locks" / f"{name}.txt"
        if bad := foreign_lines(path.read_text(encoding="utf-8")):
            print(
                f"exresearch: locks/{name}.txt has lines that are no pinned package or hash: {bad}.",
                file=sys.stderr,
            )
            return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
