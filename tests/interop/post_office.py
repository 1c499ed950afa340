"""An SMTP server that others wrote (aiosmtpd), with STARTTLS or TLS and a login, on loopback. It keeps every mail it takes."""

import asyncio
import email
import email.policy
import ssl
import threading
from dataclasses import dataclass, field

from aiosmtpd.smtp import SMTP, AuthResult, LoginPassword

USERNAME = "rollcall"
PASSWORD = "interop-smtp-password-77d0"


@dataclass
class Letter:
    """One mail as it came: the envelope, whether the line was encrypted, who had logged in, and the parsed message."""

    sender: str
    recipients: list
    encrypted: bool
    login: str | None
    raw: bytes

    @property
    def message(self):
        return email.message_from_bytes(self.raw, policy=email.policy.default)


@dataclass
class PostOffice:
    """`style` is "starttls", "tls", or "plain" (a server that offers no encryption); a login is demanded."""

    style: str
    certificate: tuple
    letters: list = field(default_factory=list)
    refusals: list = field(default_factory=list)

    def __post_init__(self):
        self.context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        self.context.load_cert_chain(*self.certificate)
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()
        self.server = asyncio.run_coroutine_threadsafe(self._listen(), self.loop).result(10)
        self.port = self.server.sockets[0].getsockname()[1]

    @property
    def url(self):
        return f"{'smtps' if self.style == 'tls' else 'smtp'}://localhost:{self.port}"

    async def _listen(self):
        from_the_start = self.context if self.style == "tls" else None
        return await self.loop.create_server(self._session, "127.0.0.1", 0, ssl=from_the_start)

    def _session(self):
        starttls = self.style == "starttls"
        return SMTP(self, hostname="post.acme.example", authenticator=self._authenticate, auth_required=self.style != "plain", loop=self.loop,
                    tls_context=self.context if starttls else None, require_starttls=starttls, auth_require_tls=starttls)

    def _authenticate(self, _server, _session, _envelope, _mechanism, login):
        right = isinstance(login, LoginPassword) and login.login == USERNAME.encode() and login.password == PASSWORD.encode()
        if not right:
            self.refusals.append("login")
        return AuthResult(success=right, handled=False, auth_data=USERNAME if right else None)

    async def handle_DATA(self, server, session, envelope):
        encrypted = server.transport.get_extra_info("ssl_object") is not None
        login = session.auth_data if session.authenticated else None
        self.letters.append(Letter(envelope.mail_from, envelope.rcpt_tos, encrypted, login, envelope.original_content))
        return "250 kept"

    def close(self):
        self.loop.call_soon_threadsafe(self.server.close)
        self.loop.call_soon_threadsafe(self.loop.stop)
