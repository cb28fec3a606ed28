"""Names by which manifests refer to each other: ports, pods, services, workloads. No schema can check them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from .variants import Manifest

_PROBES = ("startupProbe", "readinessProbe", "livenessProbe")


def title(manifest: Manifest) -> str:
    """How errors name a manifest."""
    return f"{manifest['kind']} {manifest['metadata']['name']}"


class References:
    """The manifests of one variant, asked for what is named but not there."""

    def __init__(self, manifests: Iterable[Manifest]) -> None:
        self._manifests = list(manifests)

    def faults(self) -> Iterator[tuple[Manifest, str]]:
        """Each manifest with a broken reference: the field, and what is missing."""
        for kind, check in (
            ("Deployment", self._deployment),
            ("Service", self._service),
            ("NetworkPolicy", self._network_policy),
            ("PodDisruptionBudget", self._disruption_budget),
            ("HorizontalPodAutoscaler", self._scaler),
            ("ScaledObject", self._scaler),
            ("ServiceMonitor", self._monitor),
            ("GRPCRoute", self._route),
            ("HTTPRoute", self._route),
        ):
            for manifest in self._of(kind):
                for fault in check(manifest["spec"]):
                    yield manifest, fault

    def _of(self, kind: str) -> list[Manifest]:
        return [each for each in self._manifests if each["kind"] == kind]

    def _names(self, kind: str) -> set[str]:
        return {each["metadata"]["name"] for each in self._of(kind)}

    def _pods(self, labels: dict[str, str]) -> list[Any]:
        """The pod templates that a selector finds."""
        templates = [each["spec"]["template"] for each in self._of("Deployment")]
        return [each["spec"] for each in templates if labels.items() <= each["metadata"]["labels"].items()]

    def _deployment(self, spec: Any) -> Iterator[str]:
        labels, pod = spec["template"]["metadata"]["labels"], spec["template"]["spec"]
        if not spec["selector"]["matchLabels"].items() <= labels.items():
            yield "spec.selector: does not match the labels of the Deployment's own pods"
        if pod["serviceAccountName"] not in self._names("ServiceAccount"):
            yield f"serviceAccountName: there is no ServiceAccount {pod['serviceAccountName']}"
        volumes = {each["name"] for each in pod.get("volumes", [])}
        for container in [*pod.get("initContainers", []), *pod["containers"]]:
            for mount in container.get("volumeMounts", []):
                if mount["name"] not in volumes:
                    yield f"volumeMounts of {container['name']}: the pod has no volume {mount['name']}"
            for source in container.get("envFrom", []):
                if (name := source["configMapRef"]["name"]) not in self._names("ConfigMap"):
                    yield f"envFrom of {container['name']}: there is no ConfigMap {name}"
            for probe in _PROBES:
                for action in container.get(probe, {}).values():
                    if isinstance(action, dict) and "port" in action:
                        yield from _port(f"{probe} of {container['name']}", action["port"], [container])

    def _service(self, spec: Any) -> Iterator[str]:
        pods = self._pods(spec["selector"])
        if not pods:
            yield "spec.selector: matches no pod"
        for number, port in enumerate(spec["ports"]):
            for pod in pods:
                yield from _port(
                    f"spec.ports[{number}].targetPort", port.get("targetPort", port["port"]), pod["containers"]
                )

    def _network_policy(self, spec: Any) -> Iterator[str]:
        own = self._pods(spec["podSelector"].get("matchLabels", {}))
        if not own:
            yield "spec.podSelector: matches no pod"
        for rule in spec.get("ingress", []):
            for port in rule.get("ports", []):
                for pod in own:
                    yield from _port("spec.ingress.ports", port["port"], pod["containers"])
        for rule in spec.get("egress", []):
            for peer in rule.get("to", []):
                for pod in self._pods(peer["podSelector"]["matchLabels"]):
                    for port in rule["ports"]:
                        yield from _port("spec.egress.ports", port["port"], pod["containers"])

    def _disruption_budget(self, spec: Any) -> Iterator[str]:
        if not self._pods(spec["selector"]["matchLabels"]):
            yield "spec.selector: matches no pod"

    def _scaler(self, spec: Any) -> Iterator[str]:
        if (name := spec["scaleTargetRef"]["name"]) not in self._names("Deployment"):
            yield f"spec.scaleTargetRef: there is no Deployment {name}"
        for each in self._of("Deployment"):
            if each["metadata"]["name"] == name and "replicas" in each["spec"]:
                yield f"spec.scaleTargetRef: the Deployment {name} has `replicas` too; remove them there"

    def _monitor(self, spec: Any) -> Iterator[str]:
        labels = spec["selector"]["matchLabels"]
        services = [
            each for each in self._of("Service") if labels.items() <= each["metadata"].get("labels", {}).items()
        ]
        if len(services) != 1:
            yield f"spec.selector: matches {len(services)} Services; each pod would be scraped as often"
        names = {port.get("name") for each in services for port in each["spec"]["ports"]}
        for number, endpoint in enumerate(spec["endpoints"]):
            if endpoint["port"] not in names:
                yield f"spec.endpoints[{number}].port: the Service has no port with the name {endpoint['port']}"

    def _route(self, spec: Any) -> Iterator[str]:
        ports = {
            (each["metadata"]["name"], port["port"]) for each in self._of("Service") for port in each["spec"]["ports"]
        }
        for number, rule in enumerate(spec["rules"]):
            for backend in rule["backendRefs"]:
                name, port = backend["name"], backend["port"]
                if (name, port) not in ports:
                    yield f"spec.rules[{number}].backendRefs: no Service {name} has the port {port}"


def _port(field: str, wanted: str | int, containers: Iterable[Any]) -> Iterator[str]:
    ports = [port for container in containers for port in container.get("ports", [])]
    if not any(wanted in (port["name"], port["containerPort"]) for port in ports):
        there = ", ".join(f"{port['name']} ({port['containerPort']})" for port in ports)
        yield f"{field}: no container has the port {wanted}; there is {there}"
