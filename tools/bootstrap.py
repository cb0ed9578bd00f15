"""From a fresh clone to a report or a tested tree, with nothing but Python and its standard library.

The recipes of the Makefile live here, so that they are the same where there is no make:
``make report`` is ``python tools/bootstrap.py report``. Each problem of the machine (no venv
module, no network, ...) is one sentence with its remedy on stderr and exit code 2.
This file also has to be readable for a Python that is too old, so its syntax stays that of 3.7.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
OLDEST, NEWEST = (3, 11), (3, 13)
ENVIRONMENTS = ("run", "dev")
HOUSE = ("tests/test_house.py", "tests/test_notebooks_structure.py")
STAMP = "exresearch-stamp.json"
LOG = "bootstrap.log"

# Settings of the user's shell that would put another interpreter, folder or kernel in the place of ours.
# Indexes, proxies and certificates are the user's business and stay.
NOT_INHERITED = (
    "PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "PYTHONUSERBASE", "VIRTUAL_ENV", "CONDA_PREFIX", "CONDA_DEFAULT_ENV",
    "PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PIP_ROOT", "PIP_CONSTRAINT", "PIP_REQUIREMENT", "PIP_REQUIRE_HASHES",
    "UV_PYTHON", "UV_SYSTEM_PYTHON", "UV_CONSTRAINT", "UV_OVERRIDE", "UV_REQUIRE_HASHES", "UV_PROJECT_ENVIRONMENT",
    "JUPYTER_PATH", "JUPYTER_CONFIG_PATH",
    # A run starts a Python per notebook; each would compile every package anew, which takes four times as long.
    "PYTHONDONTWRITEBYTECODE",
)  # fmt: skip

# Looked for in the order given, because pip reports a wrong hash and a lost connection with more lines after it.
NO_HASH_MATCH = ("DO NOT MATCH THE HASHES", "Hash mismatch")
NO_SPACE = ("No space left on device", "not enough space on the disk")
NO_PERMISSION = ("Permission denied", "Read-only file system", "Access is denied")
NO_TRUST = ("CERTIFICATE_VERIFY_FAILED", "invalid peer certificate", "certificate verify failed")
NO_CONNECTION = (
    "NewConnectionError", "ConnectTimeoutError", "Max retries exceeded", "Connection refused", "ProxyError",
    "Temporary failure in name resolution", "Name or service not known", "getaddrinfo failed", "Read timed out",
    "after connection broken by", "error sending request", "dns error", "tcp connect error", "operation timed out",
    "Failed to fetch", "Network connectivity is disabled",
)  # fmt: skip
NO_WHEEL = ("No matching distribution found", "has no wheels with a matching", "No solution found")


class SetupError(Exception):
    """The machine cannot do what was asked; the message is the sentence shown to the user."""


def check_python(version: tuple[int, ...], executable: str) -> None:
    """Refuse an interpreter that the locked packages were not made for."""
    if OLDEST <= tuple(version[:2]) <= NEWEST:
        return
    shown = ".".join(str(part) for part in version[:3])
    raise SetupError(
        f"exresearch needs Python 3.11, 3.12 or 3.13, and {executable} is Python {shown}; "
        "install one of these and name it: `make PYTHON=python3.11 report`, "
        "on Windows `py -3.11 tools\\bootstrap.py report`."
    )


def check_writable(folder: Path) -> None:
    """Refuse a folder in which no file can be made (only trying it tells the truth on every system)."""
    try:
        with tempfile.TemporaryFile(dir=str(folder)):
            pass
    except OSError as error:
        raise SetupError(
            f"The folder {folder} cannot be written to ({error.strerror}); copy the project to a folder of your own "
            "and run this again there."
        ) from error


def child_environment(inherited: dict[str, str], venv: Path) -> dict[str, str]:
    """The user's environment without what would lead a child process outside `venv`."""
    kept = {name: value for name, value in inherited.items() if name not in NOT_INHERITED}
    kept["PATH"] = os.pathsep.join([str(scripts(venv)), inherited.get("PATH", os.defpath)])
    # The kernel of .venv goes before a namesake in the home folder, and no start-up file of the user runs in it.
    kept.update(JUPYTER_PREFER_ENV_PATH="1", IPYTHONDIR=str(venv / "ipython"), PYTHONNOUSERSITE="1")
    return kept


def scripts(venv: Path) -> Path:
    """The folder of the environment's commands."""
    return venv / ("Scripts" if os.name == "nt" else "bin")


def python_of(venv: Path) -> Path:
    """The environment's interpreter."""
    return scripts(venv) / ("python.exe" if os.name == "nt" else "python")


