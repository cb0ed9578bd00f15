"""What a study is said to be able to test is what its report then tests."""

import dataclasses

import pytest

from exresearch.findings import testability as can_be_tested
from exresearch.findings.testability import UNSUITABLE_SCALE
from exresearch.study import load_study


@pytest.mark.parametrize("hypothesis", ["engagement-cx", "engaged-minority"])
def test_an_unsuitable_definition_is_said_before_a_run(hypothesis: str) -> None:
    study = load_study("params/demo.yaml")
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
