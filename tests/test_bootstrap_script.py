"""tools/bootstrap.py and tools/lock.py under the conditions that users meet: every message as a whole."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
POSIX = pytest.mark.skipif(os.name == "nt", reason="fakes an interpreter with a shell script")
SEE_LOG = "The whole log is .venv/bootstrap.log."


def load(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tool_{name}", ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


bootstrap = load("bootstrap")
lock = load("lock")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project folder with lock files and no environment; no uv on this machine."""
    (tmp_path / "locks").mkdir()
    for name in ("run", "dev"):
        (tmp_path / "locks" / f"{name}.txt").write_text(f"{name}==1.0\n", encoding="utf-8")
    (tmp_path / "pyproject.toml").write_text("[project]\n", encoding="utf-8")
    monkeypatch.setattr(bootstrap, "ROOT", tmp_path)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: None)
    return tmp_path


@pytest.fixture
def installs(project: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """What was made and installed, in order, with both steps faked."""
    done: list[str] = []

    def make(venv: Path, *, uv: str | None, clear: bool, env: dict[str, str]) -> None:
        done.append("rebuilt" if clear else "made")
        bootstrap.scripts(venv).mkdir(parents=True, exist_ok=True)
        bootstrap.python_of(venv).touch()
        (venv / "pyvenv.cfg").touch()

    monkeypatch.setattr(bootstrap, "make_environment", make)
    monkeypatch.setattr(bootstrap, "install", lambda kind, **_: done.append(kind))
    return done


def fake_python(venv: Path, body: str) -> None:
    """An interpreter in `venv` that is a shell script."""
    bootstrap.scripts(venv).mkdir(parents=True)
    (venv / "pyvenv.cfg").touch()
    python = bootstrap.python_of(venv)
    python.write_text("#!/bin/sh\n" + textwrap.dedent(body), encoding="utf-8")
    python.chmod(0o755)


def message_of(error: pytest.ExceptionInfo[Exception]) -> str:
    return str(error.value)


@pytest.mark.parametrize(
    ("version", "shown"),
    [((3, 9, 2), "3.9.2"), ((3, 10, 14), "3.10.14"), ((3, 14, 0), "3.14.0"), ((2, 7, 18), "2.7.18")],
)
def test_python_outside_the_range_is_refused(version: tuple[int, ...], shown: str) -> None:
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.check_python(version, "/opt/python")
    assert message_of(error) == (
        f"exresearch needs Python 3.11, 3.12 or 3.13, and /opt/python is Python {shown}; install one of these "
        "and name it: `make PYTHON=python3.11 report`, on Windows `py -3.11 tools\\bootstrap.py report`."
    )


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 12, 1), (3, 13, 9)])
def test_python_inside_the_range_is_accepted(version: tuple[int, ...]) -> None:
    assert bootstrap.check_python(version, "/opt/python") is None


def test_range_is_that_of_pyproject() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    low, high = bootstrap.OLDEST, bootstrap.NEWEST
    assert f'requires-python = ">={low[0]}.{low[1]},<{high[0]}.{high[1] + 1}"' in text


