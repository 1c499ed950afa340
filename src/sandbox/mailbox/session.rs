//! One SMTP conversation, line by line (RFC 5321 §3, RFC 4954 for AUTH). Strict about order, sizes and line ends.

use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use super::{Mail, MailShelf};

/// As announced with SIZE.
const LARGEST_MAIL: usize = 10 * 1024 * 1024;

/// RFC 5321 §4.5.3.1.4 and .6: command lines 512, text lines 1000, with room for AUTH.
const LONGEST_LINE: u64 = 12_288;

/// What a conversation has come to.
#[derive(Debug, Default)]
struct Envelope {
    greeted: bool,
    authenticated: bool,
    from: Option<String>,
    recipients: Vec<String>,
}

struct Session {
    stream: BufReader<TcpStream>,
    shelf: MailShelf,
    envelope: Envelope,
}

/// Speaks until the client leaves, or the manners say to hang up.
pub(super) async fn serve(stream: TcpStream, shelf: MailShelf) -> io::Result<()> {
    let manners = shelf.lock_manners().clone();
    let mut session = Session { stream: BufReader::new(stream), shelf, envelope: Envelope::default() };
    if manners.silent {
        std::future::pending::<()>().await;
    }
    if manners.closed {
        return session.say("554 sandbox takes no mail").await;
    }
    session.say("220 sandbox ESMTP").await?;
    while let Some(line) = session.line().await? {
        let line = String::from_utf8_lossy(&line).into_owned();
        if !session.obey(line.trim_end()).await? {
            break;
        }
    }
    Ok(())
}

impl Session {
    async fn say(&mut self, text: &str) -> io::Result<()> {
        self.stream.write_all(format!("{text}\r\n").as_bytes()).await?;
        self.stream.flush().await
    }

    /// One line with its end; none when the client has gone.
    async fn line(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut line = Vec::new();
        (&mut self.stream).take(LONGEST_LINE).read_until(b'\n', &mut line).await?;
        Ok((!line.is_empty()).then_some(line))
    }

    /// Carries out one command; false ends the conversation.
    async fn obey(&mut self, line: &str) -> io::Result<bool> {
        let (verb, rest) = line.split_once(' ').unwrap_or((line, ""));
        match verb.to_ascii_uppercase().as_str() {
            "EHLO" | "HELO" => self.greet(verb).await?,
            "AUTH" => self.authenticate(rest).await?,
            "MAIL" => self.mail(rest).await?,
            "RCPT" => self.recipient(rest).await?,
            "DATA" => return self.data().await,
            "RSET" => {
                self.reset();
                self.say("250 2.0.0 forgotten").await?;
            }
            "NOOP" => self.say("250 2.0.0 well").await?,
            "QUIT" => {
                self.say("221 2.0.0 bye").await?;
                return Ok(false);
            }
            _ => self.say("502 5.5.1 no such command").await?,
        }
        Ok(true)
    }

    async fn greet(&mut self, verb: &str) -> io::Result<()> {
        self.reset();
        self.envelope.greeted = true;
        if verb.eq_ignore_ascii_case("HELO") {
            return self.say("250 sandbox").await;
        }
        let auth = if self.shelf.lock_manners().credentials.is_some() { "250-AUTH PLAIN LOGIN\r\n" } else { "" };
        let text = format!("250-sandbox\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n{auth}250 SIZE {LARGEST_MAIL}");
        self.say(&text).await
    }

    async fn authenticate(&mut self, rest: &str) -> io::Result<()> {
        let Some((user, password)) = self.shelf.lock_manners().credentials.clone() else {
            return self.say("503 5.5.1 no authentication here").await;
        };
        let (mechanism, initial) =
            rest.split_once(' ').map_or((rest, None), |(mechanism, text)| (mechanism, Some(text)));
        let offered = match mechanism.to_ascii_uppercase().as_str() {
            "PLAIN" => {
                let text = match initial {
                    Some(text) => text.to_owned(),
                    None => self.ask("334 ").await?,
                };
                let decoded = decode(&text);
                let mut parts = decoded.split('\0').skip(1).map(str::to_owned);
                (parts.next().unwrap_or_default(), parts.next().unwrap_or_default())
            }
            "LOGIN" => {
                let user = self.ask("334 VXNlcm5hbWU6").await?;
                let password = self.ask("334 UGFzc3dvcmQ6").await?;
                (decode(&user), decode(&password))
            }
            _ => return self.say("504 5.5.4 mechanism not supported").await,
        };
        self.envelope.authenticated = offered == (user, password);
        let verdict = if self.envelope.authenticated { "235 2.7.0 welcome" } else { "535 5.7.8 wrong credentials" };
        self.say(verdict).await
    }

