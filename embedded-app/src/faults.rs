//! Failures on demand, for the tests: words without a `=` among the settings
//!
//! Only where the feature `fault-injection` is on, which no product has.

use embedded_app::board;

/// What the emulator ends with after a self-test without a mistake: no status that anything else ends with
const PASSED: u8 = 42;

/// Fails as the words say: `panic`, `fault`, `self-test` where that finds something wrong, or `self-test-with-a-mistake`
// Inlined, its lines would be joined with those of what stands around it.
#[inline(never)]
pub(crate) fn inject(settings: &str) {
    for word in settings.split_ascii_whitespace() {
        match word {
            "panic" => panic!("told to"),
            "fault" => cortex_m::asm::udf(),
            "self-test" | "self-test-with-a-mistake" => {
                board::self_test(word != "self-test");
                board::exit(PASSED)
            }
            _ => {}
        }
    }
}

/// Panics instead of a good end where a word is `panic-at-the-end`
pub(crate) fn inject_at_the_end(settings: &str) {
    if settings.split_ascii_whitespace().any(|word| word == "panic-at-the-end") {
        inject("panic");
    }
}
