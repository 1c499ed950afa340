"""Checks the crates that the Linux builds use against deny.toml: licences, banned crates, sources.

Usage: python3 .ci/dependencies.py. The same rules by cargo-deny: `cargo deny check bans licenses sources`.
"""

import json
import re
import subprocess
import sys
import tomllib

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"


def main():
    with open("deny.toml", "rb") as file:
        rules = tomllib.load(file)
    packages = {package["id"]: package for target in rules["graph"]["targets"] for package in used(target)}
    wrong = sorted(problem for package in packages.values() for problem in problems(package, rules))
    print("\n".join(wrong) or f"{len(packages)} crates: licences, bans and sources are as deny.toml asks")
    return 1 if wrong else 0


def used(target):
    """The packages that cargo resolves for one target, development ones included."""
    command = ["cargo", "metadata", "--format-version", "1", "--locked", "--filter-platform", target]
    tree = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    resolved = {node["id"] for node in tree["resolve"]["nodes"]}
    return [package for package in tree["packages"] if package["id"] in resolved]


def problems(package, rules):
    name = f"{package['name']} {package['version']}"
    if package["name"] in {ban["crate"] for ban in rules["bans"]["deny"]}:
        yield f"{name}: banned"
    if package["source"] not in (None, CRATES_IO):
        yield f"{name}: comes from {package['source']}"
    if not licensed(package["license"] or "", set(rules["licenses"]["allow"])):
        yield f"{name}: licence {package['license']!r} is not allowed"


def licensed(expression, allowed):
    """Whether the allowed licences satisfy an SPDX expression ("/" is the old way to write OR)."""
    tokens = re.findall(r"[()]|[^\s()]+(?: WITH [^\s()]+)?", expression.replace("/", " OR "))
    words = {"(": "(", ")": ")", "AND": "and", "OR": "or"}
    formula = " ".join(words.get(token, str(token in allowed)) for token in tokens)
    # Only brackets, and, or, True and False are left by now.
    return bool(tokens) and bool(eval(formula))


if __name__ == "__main__":
    sys.exit(main())
