"""`python -m check`: renders and checks every variant of deploy/kubernetes. Exit code 1, and a line for each fault."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import yaml

from .references import References, title
from .schemas import CustomKinds, NativeKinds, kubernetes_versions
from .variants import Manifest, RenderError, variants


def main(arguments: Sequence[str]) -> int:
    """Prints what was checked, or what is wrong."""
    parser = argparse.ArgumentParser(prog="check", description="Checks the manifests for Kubernetes.")
    parser.add_argument("root", type=Path, help="folder with base, overlays and components")
    parser.add_argument("--crds", type=Path, required=True, help="folder with CustomResourceDefinitions")
    parser.add_argument("--alerts", type=Path, required=True, help="the rules that the PrometheusRule must have")
    parser.add_argument("--kubectl", type=Path, default=Path(sys.executable).with_name("kubectl"))
    options = parser.parse_args(arguments)
    native, custom = NativeKinds(kubernetes_versions()), CustomKinds.read(options.crds)
    alerts = yaml.safe_load(options.alerts.read_text("utf-8"))
    count, found = 0, []
    try:
        for name, manifests in variants(options.root, options.kubectl):
            count += 1
            found += [f"{name}: {fault}" for fault in faults(manifests, native, custom, alerts)]
    except RenderError as error:
        found.append(str(error))
    for fault in found:
        print(fault, file=sys.stderr)
    if not found:
        print(f"{count} variants are right for Kubernetes {', '.join(native.versions)}")
    return 1 if found else 0


def faults(manifests: Sequence[Manifest], native: NativeKinds, custom: CustomKinds, alerts: Manifest) -> list[str]:
    """Each fault of one variant in a line: the manifest, the field, and what is wrong.

    References are followed only if every manifest has the form that its schema demands.
    """
    found = []
    for each in manifests:
        form = custom.faults(each) if each in custom else native.faults(each)
        found += [f"{title(each)}: {fault}" for fault in form]
    if found:
        return found
    for each in manifests:
        if each["kind"] == "PrometheusRule" and each["spec"] != alerts:
            found.append(f"{title(each)}: is not what deploy/prometheus/alerts.yml says; run: make alerts")
    return found + [f"{title(each)}: {fault}" for each, fault in References(manifests).faults()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
