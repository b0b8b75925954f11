"""The chooser of a slice."""

from typing import Any

import pytest
from PySide6.QtCore import Qt

from torchloupe.gui.tensor.slice_bar import SliceBar


@pytest.fixture
def bar(qtbot: Any) -> SliceBar:
    made = SliceBar()
    qtbot.addWidget(made)
    made.set_shape((3, 4, 5, 6))
    made.show()
    return made


def test_that_another_tensor_has_its_own_steppers_and_first_slice(bar: SliceBar) -> None:
    assert [stepper.maximum() for stepper in bar.steppers] == [2, 3]
    assert bar.field.text() == "0, 0, :, :"
    bar.set_shape((7, 8))
    assert (bar.steppers, bar.field.text()) == ([], ":, :")
    assert bar.plane is not None
    assert (bar.plane.height, bar.plane.width) == (7, 8)


def test_that_a_number_alone_has_nothing_to_choose(bar: SliceBar) -> None:
    bar.set_shape(())
    assert not bar.field.isEnabled()
    assert bar.plane is not None
    bar.set_shape((2,))
    assert bar.field.isEnabled()


def test_that_setting_a_tensor_is_no_change_by_hand(bar: SliceBar, qtbot: Any) -> None:
    with qtbot.assertNotEmitted(bar.changed):
        bar.set_shape((9, 9, 9))
    with qtbot.waitSignal(bar.changed):
        bar.field.setText("1")


def test_that_steppers_and_index_say_the_same(bar: SliceBar, qtbot: Any) -> None:
    bar.field.setText("2, -1, :, 3:")
    assert [stepper.value() for stepper in bar.steppers] == [2, 3]
    qtbot.keyClick(bar.steppers[1], Qt.Key.Key_Down)
    assert bar.field.text() == "2, 2, :, 3:"
    assert bar.plane is not None
    assert bar.plane.index == "2, 2, 0:5, 3:6"


def test_that_a_stepper_helps_out_of_a_wrong_index(bar: SliceBar, qtbot: Any) -> None:
    bar.field.setText("what")
    assert bar.plane is None
    assert bar.reason.isVisible()
    qtbot.keyClick(bar.steppers[0], Qt.Key.Key_Up)
    assert bar.field.text() == "1, 0, :, :"
    assert not bar.reason.isVisible()


def test_that_a_dimension_of_one_has_nothing_to_step(bar: SliceBar) -> None:
    bar.set_shape((1, 3, 3))
    assert not bar.steppers[0].isEnabled()


def test_that_everything_has_a_name_for_a_screen_reader(bar: SliceBar) -> None:
    assert bar.field.accessibleName() == "Slice"
    assert [stepper.accessibleName() for stepper in bar.steppers] == ["Index in dimension 0 of 3", "Index in dimension 1 of 4"]


def test_that_a_stepper_says_what_its_dimension_is(bar: SliceBar) -> None:
    assert [stepper.prefix() for stepper in bar.steppers] == ["dim 0:  ", "dim 1:  "]
    bar.names = ("batch", "heads")
    bar.set_shape((3, 4, 5, 6))
    assert [stepper.prefix() for stepper in bar.steppers] == ["sample  ", "heads  "]
    bar.names = ("batch",)
    bar.set_shape((3, 4, 5, 6))
    assert [stepper.prefix() for stepper in bar.steppers] == ["sample  ", "dim 1:  "]
