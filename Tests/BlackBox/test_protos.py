"""The rules that buf's STANDARD and WIRE_JSON sets have for protos/, checked with protoc alone."""

import pathlib
import re
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PROTOS = ROOT / "protos"
# Every field and value that was ever there. Lines are added, never changed:
#   python Tests/BlackBox/test_protos.py >> protos/published.txt
PUBLISHED = PROTOS / "published.txt"
# Enumerations whose 0 is a value: the number in MQTT's header, and the usual case of a batch and its answer.
ZERO_IS_A_VALUE = {"weir.bus.v1.Qos", "weir.uplink.v1.Compression", "weir.uplink.v1.Result"}
SNAKE, PASCAL = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*"), re.compile(r"[A-Z][A-Za-z0-9]*")


class Node:
    """A message in protobuf's text form: every member is a list."""

    def __init__(self, lines):
        self.members = {}
        for line in lines:
            if line == "}":
                return
            if line.endswith(" {"):
                self.members.setdefault(line[:-2], []).append(Node(lines))
            else:
                name, value = line.split(": ", 1)
                self.members.setdefault(name, []).append(value.strip('"'))

    def all(self, name):
        return self.members.get(name, [])

    def __getattr__(self, name):
        return self.members.get(name, [""])[0]


def protoc(*arguments, input=None):
    command = ["protoc", f"--proto_path={PROTOS}", *map(str, arguments)]
    return subprocess.run(command, input=input, capture_output=True, check=True).stdout


def load():
    """protoc's own view of the files, which it reads and writes out again as text."""
    files = sorted(path.relative_to(PROTOS) for path in (PROTOS / "weir").rglob("*.proto"))
    image = protoc("--descriptor_set_out=/dev/stdout", *files)
    text = protoc("--decode=google.protobuf.FileDescriptorSet", "google/protobuf/descriptor.proto", input=image)
    return Node(line.strip() for line in text.decode().splitlines()).all("file")


FILES = load()


def messages(file):
    waiting = [(f"{file.package}.{message.name}", message) for message in file.all("message_type")]
    while waiting:
        name, message = waiting.pop(0)
        yield name, message
        waiting += [(f"{name}.{nested.name}", nested) for nested in message.all("nested_type")]


def enums(file):
    yield from ((f"{file.package}.{enum.name}", enum) for enum in file.all("enum_type"))
    for name, message in messages(file):
        yield from ((f"{name}.{enum.name}", enum) for enum in message.all("enum_type"))


def constants(name):
    """UpperCamelCase as a prefix of enum values: BwChange becomes BW_CHANGE_."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name).upper() + "_"


def kind(field):
    return field.type_name.lstrip(".") or field.type.removeprefix("TYPE_").lower()


def present():
    """Everything that another version may rely on, one line each."""
    for file in FILES:
        for name, message in messages(file):
            for field in message.all("field"):
                many = "repeated " if field.label == "LABEL_REPEATED" else ""
                yield f"{name} {field.number} {many}{kind(field)} {field.name}"
        for name, enum in enums(file):
            for value in enum.all("value"):
                yield f"{name} {value.number} {value.name}"


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_packages_are_versioned_and_lie_where_they_are_called(file):
    assert file.syntax == "proto3"
    assert re.fullmatch(r"weir(\.[a-z]+)+\.v[1-9][0-9]*", file.package), file.package
    assert str(pathlib.Path(file.name).parent) == file.package.replace(".", "/")
    assert SNAKE.fullmatch(pathlib.Path(file.name).stem)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_names_are_as_everybody_expects(file):
    for name, message in messages(file):
        if not (message.options and message.options.map_entry):
            assert PASCAL.fullmatch(message.name), name
        for field in message.all("field"):
            assert SNAKE.fullmatch(field.name), f"{name}.{field.name}"
    for name, enum in enums(file):
        assert PASCAL.fullmatch(enum.name), name
        zero = next(value for value in enum.all("value") if value.number == "0")
        if name not in ZERO_IS_A_VALUE:
            assert zero.name == constants(enum.name) + "UNSPECIFIED", f"{name}.{zero.name}"
        for value in enum.all("value"):
            assert value.name.startswith(constants(enum.name)), f"{name}.{value.name}"
        assert len({value.number for value in enum.all("value")}) == len(enum.all("value")), f"{name} has aliases"


def test_no_number_is_ever_used_for_anything_else():
    now, published = set(present()), PUBLISHED.read_text().splitlines()
    assert len(set(published)) == len(published)
    reserved = {
        f"{name} {number}"
        for file in FILES
        for name, message in messages(file)
        for span in message.all("reserved_range")
        for number in range(int(span.start), int(span.end))
    }
    for line in published:
        gone = " ".join(line.split(" ")[:2])
        assert line in now or gone in reserved, f"{line}: changed or taken away; reserve its number instead"
    missing = sorted(now - set(published))
    assert not missing, f"not in {PUBLISHED.name} yet, which is how a later change is seen:\n" + "\n".join(missing)


if __name__ == "__main__":
    known = set(PUBLISHED.read_text().splitlines()) if PUBLISHED.exists() else set()
    sys.stdout.writelines(f"{line}\n" for line in present() if line not in known)