def test_old_python_gets_the_sentence_and_no_traceback(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 8, 10, "final", 0))
    assert bootstrap.main(["run"]) == 2
    said = capsys.readouterr().err
    assert said.startswith("exresearch: exresearch needs Python 3.11, 3.12 or 3.13, and ")
    assert said.count("\n") == 1
    assert not (project / ".venv").exists()


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not on this machine")
@pytest.mark.parametrize("installed", [None, "3.9.2"])
def test_make_without_a_fitting_python_says_so(tmp_path: Path, installed: str | None) -> None:
    if installed:
        fake = tmp_path / "python3"
        fake.write_text(
            f'#!/bin/sh\n[ "$2" = -V ] && echo "Python {installed}" && exit 0\nexit 1\n', encoding="utf-8"
        )
        fake.chmod(0o755)
    done = subprocess.run(
        [shutil.which("make"), "-C", str(ROOT), "report"],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    there = f"Python {installed}" if installed else "none"
    assert done.stderr.splitlines()[0] == (
        f"exresearch: no Python 3.11, 3.12 or 3.13 was found on the PATH (python3 there: {there}); "
        "install one, or name it: make PYTHON=/path/to/python3.11 report"
    )


@pytest.mark.parametrize("missing", ["venv", "ensurepip"])
def test_missing_venv_module(project: Path, monkeypatch: pytest.MonkeyPatch, missing: str) -> None:
    monkeypatch.setattr(bootstrap.sys, "executable", "/usr/bin/python3.11")
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 11, 2))
    monkeypatch.setattr(
        bootstrap.importlib.util, "find_spec", lambda name: None if name == missing else object()
    )
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.prepare("run", root=project)
    assert message_of(error) == (
        f"/usr/bin/python3.11 cannot make a virtual environment because its module {missing} is missing; install it "
        "(Debian and Ubuntu: `sudo apt install python3.11-venv`), or put uv on the PATH, and run this again."
    )
    assert not (project / ".venv").exists()


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (
            "The virtual environment was not created successfully because ensurepip is not available.\n",
            "/usr/bin/python3.11 cannot make a virtual environment because its module ensurepip is missing; install it "
            "(Debian and Ubuntu: `sudo apt install python3.11-venv`), or put uv on the PATH, and run this again.",
        ),
        (
            "Traceback ...\nError: [Errno 5] Input/output error\n",
            "`/usr/bin/python3.11 -m venv` could not make the environment .venv (exit code 1: "
            "Error: [Errno 5] Input/output error); remove .venv, or reinstall that Python, and run this again.",
        ),
    ],
)
def test_venv_module_that_fails(
    project: Path, monkeypatch: pytest.MonkeyPatch, said: str, expected: str
) -> None:
    failed = subprocess.CompletedProcess([], 1, stdout=said)
    monkeypatch.setattr(bootstrap.sys, "executable", "/usr/bin/python3.11")
    monkeypatch.setattr(bootstrap.sys, "version_info", (3, 11, 2))
    monkeypatch.setattr(bootstrap, "missing_modules", list)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *args, **options: failed)
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.prepare("run", root=project)
    assert message_of(error) == expected


