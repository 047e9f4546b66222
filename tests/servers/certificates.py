"""Certificates for tests of TLS, made with the `openssl` program."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Certificates:
    """The paths of an authority's certificate, and of a server's and a client's with their keys. Good for two days."""

    ca: Path
    server: Path
    server_key: Path
    client: Path
    client_key: Path
    stranger: Path
    """The certificate of an authority that signed none of them."""

    @classmethod
    def make(cls, directory: Path) -> Certificates:
        """Make them all. The server's is for 127.0.0.1 and localhost."""
        ca, ca_key = _authority(directory, "ca")
        stranger, _ = _authority(directory, "stranger")
        server, server_key = _signed(directory, "server", ca, ca_key, "subjectAltName=IP:127.0.0.1,DNS:localhost")
        client, client_key = _signed(directory, "client", ca, ca_key, "extendedKeyUsage=clientAuth")
        return cls(ca, server, server_key, client, client_key, stranger)

    @property
    def listener(self) -> str:
        """The lines of mosquitto.conf that put TLS on a listener."""
        return f"cafile {self.ca}\ncertfile {self.server}\nkeyfile {self.server_key}"


def _authority(directory: Path, name: str) -> tuple[Path, Path]:
    certificate, key = directory / f"{name}.crt", directory / f"{name}.key"
    _openssl(
        *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"),
        *("-subj", f"/CN=Pointsman test {name}", "-keyout", str(key), "-out", str(certificate)),
        *("-addext", "keyUsage=critical,keyCertSign,cRLSign"),
    )
    return certificate, key


def _signed(directory: Path, name: str, ca: Path, ca_key: Path, extension: str) -> tuple[Path, Path]:
    certificate, key, request, extensions = (directory / f"{name}.{kind}" for kind in ("crt", "key", "csr", "ext"))
    extensions.write_text(extension + "\n")
    _openssl(
        *("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={name}"),
        *("-keyout", str(key), "-out", str(request)),
    )
    _openssl(
        *("x509", "-req", "-in", str(request), "-CA", str(ca), "-CAkey", str(ca_key), "-CAcreateserial", "-days", "2"),
        *("-extfile", str(extensions), "-out", str(certificate)),
    )
    return certificate, key


def _openssl(*arguments: str) -> None:
    subprocess.run(["openssl", *arguments], check=True, capture_output=True)
