"""What becomes of every kind of bad file: a sentence, a warning, or nothing worth saying - and never a traceback."""

import re
import time

import pytest
from checkpoints.hostile_files import ALL, OPENED, REFUSED, WARNED, Case

from torchloupe.checkpoints import read_contents
from torchloupe.wire.errors import CheckpointError

_SLOWEST_SECONDS = 2.0


@pytest.mark.parametrize("case", ALL, ids=lambda case: f"{case.file.rsplit('.', 1)[1]}: {case.name}")
def test_that_a_bad_file_is_refused_or_opened_with_the_right_words(tmp_path, case: Case):
    path = tmp_path / case.file
    path.write_bytes(case.build())
    began = time.process_time()
    try:
        contents = read_contents(path)
    except CheckpointError as error:
        assert case.outcome in (REFUSED, "any"), f"{error}"
        assert re.search(case.says, str(error)), f"{error}"
        assert error.hint
        assert case.file in str(error) or "data.pkl" in str(error)
    else:
        messages = [problem.message for problem in contents.problems if "a file" or problem]
        assert case.outcome in (WARNED, OPENED, "any"), f"opened with {messages}"
        if case.outcome == WARNED:
            assert any(re.search(case.says, message) for message in messages), messages
        if case.outcome == OPENED:
            assert not [problem for problem in contents.problems if problem.severity == "warning"], messages
    assert time.process_time() - began < _SLOWEST_SECONDS
    assert list(tmp_path.iterdir()) == [path]
