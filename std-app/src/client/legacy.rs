//! The ping from before 1.7, asked once (PROTOCOL.md §7)
//!
//! One request, one answer, then the server closes: no machine and no commands, so not a session like the others.

use std::io;

use proto_core::legacy::{AnswerDecoder, MAX_REQUEST, encode_request};
use proto_core::text;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::connect;
use super::event::{Event, Status};
use crate::config;
use crate::report::Report;

/// Protocol that the question names: that of Minecraft 1.6.4
const PROTOCOL: u8 = 78;

/// Asks the server that the configuration names and waits for its answer
///
/// # Errors
/// One line: it could not be reached, broke the protocol or did not answer in time.
pub async fn ask(config: &config::Client) -> Result<Answer, String> {
    let (mut stream, resolved) = connect(config).await.map_err(|error| error.to_string())?;
    let mut request = [0; MAX_REQUEST];
    let length =
        encode_request(&resolved.host, resolved.port, PROTOCOL, &mut request).map_err(|error| error.to_string())?;
    let limit = config.response_timeout;
    let exchange = exchange(&mut stream, request.get(..length).unwrap_or_default());
    let (decoder, raw_bytes) =
        timeout(limit, exchange).await.map_err(|_| format!("no answer to the legacy ping within {limit:?}"))??;
    let answer = decoder.answer().ok_or("the server's answer to the legacy ping is not complete")?;
    let clean = |text: &str| text::Plain(text).to_string();
    Ok(Answer(Status {
        version_name: (!answer.version.is_empty()).then(|| clean(answer.version)),
        protocol: answer.protocol.map(i64::from),
        online: answer.online.map(i64::from),
        max: answer.max.map(i64::from),
        description: Some(clean(answer.description)),
        sample: Vec::new(),
        favicon_bytes: None,
        raw_bytes,
        truncated: answer.version_cut || answer.description_cut,
        oversize: false,
    }))
}

async fn exchange(stream: &mut TcpStream, request: &[u8]) -> Result<(AnswerDecoder, u32), String> {
    let broken = |error: io::Error| format!("the connection broke: {error}");
    stream.write_all(request).await.map_err(broken)?;
    let mut decoder = AnswerDecoder::new();
    let mut raw_bytes = 0_u32;
    let mut buffer = [0; 1_024];
    while decoder.answer().is_none() {
        let count = stream.read(&mut buffer).await.map_err(broken)?;
        if count == 0 {
            decoder.handle_eof().map_err(|error| error.to_string())?;
            break;
        }
        let read = buffer.get(..count).unwrap_or_default();
        let taken = decoder.handle_input(read).map_err(|error| error.to_string())?;
        raw_bytes = raw_bytes.saturating_add(u32::try_from(taken).unwrap_or(u32::MAX));
    }
    Ok((decoder, raw_bytes))
}

/// What the server answered
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer(pub Status);

impl Answer {
    /// The event `status` of `--json`, in one line
    #[must_use]
    pub fn json(&self) -> String {
        Event::Status(self.0.clone()).json().map(|json| json.to_string()).unwrap_or_default()
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match Event::Status(self.0.clone()).line() {
            Some(line) => f.write_str(&line.text),
            None => Ok(()),
        }
    }
}
