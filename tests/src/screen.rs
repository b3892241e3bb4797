//! A pseudo-terminal with the real program in it, and what a person would see there
//!
//! What the program writes goes through a terminal emulator. A test types, waits until the screen shows something, and
//! looks at the modes that are left behind.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::Instant;

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use vt100::{MouseProtocolMode, Parser};

use crate::{DEADLINE, Slp};

/// The terminal of a process, and the process
pub struct Screen {
    name: String,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    output: Receiver<Vec<u8>>,
    parser: Parser<Requests>,
    child: Option<Box<dyn Child + Send + Sync>>,
    #[cfg(unix)]
    modes_before: Option<Modes>,
}

/// Modes of the line discipline that make a terminal usable: what is echoed, and what keys do
#[cfg(unix)]
type Modes = String;

/// What the program asked of the terminal beside drawing on it
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Requests {
    /// Bells, titles, sizes, the clipboard, and sequences that nobody knows
    pub unexpected: Vec<String>,
    /// What the terminal has to answer
    answers: Vec<String>,
}

impl vt100::Callbacks for Requests {
    fn audible_bell(&mut self, _: &mut vt100::Screen) {
        self.unexpected.push("a bell".to_owned());
    }

    fn visual_bell(&mut self, _: &mut vt100::Screen) {
        self.unexpected.push("a visual bell".to_owned());
    }

    fn resize(&mut self, _: &mut vt100::Screen, size: (u16, u16)) {
        self.unexpected.push(format!("the size {size:?}"));
    }

    fn set_window_title(&mut self, _: &mut vt100::Screen, title: &[u8]) {
        self.unexpected.push(format!("the title {:?}", String::from_utf8_lossy(title)));
    }

    fn copy_to_clipboard(&mut self, _: &mut vt100::Screen, _: &[u8], data: &[u8]) {
        self.unexpected.push(format!("the clipboard {:?}", String::from_utf8_lossy(data)));
    }

    fn unhandled_csi(
        &mut self,
        screen: &mut vt100::Screen,
        first: Option<u8>,
        _: Option<u8>,
        params: &[&[u16]],
        last: char,
    ) {
        // Where is the cursor? Every terminal answers that.
        if (first, params, last) == (None, &[&[6][..]][..], 'n') {
            let (row, column) = screen.cursor_position();
            self.answers.push(format!("\x1b[{};{}R", row + 1, column + 1));
        }
    }

    fn unhandled_osc(&mut self, _: &mut vt100::Screen, params: &[&[u8]]) {
        self.unexpected.push(format!("an operating system command {params:?}"));
    }
}

impl Screen {
    /// Starts a command line in a new terminal
    pub fn start(slp: &Slp, columns: u16, rows: u16) -> Self {
        let pty = native_pty_system().openpty(size(columns, rows)).expect("a pseudo-terminal");
        #[cfg(unix)]
        let modes_before = modes(&*pty.master);
        let child = pty.slave.spawn_command(command(slp)).unwrap_or_else(|error| panic!("cannot start {slp}: {error}"));
        // Else the end of the process is not the end of the output.
        drop(pty.slave);
        let mut reader = pty.master.try_clone_reader().expect("the reading side");
        let writer = pty.master.take_writer().expect("the writing side");
        let (sender, output) = channel();
        thread::spawn(move || {
            let mut buffer = [0; 16 * 1_024];
            while let Ok(count @ 1..) = reader.read(&mut buffer) {
                if sender.send(buffer[..count].to_vec()).is_err() {
                    break;
                }
            }
        });
        let parser = Parser::new_with_callbacks(number(rows), number(columns), 1_000, Requests::default());
        Self {
            name: slp.to_string(),
            master: pty.master,
            writer,
            output,
            parser,
            child: Some(child),
            #[cfg(unix)]
            modes_before,
        }
    }

