"""What a run will do is fixed and checked before a kernel starts."""

import dataclasses
import json
from pathlib import Path

import pytest

from exresearch.run import NotebookError, available_notebooks, notebook_parameters, plan_run
from exresearch.run.plan import write_resolved_study
from exresearch.study import StudyError
from exresearch.study.demo import write_demo_study

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo cut to four units: what is planned does not depend on how many answered."""
    return write_demo_study(tmp_path_factory.mktemp("small"), n_units=4, n_employees=40)


def write_notebook(path: Path, source: str, tags: list[str] | None = None) -> Path:
    cell = {
        "cell_type": "code",
        "id": "parameters",
        "metadata": {"tags": ["parameters"] if tags is None else tags},
        "source": source.splitlines(keepends=True),
        "outputs": [],
        "execution_count": None,
    }
    path.write_text(json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    return path


def test_defaults_are_read_as_literals_also_with_an_equals_sign(tmp_path: Path) -> None:
    notebook = write_notebook(
        tmp_path / "n.ipynb", 'a: str = "unit_type=winkel"\nb: int = 3\nc: list = ["x"]\nd: float = -0.5'
    )
    assert notebook_parameters(notebook) == {"a": "unit_type=winkel", "b": 3, "c": ["x"], "d": -0.5}


@pytest.mark.parametrize(
    ("source", "tags", "message"),
    [
        ("a: int = 1", [], "n.ipynb: exactly one cell must be tagged 'parameters'; 0 are."),
        ("a = 1", None, "n.ipynb: line 1 of the parameters cell must read 'name: type = literal'."),
        ("b: int = 1\na: int = int(2)", None, "n.ipynb: the default of parameter 'a' must be a literal."),
    ],
)
def test_a_badly_built_parameters_cell_is_refused(
    tmp_path: Path, source: str, tags: list[str] | None, message: str
) -> None:
    notebook = write_notebook(tmp_path / "n.ipynb", source, tags)
    with pytest.raises(NotebookError) as caught:
        notebook_parameters(notebook)
    assert str(caught.value) == message


def test_every_declared_parameter_is_passed_on_with_its_resolved_value(small: Path, tmp_path: Path) -> None:
    plan = plan_run(small, output=tmp_path / "out", overrides={"n_boot": 321, "language": "en"})
    assert [job.name for job in plan.jobs] == [path.stem for path in available_notebooks()]
    for job in plan.jobs:
        declared = notebook_parameters(job.path)
        assert list(job.parameters) == list(declared)
        for name, value in job.parameters.items():
            expected = {
                "n_boot": 321,
                "language": "en",
                "study_file": "study.yaml",
                "output_dir": "../out/report",
            }
            if name in expected:
                assert value == expected[name]
    summary = plan.jobs[-1]
    assert "study_file" not in summary.parameters, "the summary has no path to data"


def test_the_cell_owns_the_default_and_the_study_file_the_override(small: Path, tmp_path: Path) -> None:
    plan = plan_run(small, output=tmp_path / "out", only=["02"])
    parameters = plan.jobs[0].parameters
    cell = notebook_parameters(plan.jobs[0].path)
    assert parameters["leader_share"] == 0.25  # set in params/demo.yaml
    assert parameters["engaged_threshold"] == cell["engaged_threshold"]
    assert plan.jobs[0].hypotheses == ("engagement-cx", "engaged-minority")


def test_the_resolved_study_stays_outside_the_report(small: Path, tmp_path: Path) -> None:
    plan = plan_run(small, output=tmp_path / "out")
    written = write_resolved_study(plan)
    assert written == tmp_path / ".work" / "out" / "study.yaml"
    assert plan.output not in written.parents


def test_only_takes_names_and_beginnings_and_names_what_it_does_not_know(small: Path, tmp_path: Path) -> None:
    plan = plan_run(small, output=tmp_path / "out", only=["03", "90_summary.ipynb"])
    assert [job.name for job in plan.jobs] == ["03_enps_drivers", "90_summary"]
    stems = ", ".join(path.stem for path in available_notebooks())
    with pytest.raises(StudyError) as caught:
        plan_run(small, output=tmp_path / "out", only=["0", "enps"])
    assert [str(problem) for problem in caught.value.problems] == [
        f"--only: '0' names more than one notebook. Legal: {stems}.",
        f"--only: 'enps' names no notebook. Legal: {stems}.",
    ]


def test_all_problems_are_reported_at_once(small: Path, tmp_path: Path) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("x")
    with pytest.raises(StudyError) as caught:
        plan_run(
            small,
            output=occupied,
            only=["nothing"],
            overrides={"n_boot": "many", "hypotheses": ["engagment-cx"]},
        )
    messages = [str(problem) for problem in caught.value.problems]
    assert messages[0] == (
        "--set n_boot=many: a whole number is expected, not 'many' (a text). "
        "Write it without quotes if it is meant as a number."
    )
    assert "--output: file: this is a file, not a folder. Name a folder." in messages
    assert any(message.startswith("--only: 'nothing' names no notebook.") for message in messages)


def test_an_unknown_hypothesis_names_the_nearest(small: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        plan_run(small, output=tmp_path / "out", overrides={"hypotheses": ["engagment-cx"]})
    assert len(caught.value.problems) == 1
    message = str(caught.value.problems[0])
    assert message.startswith(
        "--set hypotheses=[engagment-cx]: there is no hypothesis 'engagment-cx'. Did you mean 'engagement-cx'? Legal: "
    )


def test_an_unknown_measure_names_the_nearest(small: Path, tmp_path: Path) -> None:
    with pytest.raises(StudyError) as caught:
        plan_run(small, output=tmp_path / "out", overrides={"ex_measure": "engagment"})
    message = str(caught.value.problems[0])
    assert message.startswith(
        "--set ex_measure=engagment: the codebook has no construct 'engagment'. "
        "Did you mean 'engagement'? Legal: "
    )


def test_only_notebooks_that_decide_an_asked_hypothesis_run(small: Path, tmp_path: Path) -> None:
    plan = plan_run(small, output=tmp_path / "out", overrides={"hypotheses": ["employee-first"]})
    assert [job.name for job in plan.jobs] == [
        "00_data_readiness",
        "01_measurement",
        "03_enps_drivers",
        "90_summary",
    ]


def test_a_folder_of_another_client_is_left_alone_without_force(small: Path, tmp_path: Path) -> None:
    target = tmp_path / "out"
    target.mkdir()
    (target / "run.json").write_text(json.dumps({"client": "other"}))
    with pytest.raises(StudyError) as caught:
        plan_run(small, output=target)
    assert [str(problem) for problem in caught.value.problems] == [
        "--output: out: this folder holds the report of client 'other'. "
        "Name another folder, or add --overwrite to write into it."
    ]
    assert plan_run(small, output=target, overwrite=True).output == target
    (target / "run.json").write_text("{")
    with pytest.raises(StudyError) as caught:
        plan_run(small, output=target)
    assert "this folder holds files that are not a report." in str(caught.value)


def test_a_folder_that_cannot_be_made_is_refused(small: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("x")
    with pytest.raises(StudyError) as caught:
        plan_run(small, output=blocked / "below" / "it")
    assert [str(problem) for problem in caught.value.problems] == [
        "--output: it: this folder cannot be written. Choose another one, or change its rights."
    ]


def test_a_plan_is_frozen(small: Path, tmp_path: Path) -> None:
    plan = plan_run(small, output=tmp_path / "out")
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.output = tmp_path  # type: ignore[misc]


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        (
            {"conf_level": 0.99, "n_boot": 500},
            "--set n_boot=500: 500 replicates cannot carry an interval at conf_level 0.99. "
            "It must be at least 799.",
        ),
        (
            {"engaged_definition": "threshold", "engaged_threshold": 9.0},
            "--set engaged_threshold=9.0: 9 is outside the scale of the engagement items. "
            "It must lie above 1 and not above 7.",
        ),
        (
            {"set_apart": "unit_type=kantor"},
            "--set set_apart=unit_type=kantor: no unit has 'kantor' as unit_type. Did you mean 'kantoor'? "
            "Legal: kantoor.",
        ),
    ],
)
def test_settings_are_checked_against_the_data(
    small: Path, tmp_path: Path, overrides: dict[str, object], message: str
) -> None:
    with pytest.raises(StudyError) as caught:
        plan_run(small, output=tmp_path / "out", overrides=overrides)
    assert [str(problem) for problem in caught.value.problems] == [message]
