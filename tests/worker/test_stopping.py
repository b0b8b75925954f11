"""A pass that is stopped says where it was."""

from torchloupe.wire.traces import LayerCall
from torchloupe.worker.places import Places
from torchloupe.worker.stopping import where_it_was


def test_that_a_stop_inside_a_layer_names_the_layer_and_where_it_was_called():
    opened = LayerCall(3, "encoder.fc", "Linear", 0, 1, (), file="/code/net.py", line=12)
    problem = where_it_was(KeyboardInterrupt(), opened, Places(), None)
    assert problem.message == "The pass was stopped in `encoder.fc` (Linear), at line 12."
    assert (problem.module, problem.call, problem.file, problem.line) == ("encoder.fc", 3, "/code/net.py", 12)


def test_that_nothing_known_is_nothing_invented():
    problem = where_it_was(KeyboardInterrupt(), None, Places(), 2)
    assert problem.message == "The pass was stopped after 2 s in the model's own forward."
    assert (problem.file, problem.line, problem.call) == (None, None, None)
