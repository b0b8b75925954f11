"""What hangs on modules is put back, whatever its class makes of that."""

from collections import OrderedDict, deque

import pytest
from torch import nn

from torchloupe.worker.saved_attributes import SavedAttributes


@pytest.mark.parametrize("base", [dict, OrderedDict, list, set, deque])
def test_that_a_container_whose_own_clear_refuses_is_put_back_all_the_same(base):
    class Stubborn(base):
        def clear(self):
            raise RuntimeError("this cache is never cleared")

    module = nn.Linear(1, 1)
    module.cache = Stubborn({"a": 1}) if issubclass(base, dict) else Stubborn(["a"])
    saved = SavedAttributes([module])
    before = list(module.cache)
    if issubclass(base, dict):
        module.cache["b"] = 2
    else:
        module.cache.add("b") if base is set else module.cache.append("b")
    assert saved.restore()
    assert list(module.cache) == before
