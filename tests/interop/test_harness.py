"""The harness itself: a judge that passes everything, or a fault that does not strike, would prove nothing."""

import json
import smtplib
import socket
import ssl
import urllib.error
import urllib.request

import pytest

import apps
import judge
import post_office
from certificates import Authority

HEADERS = {"Accept": "application/scim+json", "Content-Type": "application/scim+json; charset=utf-8", "User-Agent": "t/1"}
ADA = {"schemas": [judge.CORE], "userName": "ada@acme.example", "active": True}
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"


def judged(method, body, target="/v2/Users"):
    return judge.violations(method, target, HEADERS, json.dumps(body).encode())


def patched(*operations):
    return judged("PATCH", {"schemas": [PATCH], "Operations": list(operations)}, "/v2/Users/1")


def test_a_correct_request_is_not_objected_to():
    assert judged("POST", ADA) == []
    assert judged("PUT", {**ADA, "id": "1"}) == []
    assert patched({"op": "replace", "path": "active", "value": False}, {"op": "remove", "path": "title"}) == []
    assert patched({"op": "replace", "path": f"{judge.ENTERPRISE}:manager", "value": {"value": "7"}}) == []


@pytest.mark.parametrize(
    "change",
    [{"active": "True"}, {"active": None}, {"id": "1"}, {"shoeSize": 4}, {"title": None}, {"schemas": []},
     {judge.ENTERPRISE: {"department": "x"}}, {"emails": [{"value": "not an address"}]}],
)
def test_a_wrong_resource_is_objected_to(change):
    assert judged("POST", {**ADA, **change})


@pytest.mark.parametrize(
    "operation",
    [{"op": "Replace", "path": "active", "value": False}, {"op": "replace", "path": "active", "value": "False"},
     {"op": "replace", "value": {"active": "False"}}, {"op": "remove"}, {"op": "replace", "path": "title"},
     {"op": "replace", "path": "nope", "value": "x"}, {"op": "replace", "path": "id", "value": "x"}],
)
def test_a_wrong_patch_is_objected_to(operation):
    assert patched(operation)


def test_a_wrong_head_is_objected_to():
    assert judge.violations("DELETE", "/v2/Users/1", HEADERS, b"")
    assert judge.violations("GET", "/v2/Users?startIndex=one", HEADERS, b"")
    assert judge.violations("GET", "/v2/Users", {**HEADERS, "Accept": "*/*"}, b"")
    assert judge.violations("POST", "/v2/Users", {**HEADERS, "Content-Type": "text/json"}, json.dumps(ADA).encode())
    assert judge.violations("POST", "/v2/Users", HEADERS, b'{"active": true, "Active": true}')


def post(proxy, app, name):
    """One creation as a client would make it; the status, or None when no usable answer came."""
    body = json.dumps({**ADA, "userName": name}).encode()
    headers = {**HEADERS, "Authorization": f"Bearer {apps.TOKEN}"}
    url = f"http://127.0.0.1:{proxy.port}{app.base}/Users"
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=10) as answer:
            json.loads(answer.read())
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except (OSError, ValueError):
        return None


def test_each_app_starts_and_keeps_an_account(app, proxy):
    assert post(proxy, app, "ada@acme.example") == 201
    assert post(proxy, app, "ADA@acme.example") == 409
    assert list(app.accounts()) == ["ada@acme.example"]
    assert [exchange.status for exchange in proxy.writes()] == [201, 409]


@pytest.mark.apps("scim2")
@pytest.mark.parametrize(
    ("action", "status", "done"),
    [("lost", None, True), ("gateway_timeout", 504, True), ("truncated", None, True),
     ("reset", None, False), ("throttled", 429, False), ("unavailable", 503, False)],
)
def test_a_fault_strikes_once_and_where_it_was_told(app, proxy, action, status, done):
    fault = proxy.arm("POST", action, nth=2)
    names = ["a@acme.example", "b@acme.example", "c@acme.example"]
    assert [post(proxy, app, name) for name in names] == [201, status, 201]
    assert ("b@acme.example" in app.accounts()) is done
    assert fault.hit == 1


@pytest.mark.apps("scimmy-express5")
def test_the_app_with_broken_paging_is_broken_still(app):
    for name in ("a@acme.example", "b@acme.example"):
        app.ask("POST", "/Users", {**ADA, "userName": name})
    _, listing = app.ask("GET", "/Users", query={"startIndex": 2, "count": 1})
    assert [account["userName"] for account in listing["Resources"]] == ["a@acme.example", "b@acme.example"]


def test_nothing_listens_beyond_loopback(proxy):
    host = proxy.server.server_address[0]
    assert socket.inet_aton(host)[0] == 127


def deliver(post, authority, password):
    """A mail as a client would send it that does everything right but, perhaps, the password."""
    trusted = ssl.create_default_context(cafile=authority.certificate)
    if post.style == "tls":
        client = smtplib.SMTP_SSL("localhost", post.port, context=trusted)
    else:
        client = smtplib.SMTP("localhost", post.port)
        client.starttls(context=trusted)
    with client:
        client.login(post_office.USERNAME, password)
        client.sendmail("a@vendor.example", ["b@acme.example"], "Subject: hello\r\n\r\nhello\r\n")


@pytest.mark.parametrize("style", ["starttls", "tls"])
def test_the_post_office_takes_mail_after_a_login_only(style, tmp_path):
    authority = Authority(tmp_path, "acme-ca")
    post = post_office.PostOffice(style, authority.issue("post"))
    with pytest.raises(smtplib.SMTPAuthenticationError):
        deliver(post, authority, "wrong")
    with pytest.raises(ssl.SSLCertVerificationError):
        deliver(post, Authority(tmp_path, "other-ca"), post_office.PASSWORD)
    assert post.letters == [] and post.refusals
    deliver(post, authority, post_office.PASSWORD)
    assert [(letter.encrypted, letter.login, letter.message["Subject"]) for letter in post.letters] == [
        (True, post_office.USERNAME, "hello")
    ]
    post.close()
