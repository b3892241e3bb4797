//! Feeds [`proto_core_fuzz::client_bytes`] with what libFuzzer comes up with
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proto_core_fuzz::client_bytes::check(data));
