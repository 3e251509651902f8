"""weir passwd: password files that mosquitto_passwd's users know."""

import os
import pty
import select
import shutil
import subprocess

import pytest

from weir import clean_environment, run, weir_binary


def test_users_are_added_changed_and_deleted(tmp_path):
    file = tmp_path / "passwords"
    run("passwd", "-c", "-b", file, "alice", "one", check=0)
    assert file.stat().st_mode & 0o777 == 0o600
    run("passwd", "-b", file, "bob", "two", check=0)
    first = file.read_text().splitlines()
    assert [line.split(":")[0] for line in first] == ["alice", "bob"]
    assert all(":$scrypt$" in line for line in first)
    run("passwd", "-b", file, "alice", "three", check=0)
    second = file.read_text().splitlines()
    assert second[0] != first[0] and second[1] == first[1]
    run("passwd", "-D", file, "bob", check=0)
    assert [line.split(":")[0] for line in file.read_text().splitlines()] == ["alice"]
    result = run("passwd", "-D", file, "bob", check=1)
    assert result.stderr == f"{file}: found no user \"bob\", so nothing was deleted\n"


def test_a_password_can_come_from_a_pipe_and_for_scram(tmp_path):
    file = tmp_path / "passwords"
    run("passwd", "-c", "--scram", file, "alice", input="secret\n", check=0)
    assert file.read_text().startswith("alice:$scram-sha-256$")
    assert run("passwd", file, "alice", input="").returncode != 0


def test_a_plain_file_is_hashed_in_place(tmp_path):
    file = tmp_path / "plain"
    file.write_text("alice:one\nbob:two:with colon\n")
    assert run("passwd", "-U", file, check=0).stdout == f"{file}: 2 passwords hashed\n"
    text = file.read_text()
    assert "one" not in text and text.count("$scrypt$") == 2


def test_a_terminal_is_asked_twice_and_shows_nothing(tmp_path):
    file = tmp_path / "passwords"

    def ask(*answers):
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [weir_binary(), "passwd", "-c", file, "alice"],
            stdin=slave, stdout=slave, stderr=slave, env=clean_environment(),
        )
        os.close(slave)
        shown = b""
        for prompt, answer in zip([b"Password for alice: ", b"Once more: "], answers):
            while prompt not in shown:
                assert select.select([master], [], [], 10)[0], shown
                shown += os.read(master, 1024)
            os.write(master, answer + b"\n")
        code = process.wait(20)
        while select.select([master], [], [], 0)[0]:
            try:
                shown += os.read(master, 1024)
            except OSError:
                break
        os.close(master)
        return code, shown

    code, shown = ask(b"secret", b"secret")
    assert code == 0 and b"secret" not in shown
    before = file.read_text()
    code, shown = ask(b"secret", b"other")
    assert code == 1 and b"differ" in shown
    assert file.read_text() == before


@pytest.mark.skipif(not shutil.which("mosquitto_passwd"), reason="mosquitto_passwd is not installed")
def test_hashes_of_mosquitto_passwd_are_good(tmp_path):
    file = tmp_path / "passwords"
    subprocess.run(["mosquitto_passwd", "-c", "-b", file, "alice", "secret"], check=True, timeout=30)
    run("check", "--set", f"access.passwordFile={file}", check=0)
    # Others' lines stay as they are when one is added.
    before = file.read_text()
    run("passwd", "-b", file, "bob", "two", check=0)
    assert file.read_text().startswith(before)


@pytest.mark.parametrize(
    "arguments",
    [["-c"], ["-c", "-D", "f", "u"], ["-b", "f", "u"], ["f", "u", "p"], ["-U", "f", "u"], ["f"]],
    ids=" ".join,
)
def test_flags_that_do_not_go_together_are_told(arguments):
    result = run("passwd", *arguments)
    assert result.returncode == 64 and "Error" in result.stderr
