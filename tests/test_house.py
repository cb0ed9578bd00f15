"""The files around the package agree with one another: bounds, locks, versions, README, what git may hold."""

import importlib.util
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from types import ModuleType

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

import exresearch
from exresearch.study import load_codebook, parse_study

ROOT = Path(__file__).parents[1]
# Names under which conda-forge has the same package, or a smaller form of it.
CONDA_NAMES = {
    "matplotlib-base": "matplotlib",
    "nbconvert-core": "nbconvert",
    "playwright-python": "playwright",
    "seaborn-base": "seaborn",
}
CONDA_ONLY = {"python", "pip"}
PYTHONS = ("3.11.2", "3.12.4", "3.13.1")
PLATFORMS = ({"sys_platform": "linux"}, {"sys_platform": "darwin"}, {"sys_platform": "win32"})

# Written in pieces, so that this file does not hold what it looks for.
FORBIDDEN = {
    "a path of someone's machine": re.compile(
        "(?<![\\w.])/(?:"
        + "ho"
        + "me|Us"
        + "ers|ro"
        + "ot|wo"
        + "rk|o"
        + r"pt/[a-z]+/[a-z]+)/[\w.-]+|[A-Z]:\\"
        + "Us"
        + "ers"
    ),
    "the host of a package index": re.compile(
        r"py" + r"pi\.org|python" + r"hosted\.|ana" + r"conda\.org|file:" + "///"
    ),
}


def project() -> dict:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def requirements(*extras: str, core: bool = True) -> dict[str, Requirement]:
    """Requirements of pyproject.toml by canonical name."""
    section = project()["project"]
    lines = [*(section["dependencies"] if core else [])]
    for extra in extras:
        lines += section["optional-dependencies"][extra]
    return {canonicalize_name(Requirement(line).name): Requirement(line) for line in lines}