def explain(output: str, *, tool: str, lock: str) -> str:
    """Say in one sentence why an installation failed, from what the installer wrote."""

    def mentions(patterns: tuple[str, ...]) -> bool:
        return any(pattern.lower() in output.lower() for pattern in patterns)

    see_log = f"The whole log is .venv/{LOG}."
    if mentions(NO_HASH_MATCH):
        return (
            f"A package that {tool} downloaded does not have the hash in {lock}, so it was not installed; "
            f"clear the cache (`{tool} cache {'clean' if tool == 'uv' else 'purge'}`) and run this again, and if it "
            "happens again the index or a proxy serves a changed file: do not install it, ask whoever runs the index. "
            + see_log
        )
    if mentions(NO_SPACE):
        return (
            f"The disk is full, so {lock} was not installed; free about 1.5 GB and run this again. {see_log}"
        )
    if mentions(NO_TRUST):
        return (
            f"{tool} does not trust the certificate of the package index, as happens behind a company proxy; "
            f"set {'SSL_CERT_FILE' if tool == 'uv' else 'PIP_CERT'} to the company's certificate file "
            f"and run this again. {see_log}"
        )
    if mentions(NO_CONNECTION):
        return (
            f"{tool} could not reach the package index, so {lock} was not installed; check the network, the proxy "
            f"(HTTPS_PROXY) and the index ({'UV_DEFAULT_INDEX' if tool == 'uv' else 'PIP_INDEX_URL'}), "
            f"and run this again. {see_log}"
        )
    if mentions(NO_PERMISSION):
        return (
            f"{tool} was not allowed to write a file; give yourself the right to write in .venv "
            f"and in the cache of {tool}, and run this again. {see_log}"
        )
    if mentions(NO_WHEEL):
        return (
            "The package index has no ready-made file of a locked package for this system and Python; use Python 3.11 "
            f"on 64-bit Linux, macOS or Windows, or the conda environment of environment.yml. {see_log}"
        )
    return f"{tool} could not install {lock}; the reason is at the end of .venv/{LOG}."


def run_logged(command: list[str], *, log: Path, env: dict[str, str], progress: str = "") -> tuple[int, str]:
    """Run a command with its output in `log`; on a terminal `progress` counts the packages."""
    lines = []
    counted = 0
    with log.open("a", encoding="utf-8") as file:
        file.write("$ " + " ".join(command) + "\n")
        with subprocess.Popen(
            command, cwd=str(ROOT), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            text=True, encoding="utf-8", errors="replace",
        ) as process:  # fmt: skip
            for line in process.stdout or ():
                file.write(line)
                lines.append(line)
                counted += line.startswith(("Collecting ", "Requirement already satisfied"))
                if progress and counted and sys.stderr.isatty():
                    print(f"\r{progress}: {counted}", end="", file=sys.stderr, flush=True)
    code = process.returncode
    if progress and counted and sys.stderr.isatty():
        print(file=sys.stderr)
    return code, "".join(lines)


def missing_modules() -> list[str]:
    """Modules without which Python cannot make an environment (Debian ships them separately)."""
    return [name for name in ("venv", "ensurepip") if importlib.util.find_spec(name) is None]


def make_environment(venv: Path, *, uv: str | None, clear: bool, env: dict[str, str]) -> None:
    """Make an empty virtual environment of the running interpreter."""
    remedy = (
        f"install it (Debian and Ubuntu: `sudo apt install python{sys.version_info[0]}.{sys.version_info[1]}-venv`), "
        "or put uv on the PATH, and run this again."
    )
    missing = [] if uv else missing_modules()
    if missing:
        raise SetupError(
            f"{sys.executable} cannot make a virtual environment because its module {missing[0]} is missing; {remedy}"
        )
    if uv:
        command = [
            uv,
            "venv",
            "--no-python-downloads",
            "--python",
            sys.executable,
            *(["--clear"] if clear else []),
            str(venv),
        ]
    else:
        command = [sys.executable, "-m", "venv", *(["--clear"] if clear else []), str(venv)]
    done = subprocess.run(
        command, cwd=str(ROOT), env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, encoding="utf-8", errors="replace", check=False,
    )  # fmt: skip
    if done.returncode == 0:
        return
    if "ensurepip" in done.stdout:
        raise SetupError(
            f"{sys.executable} cannot make a virtual environment because its module ensurepip is missing; {remedy}"
        )
    last = (done.stdout.strip().splitlines() or ["it said nothing"])[-1]
    raise SetupError(
        f"`{' '.join(command[:3])}` could not make the environment .venv (exit code {done.returncode}: {last}); "
        "remove .venv, or reinstall that Python, and run this again."
    )


