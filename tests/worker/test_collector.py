"""The garbage collector, still for a while."""

import gc

import pytest

from torchloupe.worker.collector import collector_at_rest


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
