//! The screen: taken once, given back on every way out

use super::*;

/// Writes down what is done to it, and fails when told to
#[derive(Default)]
struct Recorder {
    bytes: Vec<u8>,
    raw: Vec<bool>,
    refuse_raw: bool,
    refuse_output: bool,
}

impl Write for Recorder {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.refuse_output {
            return Err(io::Error::other("no output"));
        }
        self.bytes.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Modes for Recorder {
    fn set_raw(&mut self, on: bool) -> io::Result<()> {
        self.raw.push(on);
        if self.refuse_raw { Err(io::Error::other("no raw mode")) } else { Ok(()) }
    }
}

impl Recorder {
    fn written(&mut self) -> String {
        String::from_utf8(std::mem::take(&mut self.bytes)).unwrap()
    }
}

#[test]
fn leaving_undoes_what_entering_did_once() {
    let (modes, mut terminal) = (AtomicU8::new(0), Recorder::default());
    enter(&modes, &mut terminal, Options::default()).unwrap();
    let entered = terminal.written();
    for sequence in ["\u{1b}[?1049h", "\u{1b}[?2004h", "\u{1b}[?1000h"] {
        assert!(entered.contains(sequence), "{entered:?} lacks {sequence:?}");
    }
    leave(&modes, &mut terminal).unwrap();
    let left = terminal.written();
    for sequence in ["\u{1b}[?1049l", "\u{1b}[?2004l", "\u{1b}[?1000l", "\u{1b}[?25h"] {
        assert!(left.contains(sequence), "{left:?} lacks {sequence:?}");
    }
    assert_eq!(terminal.raw, [true, false]);
    leave(&modes, &mut terminal).unwrap();
    assert_eq!(terminal.written(), "");
    assert_eq!(terminal.raw, [true, false]);
}

#[test]
fn the_mouse_is_left_alone_unless_asked_for() {
    let (modes, mut terminal) = (AtomicU8::new(0), Recorder::default());
    enter(&modes, &mut terminal, Options { mouse: false }).unwrap();
    leave(&modes, &mut terminal).unwrap();
    assert!(!terminal.written().contains("\u{1b}[?1000"));
}

#[test]
fn without_raw_mode_nothing_stays_on() {
    let (modes, mut terminal) = (AtomicU8::new(0), Recorder { refuse_raw: true, ..Recorder::default() });
    let error = enter(&modes, &mut terminal, Options::default()).unwrap_err();
    assert_eq!(error.to_string(), "no raw mode");
    assert_eq!(terminal.written(), "", "the alternate screen was never entered");
    assert_eq!(modes.load(Ordering::SeqCst), 0);
}

#[test]
fn raw_mode_ends_even_where_nothing_can_be_written() {
    let (modes, mut terminal) = (AtomicU8::new(0), Recorder::default());
    enter(&modes, &mut terminal, Options::default()).unwrap();
    terminal.refuse_output = true;
    assert_eq!(leave(&modes, &mut terminal).unwrap_err().to_string(), "no output");
    assert_eq!(terminal.raw, [true, false]);
    assert_eq!(modes.load(Ordering::SeqCst), 0);
}

#[test]
fn the_process_restores_nothing_it_did_not_take() {
    assert!(!is_taken());
    restore().unwrap();
    assert!(ensure_taken().is_err());
}

#[test]
fn a_frame_that_comes_too_late_is_discarded() {
    assert!(!is_taken());
    let mut output = Output::default();
    output.write_all(b"\x1b[2Jlate").unwrap();
    output.flush().unwrap();
    assert!(output.frame.is_empty());
}
