mod settings;
pub use settings::{MailSettings, PeopleInMail};
