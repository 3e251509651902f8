"""weir import: from mosquitto.conf to settings that a server starts with."""

from weir import run


def test_an_imported_configuration_passes_the_check(tmp_path):
    passwords = tmp_path / "passwords"
    run("passwd", "-c", "-b", passwords, "alice", "secret", check=0)
    acl = tmp_path / "acl"
    acl.write_text("user alice\ntopic readwrite site/#\n")
    conf = tmp_path / "mosquitto.conf"
    conf.write_text(
        f"""
listener 0 {tmp_path}/weir.sock
max_connections 100
listener 18830 127.0.0.1
allow_anonymous false
password_file {passwords}
acl_file {acl}
max_queued_messages 500
persistent_client_expiration 7d
persistence true
persistence_location {tmp_path}/data
connection cloud
address cloud.example
max_inflight_bytes 4
"""
    )
    settings = tmp_path / "weir.yaml"
    result = run("import", conf, "-o", settings, check=0)
    assert result.stderr.splitlines()[0].startswith(f"{conf}:11: persistence_location: used as the data directory")
    assert f"{conf}:12: connection: bridges are not carried over" in result.stderr
    assert f"{conf}:14: max_inflight_bytes: " in result.stderr
    assert run("check", "--config", settings, check=0).stdout == f"{settings}: good\n"
    # The notes stay with the settings.
    assert "connection: bridges are not carried over" in settings.read_text()


def test_a_missing_file_is_told(tmp_path):
    result = run("import", tmp_path / "none.conf", check=1)
    assert result.stderr == f"cannot read {tmp_path}/none.conf: No such file or directory\n"
