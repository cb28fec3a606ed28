"""The schemas of Kubernetes' own kinds and of custom ones, with every unknown field refused."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from jsonschema.protocols import Validator
from kubernetes_validate import utils as kubernetes

from .variants import Manifest

VERSIONS = 3  # The newest version of Kubernetes that the package knows, and the two before it.


def kubernetes_versions() -> list[str]:
    """The versions to check for, the newest one last."""
    known = (".".join(each.split(".")[:2]) for each in kubernetes.all_versions())
    return list(dict.fromkeys(known))[-VERSIONS:]


class NativeKinds:
    """Validates Kubernetes' own kinds for some of its versions. What many variants have in common is validated once."""

    def __init__(self, versions: Sequence[str]) -> None:
        self.versions = versions
        self._known: dict[str, list[str]] = {}

    def faults(self, manifest: Manifest) -> list[str]:
        """What these versions would refuse: the version, the field, and what is wrong with it."""
        content = json.dumps(manifest)
        if content not in self._known:
            self._known[content] = [line for each in self.versions for line in _native_faults(manifest, each)]
        return self._known[content]


def _native_faults(manifest: Manifest, version: str) -> Iterator[str]:
    try:
        kubernetes.validate(manifest, version, strict=True)
    except kubernetes.ValidationError as fault:
        yield f"in Kubernetes {version}: {_told(fault)}"
    except kubernetes.SchemaNotFoundError:
        yield f"in Kubernetes {version}: apiVersion: there is no {manifest['kind']} in {manifest['apiVersion']}"


class CustomKinds:
    """Validates what the CustomResourceDefinitions in a folder describe. Their rules in CEL are not evaluated."""

    def __init__(self, validators: Mapping[tuple[str, str], Validator]) -> None:
        self._validators = validators

    @classmethod
    def read(cls, folder: Path) -> CustomKinds:
        """Reads each YAML file of the folder."""
        found: dict[tuple[str, str], Validator] = {}
        for file in sorted(folder.glob("*.yaml")):
            for definition in filter(None, yaml.safe_load_all(file.read_text("utf-8"))):
                spec = definition["spec"]
                for version in spec["versions"]:
                    api_version = f"{spec['group']}/{version['name']}"
                    schema = _strict(version["schema"]["openAPIV3Schema"])
                    found[api_version, spec["names"]["kind"]] = jsonschema.Draft202012Validator(schema)
        return cls(found)

    def __contains__(self, manifest: Manifest) -> bool:
        return (manifest["apiVersion"], manifest["kind"]) in self._validators

    def faults(self, manifest: Manifest) -> Iterator[str]:
        """What an API server with these definitions would refuse."""
        validator = self._validators[manifest["apiVersion"], manifest["kind"]]
        yield from map(_told, validator.iter_errors(manifest))


def _strict(schema: Any) -> Any:
    """The same schema, with no field allowed that it does not name.

    Schemas below anyOf and the like only restrict what the outer one names, so they stay as they are.
    """
    changed = dict(schema)
    if "properties" in schema:
        changed["properties"] = {name: _strict(each) for name, each in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            changed.setdefault("additionalProperties", False)
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            changed[name] = _strict(schema[name])
    return changed


def _told(fault: jsonschema.ValidationError) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in fault.absolute_path)
    return f"{path.removeprefix('.') or 'the manifest'}: {fault.message}"
