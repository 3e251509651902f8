"""The catalogue in topics/ against the code, and what a running server publishes against the catalogue."""

import json
import shutil
import time

import jsonschema
import pytest
import yaml

from clients import Client
from test_mec import FAST
from weir import ROOT, run

DOCUMENTS = {path.name: yaml.safe_load(path.read_text()) for path in sorted((ROOT / "topics").glob("*.yaml"))}


def resolved(document, message):
    """The JSON Schema of a message, with the document's others beside it."""
    return {"components": {"schemas": document["components"]["schemas"]}, **message["payload"]}


def channels():
    for document in DOCUMENTS.values():
        for name, channel in document["channels"].items():
            key = next(iter(channel["messages"].values()))["$ref"].rsplit("/", 1)[1]
            yield name, channel, document["components"]["messages"][key], document


def matches(address, topic):
    own, levels = address.split("/"), topic.split("/")
    return len(own) == len(levels) and all(a == b or (a.startswith("{") and b) for a, b in zip(own, levels))


def test_the_documents_say_what_the_code_does():
    assert "topics, as the documents" in run("topics", "check", "--directory", ROOT / "topics", check=0).stdout


@pytest.mark.parametrize(
    ("spoil", "complaint"),
    [
        (lambda d: d["channels"].pop("rniCellChange"), "channels.rniCellChange: missing"),
        (lambda d: d["channels"].update(invented={"address": "/rni/x"}), "channels.invented: the code has no such topic"),
        (lambda d: d["channels"]["rniMeasTa"].update(address="/rni/x"), "rniMeasTa: address is /rni/x"),
        (lambda d: d["operations"]["rniUeStateJson"]["bindings"]["mqtt"].update(retain=False), "retain is false"),
    ],
)
def test_a_difference_is_told_with_its_place(tmp_path, spoil, complaint):
    shutil.copytree(ROOT / "topics", tmp_path / "topics")
    document = yaml.safe_load((tmp_path / "topics/rnis.yaml").read_text())
    spoil(document)
    (tmp_path / "topics/rnis.yaml").write_text(yaml.safe_dump(document))
    result = run("topics", "check", "--directory", tmp_path / "topics", check=1)
    assert complaint in result.stderr and "rnis.yaml" in result.stderr


def test_list_and_show():
    listed = run("topics", "list", check=0).stdout.splitlines()
    assert len(listed) == sum(len(document["channels"]) for document in DOCUMENTS.values())
    states = run("topics", "list", "--role", "state", "--encoding", "pb", check=0).stdout
    assert "mec/v1/pb/rni/state/ue/{ue}" in states and "json" not in states
    shown = run("topics", "show", "mec/v1/pb/rni/cell_change/00101/0000001/x", check=0).stdout
    assert "weir.rnis.v1.CellChangeNotification" in shown and "mec/v1/pb/rni/cell_change/+/+/+" in shown
    assert "no topic of the services" in run("topics", "show", "a/b", check=1).stderr
    assert "state, snapshot or request" in run("topics", "list", "--role", "x", check=64).stderr


def test_schemas_and_examples_are_valid():
    for name, channel, message, document in channels():
        if message["contentType"] != "application/json":
            continue
        schema = resolved(document, message)
        jsonschema.Draft202012Validator.check_schema(schema)
        for example in message.get("examples", []):
            jsonschema.validate(example["payload"], schema)


def test_everything_that_a_running_server_publishes_is_in_the_catalogue(start):
    server = start(config=FAST)
    known = list(channels())
    validators = {}
    seen = {}
    # A town in motion shows most of what there is; state follows a second behind the events.
    expected = {"rniCellChange", "rniCellChangeJson", "rniCellChangePb", "rniUeStateJson", "zoneLocationEvent"}
    deadline = time.monotonic() + 60
    with Client(server) as client:
        client.subscribe("#")
        # Ten thousand messages of a busy town, state that was there before first.
        while sum(seen.values()) < 10_000 or not expected <= set(seen) or len(seen) < 30:
            assert time.monotonic() < deadline, sorted(seen)
            message = client.receive(30)
            fitting = [entry for entry in known if matches(entry[1]["address"], message.topic)]
            assert fitting, f"{message.topic} is not in the catalogue"
            name, channel, described, document = fitting[0]
            seen[name] = seen.get(name, 0) + 1
            assert channel["x-weir-role"] != "request"
            if message.retain:
                assert channel["x-weir-role"] == "state", message.topic
            if not message.payload:
                assert channel["x-weir-role"] == "state", message.topic
                continue
            assert message.properties.ContentType == described["contentType"], message.topic
            # Each of the first hundred bodies of a kind, so that the test is quick.
            if described["contentType"] == "application/json" and seen[name] <= 100:
                if name not in validators:
                    validators[name] = jsonschema.Draft202012Validator(resolved(document, described))
                body = json.loads(message.payload)
                faults = [error.message for error in validators[name].iter_errors(body)]
                assert not faults, (message.topic, faults, body)
