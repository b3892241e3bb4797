//! The console grammar, one for desk and device (PROTOCOL.md §6)
//!
//! A line becomes a [`ServerCommand`] or a [`ClientCommand`], or a [`ParseError`] whose text is the one line to show.
//! The tables [`SERVER`] and [`CLIENT`] are all that is known about the commands: the parser, the completion and the
//! help read them, so the three cannot disagree.
//!
//! What it does not do: carry commands out, or know the connection's state. That `stop` needs an exchange in progress
//! is for the client machine to say.
//!
//! The grammar: a line is words between blanks (space or tab; those around the line are ignored, and so is a line end
//! that the reader left on). The first word is the command, in any ASCII case; no command takes more than one argument,
//! and every argument is optional. A payload is decimal digits with at most one sign before them: `+7` is 7 and `007`
//! is 7, `0x7`, `7.0` and `1_000` are refused.
//!
//! ```
//! use proto_core::command::{ClientCommand, ServerCommand};
//!
//! assert_eq!(ServerCommand::parse("  PING -7 "), Ok(ServerCommand::Ping { payload: Some(-7) }));
//! assert_eq!(
//!     ClientCommand::parse("pong").unwrap_err().to_string(),
//!     "unknown command \"pong\"; did you mean \"ping\"? (commands: ping [payload], stop, exit, help)",
//! );
//! ```

mod error;
mod shown;
mod suggest;

use core::fmt;

use crate::packet::State;
use crate::put;
use crate::text::{Show, Sink, display};
pub use error::ParseError;
use shown::Shown;

/// A command of the server's console
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ServerCommand {
    /// Stop the server; exit status 0
    Stop,
    /// Show the clients
    List {
        /// Only those in this state; all when `None`
        state: Option<State>,
    },
    /// Send a Ping to every client in state 0
    Ping {
        /// The payload; epoch milliseconds when `None`
        payload: Option<i64>,
    },
    /// Show every command with an example
    Help,
}

impl ServerCommand {
    /// Reads one line of the server's console
    ///
    /// # Errors
    /// [`ParseError::Empty`] for a blank line, which a front end ignores; otherwise the refusal to show. Nothing may be
    /// sent after a refusal (PROTOCOL.md §6).
    pub fn parse(line: &str) -> Result<Self, ParseError<'_>> {
        parse(SERVER, &const { usages(SERVER) }, line)
    }
}

/// A command of the client's console
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClientCommand {
    /// Ask for status and round-trip time
    Ping {
        /// The payload; epoch milliseconds when `None`
        payload: Option<i64>,
    },
    /// Abandon the exchange in progress
    Stop,
    /// End the client, in any state
    Exit,
    /// Show every command with an example
    Help,
}

impl ClientCommand {
    /// Reads one line of the client's console
    ///
    /// # Errors
    /// [`ParseError::Empty`] for a blank line, which a front end ignores; otherwise the refusal to show. Nothing may be
    /// sent after a refusal (PROTOCOL.md §6).
    pub fn parse(line: &str) -> Result<Self, ParseError<'_>> {
        parse(CLIENT, &const { usages(CLIENT) }, line)
    }
}

/// How a command is written: its name, and its arguments as help shows them
///
/// What a refusal tells of the commands, without what they become: a program with one console does not hold the other's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    name: &'static str,
    arguments: &'static str,
}

/// Commands of each console
const COMMANDS: usize = 4;

const fn usages<C>(specs: &[Spec<C>]) -> [Usage; COMMANDS] {
    assert!(specs.len() == COMMANDS, "another number of commands");
    let mut usages = [Usage { name: "", arguments: "" }; COMMANDS];
    let (mut rest, mut free) = (specs, usages.as_mut_slice());
    while let ([spec, specs @ ..], [usage, after @ ..]) = (rest, free) {
        *usage = Usage { name: spec.name, arguments: spec.arguments };
        (rest, free) = (specs, after);
    }
    usages
}

