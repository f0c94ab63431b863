"""Extracts schemas of the custom resources in deploy/kubernetes from packages of public registries.

Unknown fields are errors in them, as they are to `kubectl apply --validate=strict`; descriptions,
defaults, status and metadata are left out. To write the files beside this one again:

    npm pack @kubernetes-models/gateway-api@0.5.1 && tar xzf kubernetes-models-gateway-api-0.5.1.tgz
    pip download --no-deps kserve==0.21.0 && unzip kserve-0.21.0-*.whl
    uv run --with cloudcoil.models.keda==2.16.1.0 \
        --with cloudcoil.models.prometheus-operator==0.80.1.0 \
        python tests/schemas/make_crd_schemas.py package kserve/models
"""

from __future__ import annotations

import ast
import json
import sys
from pathlib import Path
from typing import Any

Schema = dict[str, Any]

_PLAIN = {
    "str": {"type": "string"},
    "int": {"type": "integer"},
    "float": {"type": "number"},
    "bool": {"type": "boolean"},
    "object": {},
}


def strict(schema: Any) -> Any:
    """Returns a schema without what only documents, and with unknown fields as errors."""
    if isinstance(schema, list):
        return [strict(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    options = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(options) == 1:  # how pydantic writes an optional field
        return strict(options[0])
    kept = {
        name: {key: strict(each) for key, each in value.items()}
        if name in ("properties", "$defs")
        else strict(value)
        for name, value in schema.items()
        if name not in ("description", "title", "default", "nullable", "format")
    }
    if "properties" in kept:
        kept.setdefault("additionalProperties", False)
    return kept


def resource(schema: Schema) -> Schema:
    """Returns the schema of a whole document: metadata is checked elsewhere, status is not ours."""
    schema = strict(schema)
    schema["properties"].pop("status", None)
    schema["properties"]["metadata"] = {"type": "object"}
    schema["required"] = ["apiVersion", "kind", "metadata", "spec"]
    definitions = schema.pop("$defs", {})
    used: Schema = {}
    waiting = [schema]
    while waiting:
        text = json.dumps(waiting.pop())
        for name, definition in definitions.items():
            if name not in used and f'"#/$defs/{name}"' in text:
                used[name] = definition
                waiting.append(definition)
    return schema | ({"$defs": used} if used else {})


def from_pydantic(model: Any) -> Schema:
    """Returns the schema of a cloudcoil model."""
    return resource(model.model_json_schema(by_alias=True))


def from_javascript(module: Path) -> Schema:
    """Returns the schema of a kubernetes-models class: an object literal that is JSON."""
    text = module.read_text()
    start = text.index("const schema = ") + len("const schema = ")
    schema, _ = json.JSONDecoder().raw_decode(text[start:])
    return resource(schema)


class OfSdk:
    """Schemas out of the classes of KServe's SDK, which name their fields' types."""

    def __init__(self, models: Path) -> None:
        self._models: dict[str, tuple[dict[str, str], dict[str, str]]] = {}
        for path in models.glob("v1*.py"):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef):
                    tables = {
                        statement.targets[0].id: ast.literal_eval(statement.value)
                        for statement in node.body
                        if isinstance(statement, ast.Assign)
                        and isinstance(statement.targets[0], ast.Name)
                    }
                    self._models[node.name] = (tables["openapi_types"], tables["attribute_map"])

    def resource(self, name: str) -> Schema:
        """Returns the schema of a kind and of what it refers to."""
        self._definitions: Schema = {}
        schema = self._object(name)
        return resource(schema | {"$defs": self._definitions})

    def _object(self, name: str) -> Schema:
        types, keys = self._models[name]
        return {
            "type": "object",
            "properties": {keys[each]: self._type(kind) for each, kind in types.items()},
        }

    def _type(self, kind: str) -> Schema:
        if kind.startswith("list["):
            return {"type": "array", "items": self._type(kind[5:-1])}
        if kind.startswith("dict("):
            value = kind[5:-1].split(", ", 1)[1]
            return {"type": "object", "additionalProperties": self._type(value)}
        if kind in _PLAIN:
            return _PLAIN[kind]
        if kind not in self._models:
            return {}  # of Kubernetes itself: tests check it within a pod
        if kind not in self._definitions:
            self._definitions[kind] = {}
            self._definitions[kind] = self._object(kind)
        return {"$ref": f"#/$defs/{kind}"}


def main(gateway_api: Path, kserve: Path) -> None:
    """Writes a file for each kind."""
    from cloudcoil.models.keda.v1alpha1 import ScaledObject
    from cloudcoil.models.prometheus_operator.v1 import PodMonitor, PrometheusRule

    sdk = OfSdk(kserve)
    schemas = {
        "scaledobject": from_pydantic(ScaledObject),
        "podmonitor": from_pydantic(PodMonitor),
        "prometheusrule": from_pydantic(PrometheusRule),
        "httproute": from_javascript(gateway_api / "gateway.networking.k8s.io/v1/HTTPRoute.js"),
        "servingruntime": sdk.resource("V1alpha1ServingRuntime"),
        "inferenceservice": sdk.resource("V1beta1InferenceService"),
    }
    directory = Path(__file__).parent / "custom_resources"
    directory.mkdir(exist_ok=True)
    for name, schema in schemas.items():
        (directory / f"{name}.json").write_text(json.dumps(schema, indent=1) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
