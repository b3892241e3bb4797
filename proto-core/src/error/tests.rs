//! The messages, as a person reads them

extern crate std;

use core::time::Duration;
use std::string::ToString;

use super::*;

fn protocol(violation: Violation) -> std::string::String {
    Error::Protocol { violation, offset: 12 }.to_string()
}

#[test]
fn each_violation_says_what_where_and_what_is_allowed() {
    let table = [
        (Violation::VarIntOverflow, "VarInt of more than 32 bits at byte 12; its fifth byte may be 0F at most"),
        (Violation::FrameLength { length: 799, maximum: 798 }, "frame of 799 bytes at byte 12, at most 798 allowed"),
        (Violation::FrameLength { length: 0, maximum: 798 }, "frame of length 0 at byte 12, at least 1 expected"),
        (Violation::FrameLength { length: -1, maximum: 798 }, "frame of length -1 at byte 12, at least 1 expected"),
        (Violation::BodyTooShort { id: Some(1) }, "packet 0x01 ends at byte 12, before its last field is complete"),
        (Violation::BodyTooShort { id: None }, "frame ends at byte 12, within the packet id"),
        (Violation::TrailingBytes { id: 0, count: 3 }, "packet 0x00 has 3 bytes left over at byte 12, none allowed"),
        (Violation::TrailingBytes { id: 1, count: 1 }, "packet 0x01 has 1 byte left over at byte 12, none allowed"),
        (Violation::StringLength { length: -5, maximum: 783 }, "String of -5 bytes at byte 12, from 0 to 783 allowed"),
        (Violation::StringUnits { maximum: 261 }, "String of more than 261 UTF-16 units at byte 12"),
        (Violation::Utf8, "String is not valid UTF-8 at byte 12"),
        (Violation::NextState(9), "Handshake with next state 9 at byte 12; 0, 1, 2 or 3 expected"),
        (Violation::RequestInDefault, "Request at byte 12 without a Handshake before it"),
        (Violation::UnexpectedResponse, "Response at byte 12 that was not asked for"),
        (Violation::TooManyUnknown { limit: 16 }, "16 packets of unknown id, the last at byte 12"),
    ];
    for (violation, expected) in table {
        assert_eq!(protocol(violation), expected);
    }
}

#[test]
fn timeouts_say_how_long() {
    assert_eq!(
        Error::Timeout(Timeout::Frame(Duration::from_secs(10))).to_string(),
        "timed out: a frame was not complete after 10s"
    );
    for (millis, shown) in [(0, "0s"), (250, "250ms"), (1_000, "1s"), (1_050, "1.050s"), (45_000, "45s")] {
        let status = Timeout::Status(Duration::from_micros(millis * 1_000 + 12));
        assert_eq!(status.to_string(), std::format!("timed out: no byte for {shown} in the status state"));
    }
}

#[test]
fn a_measured_silence_is_rounded() {
    for (micros, shown) in [
        (999, "0ms"),
        (602_446, "602ms"),
        (999_999, "999ms"),
        (1_000_000, "1s"),
        (1_499_999, "1s"),
        (44_500_000, "45s"),
        (45_002_446, "45s"),
    ] {
        let silence = Timeout::Silence(Duration::from_micros(micros));
        assert_eq!(silence.to_string(), std::format!("timed out: silent for {shown}, although pinged"));
    }
    let longest = Timeout::Silence(Duration::MAX);
    assert!(longest.to_string().contains("18446744073709551615s"));
}

#[test]
fn refusals_name_the_state() {
    assert_eq!(Refused::StopInDefault.to_string(), "\"stop\" needs a status request in progress; the state is default");
    assert!(Refused::PingInStatus.to_string().contains("the state is status"));
}
