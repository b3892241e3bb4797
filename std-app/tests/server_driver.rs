//! The server's driver from inside the program: its front end is behind, its list, a defect in one connection

use std::net::SocketAddr;
use std::time::Duration;

use std_app::clock::Clock;
use std_app::config;
use std_app::events;
use std_app::server::{Command, Event, Server};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::timeout;

const DEADLINE: Duration = Duration::from_secs(20);

/// A Handshake of protocol −1 to `a`, port 1
fn handshake(next_state: u8) -> Vec<u8> {
    vec![11, 0, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 1, b'a', 0, 1, next_state]
}

#[tokio::test]
async fn a_login_gets_its_disconnect_although_the_front_end_was_behind() {
    let server = Server::bind(config::Server {
        listen: "127.0.0.1:0".parse().expect("an address"),
        ..config::Server::default()
    })
    .expect("a port");
    let address = server.address();
    let (commands, command_receiver) = mpsc::channel(4);
    let (events, mut receiver) = events::channel::<Event>(None);
    let running = tokio::spawn(server.run(Clock::new(), command_receiver, events));

    let mut talker = TcpStream::connect(address).await.expect("a connection");
    let mut login = TcpStream::connect(address).await.expect("a connection");
    while !matches!(receiver.recv().await, Some(Event::Connected { client }) if client == login.local_addr().unwrap()) {
    }

    // Each Handshake is an event, and nobody takes one: the channel fills.
    talker.write_all(&handshake(0).repeat(2 * receiver.max_capacity())).await.expect("the socket takes it");
    let full = async {
        while receiver.len() < receiver.max_capacity() {
            tokio::task::yield_now().await;
        }
    };
    timeout(DEADLINE, full).await.expect("waited for the channel to be full");
    login.write_all(&handshake(2)).await.expect("the socket takes it");
    // The server reads it and finds no room for its event.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }

    // The front end comes back.
    let drained = tokio::spawn(async move { while receiver.recv().await.is_some() {} });
    let mut answer = Vec::new();
    timeout(DEADLINE, login.read_to_end(&mut answer)).await.expect("waited for the Disconnect").expect("an end");
    assert!(answer.get(1) == Some(&0) && answer.ends_with(b"}"), "{answer:02x?}");

    commands.send(Command::Stop).await.expect("the server runs");
    timeout(DEADLINE, running).await.expect("waited for the end").expect("no panic");
    drop(talker);
    timeout(DEADLINE, drained).await.expect("waited for the last event").expect("no panic");
}

/// A server whose front end takes what is `wanted`
fn start(
    wanted: Option<fn(&Event) -> bool>,
) -> (SocketAddr, mpsc::Sender<Command>, mpsc::Receiver<Event>, JoinHandle<()>) {
    let listen = "127.0.0.1:0".parse().expect("an address");
    let server = Server::bind(config::Server { listen, ..config::Server::default() }).expect("a port");
    let address = server.address();
    let (commands, command_receiver) = mpsc::channel(4);
    let (events, receiver) = events::channel::<Event>(wanted);
    let running = tokio::spawn(server.run(Clock::new(), command_receiver, events));
    (address, commands, receiver, running)
}

/// The next event that `pick` makes something of
async fn wait_for<T>(receiver: &mut mpsc::Receiver<Event>, what: &str, pick: impl Fn(Event) -> Option<T>) -> T {
    let found = async {
        loop {
            let event = receiver.recv().await.expect("the server runs");
            if let Some(found) = pick(event) {
                return found;
            }
        }
    };
    timeout(DEADLINE, found).await.unwrap_or_else(|_| panic!("waited for {what}"))
}

#[tokio::test]
async fn who_is_listed_is_in_the_order_of_connecting_also_in_the_place_of_one_that_left() {
    let (address, commands, mut receiver, running) = start(None);
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(TcpStream::connect(address).await.expect("a connection"));
        wait_for(&mut receiver, "a client", |event| matches!(event, Event::Connected { .. }).then_some(())).await;
    }
    let left = clients.remove(0).local_addr().expect("its address");
    let gone = |event| matches!(event, Event::Disconnected { client, .. } if client == left).then_some(());
    wait_for(&mut receiver, "the first to leave", gone).await;
    clients.push(TcpStream::connect(address).await.expect("a connection"));
    wait_for(&mut receiver, "a client", |event| matches!(event, Event::Connected { .. }).then_some(())).await;

    commands.send(Command::List(None)).await.expect("the server runs");
    let rows = |event| if let Event::List { clients, .. } = event { Some(clients) } else { None };
    let listed = wait_for(&mut receiver, "the list", rows).await;
    let addresses = |client: &TcpStream| client.local_addr().expect("its address");
    assert_eq!(
        listed.iter().map(|row| row.address).collect::<Vec<_>>(),
        clients.iter().map(addresses).collect::<Vec<_>>()
    );
    commands.send(Command::Stop).await.expect("the server runs");
    wait_for(&mut receiver, "the end", |event| (event == Event::Stopped).then_some(())).await;
    timeout(DEADLINE, running).await.expect("waited for the end").expect("no panic");
}

#[tokio::test]
async fn what_goes_wrong_in_one_connection_ends_that_one_only() {
    // A front end that panics where the server asks it something: the one way in for a defect from outside.
    fn wanted(event: &Event) -> bool {
        assert!(!matches!(event, Event::Error { .. }), "a defect, made for the test");
        event.is_important()
    }
    let (address, commands, mut receiver, running) = start(Some(wanted));
    let mut bystander = TcpStream::connect(address).await.expect("a connection");
    let mut client = TcpStream::connect(address).await.expect("a connection");
    // A Pong that answers nothing is an error to tell.
    client.write_all(&[9, 1, 0, 0, 0, 0, 0, 0, 0, 7]).await.expect("the socket takes it");
    let mut answer = Vec::new();
    let _reset_or_end = timeout(DEADLINE, client.read_to_end(&mut answer)).await.expect("waited for the end");
    assert!(answer.is_empty());

    bystander.write_all(&[handshake(1), vec![9, 1, 0, 0, 0, 0, 0, 0, 0, 8]].concat()).await.expect("it takes it");
    let mut pong = [0; 10];
    timeout(DEADLINE, bystander.read_exact(&mut pong)).await.expect("waited for the Pong").expect("a Pong");
    assert_eq!(pong, [9, 1, 0, 0, 0, 0, 0, 0, 0, 8]);
    commands.send(Command::List(None)).await.expect("the server runs");
    let rows = |event| if let Event::List { clients, .. } = event { Some(clients.len()) } else { None };
    assert_eq!(wait_for(&mut receiver, "the list", rows).await, 1);
    commands.send(Command::Stop).await.expect("the server runs");
    timeout(DEADLINE, running).await.expect("waited for the end").expect("no panic");
}
