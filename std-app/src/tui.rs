//! (to come)
use crate::{clock::Clock, config::Config, side::Side, signals::Signals};
/// x
pub async fn run<S: Side>(
    _: &Config,
    _: &Clock,
    _c: tokio::sync::mpsc::Sender<S::Command>,
    _e: tokio::sync::mpsc::Receiver<S::Event>,
    _s: Signals,
) -> std::io::Result<()> {
    Ok(())
}
