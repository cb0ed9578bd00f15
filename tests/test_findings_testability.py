"""What a study is said to be able to test is what its report then tests."""

import dataclasses

import pytest

from exresearch.findings import testability as can_be_tested
from exresearch.findings.testability import UNSUITABLE_SCALE, unsuitable_scale
from exresearch.study import Construct, Study, load_study


@pytest.fixture(scope="module")
def study() -> Study:
    """The demo."""
    return load_study("params/demo.yaml")


@pytest.mark.parametrize("hypothesis", ["engagement-cx", "engaged-minority"])
def test_an_unsuitable_definition_is_said_before_a_run(study: Study, hypothesis: str) -> None:
    items = tuple(
        dataclasses.replace(v, maximum=8.0) if v.role == "item" and v.construct == "engagement" else v
        for v in study.codebook.variables
    )
    other = dataclasses.replace(study, codebook=dataclasses.replace(study.codebook, variables=items))
    assert can_be_tested(study, hypothesis, engaged_definition="highly").testable
    assert can_be_tested(other, hypothesis, engaged_definition="threshold").testable
    answer = can_be_tested(other, hypothesis, engaged_definition="highly")
    assert not answer.testable
    assert answer.reason == UNSUITABLE_SCALE
    # Three items of another scale can be approximated, on request; two cannot.
    assert can_be_tested(other, hypothesis, engaged_definition="highly_approximated").testable
    fewer = tuple(v for v in other.codebook.variables if v.column != "eng_3")
    two = dataclasses.replace(other, codebook=dataclasses.replace(study.codebook, variables=fewer))
    answer = can_be_tested(two, hypothesis, engaged_definition="highly_approximated")
    assert answer.reason == unsuitable_scale("highly_approximated")
    assert answer.reason is not None
    assert answer.reason.message == (
        "The bands of the engagement index can only be approximated with three items that share a scale, which these "
        "data do not have. The setting engaged_definition: threshold takes any number of items."
    )


@pytest.mark.parametrize("top", [4.0, 40.0])
def test_units_are_linked_whatever_the_scale_of_engagement(study: Study, top: float) -> None:
    items = tuple(
        dataclasses.replace(v, maximum=top, minimum=0.0)
        if v.construct == "engagement" and v.role == "item"
        else v
        for v in study.codebook.variables
    )
    other = dataclasses.replace(study, codebook=dataclasses.replace(study.codebook, variables=items))
    assert can_be_tested(other, "engagement-cx").n_units == can_be_tested(study, "engagement-cx").n_units


def test_a_factor_that_cannot_be_found_is_said_before_a_run(study: Study) -> None:
    label = {"nl": "Klantbeleving", "en": "Customer experience"}
    constructs = study.codebook.constructs | {"cx": Construct(**label, score="factor")}
    factor = dataclasses.replace(study, codebook=dataclasses.replace(study.codebook, constructs=constructs))
    assert can_be_tested(factor, "engagement-cx").testable
    alike = study.table("customers").assign(cx_2=study.table("customers")["cx_1"])
    answer = can_be_tested(
        dataclasses.replace(factor, tables=study.tables | {"customers": alike}), "engagement-cx"
    )
    assert not answer.testable
    assert answer.reason is not None
    assert answer.reason.message == (
        "The codebook asks for a factor score of “{measure}”, and no factor can be found behind its answers. The "
        "setting score: mean of that construct takes any answers."
    )
    assert answer.reason.values == {"measure": label}
