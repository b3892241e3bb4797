//! The least that a server on tokio can do: what anything on it is measured against
//!
//! One thread, a task a connection, an answer made once. It finds the frames and their ids and looks at nothing else: no
//! states, no limits, no time-outs, no counts, no log. It is not fit to serve strangers.

use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Poll, ready};

use slp_load::{serving, wire};
use tokio::io::{AsyncRead as _, AsyncWriteExt as _, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// What a read of some bytes leads to
enum Next {
    Status,
    Pong([u8; wire::PING_LEN]),
    Close,
}

fn main() -> anyhow::Result<()> {
    let response: &'static [u8] = wire::response(&serving::document()?).leak();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    runtime.block_on(async {
        let listener = serving::listen()?;
        listener.set_nonblocking(true)?;
        let listener = TcpListener::from_std(listener)?;
        loop {
            let (stream, _) = listener.accept().await?;
            tokio::spawn(serve(stream, response));
        }
    })
}

async fn serve(mut stream: TcpStream, response: &'static [u8]) {
    // Frames that came only in part; without memory nearly always.
    let mut rest = Vec::new();
    loop {
        let sent = match next(&mut stream, &mut rest).await {
            Ok(Next::Status) => stream.write_all(response).await,
            Ok(Next::Pong(frame)) => stream.write_all(&frame).await,
            Ok(Next::Close) | Err(_) => return,
        };
        if sent.is_err() {
            return;
        }
    }
}

/// Reads until something is to be answered
async fn next(stream: &mut TcpStream, rest: &mut Vec<u8>) -> io::Result<Next> {
    if !rest.is_empty() {
        let bytes = std::mem::take(rest);
        if let Some(next) = answer(&bytes, rest) {
            return Ok(next);
        }
    }
    poll_fn(|context| {
        loop {
            // On the stack of whoever polls, and not filled with zeros: a connection that waits has no buffer.
            let mut buffer = [const { MaybeUninit::uninit() }; 2_048];
            let mut read = ReadBuf::uninit(&mut buffer);
            ready!(Pin::new(&mut *stream).poll_read(context, &mut read))?;
            let bytes = read.filled();
            if bytes.is_empty() {
                return Poll::Ready(Ok(Next::Close));
            }
            let found = if rest.is_empty() {
                answer(bytes, rest)
            } else {
                let mut all = std::mem::take(rest);
                all.extend(bytes);
                answer(&all, rest)
            };
            if let Some(next) = found {
                return Poll::Ready(Ok(next));
            }
        }
    })
    .await
}

/// What the first frame of `bytes` that wants an answer leads to; what is behind it goes to `rest`
fn answer(bytes: &[u8], rest: &mut Vec<u8>) -> Option<Next> {
    let mut left = bytes;
    let next = loop {
        match wire::frame(left) {
            Ok(Some(frame)) => {
                left = &left[frame.len..];
                match (frame.id, <[u8; 8]>::try_from(frame.body)) {
                    (wire::STATUS, _) if frame.body.is_empty() => break Some(Next::Status),
                    // A handshake: what is in it changes nothing here.
                    (wire::STATUS, _) => {}
                    (wire::PING, Ok(payload)) => break Some(Next::Pong(wire::ping(payload))),
                    _ => break Some(Next::Close),
                }
            }
            Ok(None) => break None,
            Err(wire::Malformed) => break Some(Next::Close),
        }
    };
    if !left.is_empty() {
        rest.extend(left);
    }
    next
}
