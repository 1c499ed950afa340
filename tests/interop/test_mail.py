"""Mail through an SMTP server that others wrote: encryption, login, whom it trusts, and what Python's parser makes of each mail."""

import pytest

import post_office
from certificates import Authority
from post_office import PostOffice
from rollcall import Rollcall

# Reply-To is the configured address; Auto-Submitted keeps holiday replies away (RFC 3834).
HEADERS = {"From", "To", "Reply-To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted"}


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("ca"), "acme-ca")


@pytest.fixture(scope="session")
def certificate(authority):
    return authority.issue("post")


@pytest.fixture(params=["starttls", "tls"])
def post(request, certificate):
    post = PostOffice(request.param, certificate)
    yield post
    post.close()


@pytest.fixture
def sender(tmp_path, tenant, post, authority):
    """Rollcall with a mail configuration that is right in every way."""
    rollcall = Rollcall(tmp_path / "rollcall", tenant, "http://127.0.0.1:9/scim/v2")
    rollcall.mail.update(
        smtp=post.url,
        reply_to="integrations@vendor.example",
        username=post_office.USERNAME,
        password=rollcall.secret("smtp-password", post_office.PASSWORD),
        ca_file=authority.certificate,
    )
    rollcall.write()
    return rollcall


def mail_test(sender):
    ended = sender.call("mail-test", "acme")
    assert post_office.PASSWORD not in ended.said
    return ended


def test_a_mail_goes_to_each_recipient_encrypted_and_with_the_login(sender, post):
    sent = mail_test(sender)
    assert sent.code == 0, sent.said
    assert sorted(letter.recipients[0] for letter in post.letters) == ["it@acme.example", "ops@vendor.example"]
    assert all(letter.encrypted and letter.login == post_office.USERNAME for letter in post.letters)


def test_a_mail_is_what_a_mail_reader_expects(sender, post):
    mail_test(sender)
    for letter in post.letters:
        message = letter.message
        assert message.defects == []
        assert {name for name, _ in message.items()} == HEADERS
        assert len(message.items()) == len(HEADERS), "a header is there twice"
        assert message["From"].addresses[0].addr_spec == letter.sender == "rollcall@vendor.example"
        assert [address.addr_spec for address in message["To"].addresses] == letter.recipients
        assert message["Auto-Submitted"] == "auto-generated"
        assert b"\n" not in letter.raw.replace(b"\r\n", b"")
        assert message.get_body(("plain",)).get_content().strip()


def test_every_mail_has_an_id_of_its_own(sender, post):
    mail_test(sender)
    mail_test(sender)
    ids = [letter.message["Message-ID"] for letter in post.letters]
    assert len(set(ids)) == len(ids) == 4


def test_a_wrong_password_is_said_and_not_shown(sender, post):
    sender.secret("smtp-password", "the-wrong-password")
    failed = mail_test(sender)
    assert failed.code == 4, failed.said
    assert "the-wrong-password" not in failed.said
    assert post.letters == [] and post.refusals


def refused_before_any_login(sender, post):
    failed = mail_test(sender)
    assert failed.code == 4, failed.said
    assert "certificate" in failed.said.lower()
    assert post.letters == [] and post.refusals == []


def test_a_server_of_an_unknown_authority_gets_no_password(sender, post):
    del sender.mail["ca_file"]
    sender.write()
    refused_before_any_login(sender, post)


def test_a_server_of_another_authority_gets_no_password(sender, post, tmp_path):
    sender.mail["ca_file"] = Authority(tmp_path, "other-ca").certificate
    sender.write()
    refused_before_any_login(sender, post)


def test_a_certificate_for_another_name_gets_no_password(sender, authority, post):
    elsewhere = PostOffice(post.style, authority.issue("elsewhere", subjects="DNS:elsewhere.acme.example"))
    sender.mail["smtp"] = elsewhere.url
    sender.write()
    refused_before_any_login(sender, elsewhere)
    elsewhere.close()


@pytest.mark.parametrize("post", ["starttls"], indirect=True)
def test_a_server_without_starttls_gets_nothing(sender, certificate):
    plain = PostOffice("plain", certificate)
    sender.mail["smtp"] = f"smtp://localhost:{plain.port}"
    sender.write()
    failed = mail_test(sender)
    assert failed.code == 4, failed.said
    assert plain.letters == [] and plain.refusals == []
    plain.close()


def test_a_failed_run_tells_everybody_who_can_help(sender, post):
    sender.secret("entra-secret", "not-the-secret")
    failed = sender.run()
    assert failed.code == 4, failed.said
    assert "not-the-secret" not in failed.said
    assert sorted(letter.recipients[0] for letter in post.letters) == ["it@acme.example", "ops@vendor.example"]
    for letter in post.letters:
        assert {name for name, _ in letter.message.items()} == HEADERS
        text, page = (letter.message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert "secret" in text and "secret" in page
        assert "not-the-secret" not in text + page


def test_the_same_failure_is_mailed_once(sender, post):
    sender.secret("entra-secret", "not-the-secret")
    sender.run()
    told = len(post.letters)
    assert sender.run().code == 4
    assert len(post.letters) == told


def test_what_smtp_did_not_take_is_sent_once_it_is_due_again(sender, post):
    sender.secret("entra-secret", "not-the-secret")
    sender.secret("smtp-password", "the-wrong-password")
    assert sender.run().code == 4
    assert post.letters == []
    sender.secret("smtp-password", post_office.PASSWORD)
    assert sender.run_later(minutes=2).code == 4
    assert sorted(letter.recipients[0] for letter in post.letters) == ["it@acme.example", "ops@vendor.example"]
