//! Does the program end well when its own output is not read, or cannot be written?

use std::io::{PipeWriter, pipe};
use std::process::{Command, Stdio};

use slp_tests::Slp;

fn server() -> Command {
    let (program, args, environment) = Slp::new(["server", "--listen", "127.0.0.1:0", "--json"]).parts();
    let mut command = Command::new(program);
    command.args(args).envs(environment);
    command
}

/// The end of a pipe that nobody will ever read
fn unread() -> PipeWriter {
    let (reader, writer) = pipe().expect("a pipe");
    drop(reader);
    writer
}

#[test]
fn help_that_cannot_be_written_is_no_reason_to_end() {
    use std::io::Write as _;

    let mut child =
        server().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(unread()).spawn().expect("the program starts");
    let mut input = child.stdin.take().expect("it is piped");
    input.write_all(b"help\nhelp\nlist\nstop\n").expect("it reads");
    let (sender, ended) = std::sync::mpsc::channel();
    std::thread::spawn(move || sender.send(child.wait_with_output()));
    let output = ended.recv_timeout(slp_tests::DEADLINE).expect("waited for its end").expect("its output");
    let told = String::from_utf8(output.stdout).expect("UTF-8");
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(told.contains(r#""event":"list""#) && told.contains(r#""event":"stopped""#), "{told}");
}

#[cfg(unix)]
mod unix {
    use std::io::{BufRead as _, BufReader, ErrorKind, Write as _};
    use std::os::fd::OwnedFd;
    use std::os::unix::net::UnixStream;
    use std::process::Stdio;
    use std::sync::mpsc;
    use std::thread;

    use slp_tests::DEADLINE;
    use slp_tests::process::send_signal;

    /// Writes until there is no room any more
    fn fill(mut stream: &UnixStream) {
        stream.set_nonblocking(true).expect("a socket has this");
        for length in [4_096, 1] {
            loop {
                match stream.write(&vec![b' '; length]) {
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                    Err(error) => panic!("cannot fill a stream: {error}"),
                }
            }
        }
        stream.set_nonblocking(false).expect("a socket has this");
    }

    #[test]
    fn streams_that_nobody_reads_keep_it_from_nothing() {
        for errors_are_read in [true, false] {
            let (_unread, output) = UnixStream::pair().expect("two sockets");
            let (errors, errors_written) = UnixStream::pair().expect("two sockets");
            fill(&output);
            let mut child = super::server()
                .stdin(Stdio::piped())
                .stdout(OwnedFd::from(output))
                .stderr(OwnedFd::from(errors_written.try_clone().expect("one descriptor more")))
                .spawn()
                .expect("the program starts");
            child.stdin.take().expect("it is piped").write_all(b"help\n").expect("it reads");
            // That help comes shows that it listens to its input, and so to signals.
            errors.set_read_timeout(Some(DEADLINE)).expect("a socket has this");
            let mut errors = BufReader::new(errors);
            let mut help = String::new();
            while !help.contains("help") {
                assert_ne!(errors.read_line(&mut help).expect("UTF-8"), 0, "{help}");
            }
            if !errors_are_read {
                fill(&errors_written);
            }
            drop(errors_written);
            send_signal(child.id(), "TERM");
            let (sender, ended) = mpsc::channel();
            let id = child.id();
            thread::spawn(move || sender.send(child.wait()));
            let Ok(status) = ended.recv_timeout(DEADLINE) else {
                send_signal(id, "KILL");
                panic!("waited {DEADLINE:?} for its end");
            };
            assert_eq!(status.expect("its status").code(), Some(1));
            if errors_are_read {
                let told = errors.lines().map_while(Result::ok).last();
                assert_eq!(told.as_deref(), Some("slp: cannot write the output: its reader does not read"));
            }
        }
    }
}