def wanted_stamp(kind: str, root: Path) -> dict[str, str]:
    """What an up-to-date environment of this kind is made from."""
    locks = ENVIRONMENTS[: ENVIRONMENTS.index(kind) + 1]
    files = [*(f"locks/{name}.txt" for name in locks), "pyproject.toml"]
    missing = [name for name in files if not (root / name).is_file()]
    if missing:
        raise SetupError(
            f"{', '.join(missing)} is missing from {root}; restore it with `git checkout -- {missing[0]}`."
        )
    hashes = {
        name: hashlib.sha256((root / name).read_bytes().replace(b"\r\n", b"\n")).hexdigest() for name in files
    }
    # Commands in an environment carry its path, so a moved project needs a new one.
    return {**hashes, "root": str(root)}


def read_stamp(venv: Path) -> dict[str, str] | None:
    """What the environment was made from, or None when it was never finished."""
    try:
        stamp = json.loads((venv / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) else None


def plan(venv: Path, stamp: dict[str, str] | None, wanted: dict[str, str]) -> str:
    """One of `keep` (nothing to do), `add` (install into it), `rebuild` and `make`."""
    if not venv.exists() or (venv.is_dir() and not any(venv.iterdir())):
        return "make"
    if not (venv / "pyvenv.cfg").is_file():
        raise SetupError(f"{venv} exists and is not a virtual environment; move it away and run this again.")
    if not python_of(venv).exists():
        return "rebuild"
    if stamp is None:
        return "add"
    changed = {name for name in wanted if name in stamp and stamp[name] != wanted[name]}
    if changed - {"pyproject.toml"}:
        return "rebuild"  # packages that left the lock file have to leave the environment too
    return "add" if changed or set(wanted) - set(stamp) else "keep"


def prepare(kind: str, *, root: Path) -> Path:
    """Bring `.venv` in line with `locks/<kind>.txt` and return its interpreter; nothing to do costs nothing."""
    check_python(sys.version_info[:3], sys.executable)
    venv = root / ".venv"
    wanted = wanted_stamp(kind, root)
    step = plan(venv, read_stamp(venv), wanted)
    if step == "keep":
        return python_of(venv)
    check_writable(root)
    env = child_environment(dict(os.environ), venv)
    uv = shutil.which("uv")
    started = time.monotonic()
    if (venv / STAMP).is_file():
        (venv / STAMP).unlink()  # until the end is reached the environment counts as unfinished
    if step != "add":
        make_environment(venv, uv=uv, clear=step == "rebuild", env=env)
    install(kind, venv=venv, uv=uv, env=env, root=root)
    (venv / STAMP).write_text(json.dumps(wanted, indent=1), encoding="utf-8")
    print(f".venv is ready for `{kind}` ({time.monotonic() - started:.0f} s).", file=sys.stderr)
    return python_of(venv)


def install(kind: str, *, venv: Path, uv: str | None, env: dict[str, str], root: Path) -> None:
    """Install the locked packages, each checked against its hash, and then this package as editable."""
    python, lock, log = str(python_of(venv)), f"locks/{kind}.txt", venv / LOG
    log.write_text("", encoding="utf-8")
    if uv:
        tool, pip = "uv", [uv, "pip", "install", "--python", python]
    else:
        tool, pip = (
            "pip",
            [
                python,
                "-m",
                "pip",
                "install",
                "--disable-pip-version-check",
                "--no-input",
                "--progress-bar",
                "off",
            ],
        )
        code, _ = run_logged([python, "-m", "pip", "--version"], log=log, env=env)
        if code:  # an environment made by uv has no pip
            run_logged([python, "-m", "ensurepip"], log=log, env=env)
    packages = len(
        re.findall(r"^[a-z0-9][^\s=]*==", (root / lock).read_text(encoding="utf-8"), flags=re.MULTILINE)
    )
    print(
        f"Installing up to {packages} locked packages with {tool} ({'seconds' if uv else 'one to three minutes'}) ...",
        file=sys.stderr,
    )
    # Ready-made files only: building from source would fetch build tools that no hash covers.
    locked = [*pip, "--require-hashes", "--only-binary", ":all:", "-r", str(root / lock)]
    editable = [*pip, "--no-deps", "--no-build-isolation", "--no-index", "-e", str(root)]
    for command, what in ((locked, lock), (editable, "the package exresearch itself")):
        code, output = run_logged(command, log=log, env=env, progress="packages")
        if code:
            raise SetupError(explain(output, tool=tool, lock=what))


def call(command: list[str], *, venv: Path, **extra: str) -> int:
    """Run a command of the environment in the project's folder, with the user's terminal."""
    env = {**child_environment(dict(os.environ), venv), **extra}
    return subprocess.run(command, cwd=str(ROOT), env=env, check=False).returncode


def checks(python: str) -> dict[str, list[str]]:
    """The four checks that need no test data."""
    return {
        "ruff check": [python, "-m", "ruff", "check", "."],
        "ruff format": [python, "-m", "ruff", "format", "--check", "."],
        "mypy": [python, "-m", "mypy"],
        "lint-imports": [str(scripts(ROOT / ".venv") / "lint-imports")],
    }


def all_of(commands: dict[str, list[str]], *, venv: Path, beside: str = "", **extra: str) -> int:
    """Run every command, also after a failure, and end with the list of those that failed.

    The command named `beside` runs from the start, next to the others, and is told of at the end.
    """
    failed = []
    env = {**child_environment(dict(os.environ), venv), **extra}
    with tempfile.TemporaryFile() as told:
        other = None
        if beside:
            other = subprocess.Popen(
                commands[beside], cwd=str(ROOT), env=env, stdout=told, stderr=subprocess.STDOUT
            )
        for name, command in commands.items():
            if name == beside:
                continue
            print(f"--- {name}", file=sys.stderr, flush=True)
            started = time.monotonic()
            if call(command, venv=venv, **extra):
                failed.append(name)
            print(f"--- {name}: {time.monotonic() - started:.0f} s", file=sys.stderr, flush=True)
        if other is not None:
            print(f"--- {beside}, beside the others", file=sys.stderr, flush=True)
            if other.wait():
                failed.append(beside)
            told.seek(0)
            print(told.read().decode("utf-8", errors="replace").rstrip(), file=sys.stderr, flush=True)
    print("Failed: " + ", ".join(failed) if failed else f"All passed: {', '.join(commands)}", file=sys.stderr)
    return 1 if failed else 0


def benchmarks(python: str, rest: list[str]) -> dict[str, list[str]]:
    """The scripts, with arguments, that benchmarks/README.md lists (first cell of a table row), in its order."""
    readme = ROOT / "benchmarks" / "README.md"
    if not readme.is_file():
        raise SetupError(
            f"{readme} is missing, and it lists the benchmarks to run; restore it with `git checkout`."
        )
    listed = re.findall(r"^\|\s*`([\w-]+\.py[^`]*)`", readme.read_text(encoding="utf-8"), flags=re.MULTILINE)
    scripts_and_arguments = {line: line.split() for line in listed}
    return {
        line: [python, str(ROOT / "benchmarks" / script), *arguments, *rest]
        for line, (script, *arguments) in scripts_and_arguments.items()
    }


def clean(root: Path) -> None:
    """Remove caches and what the demo made; clients' reports and .venv stay."""
    made = [".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache", ".hypothesis", "build", "dist",
            "reports/demo", "reports/.work", "data/demo/generated"]  # fmt: skip
    caches = [
        path
        for top in ("exresearch", "tests", "tools", "benchmarks")
        for path in (root / top).rglob("__pycache__")
    ]
    for path in [*(root / name for name in made), *caches]:
        shutil.rmtree(str(path), ignore_errors=True)


def main(argv: list[str]) -> int:
    """Do one task: run, dev, report, test, lint, house, lab, bench or clean; the rest goes to the command behind it."""
    tasks = (*ENVIRONMENTS, "report", "test", "lint", "house", "lab", "bench", "clean")
    task, rest = (argv[0], argv[1:]) if argv else ("", [])
    venv = ROOT / ".venv"
    try:
        if task not in tasks:
            raise SetupError(f"`{task}` is not a task; choose one of {', '.join(tasks)}.")
        if task == "clean":
            clean(ROOT)
            return 0
        python = str(prepare("run" if task in ("run", "report", "bench") else "dev", root=ROOT))
        if task == "report":
            study = ["run", "params/demo.yaml", "--output", "reports/demo"]
            return call([str(scripts(venv) / "exresearch"), *study, *rest], venv=venv)
        if task == "lint":
            return all_of(checks(python), venv=venv)
        if task == "house":
            return call([python, "-m", "pytest", "-q", *HOUSE, *rest], venv=venv)
        if task == "test":
            # Two processes with one thread each: two with two threads each are slower on two cores.
            pytest = {"pytest": [python, "-m", "pytest", "-n", "2", "--dist", "loadscope", *rest]}
            threads = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
            return all_of({**checks(python), **pytest}, venv=venv, beside="mypy", **threads)
        if task == "lab":
            return call([python, "-m", "jupyterlab", "--notebook-dir=notebooks", *rest], venv=venv)
        if task == "bench":
            return all_of(benchmarks(python, rest), venv=venv)
    except SetupError as error:
        print(f"exresearch: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("exresearch: interrupted; run the same command again to go on.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
