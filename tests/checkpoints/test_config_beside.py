"""The configuration beside a checkpoint."""

import os

import pytest

from torchloupe.checkpoints.config_beside import NAMES, config_beside


@pytest.mark.parametrize("name", NAMES)
def test_that_a_configuration_beside_a_file_is_read(tmp_path, name):
    (tmp_path / name).write_text('{"hidden_size": 8, "layers": [1, 2]}', encoding="utf-8")
    assert config_beside(tmp_path / "model.safetensors") == {"hidden_size": 8, "layers": [1, 2]}


def test_that_a_configuration_in_a_folder_is_read_and_a_byte_order_mark_is_no_error(tmp_path):
    (tmp_path / "config.json").write_bytes(b"\xef\xbb\xbf" + b'{"a": 1}')
    assert config_beside(tmp_path) == {"a": 1}


def test_that_the_first_that_can_be_read_is_taken(tmp_path):
    (tmp_path / "config.json").write_text("not json", encoding="utf-8")
    (tmp_path / "params.json").write_text("[1]", encoding="utf-8")
    (tmp_path / "args.json").write_text('{"b": 2}', encoding="utf-8")
    assert config_beside(tmp_path / "model.pt") == {"b": 2}


def test_that_nothing_beside_it_is_nothing(tmp_path):
    assert config_beside(tmp_path / "gone" / "model.pt") == {}
    (tmp_path / "config.json").mkdir()
    assert config_beside(tmp_path / "model.pt") == {}


def test_that_a_very_large_or_deep_file_is_none(tmp_path):
    (tmp_path / "config.json").write_text('{"a": "' + "x" * (1 << 20) + '"}', encoding="utf-8")
    (tmp_path / "params.json").write_text("[" * 100_000, encoding="utf-8")
    assert config_beside(tmp_path / "model.pt") == {}


def test_that_a_pipe_is_not_waited_for_and_nothing_outside_the_folder_is_read(tmp_path):
    home = tmp_path / "home"
    home.mkdir()
    (tmp_path / "secret.json").write_text('{"a": 1}', encoding="utf-8")
    os.mkfifo(home / "config.json")
    (home / "params.json").symlink_to(tmp_path / "secret.json")
    assert config_beside(home / "model.pt") == {}
