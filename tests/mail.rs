//! Mail as it leaves the house: over real SMTP to a server that may be faulty, and every letter's words.
#![forbid(unsafe_code)]

#[path = "mail/delivery.rs"]
mod delivery;
#[path = "mail/hostile.rs"]
mod hostile;
#[path = "mail/letters.rs"]
mod letters;
#[path = "mail/samples.rs"]
mod samples;
#[path = "mail/smtp.rs"]
mod smtp;
