"""`python -m helpers` must name the part at fault: every failing branch is driven here."""

import sys

import pytest
from notebook_tools import raising

from helpers import doctor
from helpers.__main__ import main
from helpers.doctor import Unfit


@pytest.mark.parametrize("version", [(3, 11, 0), (3, 14, 2), (4, 0, 0)])
def test_a_new_enough_python_is_ok(version):
    assert doctor.check_python(version) == "python " + ".".join(map(str, version))


def test_an_old_python_is_named_with_what_is_needed():
    with pytest.raises(Unfit, match=r"got: +3\.10\.13\n +needs: 3\.11 or newer\n +try: +.*PYTHON="):
        doctor.check_python((3, 10, 13))


def test_the_packages_of_this_environment_fit_each_other():
    assert doctor.check_packages() == "packages: all there, at versions that fit each other"


def test_every_wrong_package_is_named():
    said = "keras 3.15.1 requires rich, which is not installed.; shape-clinic has requirement torch==2.13.0"
    with pytest.raises(Unfit) as problem:
        doctor.check_packages(ask=lambda: said)
    assert f"got:   {said}\n    needs: packages that fit each other\n    try:   " in str(problem.value)
    assert "pip install -c requirements.lock" in str(problem.value)


@pytest.mark.parametrize(
    ("complains", "said"),
    [
        ("print('rich is not installed.\\nnumpy is too old.')", "rich is not installed.; numpy is too old."),
        ("print('No module named pip', file=sys.stderr)", "No module named pip"),
    ],
)
def test_what_pip_says_and_that_there_is_no_pip_is_told(tmp_path, monkeypatch, complains, said):
    tmp_path.joinpath("pip.py").write_text(f"import sys\n{complains}\nsys.exit(1)")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with pytest.raises(Unfit, match=f"got: +{said}\n"):
        doctor.check_packages()


def test_a_project_that_is_not_installed_is_named():
    with pytest.raises(Unfit, match="no-such-project"):
        doctor.check_packages("no-such-project")


def test_a_real_kernel_answers_from_this_environment():
    assert doctor.check_kernel() == "kernel: started and answered"


@pytest.mark.parametrize("error", [RuntimeError("Kernel died"), ModuleNotFoundError("No module named 'x'")])
def test_a_kernel_that_dies_and_a_missing_jupyter_are_named(error):
    with pytest.raises(Unfit, match=f"got: +{type(error).__name__}: {error}"):
        doctor.check_kernel(raising(error))


def test_a_kernel_of_another_environment_is_named(tmp_path):
    with pytest.raises(Unfit) as problem:
        doctor.check_kernel(lambda: str(tmp_path))
    assert str(tmp_path) in str(problem.value)
    assert sys.prefix in str(problem.value)
    assert "jupyter kernelspec remove" in str(problem.value)


def test_the_offline_bert_loads_and_runs():
    assert doctor.check_bert() == "BERT: loaded, logits (2, 3)"


def test_a_bert_that_cannot_load_is_named():
    with pytest.raises(Unfit, match=r"got: +FileNotFoundError: vocab\.txt"):
        doctor.check_bert(raising(FileNotFoundError("vocab.txt")))


def test_wrong_logits_are_named():
    with pytest.raises(Unfit, match=r"got: +logits \(2, 1\)\n +needs: logits \(2, 3\)"):
        doctor.check_bert(lambda: (2, 1))


def test_the_command_prints_a_line_per_check(capsys):
    assert main([lambda: "python 3.11.7", lambda: "kernel: fine"]) == 0
    assert capsys.readouterr().out == "ok  python 3.11.7\nok  kernel: fine\nShape Clinic is ready.\n"


def test_the_command_stops_at_the_first_failing_kind(capsys):
    never = raising(AssertionError("a check ran after a failure"))
    broken = raising(Unfit("packages", "torch 2.12.0", "torch 2.13.0", "pip install"))
    assert main([lambda: "python 3.11.7", broken, never]) == 1
    out = capsys.readouterr().out
    assert out.startswith("ok  python 3.11.7\nNO  packages\n    got:   torch 2.12.0\n")
    assert "ready" not in out
