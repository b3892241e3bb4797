//! What an input leads to, in a line: how the seeds of the corpus are described
//!
//! It checks nothing: `tests/corpus.rs` compares each row of `corpus/README.md` with what is told here.

use std::fmt::Debug;

use proto_core::command::{ClientCommand, ServerCommand};
use proto_core::json::Scanner;
use proto_core::legacy::{AnswerDecoder, RequestDecoder};
use proto_core::telemetry::{Decoder, Event};
use proto_core::testing::Happened;

use crate::bytes::handshake;
use crate::client_bytes;
use crate::input::Input;
use crate::machine::answers;
use crate::reference::{Outcome, client, server};
use crate::server_bytes;

/// The row of a seed in the corpus's table
#[must_use]
pub fn row(target: &str, name: &str, data: &[u8]) -> String {
    format!("| `{target}/{name}` | {} |", describe(target, data).replace('|', "¦"))
}

fn describe(target: &str, data: &[u8]) -> String {
    let mut input = Input::new(data);
    match target {
        "server_bytes" => {
            let server_bytes::Case { legacy, stream, own, .. } = server_bytes::Case::new(data);
            let answers = answers();
            let read = server::Server::read(&stream, legacy, &own, &answers);
            format!("{} bytes, {} own pings: {}", stream.len(), own.len(), came_of(&read.outcome))
        }
        "client_bytes" => {
            let case = client_bytes::Case::new(data);
            let hello = handshake(1);
            let read = client::Client::read(case.stream, case.strict, &case.typed, &hello);
            let strict = if case.strict { ", strict" } else { "" };
            let typed = case.typed.len();
            format!("{} bytes, {typed} commands{strict}: {}", case.stream.len(), came_of(&read.outcome))
        }
        "pair" => {
            let flags = input.byte();
            let names = |operation: &u8| match operation >> 4 {
                0..=1 => "ping",
                2 => "stop",
                3..=4 => "server ping",
                5 => "time",
                6..=8 => "client sends",
                9..=10 => "server sends",
                11..=13 => "server gets",
                _ => "client gets",
            };
            format!("flags {flags:02x}; {}", counted(input.rest().iter().map(names)))
        }
        "status" => {
            let _sizes = input.sizes();
            if input.byte() & 1 == 1 {
                return format!("written: {}", excerpt(input.rest()));
            }
            let mut scanner = Scanner::of_object();
            let mut rest = input.text();
            let outcome = loop {
                match scanner.next(&mut rest) {
                    Ok(Some(_)) => {}
                    Ok(None) => break scanner.finish().map(|_| ()),
                    Err(error) => break Err(error),
                }
            };
            let outcome = outcome.map_or_else(|error| error.to_string(), |()| "a document".into());
            format!("{}: {outcome}", excerpt(input.text().as_bytes()))
        }
        "text" => {
            let _sizes = input.sizes();
            format!("{} bytes: {}", input.rest().len(), excerpt(input.rest()))
        }
        "legacy" => legacy(&mut input),
        "telemetry" => telemetry(&mut input),
        _ => {
            let line = String::from_utf8_lossy(data);
            let shown = |parsed: Result<String, String>| parsed.unwrap_or_else(|error| error);
            let server = ServerCommand::parse(&line).map(|command| name(&command)).map_err(|error| name(&error));
            let client = ClientCommand::parse(&line).map(|command| name(&command)).map_err(|error| name(&error));
            format!("{}: server {}, client {}", excerpt(data), shown(server), shown(client))
        }
    }
}

fn legacy(input: &mut Input<'_>) -> String {
    let _sizes = input.sizes();
    let choice = input.byte() % 6;
    let rest = input.rest();
    let text = match choice {
        1 => {
            let mut decoder = RequestDecoder::new();
            decoder.handle_input(rest);
            format!("{:?}", decoder.request())
        }
        2 => {
            let mut decoder = AnswerDecoder::new();
            let outcome = decoder.handle_input(rest).and_then(|_| decoder.handle_eof());
            outcome.map_or_else(|error| error.to_string(), |()| format!("{:?}", decoder.answer()))
        }
        _ => excerpt(rest),
    };
    let about = ["first bytes", "request", "answer", "answer's text", "answer to write", "request to write"];
    format!("{}: {}", about[usize::from(choice)], short(&text))
}

fn telemetry(input: &mut Input<'_>) -> String {
    let _sizes = input.sizes();
    let choice = input.byte();
    if choice > 0 {
        return format!("report of kind {}, {} bytes", choice % 8, input.rest().len());
    }
    let (mut decoder, mut rest, mut events) = (Decoder::new(), input.rest(), Vec::new());
    while !rest.is_empty() {
        let (consumed, event) = decoder.handle_input(rest);
        rest = &rest[consumed..];
        events.extend(event.map(|event| match event {
            Event::Report(envelope) => name(&envelope.report),
            Event::Skipped { fault, .. } => name(&fault),
        }));
    }
    format!("{} bytes of a line: {}", input.rest().len(), counted(events.iter().map(String::as_str)))
}

fn came_of<E: Debug>(outcome: &Outcome<E>) -> String {
    let names: Vec<_> = outcome
        .log
        .iter()
        .map(|happened| match happened {
            Happened::Event(event) => name(event),
            Happened::Text(_) | Happened::Failed(_) => "text".into(),
        })
        .collect();
    let events = counted(names.iter().map(String::as_str));
    outcome.failure.map_or(events.clone(), |failure| format!("{events}; {failure}"))
}

/// The name of a value's variant
#[must_use]
pub fn name(value: &impl Debug) -> String {
    format!("{value:?}").split([' ', '(', '{']).next().unwrap_or_default().to_owned()
}

/// Words, those that come again right away counted
fn counted<'w>(words: impl Iterator<Item = &'w str>) -> String {
    let mut runs: Vec<(&str, usize)> = Vec::new();
    for word in words {
        match runs.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => runs.push((word, 1)),
        }
    }
    let shown = runs.iter().map(|(word, count)| match count {
        1 => (*word).to_owned(),
        count => format!("{word} ×{count}"),
    });
    let text = shown.collect::<Vec<_>>().join(", ");
    if text.is_empty() { "nothing".into() } else { short(&text) }
}

fn excerpt(bytes: &[u8]) -> String {
    short(&format!("`{}`", bytes.escape_ascii().to_string().replace('`', "'")))
}

/// The beginning of a long text
fn short(text: &str) -> String {
    let end = text.char_indices().nth(150).map_or(text.len(), |(end, _)| end);
    let open = text[..end].matches('`').count() % 2 == 1;
    let more = if end < text.len() { "…" } else { "" };
    format!("{}{}{more}", &text[..end], if open { "`" } else { "" })
}
