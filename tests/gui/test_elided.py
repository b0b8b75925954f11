"""Texts that do not fit."""

from typing import Any

import pytest
from PySide6.QtWidgets import QStyleOptionComboBox

from torchloupe.gui.elided import ElidedCombo, ElidedLabel

SENTENCE = "47 tensors in model.safetensors, of which 3 are not in the model"


@pytest.fixture
def label(qtbot: Any) -> ElidedLabel:
    made = ElidedLabel(indent=6)
    qtbot.addWidget(made)
    made.resize(900, 30)
    made.show()
    made.setText(SENTENCE)
    return made


@pytest.fixture
def combo(qtbot: Any) -> ElidedCombo:
    made = ElidedCombo()
    qtbot.addWidget(made)
    made.addItems([SENTENCE, "short"])
    made.resize(900, 30)
    made.show()
    return made


def chosen(combo: ElidedCombo) -> str:
    option = QStyleOptionComboBox()
    combo.initStyleOption(option)
    return str(option.currentText)


def test_that_a_text_that_fits_is_shown_whole_and_said_once(label: ElidedLabel) -> None:
    assert label.shown == SENTENCE
    assert label.toolTip() == ""


def test_that_a_text_that_does_not_fit_ends_in_dots_and_is_whole_in_the_tip(label: ElidedLabel) -> None:
    label.resize(150, 30)
    assert label.shown.endswith("…")
    assert SENTENCE.startswith(label.shown[:-1])
    assert label.toolTip() == label.text() == SENTENCE
    label.resize(900, 30)
    assert label.toolTip() == ""


def test_that_the_tip_can_say_more(label: ElidedLabel) -> None:
    label.setText("Net", more="model.py:Net")
    assert label.toolTip() == "model.py:Net"
    label.resize(12, 30)
    assert label.toolTip() == "Net\nmodel.py:Net"


def test_that_a_long_text_asks_for_its_width_and_makes_do_with_a_few_letters(label: ElidedLabel) -> None:
    assert label.sizeHint().width() > label.fontMetrics().horizontalAdvance(SENTENCE)
    assert label.minimumSizeHint().width() < 100


def test_that_dots_are_painted_where_the_text_ends(label: ElidedLabel) -> None:
    whole = label.grab().toImage().copy(0, 0, 150, 30)
    label.resize(150, 30)
    assert label.grab().toImage() != whole
    label.setText("")
    assert label.grab().toImage() != whole


def test_that_markup_is_only_text(label: ElidedLabel) -> None:
    label.setText("<b>bold</b>")
    assert label.shown == "<b>bold</b>"


def test_that_a_choice_that_does_not_fit_ends_in_dots(combo: ElidedCombo) -> None:
    assert chosen(combo) == SENTENCE
    combo.resize(150, 30)
    assert chosen(combo).endswith("…")
    assert combo.currentText() == SENTENCE
    combo.setCurrentIndex(1)
    assert chosen(combo) == "short"
    assert not combo.grab().isNull()


def test_that_the_open_list_is_as_wide_as_its_choices(combo: ElidedCombo) -> None:
    combo.resize(100, 30)
    combo.showPopup()
    assert combo.view().width() > combo.fontMetrics().horizontalAdvance(SENTENCE)
    combo.hidePopup()
