"""All bad files and folders, made once and read once, in one guarded process."""

from collections.abc import Mapping

import pytest

from checkpoints.hostile.make import label_of, made_in
from checkpoints.hostile.reading import Outcome, read_guarded


@pytest.fixture(scope="session")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Outcome]:
    """What came of each case, by its label."""
    folder = tmp_path_factory.mktemp("hostile")
    cases = list(made_in(folder / "cases"))
    read = read_guarded(folder, [(made.path, made.home) for made in cases])
    return {label_of(made.case): outcome for made, outcome in zip(cases, read, strict=True)}
