//! Does everybody get a turn, whatever one peer does?

use std::io::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use slp_tests::{DEADLINE, FakeServer, Peer, Server, Slp, packets};

/// Peers that write the same bytes without a pause, at most 4 000 times 64 KiB each, until they are told to stop
struct Flood {
    stop: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Flood {
    fn start(peers: impl IntoIterator<Item = Peer>, unit: &[u8]) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let bytes = unit.repeat(65_536 / unit.len());
        let (told, flowing) = mpsc::channel();
        let thread = |peer: Peer| {
            let (stop, bytes, told) = (Arc::clone(&stop), bytes.clone(), told.clone());
            std::thread::spawn(move || {
                let mut stream = peer.stream();
                for _ in 0..4_000 {
                    if stop.load(Ordering::Relaxed) || stream.write_all(&bytes).is_err() {
                        break;
                    }
                    // Only the first is waited for.
                    let _heard = told.send(());
                }
            })
        };
        let threads: Vec<_> = peers.into_iter().map(thread).collect();
        flowing.recv_timeout(DEADLINE).expect("waited for the flood to flow");
        Self { stop, threads }
    }

    fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().expect("a flooder ends");
        }
    }
}

fn bystander_is_served(args: &[&str], unit: &[u8]) {
    let server = Server::start(args);
    let flood = Flood::start((0..3).map(|_| Peer::connect(server.address())), unit);
    for payload in 0..5 {
        let mut bystander = Peer::connect(server.address());
        bystander.send([packets::handshake(1), packets::request(), packets::ping(payload)].concat());
        assert_eq!(bystander.response()["version"]["protocol"], -1);
        bystander.expect(packets::ping(payload));
    }
    flood.end();
    server.stop();
}

#[test]
fn client_that_floods_what_is_told_to_nobody_does_not_starve_the_others() {
    // A Pong that answers nothing is told once; Handshakes are not told to a quiet front end.
    bystander_is_served(&[], &packets::ping(7));
    bystander_is_served(&["--quiet"], &packets::ping(7));
    bystander_is_served(&["--quiet"], &packets::handshake(0));
}

#[test]
fn server_under_a_flood_stops_when_it_is_told_to() {
    let server = Server::start(&["--quiet"]);
    let flood = Flood::start((0..3).map(|_| Peer::connect(server.address())), &packets::handshake(0));
    let mut bystander = Peer::connect(server.address());
    bystander.send([packets::handshake(1), packets::ping(1)].concat());
    bystander.expect(packets::ping(1));
    // `stop` fails where the program does not end with `stopped` and status 0.
    server.stop();
    flood.end();
}

#[test]
fn server_that_floods_what_is_told_to_nobody_does_not_keep_the_client_from_its_commands() {
    for unit in [packets::request(), packets::ping(1)] {
        let fake = FakeServer::start();
        let mut client = Slp::new(["client", &fake.address().to_string(), "--json"]).start();
        let peer = fake.accept();
        client.line("connected", |line| line.contains("\"connected\""));
        let flood = Flood::start([peer], &unit);
        client.write(b"exit\n");
        client.finish().assert_done();
        flood.end();
    }
}

#[test]
fn end_of_input_ends_a_client_that_is_being_flooded() {
    let fake = FakeServer::start();
    let mut client = Slp::new(["client", &fake.address().to_string(), "--json"]).start();
    let peer = fake.accept();
    let flood = Flood::start([peer], &packets::ping(1));
    client.line("a ping", |line| line.contains("server_ping"));
    client.close_input();
    client.finish().assert_done();
    flood.end();
}

#[test]
fn pauses_grow_where_the_server_takes_connections_and_closes_them() {
    let fake = FakeServer::start();
    let config = "[client]\nreconnect_min = 0.01\nreconnect_max = 5\n";
    let slp = Slp::new(["client", &fake.address().to_string(), "--json", "--reconnect"]).config(config);
    let mut client = slp.start();
    for attempt in 1..=5 {
        drop(fake.accept());
        let expected = format!("attempt {attempt} to reconnect");
        client.line("the next attempt", |line| line.contains(&expected));
    }
    client.write(b"exit\n");
    let output = client.finish();
    assert_eq!(output.code, Some(0), "{output:?}");
}

#[test]
fn end_of_input_outlives_a_lost_connection_and_what_waited_is_carried_out() {
    // The exchange is lost with the connection: that is its end, and the client's.
    let fake = FakeServer::start();
    let config = "[client]\nreconnect_min = 0.01\n";
    let arguments = ["client", &fake.address().to_string(), "--json", "--reconnect"].map(str::to_owned);
    let mut client = Slp::new(arguments.clone()).config(config).start();
    client.write(b"ping 1\n");
    client.close_input();
    let mut peer = fake.accept();
    peer.expect(fake.hello());
    drop(peer);
    client.finish().assert_failed(1);

    // Commands that come before the first connection wait for it, however many attempts it takes.
    let mut client = Slp::new(arguments).config(config).start();
    let mut peer = fake.accept();
    client.line("the connection", |line| line.contains("\"connected\""));
    client.write(b"ping 2\n");
    client.close_input();
    peer.expect(fake.hello());
    peer.send(packets::response("{}"));
    peer.expect(packets::ping(2));
    peer.send(packets::ping(2));
    client.finish().assert_done();
}

#[test]
fn as_many_commands_as_one_likes_may_be_piped_to_a_client() {
    let fake = FakeServer::start();
    let mut client = Slp::new(["client", &fake.address().to_string(), "--json"]).start();
    client.write("ping 3\n".repeat(300).as_bytes());
    client.close_input();
    let mut peer = fake.accept();
    peer.expect(fake.hello());
    // One exchange at a time: the first is running, so the others are refused, and only then it gets its answer.
    for _ in 1..300 {
        client.line("a refusal", |line| line.contains("the state is status"));
    }
    peer.send(packets::response("{}"));
    peer.expect(packets::ping(3));
    peer.send(packets::ping(3));
    client.finish().assert_done();
}

#[test]
fn question_that_a_full_server_does_not_hear_is_no_success() {
    let server = Server::start(&["--max-clients", "1"]);
    let _only = Peer::connect(server.address());
    // Closed before it could ask, or while it did: one line, and never status 0.
    for _ in 0..5 {
        let address = server.address().to_string();
        Slp::new(["client", &address, "--json"]).run_with("ping\n").assert_failed(1);
    }
}

#[test]
fn lines_before_exit_are_told_although_there_is_no_connection_yet() {
    let silent = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let config = format!("[client]\nnameserver = \"{}\"\n", silent.local_addr().expect("its own address"));
    let slp = Slp::new(["client", "nobody.example", "--json"]).config(&config);
    let output = slp.run_with("bad\nping\nexit\n");
    output.assert_done();
    assert!(output.stdout[0].contains("unknown command"), "{output:?}");
    assert!(output.stdout[1].contains("left out: there is no connection yet"), "{output:?}");
}
