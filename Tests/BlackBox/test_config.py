"""weir config, weir check: what an operator does before anything runs."""

import pathlib
import re
import subprocess

import pytest
import yaml

from weir import ROOT, run


def test_the_sample_is_valid_and_the_one_in_examples(tmp_path):
    sample = run("config", "sample", check=0).stdout
    assert sample == (ROOT / "examples/weir.yaml").read_text()
    assert isinstance(yaml.safe_load(sample), dict)
    path = tmp_path / "weir.yaml"
    path.write_text(sample)
    assert run("check", "--config", path, check=0).stdout == f"{path}: good\n"


def test_keys_are_listed_with_their_default():
    text = run("config", "keys", "receiveMaximum", check=0).stdout
    assert text.startswith("mqtt.receiveMaximum\n")
    assert "default: " in text
    assert "WEIR_MQTT_RECEIVE_MAXIMUM" in run("config", "keys", "--env", check=0).stdout


@pytest.mark.parametrize(
    "text, expected",
    [
        ("mqtt:\n  recieveMaximum: 5\n", ":2:3: mqtt.recieveMaximum: unknown key; did you mean \"receiveMaximum\"?"),
        ("mqtt:\n  receiveMaximum: 0\n", ":2:19: mqtt.receiveMaximum: found \"0\", expected a whole number from 1 to 65,535"),
        ("drainTimeout: 10\n", ":1:15: drainTimeout: found \"10\", expected a duration"),
        ("mqtt: [\n", ":2:1: not YAML: "),
    ],
)
@pytest.mark.parametrize("command", ["check", "serve"])
def test_a_mistake_is_told_with_file_line_and_key(tmp_path, command, text, expected):
    path = tmp_path / "weir.yaml"
    path.write_text(text)
    result = run(command, "--config", path, "--data", tmp_path / "data", check=78)
    assert f"{path}{expected}" in result.stderr
    # Nothing was made of it.
    assert not (tmp_path / "data").exists()


def test_a_mistake_in_a_flag_or_the_environment_is_told(tmp_path):
    result = run("check", "--set", "mqtt.maximumQoS=3", check=78)
    assert result.stderr == "flag --set mqtt.maximumQoS: mqtt.maximumQoS: found \"3\", expected 0, 1 or 2\n"
    result = run("check", env={"WEIR_MQTT_MAXIMUM_QOS": "3"}, check=78)
    assert "environment variable WEIR_MQTT_MAXIMUM_QOS: " in result.stderr


def test_a_missing_settings_file_is_told():
    result = run("check", "--config", "/nowhere/weir.yaml", check=78)
    assert result.stderr == "cannot read /nowhere/weir.yaml: No such file or directory\n"


def test_what_a_rule_or_password_file_holds_is_checked_too(tmp_path):
    rules = tmp_path / "rules"
    rules.write_text("topic read a/#\ntopic raed b\n")
    result = run("check", "--set", f"access.rulesFile={rules}", check=78)
    assert f"{rules}, line 2" in result.stderr
    result = run("check", "--set", f"access.passwordFile={tmp_path}/none", check=78)
    assert f"{tmp_path}/none" in result.stderr


def test_version_and_help():
    assert run("version", check=0).stdout.startswith("weir ")
    help_text = run("--help", check=0).stdout
    for command in ["serve", "check", "reload", "config", "import", "passwd"]:
        assert f"  {command} " in help_text
    for shell in ["bash", "zsh", "fish"]:
        assert len(run("--generate-completion-script", shell, check=0).stdout) > 1000


def test_every_command_in_the_readme_is_one():
    readme = ROOT / "README.md"
    if not readme.exists():
        pytest.skip("no README.md yet")
    words = {line.split("weir ", 1)[1].split()[0] for line in readme.read_text().splitlines() if line.strip().startswith("weir ")}
    help_text = run("--help", check=0).stdout
    for word in words:
        assert f"  {word} " in help_text, word


def test_source_tree_holds_what_the_makefile_names():
    for name in [".ci/setup", ".ci/test", ".ci/run"]:
        assert pathlib.Path(ROOT / name).stat().st_mode & 0o111, name


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completions_know_every_command(shell):
    script = run("--generate-completion-script", shell, check=0).stdout
    commands = re.findall(r"^  (\w+) {2,}", run("help", check=0).stdout.split("SUBCOMMANDS:")[1], re.M)
    assert {"serve", "top", "bench", "pub", "sub"} <= set(commands)
    for command in commands:
        assert re.search(rf"\b{command}\b", script), command
    if shell == "bash":
        subprocess.run(["bash", "-n"], input=script, text=True, check=True)
