"""Validates JSON bodies against ETSI's OpenAPI files.

Usage: validate_bodies.py FOLDER < lines

FOLDER holds ETSI's files as gsNNN/vX.Y.Z/NAME.yaml. Each input line is a JSON object with
  api     "rnis", "location", "bandwidth" or "steering"
  schema  name of the schema in the API's file
  topic   where the body was published
  body    the body
  extra   member names beyond the schema that Weir documents (state topics), at the top level
A body must be valid and must have no member that the schema does not know. One line is printed for
each fault; the exit code is 1 if there was any, 2 if a tool or a file is missing.

The files have slips. Each is mended here, with the reason; the text of the GS is the norm.
"""

import copy
import json
import pathlib
import sys

try:
    import yaml
    from jsonschema import Draft202012Validator
except ImportError as missing:
    print(f"missing: {missing}")
    sys.exit(2)


def drop_types_beside_references(schema):
    """Everywhere: "type: object" stands beside references to strings and numbers, where OpenAPI 3.1
    lets it count, so that no body could be valid."""
    if isinstance(schema, dict):
        if "$ref" in schema:
            schema.pop("type", None)
        for value in schema.values():
            drop_types_beside_references(value)
    elif isinstance(schema, list):
        for value in schema:
            drop_types_beside_references(value)


def mend_rnis_211(schemas):
    """Slips of gs012/v2.1.1: nrcgi is a string in one place and has nrcellId in the other (6.5.7)."""
    del schemas["NrMeasRepUeNotification"]
    del schemas["NrMeasRepUeSubscription"]


def mend_rnis_221(schemas):
    """Slips of gs012/v2.2.1."""
    drop_types_beside_references(schemas)
    link = {"$ref": "#/components/schemas/LinkType"}
    for name, schema in schemas.items():
        if schema.get("properties", {}).get("_links", {}).get("type") != "array":
            continue
        # 6.4: _links is a structure with the member subscription; the file makes it a list of
        # structures with self, and asks for a top-level subscription that the GS does not have.
        schema["properties"].pop("subscription", None)
        schema["required"] = [r for r in schema["required"] if r != "subscription"]
        schema["properties"]["_links"] = {
            "type": "object",
            "properties": {"subscription": link},
            "required": ["subscription"],
        }
    # 6.4.10: s1Event is a number; the file has the placeholder SEE_DESCRIPTION.
    schemas["S1BearerNotification"]["properties"]["s1Event"] = {"type": "integer", "enum": [1, 2, 3]}
    # 6.2.4: the answer to a query has the name of the structure in it, and the file kept only that.
    schemas["S1BearerInfoAnswer"] = {
        "type": "object",
        "properties": {
            "timeStamp": {"$ref": "#/components/schemas/TimeStamp"},
            "s1UeInfo": {"type": "array", "items": {"$ref": "#/components/schemas/S1UeInfo"}},
        },
        "required": ["s1UeInfo"],
    }
    # 7.4.3.1: the answer is a list, which the file writes only at the path.
    schemas["PlmnInfoList"] = {"type": "array", "items": {"$ref": "#/components/schemas/PlmnInfo"}}
    # 6.2.5: two names have a blank in the middle.
    properties = schemas["CellInfo"]["properties"]
    for name in list(properties):
        properties[name.replace(" ", "")] = properties.pop(name)


def mend_location_311(schemas):
    """Slips of gs013/v3.1.1."""
    # 6.4: _links has the member subscription; the file has self instead. Weir writes both.
    for name, schema in schemas.items():
        if name.endswith("Notification"):
            schema["properties"]["_links"] = {
                "type": "object",
                "properties": {
                    "subscription": {"$ref": "#/components/schemas/LinkType"},
                    "self": {"$ref": "#/components/schemas/LinkType"},
                },
                "required": ["subscription", "self"],
            }
    # 6.2: accessPointId, which the file requires but spells with a capital letter.
    properties = schemas["UserInfo"]["properties"]
    properties["accessPointId"] = properties.pop("AccessPointId")


def mend_bandwidth_221(schemas):
    """Slips of gs015/v2.2.1: fixedBWPriority is a list with the one value "SEE_DESCRIPTION", where the GS
    leaves the values open; types beside references."""
    drop_types_beside_references(schemas)
    for schema in schemas.values():
        schema.get("properties", {}).get("fixedBWPriority", {}).pop("enum", None)


APIS = {
    "bandwidth": [("gs015/v2.2.1/BwManagementApi.yaml", mend_bandwidth_221, True)],
    "steering": [("gs015/v2.2.1/TrafficSteeringApi.yaml", mend_bandwidth_221, True)],
    # The newest file, strict about unknown members; and the older file.
    "rnis": [("gs012/v2.2.1/RniAPI.yaml", mend_rnis_221, True), ("gs012/v2.1.1/RniAPI.yaml", mend_rnis_211, False)],
    # The same file twice: mended and strict, and as it is.
    "location": [
        ("gs013/v3.1.1/LocationAPI.yaml", mend_location_311, True),
        ("gs013/v3.1.1/LocationAPI.yaml", None, False),
    ],
}


DOCUMENTS = {}


def load(folder, path, mend):
    if path not in DOCUMENTS:
        # The loader in C, where the package has it, is ten times as fast.
        loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        DOCUMENTS[path] = yaml.load((folder / path).read_text(), Loader=loader)
    schemas = copy.deepcopy(DOCUMENTS[path]["components"]["schemas"])
    if mend:
        mend(schemas)
    return schemas


def close(schema):
    """Forbids members that a structure does not name."""
    if isinstance(schema, dict):
        if "properties" in schema and "allOf" not in schema:
            schema["additionalProperties"] = False
        for value in schema.values():
            close(value)
    elif isinstance(schema, list):
        for value in schema:
            close(value)


def main():
    folder = pathlib.Path(sys.argv[1])
    validators = {}
    faults = checked = 0
    for line in sys.stdin:
        case = json.loads(line)
        for path, mend, strict in APIS[case["api"]]:
            key = (path, strict, case["schema"])
            if key not in validators:
                schemas = load(folder, path, mend)
                if strict:
                    close(schemas)
                known = case["schema"] in schemas
                root = {"$ref": f"#/components/schemas/{case['schema']}", "components": {"schemas": schemas}}
                validators[key] = Draft202012Validator(root) if known else None
            validator = validators[key]
            if validator is None:
                # The older version has no such type; the newest must have it.
                if strict:
                    faults += 1
                    print(f"{path} has no schema {case['schema']}")
                continue
            body = case["body"]
            if strict and isinstance(body, dict):
                body = {k: v for k, v in body.items() if k not in case.get("extra", [])}
            checked += 1
            for error in validator.iter_errors(body):
                faults += 1
                place = "/".join(str(p) for p in error.absolute_path)
                print(f"{case['topic']}: {path} {case['schema']} at '{place}': {error.message}")
    print(f"checked {checked}")
    sys.exit(1 if faults else 0)


main()
