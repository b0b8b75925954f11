"""The garbage collector, still for a while."""

import gc

import pytest

from torchloupe.wire.requests import OpenTarget
from torchloupe.worker.collector import collector_at_rest
from torchloupe.worker.handlers import open_target


@pytest.mark.parametrize("on", [True, False])
def test_that_the_collector_rests_inside_and_is_afterwards_as_before(on):
    (gc.enable if on else gc.disable)()
    try:
        with collector_at_rest():
            assert not gc.isenabled()
            with collector_at_rest():
                assert not gc.isenabled()
            assert not gc.isenabled()
        assert gc.isenabled() is on
        with pytest.raises(KeyError), collector_at_rest():
            raise KeyError
        assert gc.isenabled() is on
    finally:
        gc.enable()


def test_that_what_was_imported_is_frozen_by_the_first_target_alone(context, tmp_path, monkeypatch):
    frozen = []
    monkeypatch.setattr(gc, "freeze", lambda: frozen.append(1))
    (tmp_path / "model.py").write_text("from torch import nn\n\n\ndef make():\n    return nn.Linear(2, 3)\n")
    for _ in range(3):
        open_target(context, OpenTarget(f"{tmp_path / 'model.py'}:make"))
    assert len(frozen) == 1
