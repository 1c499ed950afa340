"""The simulated Entra tenant of `rollcall sandbox`, told through its control API what happens to people. Its app is not used."""

import json
import os
import subprocess
import tomllib
import urllib.request
from pathlib import Path
from urllib.parse import quote

# People who are there from the start, and about whom no test says anything: they must stay untouched.
BYSTANDERS = 4


class Tenant:
    """A running sandbox; people are named by object id."""

    def __init__(self, folder):
        command = [os.environ["ROLLCALL_BINARY"], "sandbox", "--members", str(BYSTANDERS), "--dir", str(folder), "--json"]
        quiet = subprocess.DEVNULL
        self.process = subprocess.Popen(command, text=True, stdin=quiet, stdout=subprocess.PIPE, stderr=quiet)
        # One JSON object, over several lines; it says so only once everything listens.
        said = "".join(iter_until(self.process.stdout, "}\n"))
        self.control, self.smtp = (json.loads(said)[f"{part}_url"] for part in ("control", "smtp"))
        (customer,) = Path(folder).glob("customers/*.toml")
        # The facts an operator would have been handed over: ids, group, addresses.
        self.source = tomllib.loads(customer.read_text())["source"]
        self.client_secret = (Path(folder) / "credentials/entra-secret").read_text().strip()
        self.domain = self.members()[0].partition("@")[2]

    def hire(self, attributes):
        return self._tell("POST", "people", attributes)["id"]

    def members(self):
        """The userPrincipalNames of everybody in the group."""
        return [self._tell("GET", f"people/{quote(person)}")["userPrincipalName"] for person in self._tell("GET", "members")]

    def set(self, person, name, value):
        self._happens(person, "set", {name: value})

    def rename(self, person, name):
        self._happens(person, "rename", {"userPrincipalName": name})

    def set_manager(self, person, manager):
        self._happens(person, "manager", {"manager": manager})

    def disable(self, person):
        self._happens(person, "disable")

    def enable(self, person):
        self._happens(person, "enable")

    def leave(self, person):
        self._happens(person, "leave")

    def join(self, person):
        self._happens(person, "join")

    def delete(self, person):
        self._happens(person, "delete")

    def restore(self, person):
        self._happens(person, "restore")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)

    def _happens(self, person, event, details=None):
        self._tell("POST", f"people/{quote(person)}/{event}", details)

    def _tell(self, method, path, body=None):
        data = json.dumps(body or {}).encode() if method == "POST" else None
        url = f"{self.control.rstrip('/')}/{path}"
        with urllib.request.urlopen(urllib.request.Request(url, data, method=method), timeout=10) as answer:
            return json.loads(answer.read())


def iter_until(lines, last):
    """Lines up to and including the first that is `last`."""
    for line in lines:
        yield line
        if line == last:
            return
