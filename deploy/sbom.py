"""What is in the images, as CycloneDX. The same packages give the same bytes: no time and no serial number is in it.

`sbom.py server FOLDER LOCK-FILE…` prints which packages in the folder the lock files pin, with the hashes of all files
of their releases, because a lock file does not say which of them suits this machine. `go version -m GATEWAY | sbom.py
gateway` prints the modules in the gateway's binary.
"""

from __future__ import annotations

import argparse
import re
import sys
from base64 import b64decode
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import distributions
from pathlib import Path

from cyclonedx.contrib.hash.factories import HashTypeFactory
from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL


def main(arguments: Sequence[str]) -> int:
    """Prints the bill of materials of one image."""
    parser = argparse.ArgumentParser(prog="sbom.py", description="Prints what is in an image, as CycloneDX.")
    parser.add_argument("--version", help="the version of the image")
    images = parser.add_subparsers(dest="image", required=True)
    server = images.add_parser("server", help="installed packages that are pinned")
    server.add_argument("folder", type=Path, help="site-packages")
    server.add_argument("locks", type=Path, nargs="+", metavar="lock", help="file of requirements with hashes")
    server.add_argument("--without", action="append", default=[], metavar="NAME", help="a package to leave out")
    images.add_parser("gateway", help="modules that `go version -m` names on standard input")
    options = parser.parse_args(arguments)
    if options.image == "server":
        found = packages(options.folder, "".join(path.read_text("utf-8") for path in options.locks), options.without)
    else:
        found = modules(sys.stdin.read())
    print(document(f"questiontopic-{options.image}", options.version, found))
    return 0


def packages(folder: Path, lock: str, without: Sequence[str]) -> Iterator[Component]:
    """The packages in the folder that the lock file pins, each with the licence that it declares."""
    entries = re.findall(r"^([\w.-]+)==([^\s;]+)(.*(?:\n .*)*)", lock, re.MULTILINE)
    pins = {(canonical(name), version): re.findall(r"--hash=(\S+)", rest) for name, version, rest in entries}
    for each in distributions(path=[str(folder)]):
        name = canonical(each.name)
        if (name, each.version) in pins and name not in without:
            declared = (each.metadata[key] for key in ("License-Expression", "License") if key in each.metadata)
            yield component("pypi", name, each.version, pins[name, each.version], next(declared, ""))


def canonical(name: str) -> str:
    """A package's name as registries compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def modules(told: str) -> Iterator[Component]:
    """The modules of a binary. Their hashes are those of go.sum."""
    for path, version, digest in re.findall(r"^\tdep\t(\S+)\t(\S+)\th1:(\S+)$", told, re.MULTILINE):
        yield component("golang", path, version, [f"sha256:{b64decode(digest).hex()}"])


def component(kind: str, name: str, version: str, hashes: Iterable[str], licence: str = "") -> Component:
    """A library, under the name that its registry gives it."""
    namespace, _, last = name.rpartition("/")
    return Component(
        type=ComponentType.LIBRARY,
        name=name,
        version=version,
        bom_ref=name,
        purl=PackageURL(kind, namespace or None, last, version),
        hashes=[HashTypeFactory().from_composite_str(each) for each in hashes],
        licenses=[LicenseFactory().make_from_string(licence)] if licence else [],
    )


def document(name: str, version: str | None, components: Iterable[Component]) -> str:
    """The bill of materials as JSON."""
    image = Component(type=ComponentType.APPLICATION, name=name, version=version, bom_ref=name)
    bom = Bom(components=components)
    bom.metadata.component = image
    bom.register_dependency(image, bom.components)
    bom.serial_number = bom.metadata.timestamp = None
    text: str = JsonV1Dot6(bom).output_as_string()
    return text


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
