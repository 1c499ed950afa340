"""Starts the SCIM apps others wrote, and asks them directly, behind Rollcall's back. Knows nothing of Rollcall."""

import json
import os
import socket
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass
from pathlib import Path

TOKEN = "interop-app-token-b3c1"
SOURCES = Path(__file__).parent
# Announces neither PATCH nor ETag, so that updates must go by PUT.
PUT_ONLY = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"],
    "patch": {"supported": False},
    "bulk": {"supported": False, "maxOperations": 0, "maxPayloadSize": 0},
    "filter": {"supported": True, "maxResults": 50},
    "changePassword": {"supported": False},
    "sort": {"supported": False},
    "etag": {"supported": False},
    "authenticationSchemes": [],
}


@dataclass
class App:
    """A running SCIM app: where it listens, under which path, and its process."""

    name: str
    port: int
    base: str
    process: subprocess.Popen

    def ask(self, method, path, body=None, query=None):
        """One request straight to the app, as an admin of it would make; the status and the JSON it answered."""
        url = f"http://127.0.0.1:{self.port}{self.base}{path}" + (f"?{urllib.parse.urlencode(query)}" if query else "")
        request = urllib.request.Request(url, method=method, data=json.dumps(body).encode() if body else None)
        request.add_header("Authorization", f"Bearer {TOKEN}")
        request.add_header("Content-Type", "application/scim+json")
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                return answer.status, json.loads(answer.read() or "null")
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or "null")

    def accounts(self):
        """Every account by its lower-cased userName; two accounts for one name break the test here."""
        # Up to 100 at once: one of the apps ignores startIndex, so the harness keeps to what fits one page.
        _, listing = self.ask("GET", "/Users", query={"count": 100})
        found = listing.get("Resources", [])
        assert len(found) == listing["totalResults"], "the harness' worlds must fit one page"
        by_name = {account["userName"].lower(): account for account in found}
        assert len(by_name) == len(found), f"two accounts for one name: {sorted(a['userName'] for a in found)}"
        return by_name

    def stop(self):
        self.process.terminate()
        self.process.wait(10)


def start(name, work):
    """Starts one of APPS, on a port of its own choosing."""
    return APPS[name](name, Path(work))


def _scim2(name, work, *options):
    # It can't choose a port itself; should somebody else take the one we found free, it ends, and we choose again.
    for _ in range(5):
        port = _free_port()
        command = [work / "venv/bin/scim2-server", "--port", str(port), "--bearer-token", TOKEN, *options]
        process = _spawn(command, work)
        # It says so only once it listens.
        if process.stdout.readline().startswith("Serving SCIM"):
            return App(name, port, "/v2", process)
        process.wait(10)
    raise RuntimeError("scim2-server does not start")


def _scim2_put_only(name, work):
    announced = work / "put-only.json"
    announced.write_text(json.dumps(PUT_ONLY))
    return _scim2(name, work, "--service-provider-config", announced)


def _scimmy(name, work):
    folder = work / name.removeprefix("scimmy-")
    process = _spawn(["node", folder / "server.mjs", TOKEN], folder)
    return App(name, int(process.stdout.readline()), "/scim", process)


def _free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _spawn(command, folder):
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    # Their request logs go nowhere: a full pipe would stop them.
    quiet = subprocess.DEVNULL
    return subprocess.Popen(command, cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=quiet, stdin=quiet)


APPS = {
    "scim2": _scim2,
    "scim2-put-only": _scim2_put_only,
    "scimmy-express4": _scimmy,
    "scimmy-express5": _scimmy,
}
