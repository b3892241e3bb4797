//! Failures on demand, for the tests: words without a `=` among the settings
//!
//! Only where the feature `fault-injection` is on, which no product has.

/// Fails as the words say: `panic`, or `fault`
// Inlined, its lines would be joined with those of what stands around it.
#[inline(never)]
pub(crate) fn inject(settings: &str) {
    for word in settings.split_ascii_whitespace() {
        match word {
            "panic" => panic!("told to"),
            "fault" => cortex_m::asm::udf(),
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
