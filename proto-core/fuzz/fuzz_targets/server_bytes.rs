//! Feeds [`proto_core_fuzz::server_bytes`] with what libFuzzer comes up with
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| proto_core_fuzz::server_bytes::check(data));
