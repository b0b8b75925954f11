"""The conversation with the worker is closed: what may be said, who answers it, and what the answers are."""

import dataclasses
import inspect
import re
import typing

import pytest

from torchloupe.wire import (
    activations,
    codec,
    contents,
    loading,
    modules,
    problems,
    registration,
    requests,
    steps,
    tensors,
    traces,
)
from torchloupe.worker.handlers import HANDLERS

ROOMS = (activations, contents, loading, modules, problems, registration, requests, steps, tensors, traces)
DATA = [
    kind
    for room in ROOMS
    for kind in vars(room).values()
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and kind.__module__ == room.__name__
]
NOT_ASKED = {"Hello", "Cancel", "Failed", "Progress"}


def asked() -> list[type]:
    """Messages whose docstring names their answer: the requests."""
    return [
        kind for kind in codec.MESSAGES.values() if "Answer: ``" in (kind.__doc__ or "") or "answer: ``" in (kind.__doc__ or "")
    ]


def answers(kind: type) -> set[str]:
    """The answers that a request's docstring names."""
    return set(re.findall(r"[Aa]nswer: ``(\w+)``", kind.__doc__ or ""))


def test_that_every_request_has_a_handler_and_every_handler_a_request() -> None:
    assert set(HANDLERS) == set(asked())


@pytest.mark.parametrize("kind", HANDLERS, ids=lambda kind: kind.__name__)
def test_that_a_handler_returns_the_answer_that_its_request_promises(kind: type) -> None:
    returned = typing.get_type_hints(HANDLERS[kind])["return"]
    assert answers(kind) == {returned.__name__}
    assert codec.MESSAGES[returned.__name__] is returned


def test_that_every_message_is_a_request_an_answer_an_event_or_a_part_of_one() -> None:
    said = {kind.__name__ for kind in asked()} | {name for kind in asked() for name in answers(kind)} | NOT_ASKED
    events = {name for name, kind in codec.MESSAGES.items() if (kind.__doc__ or "").startswith("Event:")}
    parts = {
        "LayerCall",
        "Operation",
        "TargetChoice",
        "ArgumentField",
        "SolvedArgument",
        "WantedTensor",
        "HiddenPart",
        "Initialisation",
        "LeftBehind",
        "Activation",
        "ChannelStats",
        "LoadedKey",
        "ModeCall",
        "ModeChange",
        "ParameterMotion",
        "StepEvent",
        "StepMoment",
        "StepTensor",
        "BufferMotion",
        "OptimizerArgument",
        "OptimizerClass",
        "SizeTried",
        "SweptAxis",
        "TriedFix",
    }
    assert set(codec.MESSAGES) == said | events | parts


@pytest.mark.parametrize("kind", DATA, ids=lambda kind: kind.__name__)
def test_that_what_crosses_the_pipe_is_frozen_documented_and_can_be_read_by_python_3_9(kind: type) -> None:
    assert dataclasses.fields(kind)
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]
    assert inspect.getdoc(kind)
    assert not (inspect.getdoc(kind) or "").startswith(f"{kind.__name__}(")
    for hint in typing.get_type_hints(kind).values():
        assert "|" not in str(hint)


@pytest.mark.parametrize("kind", DATA, ids=lambda kind: kind.__name__)
def test_that_a_field_that_was_added_later_has_a_default(kind: type) -> None:
    seen_default = False
    for field in dataclasses.fields(kind):
        has_default = field.default is not dataclasses.MISSING or field.default_factory is not dataclasses.MISSING
        assert has_default or not seen_default
        seen_default = has_default


def test_that_codes_of_problems_are_words_with_dashes() -> None:
    source = "".join(inspect.getsource(room) for room in (requests, problems))
    for code in re.findall(r'code = "([^"]+)"', source):
        assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", code)
