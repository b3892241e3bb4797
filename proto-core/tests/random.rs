//! The properties at the end of PROTOCOL.md §3, over random schedules
//!
//! Thousands of interleavings of commands, partial transmissions, partial deliveries and passing time, with payloads
//! from a set of three so that they collide. They are longer than what the models go through without a gap
//! (`proto-core/model`). A failure names its seed; `SLP_SEED=<seed>` runs that schedule alone.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "a test that fails panics; only what a peer reaches must not"
)]

use std::fmt::Write as _;
use std::time::Duration;

use proto_core::Timeouts;
use proto_core::client::Event as C;
use proto_core::server::Event as S;
use proto_core::testing::{Happened, Pair, Setup};

const SCHEDULES: u64 = if cfg!(miri) { 2 } else { 6_000 };
const STEPS: u64 = 120;

/// `SplitMix64`: a few lines, and the same numbers everywhere
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// Few bytes mostly, all of them now and then
    fn piece(&mut self) -> usize {
        match self.below(4) {
            0 => usize::MAX,
            1 => usize::try_from(1 + self.below(40)).unwrap(),
            _ => usize::try_from(1 + self.below(6)).unwrap(),
        }
    }

    fn payload(&mut self) -> i64 {
        i64::try_from(self.below(3)).unwrap()
    }
}

/// What must have come true when all is quiet
#[derive(Default)]
struct Expected {
    /// Pings that were accepted
    begun: usize,
    /// Payloads of the pings that nobody stopped, in order; the last may be running
    completing: Vec<i64>,
    /// Payloads of the server's pings, in order
    server_pings: Vec<i64>,
    /// Entries of the logs looked at
    seen: (usize, usize),
}

impl Expected {
    /// Takes note of what the machines did on their own: time-outs stop, idle pings ping
    fn follow(&mut self, pair: &Pair) {
        for entry in &pair.client.log[self.seen.0..] {
            if matches!(entry.what, Happened::Event(C::TimedOut { .. })) {
                self.completing.pop();
            }
        }
        for entry in &pair.server.log[self.seen.1..] {
            if let Happened::Event(S::IdlePing { payload }) = entry.what {
                self.server_pings.push(payload);
            }
        }
        self.seen = (pair.client.log.len(), pair.server.log.len());
    }
}

