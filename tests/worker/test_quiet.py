"""A pass that nobody asked for says nothing."""

import logging
import warnings

import pytest

from torchloupe.worker.quiet import quiet


def test_that_nothing_is_printed_warned_or_logged_inside(capsys, caplog):
    with quiet():
        print("a step")
        warnings.warn("a habit", stacklevel=1)
        logging.getLogger("torch._subclasses.fake_tensor").error("a fault")
    assert capsys.readouterr().out == ""
    assert caplog.records == []


def test_that_all_is_told_again_afterwards_even_after_a_failure(capsys):
    log = logging.getLogger("torch._subclasses.fake_tensor")
    with pytest.raises(ZeroDivisionError), quiet():
        raise ZeroDivisionError
    print("a step")
    assert capsys.readouterr().out == "a step\n"
    assert not log.disabled
    with pytest.warns(UserWarning, match="a habit"):
        warnings.warn("a habit", stacklevel=1)
