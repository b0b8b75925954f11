"""Singular values in words."""

from torchloupe.analysis.spectrum import singular_facts
from torchloupe.wire.values import SingularValues


def test_that_singular_values_are_said_in_seven_facts() -> None:
    assert singular_facts(SingularValues(4, 2000, (4.0, 3.0, 0.001))) == [
        ("Largest", "4"),
        ("Smallest", "0.001"),
        ("Condition number", "4000"),
        ("Effective rank", "1.982 of 3"),
        ("50 % of the energy", "first 1"),
        ("90 % of the energy", "first 2"),
        ("99 % of the energy", "first 2"),
    ]


def test_that_a_singular_matrix_has_an_infinite_condition_number() -> None:
    facts = dict(singular_facts(SingularValues(2, 2, (1.0, 0.0))))
    assert facts["Condition number"] == "infinite"
    assert facts["Effective rank"] == "1 of 2"
