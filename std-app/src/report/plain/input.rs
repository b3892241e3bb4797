//! Lines of standard input
//!
//! Read on a thread of their own, since a terminal or a pipe can only be waited for; the thread ends with the program.

use std::io::{BufRead, BufReader, Read};
use std::thread;

use tokio::sync::mpsc;

/// Longest line that is read, in bytes; more than any command has
pub const MAX_LINE: usize = 4_096;

/// Lines that may wait to be carried out; then the reading waits too
const WAITING: usize = 16;

/// A line of the input
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// A line, without its end
    Line(String),
    /// A line that is none; what was wrong and what was expected
    Unusable(String),
}

/// Reads lines until the input ends; then the channel closes
pub fn lines(source: impl Read + Send + 'static) -> mpsc::Receiver<Input> {
    let (sender, receiver) = mpsc::channel(WAITING);
    let read = move || {
        let mut source = BufReader::new(source);
        while let Some(input) = next(&mut source) {
            if sender.blocking_send(input).is_err() {
                break;
            }
        }
    };
    // Where no thread is to be had, nothing is to be had: the input is then as good as ended.
    let _detached = thread::Builder::new().name("stdin".to_owned()).spawn(read);
    receiver
}

fn next(source: &mut impl BufRead) -> Option<Input> {
    let mut line = Vec::new();
    let limit = u64::try_from(MAX_LINE + 1).unwrap_or(u64::MAX);
    if source.take(limit).read_until(b'\n', &mut line).ok()? == 0 {
        return None;
    }
    if line.len() > MAX_LINE && line.last() != Some(&b'\n') {
        skip_line(source);
        return Some(Input::Unusable(format!("line of more than {MAX_LINE} bytes; a command is shorter")));
    }
    while matches!(line.last(), Some(b'\n' | b'\r')) {
        line.pop();
    }
    Some(match String::from_utf8(line) {
        Ok(line) => Input::Line(line),
        Err(error) => {
            let at = error.utf8_error().valid_up_to() + 1;
            Input::Unusable(format!("line is not valid UTF-8 at byte {at}; a command is plain text"))
        }
    })
}

/// Reads on to the end of the line without keeping it
fn skip_line(source: &mut impl BufRead) {
    loop {
        let (length, ended) = match source.fill_buf() {
            Ok([]) | Err(_) => return,
            Ok(bytes) => match bytes.iter().position(|&byte| byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (bytes.len(), false),
            },
        };
        source.consume(length);
        if ended {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn all(bytes: Vec<u8>) -> Vec<Input> {
        let mut receiver = lines(Cursor::new(bytes));
        std::iter::from_fn(|| receiver.blocking_recv()).collect()
    }

    #[test]
    fn lines_end_in_any_way_or_not_at_all() {
        let expected: Vec<_> = ["ping", "", "stop"].map(|line| Input::Line(line.to_owned())).into();
        assert_eq!(all(b"ping\r\n\nstop".to_vec()), expected);
        assert_eq!(all(Vec::new()), []);
    }

    #[test]
    fn a_line_too_long_is_refused_whole_and_the_next_is_read() {
        let mut bytes = vec![b'x'; 3 * MAX_LINE];
        bytes.extend_from_slice(b"\nping\n");
        let told = all(bytes);
        assert!(matches!(&told[0], Input::Unusable(message) if message.contains("4096 bytes")), "{told:?}");
        assert_eq!(told[1..], [Input::Line("ping".to_owned())]);
        let mut longest = vec![b'x'; MAX_LINE];
        longest.push(b'\n');
        assert!(matches!(&all(longest)[..], [Input::Line(line)] if line.len() == MAX_LINE));
    }

    #[test]
    fn what_is_no_text_is_refused_with_its_place() {
        let told = all(b"pi\xffng\nlist\n".to_vec());
        assert!(matches!(&told[0], Input::Unusable(message) if message.contains("byte 3")), "{told:?}");
        assert_eq!(told[1], Input::Line("list".to_owned()));
    }
}