fn setup(random: &mut Random) -> Setup {
    // Only what a schedule is about runs out: a slow schedule must not break a frame.
    let long = Duration::from_secs(1_000_000);
    let idle = if random.below(2) == 0 { Duration::from_secs(15) } else { long };
    let timeouts = Timeouts { frame: long, status: long, idle, silence: long, ..Timeouts::DEFAULT };
    let capacity = [1, 13, usize::MAX][usize::try_from(random.below(3)).unwrap()];
    Setup { timeouts, capacity, document: r#"{"text":"ä€😀"}"#, ..Setup::default() }
}

/// Runs one schedule; the story of it goes to `story`
fn run(seed: u64, story: &mut String) -> (Pair, Expected) {
    let mut random = Random(seed);
    let mut pair = Pair::new(&setup(&mut random));
    let mut expected = Expected::default();
    for _ in 0..STEPS {
        match random.below(16) {
            0..=1 => {
                let payload = random.payload();
                let outcome = pair.ping(payload);
                if outcome.is_ok() {
                    expected.begun += 1;
                    expected.completing.push(payload);
                }
                let _ = writeln!(story, "ping {payload}: {outcome:?}");
            }
            2 if random.below(3) == 0 => {
                let outcome = pair.stop();
                if outcome.is_ok() {
                    expected.completing.pop();
                }
                let _ = writeln!(story, "stop: {outcome:?}");
            }
            3..=4 => {
                let payload = random.payload();
                let outcome = pair.server_ping(payload);
                if outcome.is_ok() {
                    expected.server_pings.push(payload);
                }
                let _ = writeln!(story, "server ping {payload}: {outcome:?}");
            }
            5 => {
                let longest = if random.below(8) == 0 { 16_000 } else { 400 };
                let time = Duration::from_millis(random.below(longest));
                pair.advance(time);
                let _ = writeln!(story, "{time:?} pass");
            }
            6..=8 => {
                let moved = pair.transmit_to_server(random.piece());
                let _ = writeln!(story, "client transmits {moved}");
            }
            9..=10 => {
                let moved = pair.transmit_to_client(random.piece());
                let _ = writeln!(story, "server transmits {moved}");
            }
            2 | 11..=13 => {
                let moved = pair.deliver_to_server(random.piece());
                let _ = writeln!(story, "server receives {moved}");
            }
            _ => {
                let moved = pair.deliver_to_client(random.piece());
                let _ = writeln!(story, "client receives {moved}");
            }
        }
        expected.follow(&pair);
    }
    pair.run_in_pieces(random.piece());
    expected.follow(&pair);
    (pair, expected)
}

/// What is wrong, if anything
fn judge(pair: &mut Pair, expected: &Expected) -> Result<(), String> {
    let same = |what: &str, got: &[i64], wanted: &[i64]| {
        if got == wanted { Ok(()) } else { Err(format!("{what}: {got:?} instead of {wanted:?}")) }
    };
    if let Some(error) = pair.client.failure().or(pair.server.failure()) {
        return Err(format!("failed: {error}"));
    }
    let client = pair.client.events();
    let server = pair.server.events();
    if let Some(event) = client.iter().find(|event| matches!(event, C::PongMismatch { .. } | C::TrailingBytes { .. })) {
        return Err(format!("misread: {event:?}"));
    }
    if let Some(event) = server.iter().find(|event| matches!(event, S::UnexpectedPong { .. })) {
        return Err(format!("misread: {event:?}"));
    }
    let of = |pick: fn(&C<'static>) -> Option<i64>| client.iter().filter_map(pick).collect::<Vec<_>>();
    let completed = of(|event| if let C::Pong { payload, .. } = event { Some(*payload) } else { None });
    same("each ping that is not stopped completes", &completed, &expected.completing)?;
    let seen = of(|event| if let C::ServerPing { payload } = event { Some(*payload) } else { None });
    same("the client sees each server ping once", &seen, &expected.server_pings)?;
    let settled = |event: &S<'_>| if let S::Pong { payload, .. } = event { Some(*payload) } else { None };
    let settled: Vec<_> = server.iter().filter_map(settled).collect();
    same("each server ping is answered once", &settled, &expected.server_pings)?;

    let count = |is: fn(&C<'static>) -> bool| client.iter().filter(|event| is(event)).count();
    let responses = count(|event| matches!(event, C::ResponseEnd(_)));
    let skipped = count(|event| matches!(event, C::AbandonedResponse));
    if responses + skipped != expected.begun {
        return Err(format!("{responses} Responses read and {skipped} skipped for {} Requests", expected.begun));
    }
    let abandoned = count(|event| matches!(event, C::AbandonedPong { .. }));
    let echoes = server.iter().filter(|event| matches!(event, S::Ping { .. })).count();
    if (completed.len() + abandoned, echoes) != (responses, responses) {
        return Err(format!("{echoes} echoes and {abandoned} abandoned Pongs for {responses} Pings: an echo too many"));
    }
    if !pair.is_at_rest() {
        return Err("quiet, but not at rest".into());
    }
    Ok(())
}

#[test]
fn every_interleaving_comes_out_right() {
    let alone = std::env::var("SLP_SEED").ok().map(|seed| seed.parse().expect("SLP_SEED is a number"));
    let seeds = alone.map_or(0..SCHEDULES, |seed: u64| seed..seed + 1);
    let (mut exchanges, mut stops, mut crossings) = (0, 0, 0);
    for seed in seeds {
        let mut story = String::new();
        let (mut pair, expected) = run(seed, &mut story);
        if let Err(wrong) = judge(&mut pair, &expected) {
            panic!("SLP_SEED={seed}: {wrong}\n{story}");
        }
        exchanges += expected.completing.len();
        stops += expected.begun - expected.completing.len();
        crossings += expected.server_pings.len();
    }
    // A schedule generator that does nothing would pass: it must have done enough of everything.
    if alone.is_none() && !cfg!(miri) {
        assert!(exchanges > 4_000 && stops > 4_000 && crossings > 10_000, "{exchanges} {stops} {crossings}");
    }
}