def test_read_only_folder(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(dir: str) -> None:  # noqa: A002 - the name of the standard library's argument
        raise OSError(30, "Read-only file system", dir)

    monkeypatch.setattr(bootstrap.tempfile, "TemporaryFile", refuse)
    assert bootstrap.main(["run"]) == 2
    assert capsys.readouterr().err == (
        f"exresearch: The folder {project} cannot be written to (Read-only file system); copy the project to a folder "
        "of your own and run this again there.\n"
    )


@POSIX
def test_pip_that_cannot_connect(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake_python(
        project / ".venv",
        """\
        [ "$3" = --version ] && exit 0
        echo "WARNING: Retrying after connection broken by 'NewConnectionError(...)': /simple/run/"
        echo "ERROR: No matching distribution found for run==1.0"
        exit 1
        """,
    )
    assert bootstrap.main(["report"]) == 2
    assert capsys.readouterr().err == (
        "Installing up to 1 locked packages with pip (one to three minutes) ...\n"
        "exresearch: pip could not reach the package index, so locks/run.txt was not installed; check the network, "
        f"the proxy (HTTPS_PROXY) and the index (PIP_INDEX_URL), and run this again. {SEE_LOG}\n"
    )
    log = (project / ".venv" / "bootstrap.log").read_text(encoding="utf-8")
    assert "No matching distribution found for run==1.0" in log
    assert not (project / ".venv" / bootstrap.STAMP).exists()


@POSIX
def test_locked_files_are_hash_checked_ready_made_and_the_package_is_editable(project: Path) -> None:
    fake_python(project / ".venv", f'echo "$@" >> {project}/calls\nexit 0\n')
    assert bootstrap.main(["run"]) == 0
    pip = "-m pip install --disable-pip-version-check --no-input --progress-bar off"
    assert (project / "calls").read_text(encoding="utf-8").splitlines() == [
        "-m pip --version",
        f"{pip} --require-hashes --only-binary :all: -r {project}/locks/run.txt",
        f"{pip} --no-deps --no-build-isolation --no-index -e {project}",
    ]


@POSIX
def test_a_failing_editable_install_is_named_as_such(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_python(project / ".venv", 'case "$*" in *--no-deps*) exit 1;; esac\nexit 0\n')
    assert bootstrap.main(["run"]) == 2
    assert capsys.readouterr().err.splitlines()[-1] == (
        "exresearch: pip could not install the package exresearch itself; "
        "the reason is at the end of .venv/bootstrap.log."
    )


@pytest.mark.parametrize(
    ("tool", "output", "expected"),
    [
        (
            "pip",
            "ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.",
            "A package that pip downloaded does not have the hash in locks/run.txt, so it was not installed; clear "
            "the cache (`pip cache purge`) and run this again, and if it happens again the index or a proxy serves a "
            f"changed file: do not install it, ask whoever runs the index. {SEE_LOG}",
        ),
        (
            "uv",
            "error: Hash mismatch for `numpy==2.4.6`",
            "A package that uv downloaded does not have the hash in locks/run.txt, so it was not installed; clear "
            "the cache (`uv cache clean`) and run this again, and if it happens again the index or a proxy serves a "
            f"changed file: do not install it, ask whoever runs the index. {SEE_LOG}",
        ),
        (
            "uv",
            "cause: Failed to fetch ...\ncause: dns error",
            "uv could not reach the package index, so locks/run.txt was not installed; check the network, the proxy "
            f"(HTTPS_PROXY) and the index (UV_DEFAULT_INDEX), and run this again. {SEE_LOG}",
        ),
        (
            "pip",
            "SSLError(SSLCertVerificationError(1, '[SSL: CERTIFICATE_VERIFY_FAILED]')) after connection broken by",
            "pip does not trust the certificate of the package index, as happens behind a company proxy; set PIP_CERT "
            f"to the company's certificate file and run this again. {SEE_LOG}",
        ),
        (
            "pip",
            "ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device",
            f"The disk is full, so locks/run.txt was not installed; free about 1.5 GB and run this again. {SEE_LOG}",
        ),
        (
            "pip",
            "ERROR: Could not install packages due to an OSError: [Errno 13] Permission denied",
            "pip was not allowed to write a file; give yourself the right to write in .venv and in the cache of pip, "
            f"and run this again. {SEE_LOG}",
        ),
        (
            "pip",
            "ERROR: No matching distribution found for numpy==2.4.6",
            "The package index has no ready-made file of a locked package for this system and Python; use Python 3.11 "
            f"on 64-bit Linux, macOS or Windows, or the conda environment of environment.yml. {SEE_LOG}",
        ),
        (
            "pip",
            "something new",
            "pip could not install locks/run.txt; the reason is at the end of .venv/bootstrap.log.",
        ),
    ],
)
def test_why_an_installation_failed(tool: str, output: str, expected: str) -> None:
    assert bootstrap.explain(output, tool=tool, lock="locks/run.txt") == expected


def test_second_call_does_nothing(project: Path, installs: list[str]) -> None:
    bootstrap.prepare("run", root=project)
    assert installs == ["made", "run"]
    assert bootstrap.prepare("run", root=project) == bootstrap.python_of(project / ".venv")
    assert installs == ["made", "run"]


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ("pyproject.toml", ["dev"]),
        ("locks/dev.txt", ["rebuilt", "dev"]),
        ("locks/run.txt", ["rebuilt", "dev"]),
        ("README.md", []),
    ],
)
def test_what_a_changed_file_leads_to(
    project: Path, installs: list[str], changed: str, expected: list[str]
) -> None:
    bootstrap.prepare("dev", root=project)
    installs.clear()
    (project / changed).write_text("changed", encoding="utf-8")
    bootstrap.prepare("dev", root=project)
    assert installs == expected


def test_tools_are_added_to_the_run_environment_and_serve_both(project: Path, installs: list[str]) -> None:
    for kind in ("run", "dev", "run"):
        bootstrap.prepare(kind, root=project)
    assert installs == ["made", "run", "dev"]


def test_line_ends_of_a_windows_checkout_change_nothing(project: Path, installs: list[str]) -> None:
    bootstrap.prepare("run", root=project)
    (project / "locks" / "run.txt").write_bytes(b"run==1.0\r\n")
    bootstrap.prepare("run", root=project)
    assert installs == ["made", "run"]


def test_unfinished_and_moved_environments(project: Path, installs: list[str]) -> None:
    bootstrap.prepare("run", root=project)
    stamp = project / ".venv" / bootstrap.STAMP
    recorded = json.loads(stamp.read_text(encoding="utf-8"))
    installs.clear()
    stamp.unlink()
    bootstrap.prepare("run", root=project)
    stamp.write_text(json.dumps({**recorded, "root": "elsewhere"}), encoding="utf-8")
    bootstrap.prepare("run", root=project)
    bootstrap.python_of(project / ".venv").unlink()
    bootstrap.prepare("run", root=project)
    assert installs == ["run", "rebuilt", "run", "rebuilt", "run"]


def test_a_folder_of_the_users_is_not_overwritten(project: Path, installs: list[str]) -> None:
    (project / ".venv").mkdir()
    (project / ".venv" / "thesis.docx").touch()
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.prepare("run", root=project)
    assert message_of(error) == (
        f"{project / '.venv'} exists and is not a virtual environment; move it away and run this again."
    )
    assert installs == []


def test_missing_lock_file(project: Path, installs: list[str]) -> None:
    (project / "locks" / "dev.txt").unlink()
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.prepare("dev", root=project)
    assert message_of(error) == (
        f"locks/dev.txt is missing from {project}; restore it with `git checkout -- locks/dev.txt`."
    )


def test_unknown_task(capsys: pytest.CaptureFixture[str]) -> None:
    assert bootstrap.main(["tset"]) == 2
    assert capsys.readouterr().err == (
        "exresearch: `tset` is not a task; choose one of run, dev, report, test, lint, house, lab, bench, clean.\n"
    )


def test_nothing_of_the_users_shell_leaks_in(tmp_path: Path) -> None:
    inherited = dict.fromkeys(bootstrap.NOT_INHERITED, "theirs") | {"PATH": "theirs", "HTTPS_PROXY": "kept"}
    env = bootstrap.child_environment(inherited, tmp_path)
    assert env == {
        "PATH": f"{bootstrap.scripts(tmp_path)}{os.pathsep}theirs",
        "HTTPS_PROXY": "kept",
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(tmp_path / "ipython"),
        "PYTHONNOUSERSITE": "1",
    }
    left_out = {"PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONDONTWRITEBYTECODE"}
    assert left_out <= set(bootstrap.NOT_INHERITED)


def test_kernel_is_that_of_the_environment(tmp_path: Path) -> None:
    theirs = tmp_path / "theirs" / "kernels" / "python3"
    theirs.mkdir(parents=True)
    (theirs / "kernel.json").write_text('{"argv": ["wrong"], "display_name": "wrong", "language": "python"}')
    data = str(tmp_path / "theirs")
    inherited = {**os.environ, "JUPYTER_PATH": data, "JUPYTER_DATA_DIR": data}
    ask = "from jupyter_client.kernelspec import get_kernel_spec; print(get_kernel_spec('python3').resource_dir)"
    found = {
        name: Path(
            subprocess.run(
                [sys.executable, "-c", ask], env=env, capture_output=True, text=True, check=True
            ).stdout
        )
        for name, env in (
            ("as inherited", inherited),
            ("of a child", bootstrap.child_environment(inherited, Path(sys.prefix))),
        )
    }
    assert found["as inherited"].parents[2] == tmp_path
    assert found["of a child"].is_relative_to(sys.prefix)


def test_all_checks_run_and_the_failed_ones_are_listed(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ran: list[str] = []

    def call(command: list[str], *, venv: Path, **extra: str) -> int:
        ran.append(command[-1])
        return int(command[-1] in ("two", "three"))

    monkeypatch.setattr(bootstrap, "call", call)
    commands = {name: ["x", name] for name in ("one", "two", "three", "four")}
    assert bootstrap.all_of(commands, venv=project) == 1
    assert ran == ["one", "two", "three", "four"]
    assert capsys.readouterr().err.splitlines()[-1] == "Failed: two, three"
    assert bootstrap.all_of({"one": ["x", "one"]}, venv=project) == 0
    assert capsys.readouterr().err.splitlines()[-1] == "All passed: one"


@pytest.mark.parametrize(("code", "verdict"), [(0, "All passed: one, long"), (3, "Failed: long")])
def test_a_long_check_runs_beside_the_others_and_is_told_of_at_the_end(
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    code: int,
    verdict: str,
) -> None:
    monkeypatch.setattr(bootstrap, "call", lambda *_, **__: 0)
    said = f"import sys; print('an error in line 3'); sys.exit({code})"
    commands = {"one": ["x", "one"], "long": [sys.executable, "-c", said]}
    assert bootstrap.all_of(commands, venv=project / ".venv", beside="long") == int(code != 0)
    lines = capsys.readouterr().err.splitlines()
    assert lines[0] == "--- one"
    assert lines[-3:] == ["--- long, beside the others", "an error in line 3", verdict]


def test_benchmarks_are_those_the_readme_lists(project: Path) -> None:
    with pytest.raises(bootstrap.SetupError) as error:
        bootstrap.benchmarks("python", [])
    readme = project / "benchmarks" / "README.md"
    assert message_of(error) == (
        f"{readme} is missing, and it lists the benchmarks to run; restore it with `git checkout`."
    )
    readme.parent.mkdir()
    readme.write_text(
        "| script | minutes |\n|---|---|\n| `b.py --check` | 2 |\n| `a.py` | 1 |\nsee `c.py`\n",
        encoding="utf-8",
    )
    assert bootstrap.benchmarks("python", ["--fast"]) == {
        "b.py --check": ["python", str(readme.parent / "b.py"), "--check", "--fast"],
        "a.py": ["python", str(readme.parent / "a.py"), "--fast"],
    }


def test_clean_keeps_the_environment_and_clients_reports(project: Path) -> None:
    kept = [
        ".venv/pyvenv.cfg",
        "reports/client/index.html",
        "data/demo/codebook.yaml",
        "params/clients/client.yaml",
    ]
    gone = [
        "reports/demo/index.html",
        "reports/.work/demo/a.ipynb",
        "data/demo/generated/a.csv",
        "tests/__pycache__/a.pyc",
    ]
    for name in [*kept, *gone]:
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).touch()
    assert bootstrap.main(["clean"]) == 0
    assert [name for name in [*kept, *gone] if (project / name).exists()] == kept


def test_lock_needs_uv(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(lock.shutil, "which", lambda name: None)
    assert lock.main([]) == 2
    assert capsys.readouterr().err == (
        "exresearch: `make lock` needs uv, which is not on the PATH; install it and run this again.\n"
    )


def test_lock_recipe() -> None:
    recipe = (
        "--universal --python-version 3.11 --generate-hashes --no-annotate --no-header "
        "--no-emit-index-url --no-emit-find-links --quiet"
    )
    (dev, nothing), (run, build) = lock.commands("uv", upgrade=False)
    compile_ = "uv pip compile pyproject.toml"
    assert " ".join(dev) == f"{compile_} --extra dev --extra lab {recipe} --output-file locks/dev.txt"
    assert " ".join(run) == f"{compile_} - {recipe} --constraint locks/dev.txt --output-file locks/run.txt"
    assert (nothing, build) == ("", "editables\nhatchling")
    assert all("--upgrade" in command for command, _ in lock.commands("uv", upgrade=True))


def test_lock_finds_hosts_links_and_paths() -> None:
    good = "numpy==2.4.6 ; python_full_version < '3.12' \\\n    --hash=sha256:" + "0" * 64 + "\n"
    assert lock.foreign_lines(good) == []
    for bad in (
        "--index-url https://mirror",
        "-e .",
        "numpy @ https://mirror/numpy.whl",
        "numpy>=2",
        "# by uv",
    ):
        assert lock.foreign_lines(good + bad) == [3]