    /// Types
    pub fn keys(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).and_then(|()| self.writer.flush()).expect("the terminal takes keys");
    }

    /// Types a line and runs it
    pub fn run(&mut self, line: &str) {
        self.keys(&format!("{line}\r"));
    }

    /// Makes the terminal another size
    pub fn resize(&mut self, columns: u16, rows: u16) {
        self.parser.set_size(number(rows), number(columns));
        self.master.resize(size(columns, rows)).expect("another size");
    }

    /// Waits until the screen is as `wanted`
    #[track_caller]
    pub fn wait(&mut self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let until = Instant::now() + DEADLINE;
        while !wanted(self.parser.screen()) {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(failure) => self.give_up(what, failure),
            }
        }
    }

    /// Shows what the process wrote, and answers what it asked
    fn take(&mut self, bytes: &[u8]) {
        self.parser.process(bytes);
        for answer in std::mem::take(&mut self.parser.callbacks_mut().answers) {
            // The process may have ended since it asked.
            let _gone = self.writer.write_all(answer.as_bytes()).and_then(|()| self.writer.flush());
        }
    }

    /// Waits until `text` stands somewhere on the screen, within a line
    #[track_caller]
    pub fn wait_for(&mut self, text: &str) {
        self.wait(&format!("{text:?}"), |screen| screen.contents().contains(text));
    }

    /// Waits until `text` stands nowhere on the screen
    #[track_caller]
    pub fn wait_without(&mut self, text: &str) {
        self.wait(&format!("{text:?} to go"), |screen| !screen.contents().contains(text));
    }

    /// Waits until the input line, which begins with a prompt, holds exactly `text`
    #[track_caller]
    pub fn wait_for_input(&mut self, text: &str) {
        self.wait(&format!("{text:?} in the input line"), |screen| input_line(screen).as_deref() == Some(text));
    }

    /// What stands on the screen now
    pub fn contents(&self) -> String {
        self.parser.screen().contents()
    }

    /// The state of the terminal now
    pub fn screen(&self) -> &vt100::Screen {
        self.parser.screen()
    }

    /// Asserts that nothing was asked of the terminal but to draw
    #[track_caller]
    pub fn assert_only_drawn(&self) {
        assert_eq!(self.parser.callbacks().unexpected, [] as [String; 0]);
    }

    /// The number of the process in the system
    pub fn id(&self) -> u32 {
        self.child.as_ref().and_then(|child| child.process_id()).expect("it runs")
    }

    /// Waits for the end of the process, and asserts that the terminal is as it was before
    ///
    /// Alternate screen left, cursor shown, mouse and paste as ever, and keys echoed.
    #[track_caller]
    pub fn finish_and_assert_restored(self) -> ExitStatus {
        self.finish_and_assert_restored_with_contents().0
    }

    /// The same, and what stands on the screen then
    #[track_caller]
    pub fn finish_and_assert_restored_with_contents(mut self) -> (ExitStatus, String) {
        let status = self.wait_for_end("its end");
        let screen = self.parser.screen();
        assert!(!screen.alternate_screen(), "the alternate screen is left");
        assert!(!screen.hide_cursor(), "the cursor is shown");
        assert!(!screen.bracketed_paste(), "pasting is as ever");
        assert_eq!(screen.mouse_protocol_mode(), MouseProtocolMode::None, "the mouse is the terminal's");
        assert!(!screen.application_cursor() && !screen.application_keypad(), "keys are as ever");
        #[cfg(unix)]
        assert_eq!(modes(&*self.master), self.modes_before, "the line discipline is as before");
        let left = screen.contents();
        (status, left)
    }

    #[track_caller]
    fn wait_for_end(&mut self, what: &str) -> ExitStatus {
        let until = Instant::now() + DEADLINE;
        let mut child = self.child.take().expect("it is waited for once");
        let mut killer = child.clone_killer();
        let (sender, ended) = channel();
        thread::spawn(move || sender.send(child.wait()));
        // What it still writes has to be taken, or it cannot end.
        loop {
            match self.output.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(bytes) => self.take(&bytes),
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => {
                    let _ended_meanwhile = killer.kill();
                    self.give_up(what, RecvTimeoutError::Timeout)
                }
            }
        }
        match ended.recv_timeout(until.saturating_duration_since(Instant::now())) {
            Ok(status) => status.expect("the status of a child"),
            Err(failure) => self.give_up(what, failure),
        }
    }

    #[track_caller]
    fn give_up(&self, what: &str, failure: RecvTimeoutError) -> ! {
        let how = match failure {
            RecvTimeoutError::Timeout => format!("{DEADLINE:?} passed"),
            RecvTimeoutError::Disconnected => "its output ended".to_owned(),
        };
        panic!("`{}`: waited for {what}, but {how}; the screen shows:\n{}", self.name, self.contents())
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(child) = &mut self.child {
            // It may have ended by itself.
            let _ended = child.kill();
            let _status = child.wait();
        }
    }
}

/// What stands behind the prompt, without the blanks at its end
pub fn input_line(screen: &vt100::Screen) -> Option<String> {
    let (_, columns) = screen.size();
    let line = screen.rows(0, columns.get()).filter(|row| row.trim_start().starts_with("> ")).last()?;
    line.trim_start().strip_prefix("> ").map(|text| text.trim_end().to_owned())
}

/// A terminal that is closed while the process runs in it, as when a window is closed
///
/// Nobody reads what it writes, so it should not be let run for long.
pub fn run_and_hang_up(slp: &Slp, while_it_runs: impl FnOnce()) -> ExitStatus {
    let pty = native_pty_system().openpty(size(80, 24)).expect("a pseudo-terminal");
    let mut child = pty.slave.spawn_command(command(slp)).unwrap_or_else(|error| panic!("cannot start {slp}: {error}"));
    drop(pty.slave);
    while_it_runs();
    drop(pty.master);
    let mut killer = child.clone_killer();
    let (sender, ended) = channel();
    thread::spawn(move || sender.send(child.wait()));
    let Ok(status) = ended.recv_timeout(DEADLINE) else {
        let _ended_meanwhile = killer.kill();
        panic!("`{slp}`: waited for its end after the terminal was closed, but {DEADLINE:?} passed")
    };
    status.expect("the status of a child")
}

fn command(slp: &Slp) -> CommandBuilder {
    let (program, args, environment) = slp.parts();
    let mut command = CommandBuilder::new(program);
    command.args(args);
    for (name, value) in environment {
        command.env(name, value);
    }
    command.cwd(slp.home_folder().path());
    command
}

const fn size(columns: u16, rows: u16) -> PtySize {
    PtySize { rows, cols: columns, pixel_width: 0, pixel_height: 0 }
}

fn number(number: u16) -> NonZeroU16 {
    NonZeroU16::new(number).expect("a terminal has rows and columns")
}

#[cfg(unix)]
fn modes(master: &(dyn MasterPty + Send)) -> Option<Modes> {
    master
        .get_termios()
        .map(|modes| format!("{:?} {:?} {:?}", modes.local_flags, modes.input_flags, modes.output_flags))
}
