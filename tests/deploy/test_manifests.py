"""The manifests of deploy/kubernetes are right, and the check of them finds what an API server would refuse."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gateway import GATEWAY
from server_process import ROOT, server_python

from check.variants import Manifest, render, variants

DEPLOY = ROOT / "deploy"
KUBECTL = Path(sys.executable).with_name("kubectl")
VARIANTS = dict(variants(DEPLOY / "kubernetes", KUBECTL))

SERVER, GATEWAY_YAML = "kubernetes/base/server.yaml", "kubernetes/base/gateway.yaml"
MONITORS = "kubernetes/components/monitoring/monitors.yaml"
ROUTES, KEDA = "kubernetes/components/gateway-api/routes.yaml", "kubernetes/components/keda/scaler.yaml"
PRODUCTION = "kubernetes/overlays/production/autoscaler.yaml"

# What is planted: the file, a text in it, what takes its place, and what the check says.
UNKNOWN_FIELDS = [
    (SERVER, "enableServiceLinks:", "enableServiceLink:", "'enableServiceLink' was unexpected"),
    (GATEWAY_YAML, "maxUnavailable: 1", "maxUnavailabel: 1", "'maxUnavailabel' was unexpected"),
    (PRODUCTION, "minReplicas", "minimumReplicas", "'minimumReplicas' was unexpected"),
    (MONITORS, "jobLabel", "joblabel", "'joblabel' was unexpected"),
    (KEDA, "cooldownPeriod", "coolDownPeriod", "'coolDownPeriod' was unexpected"),
    (ROUTES, "hostnames: [questiontopic", "hosts: [questiontopic", "'hosts' was unexpected"),
]
WRONG_TYPES = [
    (
        SERVER,
        "terminationGracePeriodSeconds: 45",
        'terminationGracePeriodSeconds: "45"',
        "'45' is not of type 'integer'",
    ),
    (GATEWAY_YAML, "runAsNonRoot: true", "runAsNonRoot: 1", "1 is not of type 'boolean'"),
    (KEDA, "maxReplicaCount: 20", "maxReplicaCount: many", "'many' is not of type 'integer'"),
    (KEDA, 'threshold: "32"', "threshold: 32", "32 is not of type 'string'"),
    (ROUTES, "port: 50051", "port: 500510", "500510 is greater than the maximum of 65535"),
]
WRONG_NAMES = [
    (
        SERVER,
        "targetPort: grpc",
        "targetPort: grcp",
        "server-headless: .*no container has the port grcp; there is",
    ),
    (SERVER, "targetPort: metrics", "targetPort: 9465", "no container has the port 9465; there is grpc"),
    (SERVER, "grpc: {port: 50051}", "grpc: {port: 50052}", "startupProbe of server: no container has the port 50052"),
    (GATEWAY_YAML, "port: http}", "port: page}", "livenessProbe of gateway: no container has the port page"),
    (ROUTES, "port: 8888", "port: 8889", "no Service questiontopic-gateway has the port 8889"),
    (MONITORS, "port: metrics", "port: metric", "the Service has no port with the name metric"),
    (PRODUCTION, "Deployment, name: questiontopic-server", "Deployment, name: server", "there is no Deployment server"),
    (
        SERVER,
        "configMapRef: {name: questiontopic-server}",
        "configMapRef: {name: server}",
        "there is no ConfigMap server",
    ),
    ("kubernetes/components/tls/server.yaml", "{name: tls, ", "{name: tsl, ", "the pod has no volume tsl"),
    ("kubernetes/base/network.yaml", "port: http}", "port: https}", "no container has the port https"),
    ("prometheus/alerts.yml", "for: 1m", "for: 2m", "is not what deploy/prometheus/alerts.yml says; run: make alerts"),
    ("kubernetes/components/keda/kustomization.yaml", "op: remove,", "op: test, value: 2,", "has `replicas` too"),
]


def check(deploy: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check", str(deploy / "kubernetes"), "--crds", str(ROOT / ".tools" / "crds")]
    command += ["--alerts", str(deploy / "prometheus" / "alerts.yml")]
    return subprocess.run(command, cwd=DEPLOY, capture_output=True, text=True, timeout=300, check=False)


@pytest.mark.parametrize("faults", [UNKNOWN_FIELDS, WRONG_TYPES, WRONG_NAMES], ids=["field", "type", "name"])
def test_planted_faults_are_found(tmp_path: Path, faults: list[tuple[str, str, str, str]]) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    for file, right, wrong, _ in faults:
        planted = tmp_path / "deploy" / file
        text = planted.read_text("utf-8")
        assert right in text
        planted.write_text(text.replace(right, wrong, 1), "utf-8")
    run = check(tmp_path / "deploy")
    assert (run.returncode, run.stdout) == (1, "")
    assert [said for *_, said in faults if not re.search(said, run.stderr)] == [], run.stderr


def test_a_folder_that_does_not_render_is_told(tmp_path: Path) -> None:
    shutil.copytree(DEPLOY, tmp_path / "deploy")
    (tmp_path / "deploy" / SERVER).unlink()
    run = check(tmp_path / "deploy")
    assert (run.returncode, run.stdout) == (1, "")
    assert "server.yaml" in run.stderr


def test_the_images_have_the_tag_of_this_version() -> None:
    version = re.search('__version__ = "(.+)"', (ROOT / "server/src/questiontopic_server/__init__.py").read_text())
    assert version
    images = {container["image"] for name, _, container in CONTAINERS if name.startswith("overlays/")}
    assert images
    assert {image.partition(":")[2] for image in images} == {version[1]}


def containers() -> Iterator[tuple[str, Any, Any]]:
    for variant, manifests in VARIANTS.items():
        for each in manifests:
            if each["kind"] == "Deployment":
                pod = each["spec"]["template"]["spec"]
                for container in [*pod.get("initContainers", []), *pod["containers"]]:
                    yield f"{variant} {container['name']}", pod, container


CONTAINERS = list(containers())


@pytest.mark.parametrize(("pod", "container"), [each[1:] for each in CONTAINERS], ids=[each[0] for each in CONTAINERS])
def test_pods_keep_to_the_restricted_standard_and_to_limits(pod: Any, container: Any) -> None:
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "capabilities": {"drop": ["ALL"]},
        "readOnlyRootFilesystem": True,
    }
    assert set(container["resources"]["limits"]) >= {"cpu", "memory"}
    assert {kind for volume in pod.get("volumes", []) for kind in volume if kind != "name"} <= {
        "emptyDir",
        "persistentVolumeClaim",
        "secret",
    }


def configuration(manifests: list[Manifest], name: str) -> dict[str, str]:
    (found,) = [
        each["data"] for each in manifests if each["metadata"]["name"].startswith(f"{name}-") and "data" in each
    ]
    return dict(found)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("name", "variable", "delay"),
    [
        ("questiontopic-server", "QUESTIONTOPIC_DRAIN_TIMEOUT", 0),
        ("questiontopic-gateway", "QUESTIONTOPIC_GATEWAY_DRAIN_TIMEOUT", 1),  # --drain-delay
    ],
)
def test_a_drain_ends_before_kubernetes_kills(variant: str, name: str, variable: str, delay: int) -> None:
    (pod,) = [
        each["spec"]["template"]["spec"]
        for each in VARIANTS[variant]
        if each["kind"] == "Deployment" and each["metadata"]["name"] == name
    ]
    pause = pod["containers"][0]["lifecycle"]["preStop"]["sleep"]["seconds"]
    drain = float(configuration(VARIANTS[variant], name)[variable])
    assert pause + delay + drain + 5 <= pod["terminationGracePeriodSeconds"]


@pytest.mark.parametrize("variant", VARIANTS)
def test_the_gateway_asks_the_headless_services_that_are_there(variant: str) -> None:
    backends = configuration(VARIANTS[variant], "questiontopic-gateway")["QUESTIONTOPIC_GATEWAY_BACKEND"]
    headless = [
        f"dns:///{each['metadata']['name']}:{port['port']}"
        for each in VARIANTS[variant]
        if each["kind"] == "Service" and each["spec"].get("clusterIP") == "None"
        for port in each["spec"]["ports"]
    ]
    assert sorted(headless) == sorted(each.rpartition("=")[2] for each in backends.split(","))


def test_two_models_share_no_pod_and_the_gateway_may_call_both() -> None:
    manifests = VARIANTS["overlays/two-models"]

    def pods(selector: dict[str, str]) -> set[str]:
        """The Deployments whose pods a selector finds."""
        return {
            each["metadata"]["name"]
            for each in manifests
            if each["kind"] == "Deployment"
            and selector.items() <= each["spec"]["template"]["metadata"]["labels"].items()
        }

    servers = ["questiontopic-server", "ensemble-questiontopic-server"]
    selectors = {
        (each["kind"], each["metadata"]["name"]): each["spec"]["selector"]
        for each in manifests
        if each["kind"] in ("Deployment", "Service", "PodDisruptionBudget")
    }
    for server in servers:
        assert pods(selectors["Deployment", server]["matchLabels"]) == {server}
        assert pods(selectors["PodDisruptionBudget", server]["matchLabels"]) == {server}
        assert pods(selectors["Service", server]) == pods(selectors["Service", f"{server}-headless"]) == {server}
    policies = {each["metadata"]["name"]: each["spec"] for each in manifests if each["kind"] == "NetworkPolicy"}
    assert [pods(policies[server]["podSelector"]["matchLabels"]) for server in servers] == [{name} for name in servers]
    called = [
        pods(peer["podSelector"]["matchLabels"])
        for rule in policies["questiontopic-gateway"]["egress"]
        for peer in rule.get("to", [])
    ]
    assert called == [{server} for server in servers]


@pytest.mark.parametrize("variant", VARIANTS)
def test_every_setting_is_one_that_the_programs_have(variant: str) -> None:
    manifests = VARIANTS[variant]
    helped = subprocess.run(
        [*server_python(), "-m", "questiontopic_server", "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    assert set(configuration(manifests, "questiontopic-server")) <= set(re.findall(r"QUESTIONTOPIC_\w+", helped.stdout))
    helped = subprocess.run([GATEWAY, "--help"], capture_output=True, text=True, timeout=60, check=True)
    variables = {
        "QUESTIONTOPIC_GATEWAY_" + flag.upper().replace("-", "_")
        for flag in re.findall(r"--([a-z][a-z-]+)", helped.stdout)
    }
    assert set(configuration(manifests, "questiontopic-gateway")) <= variables


@pytest.mark.parametrize("variant", ["components/monitoring", "overlays/production"])
def test_grafana_finds_the_dashboard_by_its_label(variant: str) -> None:
    (found,) = [
        each for each in VARIANTS[variant] if each["metadata"].get("labels", {}).get("grafana_dashboard") == "1"
    ]
    assert (found["kind"], found["metadata"]["name"]) == ("ConfigMap", "questiontopic-dashboard")
    assert found["data"] == {"question-topic.json": (DEPLOY / "grafana" / "dashboard.json").read_text("utf-8")}


def test_the_overlay_of_the_document_renders(tmp_path: Path) -> None:
    document = (ROOT / "docs" / "deployment.md").read_text("utf-8")
    (overlay,) = re.findall(r"^```yaml\n(.*?)^```$", document, re.MULTILINE | re.DOTALL)
    here = os.path.relpath(ROOT, tmp_path.resolve())
    (tmp_path / "kustomization.yaml").write_text(overlay.replace("../question-topic", here), "utf-8")
    manifests = render(tmp_path, KUBECTL)
    images = {
        container["image"]
        for each in manifests
        if each["kind"] == "Deployment"
        for container in each["spec"]["template"]["spec"]["containers"]
    }
    assert images == {"registry.example.com/question-topic:1", "registry.example.com/question-topic-gateway:1"}
    assert configuration(manifests, "questiontopic-server")["QUESTIONTOPIC_TLS_KEY"] == "/tls/tls.key"
