"""The values for a cluster agree with the hub of one machine, and what they copy stays the learner's."""

import subprocess
from pathlib import Path

import pytest
import yaml
from jupyterhub.authenticators.shared import SharedPasswordAuthenticator
from jupyterhub.traitlets import ByteSpecification
from notebook_tools import ROOT
from room import ONE_THREAD, TEACHER, parsed

HUB = ROOT / "classroom" / "hub"
VALUES = yaml.safe_load((HUB / "kubernetes.yaml").read_text(encoding="utf-8"))
LEARNER = VALUES["singleuser"]


def keys(values: object) -> set[str]:
    if not isinstance(values, dict):
        return set()
    return values.keys() | {key for value in values.values() for key in keys(value)}


def test_the_limits_are_those_of_one_machine() -> None:
    assert LEARNER["extraEnv"] == ONE_THREAD
    assert ByteSpecification().validate(None, LEARNER["memory"]["limit"]) == parsed([]).memory
    config = (HUB / "jupyterhub_config.py").read_text(encoding="utf-8")
    assert f'c.Spawner.default_url = "{LEARNER["defaultUrl"]}"' in config
    assert VALUES["cull"]["timeout"] == 60 * parsed([]).idle


def test_the_charts_network_policy_is_not_weakened() -> None:
    assert not keys(VALUES) & {
        "networkPolicy",
        "cloudMetadata",
        "uid",
        "allowPrivilegeEscalation",
        "extraPodConfig",
    }


def test_until_passwords_are_filled_in_nobody_gets_in() -> None:
    config = VALUES["hub"]["config"]
    assert config["Authenticator"]["admin_users"] == [TEACHER]
    door = SharedPasswordAuthenticator(**config["SharedPasswordAuthenticator"])
    assert (door.user_password, door.admin_password) == (None, None)


@pytest.fixture
def hook(tmp_path: Path) -> list[str]:
    """The command that runs when a learner's pod starts, with folders of this test."""
    *shell, script = LEARNER["lifecycleHooks"]["postStart"]["exec"]["command"]
    (tmp_path / "home").mkdir()
    for old, new in {"/home/jovyan": tmp_path / "home", "/srv/shape-clinic": ROOT}.items():
        assert old in script
        script = script.replace(old, str(new))
    return [*shell, script]


def test_a_learner_gets_the_notebooks_once(hook: list[str], tmp_path: Path) -> None:
    home = tmp_path / "home"
    (home / ".notebooks" / "half").mkdir(parents=True)
    subprocess.run(hook, check=True)
    first = home / LEARNER["defaultUrl"].removeprefix("/lab/tree/")
    assert first.is_file()
    assert not {"legacy", "half"} & {path.name for path in (home / "notebooks").iterdir()}
    first.write_text("the learner's own")
    (home / "notebooks" / "ward.ipynb").unlink()
    subprocess.run(hook, check=True)
    assert first.read_text() == "the learner's own"
    assert not (home / "notebooks" / "ward.ipynb").exists()
    assert [path.name for path in home.iterdir()] == ["notebooks"]