def pins(name: str) -> list[tuple[Requirement, int]]:
    """Pinned requirements of a lock file, each with its number of hashes."""
    found: list[tuple[Requirement, int]] = []
    for line in (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if line.startswith("    --hash=sha256:"):
            requirement, hashes = found[-1]
            found[-1] = (requirement, hashes + 1)
        else:
            found.append((Requirement(line.removesuffix("\\").strip()), 0))
    return found


def applies(requirement: Requirement, python: str, platform: dict[str, str]) -> bool:
    environment = {"python_full_version": python, "python_version": python.rpartition(".")[0], **platform}
    return requirement.marker is None or requirement.marker.evaluate(environment)


def tracked() -> list[Path]:
    """Files that are in git, or are about to be."""
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout, so there are no tracked files to read")
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


def load_tool(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"tool_{name}", ROOT / "tools" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def readme() -> str:
    return (ROOT / "README.md").read_text(encoding="utf-8")


def test_conda_environment_has_the_names_and_bounds_of_pyproject() -> None:
    content = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert content["channels"] == ["conda-forge", "nodefaults"]
    # The last entry holds what conda-forge does not have.
    *names, rest = content["dependencies"]
    conda = {requirement.name: requirement for requirement in map(Requirement, [*names, *rest["pip"]])}
    assert str(conda["python"].specifier) == str(
        Requirement("python" + project()["project"]["requires-python"]).specifier
    )
    listed = {
        CONDA_NAMES.get(name, name): str(conda[name].specifier) for name in conda if name not in CONDA_ONLY
    }
    wanted = {name: str(requirement.specifier) for name, requirement in requirements("lab", "dev").items()}
    assert listed == wanted
    assert set(CONDA_NAMES) <= set(conda)


@pytest.mark.parametrize("name", ["run", "dev"])
def test_every_locked_package_has_one_version_and_hashes(name: str) -> None:
    found = pins(name)
    assert len(found) > 50
    assert [str(requirement) for requirement, hashes in found if not hashes] == []
    assert [
        str(requirement)
        for requirement, _ in found
        if not re.fullmatch(r"==[^*]+", str(requirement.specifier))
    ] == []
    assert [str(requirement) for requirement, _ in found if requirement.url] == []


@pytest.mark.parametrize("name", ["run", "dev"])
def test_locks_name_no_host_and_no_path(name: str) -> None:
    lines = (ROOT / "locks" / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    assert load_tool("lock").foreign_lines("\n".join(lines)) == []
    assert [line for line in lines if "//" in line or " @ " in line or line.startswith("-")] == []


@pytest.mark.parametrize("python", PYTHONS)
@pytest.mark.parametrize("platform", PLATFORMS, ids=lambda platform: platform["sys_platform"])
@pytest.mark.parametrize(("name", "extras"), [("run", ()), ("dev", ("lab", "dev"))])
def test_locks_hold_every_dependency_within_its_bounds(
    name: str, extras: tuple[str, ...], platform: dict[str, str], python: str
) -> None:
    wanted = requirements(*extras)
    if name == "run":
        build = requirements("dev", core=False)
        wanted |= {package: build[package] for package in ("editables", "hatchling")}
    here: dict[str, list[Version]] = {}
    for requirement, _ in pins(name):
        if applies(requirement, python, platform):
            version = Version(str(requirement.specifier).removeprefix("=="))
            here.setdefault(canonicalize_name(requirement.name), []).append(version)
    assert {package: versions for package, versions in here.items() if len(versions) > 1} == {}
    assert sorted(set(wanted) - set(here)) == []
    outside = {
        package: here[package] for package, bound in wanted.items() if here[package][0] not in bound.specifier
    }
    assert outside == {}


def test_run_lock_is_part_of_dev_lock_and_leaves_jupyterlab_out() -> None:
    run, dev = ({f"{pin.name}{pin.specifier}" for pin, _ in pins(name)} for name in ("run", "dev"))
    assert run < dev
    assert [line for line in run if line.startswith(("jupyterlab==", "pytest==", "mypy=="))] == []


def test_build_needs_nothing_that_is_not_locked() -> None:
    needed = {canonicalize_name(Requirement(line).name) for line in project()["build-system"]["requires"]}
    assert needed <= {canonicalize_name(requirement.name) for requirement, _ in pins("run")}


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| `([a-z0-9-]+)` \| \S", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(requirements("lab", "dev"))


def test_licence_is_the_gpl_3() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert text.split()[:7] == ["GNU", "GENERAL", "PUBLIC", "LICENSE", "Version", "3,", "29"]
    assert "END OF TERMS AND CONDITIONS" in text
    assert len(text.split()) > 5000
    assert project()["project"]["license"] == "GPL-3.0-or-later"
    assert (
        yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))["license"] == "GPL-3.0-or-later"
    )


def test_versions_agree() -> None:
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    released = re.findall(r"^## \[(\d+\.\d+\.\d+)\]", changelog, flags=re.MULTILINE)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    version = project()["project"]["version"]
    assert {version, released[0], str(citation["version"]), exresearch.__version__} == {version}
    assert changelog.index("## [Unreleased]") < changelog.index(f"## [{version}]")
    assert "### Numbers changed" in changelog


@pytest.mark.parametrize(
    ("path", "ignored"),
    [
        ("reports/client/index.html", True),
        ("reports/.work/client/00_data_readiness.ipynb", True),
        ("data/demo/generated/employees.parquet", True),
        ("params/clients/client.yaml", True),
        ("data/clients/client/employees.csv", True),
        (".venv/pyvenv.cfg", True),
        ("data/demo/codebook.yaml", False),
        ("data/demo/truth.yaml", False),
        ("params/demo.yaml", False),
        ("params/public/nhs_trusts.yaml", False),
        ("notebooks/00_data_readiness.ipynb", False),
        ("exresearch/report/__init__.py", False),
        ("locks/run.txt", False),
    ],
)
def test_git_ignores_what_is_private_or_made_and_nothing_else(path: str, ignored: bool) -> None:
    if shutil.which("git") is None or not (ROOT / ".git").exists():
        pytest.skip("this is not a git checkout, so nothing can be ignored")
    done = subprocess.run(["git", "check-ignore", "-q", "--no-index", path], cwd=ROOT, check=False)
    assert done.returncode == (0 if ignored else 1)


def test_no_file_holds_a_machines_path_or_the_host_of_an_index() -> None:
    found = []
    for path in tracked():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for what, pattern in FORBIDDEN.items():
            found += [
                f"{path.relative_to(ROOT)}: {what}: {match.group()}" for match in pattern.finditer(text)
            ]
    assert found == []


@pytest.mark.parametrize(
    ("what", "text"),
    [
        ("a path of someone's machine", "see " + "/ho" + "me/someone/data"),
        ("a path of someone's machine", "open('" + "/wo" + "rk/main')"),
        ("a path of someone's machine", "C:" + "\\Us" + "ers\\someone"),
        ("the host of a package index", "--index-url https://py" + "pi.org/simple"),
        ("the host of a package index", "numpy @ file:" + "///wheels/numpy.whl"),
    ],
)
def test_forbidden_patterns_find_what_they_are_for(what: str, text: str) -> None:
    assert [name for name, pattern in FORBIDDEN.items() if pattern.search(text)] == [what]


def test_readme_has_the_registry_as_its_table() -> None:
    tool = load_tool("readme_table")
    assert tool.with_table(readme(), tool.current_table(ROOT)) == readme(), (
        "run: python tools/readme_table.py"
    )
    registry = yaml.safe_load((ROOT / "exresearch/findings/hypotheses.yaml").read_text(encoding="utf-8"))
    inside = readme().split(tool.START)[1].split(tool.END)[0]
    assert re.findall(r"^\| `([a-z-]+)` \|", inside, flags=re.MULTILINE) == [
        h["id"] for h in registry["hypotheses"]
    ]


def test_readme_table_marks_notebooks_not_written_yet() -> None:
    tool = load_tool("readme_table")
    hypotheses = [
        {"id": "a", "claim": {"en": "One | two\nthree"}, "notebook": "01_a"},
        {"id": "b", "claim": {"en": "Four"}, "notebook": "02_b"},
    ]
    assert tool.table(hypotheses, {"01_a"}).splitlines()[2:] == [
        "| `a` | One \\| two three | [`01_a`](notebooks/01_a.ipynb) |",
        "| `b` | Four | no notebook yet |",
    ]


@pytest.mark.parametrize("count", [0, 2])
def test_readme_without_its_markers_is_refused(count: int) -> None:
    tool = load_tool("readme_table")
    with pytest.raises(ValueError, match="README") as error:
        tool.with_table(tool.START * count + tool.END, "")
    assert str(error.value) == f"README.md must hold the marker {tool.START} once; it holds it {count} times."


def test_readme_example_is_legal_input(tmp_path: Path) -> None:
    study, codebook = re.findall(r"^```yaml\n(.*?)^```", readme(), flags=re.DOTALL | re.MULTILINE)
    parsed = parse_study(yaml.safe_load(study), file="README.md")
    assert parsed.client == "acme"
    assert parsed.codebook == "acme.codebook.yaml"
    (tmp_path / parsed.codebook).write_text(codebook, encoding="utf-8")
    assert {variable.table for variable in load_codebook(tmp_path / parsed.codebook).variables} == set(
        parsed.tables
    )


def test_the_code_in_the_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    (code,) = re.findall(r"^```python\n(.*?)^```", readme(), flags=re.DOTALL | re.MULTILINE)
    exec(compile(code, "README.md", "exec"), {})  # noqa: S102 - our own page
    shown = capsys.readouterr().out
    assert "needs - say" in shown
    assert "relative_weights" in shown


def test_readme_and_contributing_link_to_files_that_exist() -> None:
    missing = []
    for name in ("README.md", "CONTRIBUTING.md", "docs/dependencies.md"):
        text = (ROOT / name).read_text(encoding="utf-8")
        targets = re.findall(r"\]\((?!https?://|#)([^)#]+)", text)
        missing += [f"{name}: {target}" for target in targets if not ((ROOT / name).parent / target).exists()]
    assert missing == []


def test_readme_names_every_task_and_only_those() -> None:
    tasks = re.findall(
        r"^\t@echo \"make (\w+) ", (ROOT / "Makefile").read_text(encoding="utf-8"), flags=re.MULTILINE
    )
    assert {"report", "test", "lint", "lab", "bench", "lock", "clean"} <= set(tasks)
    named = set(re.findall(r"`make (\w+)`", readme())) | set(
        re.findall(r"^make (\w+)", readme(), flags=re.MULTILINE)
    )
    assert named - set(tasks) - {"help"} == set()


def test_benchmarks_are_all_listed() -> None:
    folder = ROOT / "benchmarks"
    text = (folder / "README.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\|\s*`([\w-]+\.py)[^`]*`", text, flags=re.MULTILINE)
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.py"))


def test_ci_installs_a_browser_where_it_can_and_calls_the_gate() -> None:
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    commands = [line for line in lines if line and not line.startswith("#")]
    assert commands[0] == 'cd "$(dirname "${BASH_SOURCE[0]}")/.." || exit 2'
    assert commands[-1] == "exec make test"
    # In between a browser and nothing else; without it the gate runs all the same.
    assert len(commands) <= 8
    installed = [line for line in commands if "apt-get" in line and "install" in line]
    assert len(installed) == 1
    assert "--no-install-recommends chromium;" in installed[0]


@pytest.mark.parametrize("found", [True, False])
def test_ci_goes_on_without_a_browser(tmp_path: Path, found: bool) -> None:
    """The script with commands that only say that they were called: an installation that fails stops nothing."""
    bash = shutil.which("bash")
    if bash is None:
        pytest.skip("there is no bash")
    (tmp_path / ".ci").mkdir()
    shutil.copy(ROOT / ".ci" / "run", tmp_path / ".ci" / "run")
    tools = tmp_path / "tools"
    tools.mkdir()
    answers = {"apt-get": "exit 100", "id": "echo 0", "make": "exit 0"} | (
        {"chromium": "exit 0"} if found else {}
    )
    for name, answer in answers.items():
        tool = tools / name
        tool.write_text(f'#!{bash}\n[ {name} = id ] || echo "{name} $*" >> "{tmp_path}/called"\n{answer}\n')
        tool.chmod(0o755)
    (tools / "dirname").symlink_to(shutil.which("dirname"))
    done = subprocess.run(
        [bash, str(tmp_path / ".ci" / "run")],
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    called = (tmp_path / "called").read_text(encoding="utf-8").splitlines()
    assert done.returncode == 0
    assert called[-1] == "make test"
    assert any(line.startswith("apt-get") for line in called) is not found
    assert ("without a browser" in done.stderr) is not found
