//! `demo`: the whole story on embedded parts, over real HTTP and SMTP on loopback. Every number it prints was counted,
//! and every scene says what it expects: a demo that does not come true ends with an error.

mod ending;
mod stage;
mod story;

use std::path::PathBuf;

use clap::Args;

use super::context::block_on;
use super::exit::Exit;
use super::logging;
use stage::Stage;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Where configuration, state and mails are left to look at [default: a new temporary directory]
    #[arg(long, value_name = "DIR")]
    dir: Option<PathBuf>,
}

pub fn execute(arguments: &Arguments) -> anyhow::Result<Exit> {
    logging::for_commands();
    let dir = arguments
        .dir
        .clone()
        .unwrap_or_else(|| std::env::temp_dir().join(format!("rollcall-demo-{}", std::process::id())));
    block_on(async {
        let mut stage = Stage::set(dir).await?;
        story::play(&mut stage).await?;
        ending::show(&stage)?;
        stage.clear().await;
        Ok(Exit::Done)
    })?
}
