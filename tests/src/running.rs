//! `slp server` and `slp client` in line mode with `--json`

use std::net::SocketAddr;
use std::ops::{Deref, DerefMut};

use serde_json::{Value, json};

use crate::events::{self, Side};
use crate::process::{Output, Process, Slp};

/// One of them, running
#[derive(Debug)]
pub struct Running {
    process: Process,
    side: Side,
}

/// A server that listens
#[derive(Debug)]
pub struct Server {
    running: Running,
    address: SocketAddr,
}

/// A client
#[derive(Debug)]
pub struct Client(Running);

impl Server {
    /// Starts one on a free port with further `args`
    #[must_use]
    pub fn start(args: &[&str]) -> Self {
        Self::of(&Slp::new(["server", "--listen", "127.0.0.1:0", "--json"]).args(args))
    }

    /// Starts one on a free port with a configuration file of this content
    #[must_use]
    pub fn with_config(toml: &str) -> Self {
        Self::of(&Slp::new(["server", "--listen", "127.0.0.1:0", "--json"]).config(toml))
    }

    /// Starts one by a command line that has `--json`, and waits until it listens
    #[must_use]
    pub fn of(slp: &Slp) -> Self {
        let mut running = Running { process: slp.start(), side: Side::Server };
        let listening = running.next_event();
        assert_eq!(listening["event"], "listening", "{listening}");
        let address = listening["address"].as_str().and_then(|text| text.parse().ok()).expect("the schema says so");
        Self { running, address }
    }

    /// Where it listens
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next event `name` of `client`
    pub fn event_of(&mut self, name: &str, client: SocketAddr) -> Value {
        let client = Value::from(client.to_string());
        self.event_where(&format!("the event {name:?} of {client}"), |event| {
            event["event"] == name && event["client"] == client
        })
    }

    /// Runs `list` and returns the rows
    pub fn list(&mut self, state: &str) -> Vec<Value> {
        self.command(&format!("list {state}"));
        let list = self.event("list");
        let rows = list["clients"].as_array().expect("the schema says so");
        assert_eq!(list["count"], json!(rows.len()), "{list}");
        rows.clone()
    }

    /// Stops it, asserts that it stops well, and returns the events that no wait has taken, up to `stopped`
    pub fn stop(mut self) -> Vec<Value> {
        self.command("stop");
        let mut events = self.running.done();
        assert_eq!(events.pop(), Some(json!({ "event": "stopped" })));
        events
    }

    /// Waits for its end; its events that no wait has taken, and how it ended
    #[must_use]
    pub fn finish(self) -> (Vec<Value>, Output) {
        self.running.finish()
    }
}

impl Client {
    /// Starts one that connects to `server`, with further `args`
    #[must_use]
    pub fn start(server: SocketAddr, args: &[&str]) -> Self {
        Self::of(&Slp::new(["client", &server.to_string(), "--json"]).args(args))
    }

    /// Starts one that connects to `server`, with a configuration file of this content
    #[must_use]
    pub fn with_config(server: SocketAddr, toml: &str) -> Self {
        Self::of(&Slp::new(["client", &server.to_string(), "--json"]).config(toml))
    }

    /// Starts one by a command line that has `--json`
    #[must_use]
    pub fn of(slp: &Slp) -> Self {
        Self(Running { process: slp.start(), side: Side::Client })
    }

    /// Starts one and waits until it is connected
    #[must_use]
    pub fn connect(server: SocketAddr, args: &[&str]) -> Self {
        let mut client = Self::start(server, args);
        assert_eq!(client.next_event(), json!({ "event": "connected", "server": server.to_string() }));
        client
    }

    /// Tells it to exit, asserts that it ends well, and returns the events that no wait has taken
    pub fn exit(mut self) -> Vec<Value> {
        self.command("exit");
        self.0.done()
    }

    /// Waits for its end, asserts that it ends well, and returns the events that no wait has taken
    pub fn done(self) -> Vec<Value> {
        self.0.done()
    }

    /// Waits for its end; its events that no wait has taken, and how it ended
    #[must_use]
    pub fn finish(self) -> (Vec<Value>, Output) {
        self.0.finish()
    }
}

impl Running {
    /// Gives it a command
    pub fn command(&mut self, line: &str) {
        self.process.write(format!("{line}\n").as_bytes());
    }

    /// Ends its input
    pub fn close_input(&mut self) {
        self.process.close_input();
    }

    /// Its number in the system
    #[must_use]
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends it a signal, such as `TERM`
    #[cfg(unix)]
    pub fn signal(&self, signal: &str) {
        self.process.signal(signal);
    }

    /// The next event, whatever it is
    pub fn next_event(&mut self) -> Value {
        events::parse(self.side, &self.process.next_line("an event"))
    }

    /// The next event `name`; others before it stay to be taken
    pub fn event(&mut self, name: &str) -> Value {
        self.event_where(&format!("the event {name:?}"), |event| event["event"] == name)
    }

    /// The next event for which `wanted` holds; others before it stay to be taken
    pub fn event_where(&mut self, what: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let side = self.side;
        let line = self.process.line(what, |line| wanted(&events::parse(side, line)));
        events::parse(side, &line)
    }

    fn done(self) -> Vec<Value> {
        let (events, output) = self.finish();
        output.assert_done();
        events
    }

    fn finish(self) -> (Vec<Value>, Output) {
        let side = self.side;
        let output = self.process.finish();
        (output.stdout.iter().map(|line| events::parse(side, line)).collect(), output)
    }
}

impl Deref for Server {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.running
    }
}

impl DerefMut for Server {
    fn deref_mut(&mut self) -> &mut Running {
        &mut self.running
    }
}

impl Deref for Client {
    type Target = Running;

    fn deref(&self) -> &Running {
        &self.0
    }
}

impl DerefMut for Client {
    fn deref_mut(&mut self) -> &mut Running {
        &mut self.0
    }
}
