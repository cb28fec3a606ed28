from __future__ import annotations

import socket
import subprocess
from pathlib import Path

import pytest
import trustme
from server_process import DEFAULT_BUNDLE, ServerProcess, server_python


def check(host: str, port: str | int, *flags: str) -> tuple[int, str, str]:
    """Its exit code and what it printed on standard output and standard error."""
    place = ["--bundle", "not/looked/at", "--host", host, "--port", str(port)]
    command = [*server_python(), "-m", "questiontopic_server.healthcheck", *place, *flags]
    run = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    return run.returncode, run.stdout, run.stderr


def unhealthy(host: str, port: str | int, *flags: str) -> bool:
    """Whether it says so in one line."""
    code, printed, said = check(host, port, *flags)
    return (code, printed, len(said.splitlines())) == (1, "", 1) and said.startswith("questiontopic-server: not heal")


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(tmp_path: Path, authority: trustme.CA, request: pytest.FixtureRequest) -> list[str]:
    """The flags of a server with a certificate for other names than the address it listens on."""
    names = getattr(request, "param", ["topics.example.com"])
    leaf = authority.issue_cert(*names)
    leaf.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
    leaf.private_key_pem.write_to_path(tmp_path / "key.pem")
    return ["--tls-certificate", str(tmp_path / "certificate.pem"), "--tls-key", str(tmp_path / "key.pem")]


@pytest.mark.parametrize("host", ["127.0.0.1", "0.0.0.0", "::"])
def test_serving(host: str) -> None:
    with ServerProcess(host=host) as server:
        assert check(host, server.address.rsplit(":")[-1]) == (0, "SERVING\n", "")


def test_no_proxy_of_the_environment_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    with ServerProcess() as server, socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{silent.getsockname()[1]}")
        assert check("127.0.0.1", server.address.rsplit(":")[-1]) == (0, "SERVING\n", "")


@pytest.mark.parametrize(
    "tls",
    [["topics.example.com"], ["*.example.com"], ["192.0.2.1"], ["2001:db8::1"]],
    ids=["name", "wildcard", "IPv4 address", "IPv6 address"],
    indirect=True,
)
def test_serving_with_tls_under_any_name(tls: list[str]) -> None:
    with ServerProcess(DEFAULT_BUNDLE, *tls) as server:
        assert check("127.0.0.1", server.address.rsplit(":")[-1], *tls) == (0, "SERVING\n", "")
        server.terminate()
        assert server.wait() == 0
    assert "Handshake" not in server.log


def test_serving_with_mutual_tls_if_the_authority_vouches_for_the_server(
    tls: list[str], authority: trustme.CA, tmp_path: Path
) -> None:
    accepted, another, appended = (tmp_path / f"{name}.pem" for name in ("accepted", "another", "appended"))
    authority.cert_pem.write_to_path(accepted)
    trustme.CA().cert_pem.write_to_path(another)
    appended.write_bytes(another.read_bytes() + Path(tls[1]).read_bytes())
    for client_ca in (accepted, appended):
        flags = [*tls, "--tls-client-ca", str(client_ca)]
        with ServerProcess(DEFAULT_BUNDLE, *flags) as server:
            assert check("127.0.0.1", server.address.rsplit(":")[-1], *flags) == (0, "SERVING\n", "")
    flags = [*tls, "--tls-client-ca", str(another)]
    with ServerProcess(DEFAULT_BUNDLE, *flags) as server:
        code, _, said = check("127.0.0.1", server.address.rsplit(":")[-1], *flags)
    assert code == 1
    assert "does --tls-client-ca accept the server's own certificate" in said


def test_not_healthy_if_nothing_listens(tls: list[str]) -> None:
    with socket.socket() as bound:  # Holds the port, and refuses connections as it never listens.
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
        assert unhealthy("127.0.0.1", port)
        assert unhealthy("127.0.0.1", port, *tls)


def test_not_healthy_if_what_listens_speaks_no_grpc(tls: list[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        assert unhealthy("127.0.0.1", port)
        assert unhealthy("127.0.0.1", port, *tls)


def test_the_certificate_must_be_the_server_s(tls: list[str], authority: trustme.CA, tmp_path: Path) -> None:
    renewed = authority.issue_cert("topics.example.com")
    others = [f"--tls-certificate={tmp_path}/other.pem", f"--tls-key={tmp_path}/other-key.pem"]
    renewed.cert_chain_pems[0].write_to_path(tmp_path / "other.pem")
    renewed.private_key_pem.write_to_path(tmp_path / "other-key.pem")
    with ServerProcess(DEFAULT_BUNDLE, *tls) as server:
        place = ("127.0.0.1", server.address.rsplit(":")[-1])
        assert unhealthy(*place, *others)
        renewed.cert_chain_pems[0].write_to_path(tmp_path / "certificate.pem")
        renewed.private_key_pem.write_to_path(tmp_path / "key.pem")
        assert not unhealthy(*place, *tls)