/// One row of a command table: how a command is written, and what it becomes
///
/// `C` is [`ServerCommand`] or [`ClientCommand`].
#[derive(Debug, Clone, Copy)]
pub struct Spec<C> {
    /// The name in lower case
    pub name: &'static str,
    /// The arguments as help shows them, such as `[payload]`; empty when there are none
    pub arguments: &'static str,
    /// What it does, a fragment for one line of help
    pub summary: &'static str,
    /// A line that this parser accepts
    pub example: &'static str,
    form: Form<C>,
}

/// What may follow the name, and how the command is made from it
#[derive(Debug, Clone, Copy)]
enum Form<C> {
    Alone(C),
    State(fn(Option<State>) -> C),
    Payload(fn(Option<i64>) -> C),
}

impl<C> Spec<C> {
    const fn new(name: &'static str, form: Form<C>, summary: &'static str, example: &'static str) -> Self {
        let arguments = match form {
            Form::Alone(_) => "",
            Form::State(_) => "[state]",
            Form::Payload(_) => "[payload]",
        };
        Self { name, arguments, summary, example, form }
    }
}

/// The name and its arguments, such as `list [state]`
impl<C> Show for Spec<C> {
    fn show(&self, out: &mut dyn Sink) {
        show_usage(out, self.name, self.arguments);
    }
}

impl<C> fmt::Display for Spec<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

fn show_usage(out: &mut dyn Sink, name: &str, arguments: &str) {
    out.put(name);
    if !arguments.is_empty() {
        put!(out, " ", arguments);
    }
}

/// The commands of the server's console, in the order of help
pub const SERVER: &[Spec<ServerCommand>] = &[
    Spec::new(
        "ping",
        Form::Payload(|payload| ServerCommand::Ping { payload }),
        "ping every client in state 0; the payload is the time in milliseconds unless given",
        "ping 42",
    ),
    Spec::new(
        "list",
        Form::State(|state| ServerCommand::List { state }),
        "show the clients, or only those in state 0 (default) or 1 (status)",
        "list 1",
    ),
    Spec::new("stop", Form::Alone(ServerCommand::Stop), "stop the server and close every connection", "stop"),
    Spec::new("help", Form::Alone(ServerCommand::Help), "show the commands", "help"),
];

/// The commands of the client's console, in the order of help
pub const CLIENT: &[Spec<ClientCommand>] = &[
    Spec::new(
        "ping",
        Form::Payload(|payload| ClientCommand::Ping { payload }),
        "ask for status and round-trip time; the payload is the time in milliseconds unless given",
        "ping -7",
    ),
    Spec::new("stop", Form::Alone(ClientCommand::Stop), "abandon the status request in progress", "stop"),
    Spec::new("exit", Form::Alone(ClientCommand::Exit), "end the client", "exit"),
    Spec::new("help", Form::Alone(ClientCommand::Help), "show the commands", "help"),
];

/// Every command of a table with its summary and an example, one to a line
///
/// No line end after the last.
#[derive(Debug, Clone, Copy)]
pub struct Help<C: 'static>(pub &'static [Spec<C>]);

impl<C> Show for Help<C> {
    fn show(&self, out: &mut dyn Sink) {
        let names = self.0.iter().map(|spec| spec.name.len()).max().unwrap_or(0);
        let arguments = self.0.iter().map(|spec| spec.arguments.len()).max().unwrap_or(0);
        for (row, spec) in self.0.iter().enumerate() {
            if row > 0 {
                out.put("\n");
            }
            show_column(out, spec.name, names);
            show_column(out, spec.arguments, arguments);
            put!(out, " ", spec.summary, " (example: ", spec.example, ")");
        }
    }
}

impl<C> fmt::Display for Help<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        display(self, f)
    }
}

/// Text with blanks up to `width` bytes, and one more
fn show_column(out: &mut dyn Sink, text: &str, width: usize) {
    out.put(text);
    for _ in text.len()..=width {
        out.put(" ");
    }
}

