"""What becomes of every kind of bad file and folder: a sentence, a warning, or nothing worth saying - and never anything else."""

import re
from collections.abc import Mapping

import pytest

from checkpoints.hostile.make import EVERY_CASE, label_of
from checkpoints.hostile.reading import Outcome
from checkpoints.hostile.torch_files import ALL, OPENED, REFUSED, WARNED, Case

_SLOWEST_SECONDS = 2.0
Outcomes = Mapping[str, Outcome]


def _allowed(found: Outcome) -> float:
    """Seconds of processor time; a file in which nothing is wrong may be as large as it is."""
    return _SLOWEST_SECONDS + found.count / 100_000


def _cases(outcome: str) -> list[object]:
    return [pytest.param(case, id=label_of(case)) for case in EVERY_CASE if case.outcome == outcome]


@pytest.mark.parametrize("case", _cases(REFUSED))
def test_that_what_cannot_be_read_is_refused_with_a_sentence_and_advice(outcomes: Outcomes, case: Case) -> None:
    found = outcomes[label_of(case)]
    assert found.outcome == "refused", found
    assert re.search(case.says, found.sentence), found.sentence
    assert found.hint.endswith(".")


@pytest.mark.parametrize("case", _cases(WARNED))
def test_that_what_has_a_fault_opens_and_says_so(outcomes: Outcomes, case: Case) -> None:
    found = outcomes[label_of(case)]
    assert found.outcome == "opened", found
    assert any(re.search(case.says, message) for message in found.messages), found.messages


@pytest.mark.parametrize("case", _cases(OPENED))
def test_that_what_is_only_unusual_opens_without_a_warning(outcomes: Outcomes, case: Case) -> None:
    found = outcomes[label_of(case)]
    assert (found.outcome, [message for _, severity, message in found.problems if severity == "warning"]) == ("opened", [])


def test_that_there_are_many_cases_and_no_two_of_one_name() -> None:
    assert len({label_of(case) for case in EVERY_CASE}) == len(EVERY_CASE) > 300


def test_that_no_case_rings_an_alarm_fails_or_takes_long(outcomes: Outcomes) -> None:
    """The alarms ring at imports, processes, sockets, writing, and files outside of the case's own folder."""
    assert {label: found.alarms for label, found in outcomes.items() if found.alarms} == {}
    assert {label: found.sentence for label, found in outcomes.items() if found.outcome == "failed"} == {}
    assert {label: found.seconds for label, found in outcomes.items() if found.seconds > _allowed(found)} == {}


def test_that_no_case_needs_more_memory_than_it_may_have(outcomes: Outcomes) -> None:
    short = {label for label, found in outcomes.items() if "more memory than there is" in found.sentence}
    assert short == set()


def test_that_every_sentence_is_short_enough_to_be_read(outcomes: Outcomes) -> None:
    said = [(found.sentence, *found.messages, *(broken for *_, broken in found.tensors)) for found in outcomes.values()]
    assert [sentence for sentences in said for sentence in sentences if len(sentence) > 1500] == []


def test_that_broken_tensors_are_listed_as_declared_and_their_values_are_refused(outcomes: Outcomes) -> None:
    for name, shape in (("shape larger than its storage", [1_000_000, 1_000_000]), ("storage larger than its record", [3, 4])):
        found = outcomes[f"pt: {name}"]
        ((_, key, declared, dtype, broken),) = found.tensors
        assert (key, declared, dtype) == ("weight", shape, "float32")
        assert broken.endswith(".")
        assert found.values[0].startswith("The values of weight cannot be read")


def test_that_the_values_of_what_a_warning_calls_broken_are_never_read(outcomes: Outcomes) -> None:
    told = [
        (label, row, value) for label, found in outcomes.items() for row, value in zip(found.tensors, found.values, strict=False)
    ]
    assert [label for label, (*_, broken), value in told if broken and value == "read"] == []
    assert len([label for label, (*_, broken), _ in told if broken]) > 60


def test_that_the_good_tensor_beside_a_payload_is_still_shown(outcomes: Outcomes) -> None:
    for name in ("calls posix.system", "calls eval", "names it through the stack", "makes an instance", "calls torch.hub"):
        found = outcomes[f"pt: {name}"]
        assert [key for _, key, *_ in found.tensors] == ["weight"]
        assert found.values == ["read"]


def test_that_what_came_before_rubbish_is_kept(outcomes: Outcomes) -> None:
    assert [row[1:] for row in outcomes["pt: tensors, then rubbish"].tensors] == [["weight", [3, 4], "float32", ""]]


def test_that_both_checkpoints_of_a_file_with_two_are_shown(outcomes: Outcomes) -> None:
    assert [row[:2] for row in outcomes["pt: two roots"].tensors] == [["archive", "weight"], ["second", "weight"]]


def test_that_an_expanded_tensor_says_what_is_stored(outcomes: Outcomes) -> None:
    found = outcomes["pt: expanded to 10^15"]
    assert [row[1:] for row in found.tensors] == [["weight", [10**15], "float32", ""]]
    assert "it repeats itself" in found.values[0]


def test_that_the_good_keys_beside_a_refused_file_are_read(outcomes: Outcomes) -> None:
    found = outcomes["index: climbs"]
    good, bad = found.tensors
    assert good[1:] == ["a", [4], "float32", ""]
    assert bad[1:3] == ["bad", []]
    assert "leads out" in bad[4]
    assert found.values[0] == "read"


def test_that_a_payload_is_named_with_its_place(tmp_path) -> None:
    from torchloupe.checkpoints import read_contents

    (case,) = [case for case in ALL if case.name == "calls posix.system"]
    (tmp_path / case.file).write_bytes(case.build())
    contents = read_contents(tmp_path / case.file)
    assert "posix.system" in contents.globals
    (warning,) = [problem for problem in contents.problems if problem.code == "checkpoint-runs-code"]
    assert case.build().find(b"cposix\nsystem") > warning.data["names"]["posix.system"] > 0
