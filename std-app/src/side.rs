//! What a front end has to know of the side that it is for
//!
//! Both front ends are written once, over [`Side`]; the server and the client differ in their commands, in their events
//! and in how they are asked to end.

use proto_core::command::{self, ClientCommand, ServerCommand};

use crate::report::Report;
use crate::{client, server};

/// Server or client, as a front end sees it
pub trait Side: 'static {
    /// What happens
    type Event: Report + Send + 'static;
    /// What can be asked for
    type Command: Send + 'static;

    /// Name of the side: `server` or `client`
    const NAME: &'static str;
    /// Reads a line of the console
    ///
    /// # Errors
    /// One line: what was wrong and what was expected.
    fn parse(line: &str) -> Result<Parsed<Self::Command>, String>;

    /// The commands, aligned, with an example each; a line a command
    fn help() -> String;

    /// What the last word of a line could be
    fn complete(line: &str) -> Vec<&'static str>;

    /// What has it told that a line was no command, behind what earlier lines led to
    fn refused(message: String) -> Self::Command;

    /// Whether a quiet front end shows it too
    fn is_important(event: &Self::Event) -> bool;

    /// What asks the side to end, whatever it is doing
    fn leave() -> Self::Command;

    /// What the end of input asks for, if anything
    fn end_of_input() -> Option<Self::Command>;
}

/// What a line of the console is
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parsed<C> {
    /// A command for the side
    Command(C),
    /// The front end's own: show the commands
    Help,
    /// A blank line
    Nothing,
}

/// The server
#[derive(Clone, Copy, Debug)]
pub enum ServerSide {}

/// The client
#[derive(Clone, Copy, Debug)]
pub enum ClientSide {}

impl Side for ServerSide {
    type Event = server::Event;
    type Command = server::Command;

    const NAME: &'static str = "server";

    fn parse(line: &str) -> Result<Parsed<Self::Command>, String> {
        match ServerCommand::parse(line) {
            Ok(command) => Ok(server::Command::from_console(command).map_or(Parsed::Help, Parsed::Command)),
            Err(command::ParseError::Empty) => Ok(Parsed::Nothing),
            Err(error) => Err(error.to_string()),
        }
    }

    fn help() -> String {
        command::Help(command::SERVER).to_string()
    }

    fn complete(line: &str) -> Vec<&'static str> {
        command::complete(command::SERVER, line).collect()
    }

    fn refused(message: String) -> Self::Command {
        server::Command::Refused(message)
    }

    fn is_important(event: &Self::Event) -> bool {
        event.is_important()
    }

    fn leave() -> Self::Command {
        server::Command::Stop
    }

    fn end_of_input() -> Option<Self::Command> {
        None
    }
}

impl Side for ClientSide {
    type Event = client::Event;
    type Command = client::Command;

    const NAME: &'static str = "client";

    fn parse(line: &str) -> Result<Parsed<Self::Command>, String> {
        match ClientCommand::parse(line) {
            Ok(command) => Ok(client::Command::from_console(command).map_or(Parsed::Help, Parsed::Command)),
            Err(command::ParseError::Empty) => Ok(Parsed::Nothing),
            Err(error) => Err(error.to_string()),
        }
    }

    fn help() -> String {
        command::Help(command::CLIENT).to_string()
    }

    fn complete(line: &str) -> Vec<&'static str> {
        command::complete(command::CLIENT, line).collect()
    }

    fn refused(message: String) -> Self::Command {
        client::Command::Refused(message)
    }

    fn is_important(_: &Self::Event) -> bool {
        true
    }

    fn leave() -> Self::Command {
        client::Command::Exit
    }

    fn end_of_input() -> Option<Self::Command> {
        Some(client::Command::Finish)
    }
}
