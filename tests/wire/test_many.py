"""Frozen dataclasses by the ten thousand."""

import copy
import dataclasses
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from torchloupe.wire.many import maker
from torchloupe.wire.modules import ModuleEntry, ParameterEntry

FACTS = st.one_of(st.none(), st.integers(), st.text(), st.booleans(), st.tuples(st.integers()))


@dataclasses.dataclass(frozen=True)
class Odd:
    """Its fields are called what a careless maker would call its own variables."""

    kind: str
    new: int
    make: str = "m"
    own: int = 3
    made: str = ""


@pytest.mark.parametrize("kind", [ModuleEntry, ParameterEntry, Odd])
@given(data=st.data())
def test_that_what_is_made_is_what_the_constructor_makes(kind: Any, data: Any) -> None:
    count = len(dataclasses.fields(kind))
    values = data.draw(st.lists(FACTS, min_size=count, max_size=count))
    made, usual = maker(kind)(*values), kind(*values)
    assert type(made) is kind
    assert made == usual
    assert hash(made) == hash(usual)
    assert repr(made) == repr(usual)
    assert dataclasses.asdict(made) == dataclasses.asdict(usual)


def test_that_it_is_as_frozen_as_every_other() -> None:
    made = maker(Odd)("k", 1, "m", 3, "")
    with pytest.raises(dataclasses.FrozenInstanceError):
        made.kind = "other"
    assert dataclasses.replace(made, new=2) == Odd("k", 2)
    assert vars(made) == vars(Odd("k", 1))


def test_that_it_can_be_copied_and_pickled() -> None:
    made = maker(Odd)("k", 1, "m", 3, "")
    assert copy.deepcopy(made) == pickle.loads(pickle.dumps(made)) == made


def test_that_a_value_too_few_is_refused_and_not_filled_in() -> None:
    with pytest.raises(TypeError, match="made"):
        maker(Odd)("k", 1, "m", 3)


def test_that_a_maker_is_made_once_for_each_class() -> None:
    assert maker(Odd) is maker(Odd)
    assert maker(Odd) is not maker(ModuleEntry)
