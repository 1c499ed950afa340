"""Private certificate authorities and the certificates they give out, made by openssl; never kept, never committed."""

import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass
class Authority:
    """A certificate authority of a company's own: its certificate, and a folder for what it signs."""

    folder: Path
    name: str

    def __post_init__(self):
        self.certificate = self.folder / f"{self.name}.pem"
        self.key = self.folder / f"{self.name}.key"
        _openssl("req", "-x509", *_KEY, "-keyout", self.key, "-out", self.certificate, "-days", "2", "-subj", f"/CN={self.name}",
                 "-addext", "basicConstraints=critical,CA:TRUE", "-addext", "keyUsage=critical,keyCertSign,cRLSign")

    def issue(self, name, subjects="DNS:localhost,IP:127.0.0.1", days=1):
        """A server's certificate and key for `subjects`."""
        request, key, certificate = (self.folder / f"{name}.{end}" for end in ("csr", "key", "pem"))
        _openssl("req", *_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={name}",
                 "-addext", f"subjectAltName={subjects}", "-addext", "extendedKeyUsage=serverAuth")
        _openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                 "-days", str(days), "-copy_extensions", "copy", "-out", certificate)
        return certificate, key


_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes")


def _openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