/// What the last word of a half-typed line may become
///
/// Candidates replace the line's last word, which is empty after a blank. Command names for the first word, the states'
/// names after `list`; nothing elsewhere. A complete word still offers itself.
///
/// ```
/// use proto_core::command::{complete, SERVER};
///
/// assert!(complete(SERVER, " P").eq(["ping"]));
/// assert!(complete(SERVER, "list s").eq(["status"]));
/// ```
pub fn complete<C>(specs: &'static [Spec<C>], prefix: &str) -> impl Iterator<Item = &'static str> {
    let (before, last) = prefix.rsplit_once(BLANKS).unwrap_or(("", prefix));
    let mut before = before.split(BLANKS).filter(|word| !word.is_empty());
    let (names, states): (&'static [Spec<C>], &'static [State]) = match (before.next(), before.next()) {
        (None, _) => (specs, &[]),
        (Some(name), None) if takes_state(specs, name) => (&[], &[State::Default, State::Status]),
        _ => (&[], &[]),
    };
    names
        .iter()
        .map(|spec| spec.name)
        .chain(states.iter().map(|state| state.name()))
        .filter(move |candidate| suggest::starts_with(candidate, last))
}

fn takes_state<C>(specs: &[Spec<C>], name: &str) -> bool {
    specs.iter().any(|spec| spec.name.eq_ignore_ascii_case(name) && matches!(spec.form, Form::State(_)))
}

const BLANKS: [char; 2] = [' ', '\t'];

fn parse<'l, C: Copy>(
    specs: &'static [Spec<C>],
    commands: &'static [Usage],
    line: &'l str,
) -> Result<C, ParseError<'l>> {
    let line = line.strip_suffix('\n').map_or(line, |line| line.strip_suffix('\r').unwrap_or(line));
    let mut rest = line;
    let mut words = core::iter::from_fn(|| next_word(&mut rest));
    let Some(name) = words.next() else {
        return Err(ParseError::Empty);
    };
    let Some(spec) = specs.iter().find(|spec| spec.name.eq_ignore_ascii_case(name)) else {
        let nearest = suggest::nearest(commands, name);
        return Err(ParseError::UnknownCommand { word: name, nearest, commands });
    };
    let argument = words.next();
    let surplus = if matches!(spec.form, Form::Alone(_)) { argument } else { words.next() };
    if let Some(surplus) = surplus {
        return Err(ParseError::TooManyArguments { name: spec.name, arguments: spec.arguments, surplus });
    }
    Ok(match spec.form {
        Form::Alone(command) => command,
        Form::State(make) => make(argument.map(parse_state).transpose()?),
        Form::Payload(make) => make(argument.map(parse_payload).transpose()?),
    })
}

fn parse_state(word: &str) -> Result<State, ParseError<'_>> {
    match word {
        "0" => Ok(State::Default),
        "1" => Ok(State::Status),
        _ => [State::Default, State::Status]
            .into_iter()
            .find(|state| state.name().eq_ignore_ascii_case(word))
            .ok_or(ParseError::UnknownState { word }),
    }
}

/// Takes the next word
///
/// A blank is one byte: the standard library's ways to split take whole characters, with a searcher for each.
fn next_word<'l>(line: &mut &'l str) -> Option<&'l str> {
    let blank = |byte: &u8| matches!(byte, b' ' | b'\t');
    let start = line.bytes().position(|byte| !blank(&byte))?;
    let from_start = line.get(start..)?;
    let end = from_start.bytes().position(|byte| blank(&byte)).unwrap_or(from_start.len());
    let (word, rest) = from_start.split_at_checked(end)?;
    *line = rest;
    Some(word)
}

fn parse_payload(word: &str) -> Result<i64, ParseError<'_>> {
    let digits = word.strip_prefix(['+', '-']).unwrap_or(word);
    let not_a_number = ParseError::PayloadNotANumber { word };
    if digits.is_empty() {
        return Err(not_a_number);
    }
    let (mut value, mut fits) = (0_u64, true);
    for byte in digits.bytes() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return Err(not_a_number);
        }
        // That a character is no digit is said first, wherever it stands.
        fits &= value <= LAST / 10;
        value = value.wrapping_mul(10).wrapping_add(digit.into());
    }
    let negative = word.as_bytes().first() == Some(&b'-');
    if !fits || value > LAST.wrapping_add(negative.into()) {
        return Err(ParseError::PayloadOutOfRange { word });
    }
    let value = value.cast_signed();
    Ok(if negative { value.wrapping_neg() } else { value })
}

/// The last number that there is; of the negative ones there is one more
const LAST: u64 = i64::MAX.cast_unsigned();
