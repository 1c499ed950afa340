//! An SMTP server on loopback that keeps every mail (RFC 5321), and its ways of refusing them. Delivers nothing.

mod message;
mod session;

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use message::Mail;

/// How the server treats mail.
#[derive(Clone, Debug, Default)]
pub struct Manners {
    /// Recipients that get 550.
    pub refused: Vec<String>,
    /// So many mails from now get 451 at the first recipient.
    pub refuse_for_now: u32,
    /// So many mails from now are kept, and the connection dies before the answer to the final dot.
    pub die_after_dot: u32,
    /// The same, but the mail is lost.
    pub die_before_dot: u32,
    /// Accepts connections and says nothing.
    pub silent: bool,
    /// The greeting is 554.
    pub closed: bool,
    /// AUTH PLAIN or LOGIN with these is required.
    pub credentials: Option<(String, String)>,
}

/// The running server.
#[derive(Debug)]
pub struct Mailbox {
    shelf: MailShelf,
    address: SocketAddr,
    stop: CancellationToken,
}

/// What arrived. Cheap to clone; clones share.
#[derive(Clone, Debug)]
pub struct MailShelf(Arc<Shelf>);

#[derive(Debug)]
struct Shelf {
    mails: Mutex<Vec<Mail>>,
    manners: Mutex<Manners>,
    arrived: watch::Sender<usize>,
}

impl Mailbox {
    /// Listens on loopback; port 0 takes a free one.
    pub async fn start(port: u16) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", port))
            .await
            .with_context(|| format!("listening on 127.0.0.1:{port} for the sandbox's mail"))?;
        let address = listener.local_addr()?;
        let shelf = MailShelf(Arc::new(Shelf {
            mails: Mutex::default(),
            manners: Mutex::default(),
            arrived: watch::Sender::new(0),
        }));
        let stop = CancellationToken::new();
        tokio::spawn(stop.clone().run_until_cancelled_owned(accept(listener, shelf.clone(), stop.clone())));
        Ok(Self { shelf, address, stop })
    }

    /// `smtp+plain://127.0.0.1:port`.
    pub fn url(&self) -> String {
        format!("smtp+plain://{}", self.address)
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub fn shelf(&self) -> MailShelf {
        self.shelf.clone()
    }

    /// Stops listening and drops every connection.
    pub fn shutdown(&self) {
        self.stop.cancel();
    }
}

impl Drop for Mailbox {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl MailShelf {
    /// Every mail that arrived, in order.
    pub fn mails(&self) -> Vec<Mail> {
        self.lock_mails().clone()
    }

    /// Waits until so many mails are there; those that are there when the time is over.
    pub async fn wait_for(&self, count: usize, at_most: Duration) -> Vec<Mail> {
        let mut arrived = self.0.arrived.subscribe();
        let enough = arrived.wait_for(|there| *there >= count);
        // Running out of time is an answer too: what is there.
        drop(tokio::time::timeout(at_most, enough).await);
        self.mails()
    }

    pub fn clear(&self) {
        self.lock_mails().clear();
        self.0.arrived.send_replace(0);
    }

    /// Changes the server's manners, for example `shelf.manners(|manners| manners.refuse_for_now = 2)`.
    pub fn manners(&self, change: impl FnOnce(&mut Manners)) {
        change(&mut self.lock_manners());
    }

    fn lock_mails(&self) -> MutexGuard<'_, Vec<Mail>> {
        self.0.mails.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock_manners(&self) -> MutexGuard<'_, Manners> {
        self.0.manners.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn keep(&self, mail: Mail) {
        let mut mails = self.lock_mails();
        mails.push(mail);
        self.0.arrived.send_replace(mails.len());
    }
}

async fn accept(listener: TcpListener, shelf: MailShelf, stop: CancellationToken) {
    loop {
        if let Ok((stream, _)) = listener.accept().await {
            let session = session::serve(stream, shelf.clone());
            tokio::spawn(stop.clone().run_until_cancelled_owned(async move { drop(session.await) }));
        }
    }
}