    async fn ask(&mut self, question: &str) -> io::Result<String> {
        self.say(question).await?;
        let line = self.line().await?.unwrap_or_default();
        Ok(String::from_utf8_lossy(&line).trim().to_owned())
    }

    async fn mail(&mut self, rest: &str) -> io::Result<()> {
        let needs_auth = self.shelf.lock_manners().credentials.is_some() && !self.envelope.authenticated;
        let verdict = match address(rest, "FROM:") {
            _ if !self.envelope.greeted => "503 5.5.1 EHLO first",
            _ if needs_auth => "530 5.7.0 authentication required",
            _ if self.envelope.from.is_some() => "503 5.5.1 one sender is enough",
            None => "501 5.5.4 MAIL FROM:<address>",
            Some(from) => {
                self.envelope.from = Some(from);
                "250 2.1.0 ok"
            }
        };
        self.say(verdict).await
    }

    async fn recipient(&mut self, rest: &str) -> io::Result<()> {
        let Some(recipient) = address(rest, "TO:").filter(|address| !address.is_empty()) else {
            return self.say("501 5.5.4 RCPT TO:<address>").await;
        };
        let verdict = {
            let mut manners = self.shelf.lock_manners();
            if self.envelope.from.is_none() {
                "503 5.5.1 MAIL first"
            } else if manners.refused.iter().any(|refused| refused.eq_ignore_ascii_case(&recipient)) {
                "550 5.1.1 no such mailbox"
            } else if manners.refuse_for_now > 0 {
                manners.refuse_for_now -= 1;
                "451 4.3.0 try again later"
            } else {
                self.envelope.recipients.push(recipient);
                "250 2.1.5 ok"
            }
        };
        self.say(verdict).await
    }

    async fn data(&mut self) -> io::Result<bool> {
        let Some(from) = self.envelope.from.clone().filter(|_| !self.envelope.recipients.is_empty()) else {
            self.say("503 5.5.1 RCPT first").await?;
            return Ok(true);
        };
        self.say("354 end with a line that is one dot").await?;
        let Some(raw) = self.text().await? else { return Ok(false) };
        if raw.len() > LARGEST_MAIL {
            self.say("552 5.3.4 too large").await?;
            return Ok(true);
        }
        let recipients = std::mem::take(&mut self.envelope.recipients);
        let (lost, mute) = {
            let mut manners = self.shelf.lock_manners();
            let lost = manners.die_before_dot > 0;
            let mute = !lost && manners.die_after_dot > 0;
            manners.die_before_dot -= u32::from(lost);
            manners.die_after_dot -= u32::from(mute);
            (lost, mute)
        };
        if !lost {
            self.shelf.keep(Mail::new(from, recipients, raw));
        }
        if lost || mute {
            return Ok(false);
        }
        self.reset();
        self.say("250 2.0.0 kept").await?;
        Ok(true)
    }

    /// The mail up to the final dot, unstuffed (RFC 5321 §4.5.2); none when the client left before it.
    async fn text(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut raw = Vec::new();
        loop {
            let Some(line) = self.line().await? else { return Ok(None) };
            if line == b".\r\n" {
                return Ok(Some(raw));
            }
            // Beyond the limit the rest is read and dropped, so that the refusal can be said.
            if raw.len() <= LARGEST_MAIL {
                raw.extend(line.strip_prefix(b".").unwrap_or(&line));
            }
        }
    }

    fn reset(&mut self) {
        self.envelope.from = None;
        self.envelope.recipients.clear();
    }
}

/// `FROM:<a@b> SIZE=…` gives `a@b`.
fn address(rest: &str, keyword: &str) -> Option<String> {
    let head = rest.get(..keyword.len()).filter(|head| head.eq_ignore_ascii_case(keyword))?;
    let inner = rest[head.len()..].trim_start().strip_prefix('<')?;
    inner.split_once('>').map(|(address, _)| address.to_owned())
}

fn decode(text: &str) -> String {
    String::from_utf8_lossy(&STANDARD.decode(text).unwrap_or_default()).into_owned()
}
