"""Runs the real binary on a configuration of its own, as an operator would. Asks it only through its commands."""

import json
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import apps

CUSTOMER = "acme"
# A typical mapping, shortened to what tells the apps apart: core, complex, multi-valued, extension, reference.
MAPPING = """
[mapping]
userName                       = "user.userPrincipalName | lower"
externalId                     = "user.id"
displayName                    = "user.displayName"
"name.givenName"               = "user.givenName"
"name.familyName"              = "user.surname"
'emails[type eq "work"].value' = "user.mail or user.userPrincipalName"
title                          = "user.jobTitle"
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department" = "user.department"
"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager"    = "manager.account_id"
"""


@dataclass
class Ended:
    """How a command ended: its exit code, its JSON (None when it printed none), and all it said."""

    code: int
    json: dict | None
    said: str

    def __getitem__(self, key):
        return self.json[key]


class Rollcall:
    """One customer's configuration in `folder`, between a simulated tenant and a target's address."""

    def __init__(self, folder, tenant, target):
        self.binary = os.environ["ROLLCALL_BINARY"]
        self.folder = Path(folder)
        self.source = {**tenant.source, "client_secret": self.secret("entra-secret", tenant.client_secret)}
        self.target = {"kind": "scim", "url": target, "token": self.secret("target-token", apps.TOKEN)}
        self.mail = {
            "from": "Rollcall <rollcall@vendor.example>",
            "operators": ["ops@vendor.example"],
            "smtp": tenant.smtp,
        }
        self.write()

    def secret(self, name, value):
        """Keeps a secret beside the configuration; the reference to it is what goes into the file."""
        path = self.folder / "secrets" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(value)
        path.chmod(0o600)
        return {"file": path}

    def write(self):
        """Writes both files from what is set; called again after a change."""
        parts = [
            'name = "Acme Pty Ltd"\nadmins = ["it@acme.example"]\nstage = "live"',
            '[schedule]\ntimezone = "Australia/Sydney"\ndays = "Mon-Fri"\ntimes = ["07:00"]',
            _table("source", self.source),
            _table("target", self.target),
            MAPPING,
        ]
        customers = self.folder / "customers"
        customers.mkdir(parents=True, exist_ok=True)
        (customers / f"{CUSTOMER}.toml").write_text("\n\n".join(parts))
        shared = f"state_dir = {toml(self.folder / 'state')}\n\n" + _table("mail", self.mail)
        (self.folder / "rollcall.toml").write_text(shared)

    def run(self, *options):
        return self.call("run", CUSTOMER, "--json", *options)

    def run_later(self, minutes):
        """A run whose clock is that much ahead."""
        return self.call("run", CUSTOMER, "--json", before=["faketime", "-f", f"+{minutes}m"])

    def approve(self, *holds):
        return self.call("approve", CUSTOMER, *holds, "--json", "--by", "interop", "--why", "rehearsal")

    def plan(self):
        return self.call("plan", CUSTOMER, "--json")

    def call(self, *arguments, before=()):
        # The limit on the wall clock is generous, for machines that are busy.
        said, complaints = self.start(*arguments, before=before).communicate(timeout=180)
        ended = json.loads(said) if "--json" in arguments and said else None
        return Ended(self.process.returncode, ended, said + complaints)

    def start(self, *arguments, before=()):
        # No proxy of this machine may stand between.
        environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
        command = [*before, self.binary, "--config", str(self.folder), *arguments]
        quiet, pipe = subprocess.DEVNULL, subprocess.PIPE
        self.process = subprocess.Popen(command, env=environment, text=True, stdin=quiet, stdout=pipe, stderr=pipe)
        return self.process

    def kill(self):
        """As the kernel would, in the middle of whatever it does."""
        self.process.kill()
        self.process.wait()


def toml(value):
    """A value in TOML, where JSON's way of writing text, numbers and lists is right too."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{name} = {toml(inner)}" for name, inner in value.items()) + " }"
    return json.dumps(value if isinstance(value, (list, bool, int)) else str(value), ensure_ascii=False)


def _table(name, values):
    return "\n".join([f"[{name}]", *(f"{key} = {toml(value)}" for key, value in values.items())])
