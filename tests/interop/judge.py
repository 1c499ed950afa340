"""Says what is wrong with a request that Rollcall sent, by the RFCs' own models (scim2-models) and the rules those miss.

Knows nothing of Rollcall's code, and never looks at what a server answered: a lenient server must not hide our mistake.
"""

import json
from urllib.parse import parse_qs, urlsplit

from scim2_models import Context, EnterpriseUser, PatchOp, User

ACCOUNT = User[EnterpriseUser]
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
CORE = "urn:ietf:params:scim:schemas:core:2.0:User"
READ_ONLY = {"id", "meta", "groups"}
# What target requests may name: discovery is reading, everything else is about users.
READABLE = ("/Users", "/ServiceProviderConfig", "/Schemas", "/ResourceTypes")


def violations(method, target, headers, body):
    """Every rule this request breaks, as sentences; an empty list is a request nobody can object to."""
    path = urlsplit(target).path
    found = list(_head(method, path, headers, body))
    if method == "GET":
        found += _query(target)
    elif method == "DELETE":
        found.append("DELETE: Rollcall deletes nothing")
    else:
        found += _body(method, body)
    return [f"{method} {target}: {what}" for what in found]


def _head(method, path, headers, body):
    if not any(part in path for part in READABLE):
        yield "no such SCIM endpoint"
    if "application/scim+json" not in headers.get("Accept", ""):
        yield "does not accept application/scim+json"
    if body and headers.get("Content-Type", "").split(";")[0].strip() != "application/scim+json":
        yield f"content type is {headers.get('Content-Type')!r}"
    if not headers.get("User-Agent"):
        yield "has no User-Agent (some services refuse that)"
    if method == "GET" and body:
        yield "a GET with a body"


def _query(target):
    query = parse_qs(urlsplit(target).query, keep_blank_values=True)
    for name, values in query.items():
        if len(values) != 1:
            yield f"{name} is given {len(values)} times"
        elif name in ("startIndex", "count") and not values[0].isdigit():
            yield f"{name} is {values[0]!r}"


def _body(method, body):
    try:
        value = json.loads(body, object_pairs_hook=_distinct)
    except ValueError as error:
        return [f"body is not JSON: {error}"]
    if method == "POST":
        return _resource(value, Context.RESOURCE_CREATION_REQUEST)
    if method == "PUT":
        return _resource(value, Context.RESOURCE_REPLACEMENT_REQUEST, may_carry={"id", "meta"})
    if method == "PATCH":
        return _patch(value)
    return [f"no SCIM request is a {method}"]


def _resource(value, context, may_carry=frozenset()):
    found = _by_model(ACCOUNT, _with_manager_ref(value), context)
    if not isinstance(value.get("active"), bool):
        found.append(f"active is {value.get('active')!r}, not a boolean")
    for name in sorted(READ_ONLY - may_carry & set(value)):
        found.append(f"carries the read-only attribute {name}")
    wanted = {CORE} | ({ENTERPRISE} if ENTERPRISE in value else set())
    if set(value.get("schemas", [])) != wanted:
        found.append(f"schemas are {value.get('schemas')}, the attributes say {sorted(wanted)}")
    return found + [f"{name} is null" for name, given in value.items() if given is None]


def _with_manager_ref(value):
    """The models demand manager.$ref in resources. RFC 7643 says RECOMMENDED (§4.3) and "required": false (§8.7.1), and Entra sends none."""
    manager = value.get(ENTERPRISE, {}).get("manager")
    if not isinstance(manager, dict) or "value" not in manager:
        return value
    return {**value, ENTERPRISE: {**value[ENTERPRISE], "manager": {"$ref": f"../Users/{manager['value']}", **manager}}}


def _patch(value):
    found = _by_model(PatchOp[ACCOUNT], value, Context.RESOURCE_PATCH_REQUEST)
    for operation in value.get("Operations", []):
        found += _operation(operation)
    return found


def _operation(operation):
    op, path, value = operation.get("op"), operation.get("path"), operation.get("value")
    if op not in ("add", "replace", "remove"):
        yield f"op is {op!r}, not lower case"
    if op == "remove" and "value" in operation:
        yield "a remove with a value"
    if op != "remove" and value is None:
        yield f"{op} of {path!r} without a value"
    actives = [value] if path == "active" else [value["active"]] if isinstance(value, dict) and "active" in value else []
    yield from (f"active is {active!r}, not a boolean" for active in actives if not isinstance(active, bool))


def _by_model(model, value, context):
    try:
        model.model_validate(value, scim_ctx=context)
    except Exception as error:  # The models raise several kinds; each is a violation, never a broken test run.
        return [f"{type(error).__name__}: {error}"]
    return []


def _distinct(pairs):
    names = [name.lower() for name, _ in pairs]
    if len(set(names)) != len(names):
        raise ValueError(f"a name is given twice: {names}")
    return dict(pairs)
