"""What the processes that we start inherit."""

import os
from pathlib import Path

import torchloupe
from torchloupe.session.environment import clean_environment

OURS = str(Path(torchloupe.__file__).parent.parent)


def test_that_ordinary_variables_stay():
    environment = {"PATH": "/bin", "CUDA_VISIBLE_DEVICES": "1", "HTTPS_PROXY": "x", "PYTHONHASHSEED": "0"}
    assert clean_environment(environment) == environment


def test_that_the_loader_path_of_before_a_frozen_start_is_put_back():
    environment = {"LD_LIBRARY_PATH": "/frozen", "LD_LIBRARY_PATH_ORIG": "/cuda/lib"}
    assert clean_environment(environment) == {"LD_LIBRARY_PATH": "/cuda/lib"}


def test_that_a_frozen_app_takes_its_own_loader_path_away():
    environment = {"LD_LIBRARY_PATH": "/frozen", "DYLD_LIBRARY_PATH": "/frozen"}
    assert clean_environment(environment, frozen=True) == {}


def test_that_an_app_that_is_not_frozen_leaves_the_users_loader_path_alone():
    assert clean_environment({"LD_LIBRARY_PATH": "/cuda/lib"}, frozen=False) == {"LD_LIBRARY_PATH": "/cuda/lib"}


def test_that_what_the_freezer_and_qt_need_is_not_handed_on():
    assert clean_environment({"_PYI_ARCHIVE_FILE": "a", "_MEIPASS2": "b", "QT_PLUGIN_PATH": "c", "QT_QPA_PLATFORM": "d"}) == {}
    assert clean_environment({"PYSIDE6_OPTION_PYTHON_ENUM": "1"}) == {}


def test_that_another_interpreter_does_not_get_our_python_home():
    assert clean_environment({"PYTHONHOME": "/ours", "__PYVENV_LAUNCHER__": "/ours"}) == {}


def test_that_only_our_own_folder_is_taken_out_of_the_python_path():
    environment = {"PYTHONPATH": os.pathsep.join(["/home/ada/src", OURS, ""])}
    assert clean_environment(environment) == {"PYTHONPATH": "/home/ada/src"}
    assert clean_environment({"PYTHONPATH": OURS}) == {}


def test_that_a_python_path_means_the_same_to_a_process_that_is_started_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    environment = {"PYTHONPATH": os.pathsep.join(["src", "/lib"])}
    assert clean_environment(environment) == {"PYTHONPATH": f"{tmp_path}/src{os.pathsep}/lib"}


def test_that_what_is_set_for_a_place_on_purpose_wins():
    environment = {"PYTHONHOME": "/ours", "A": "1"}
    assert clean_environment(environment, {"PYTHONHOME": "/there", "A": "2"}) == {"PYTHONHOME": "/there", "A": "2"}


def test_that_the_callers_mapping_is_not_changed():
    environment = {"PYTHONHOME": "/ours"}
    clean_environment(environment)
    assert environment == {"PYTHONHOME": "/ours"}
