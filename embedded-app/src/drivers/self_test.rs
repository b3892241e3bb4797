//! The firmware's own ways to copy, fill, compare and divide, against slow and simple ones, on the processor itself
//!
//! Only where the feature `fault-injection` is on, which no product has. It looks at results and at every byte beside them, and
//! at no time that anything takes.

#![expect(unsafe_code, reason = "the functions of `memory` are called by their names")]

use core::hint::black_box;

// Results and arguments: `memory`.
unsafe extern "C" {
    fn memcpy(to: *mut u8, from: *const u8, count: usize) -> *mut u8;
    fn memmove(to: *mut u8, from: *const u8, count: usize) -> *mut u8;
    fn __aeabi_memcpy(to: *mut u8, from: *const u8, count: usize);
    fn __aeabi_memmove4(to: *mut u8, from: *const u8, count: usize);
    fn memset(place: *mut u8, byte: i32, count: usize) -> *mut u8;
    fn __aeabi_memset(place: *mut u8, count: usize, byte: i32);
    fn __aeabi_memclr(place: *mut u8, count: usize);
    fn memcmp(one: *const u8, other: *const u8, count: usize) -> i32;
    fn bcmp(one: *const u8, other: *const u8, count: usize) -> i32;
}

/// Bytes that are worked on, and what stands around them
const ROOM: usize = 64;
/// Longest block
const LONGEST: usize = 40;
/// Places of a block within a word
const PLACES: usize = 4;

type Room = [u8; ROOM];

/// Goes through the table; `mistake` makes the one expectation wrong that shows that it is looked at
///
/// # Panics
/// With the first result that is wrong.
pub fn self_test(mistake: bool) {
    for count in 0..=LONGEST {
        for to in 0..PLACES {
            fill(to, count, mistake && count == LONGEST);
            compare(to, count);
            for from in 0..PLACES {
                copy(to, from, count);
            }
        }
        // Ten bytes down to ten bytes up: apart, at one place, and each way over one another.
        for to in 0..=20 {
            overlap(to, 10, count);
        }
    }
    divide();
}

/// Bytes of which no two near one another are the same
fn pattern() -> Room {
    let mut room = [0; ROOM];
    let mut byte = 0x5A_u8;
    for place in &mut room {
        byte = byte.wrapping_mul(5).wrapping_add(0x33);
        *place = black_box(byte);
    }
    room
}

/// Whether all bytes are the same, each looked at alone
fn assert_same(found: &Room, expected: &Room) {
    for (one, other) in found.iter().zip(expected) {
        assert!(black_box(*one) == black_box(*other));
    }
}

/// `count` bytes of `source` at `to`, one after the other
fn copied(room: &Room, source: &Room, to: usize, from: usize, count: usize) -> Room {
    let mut expected = pattern();
    for (place, byte) in expected.iter_mut().zip(room) {
        *place = black_box(*byte);
    }
    for (place, byte) in expected[to..].iter_mut().zip(&source[from..]).take(count) {
        *place = black_box(*byte);
    }
    expected
}

fn copy(to: usize, from: usize, count: usize) {
    let (source, start) = (pattern(), [0xEE; ROOM]);
    let expected = copied(&start, &source, to, from, count);
    for way in 0..4 {
        let mut room = black_box(start);
        let (target, origin) = (room[to..].as_mut_ptr(), source[from..].as_ptr());
        // SAFETY: both rooms have 24 bytes more than the longest block and its place, and are apart.
        unsafe {
            match way {
                0 => assert!(memcpy(target, origin, count) == target),
                1 => assert!(memmove(target, origin, count) == target),
                2 => __aeabi_memcpy(target, origin, count),
                _ => __aeabi_memmove4(target, origin, count),
            }
        }
        assert_same(&room, &expected);
    }
}

fn overlap(to: usize, from: usize, count: usize) {
    let start = pattern();
    let expected = copied(&start, &start, to, from, count);
    let mut room = black_box(start);
    let target = room.as_mut_ptr();
    // SAFETY: the last byte is at 20 + 40 of 64 at most; one pointer leads to both places.
    unsafe {
        let target = target.add(to);
        assert!(memmove(target, room.as_mut_ptr().add(from), count) == target);
    }
    assert_same(&room, &expected);
}

fn fill(to: usize, count: usize, mistake: bool) {
    for (way, byte) in [(0, 0xA5), (1, 0x1A5), (2, 0)] {
        let [low, ..] = i32::to_le_bytes(byte);
        let mut expected = pattern();
        for place in expected[to..].iter_mut().take(count) {
            *place = black_box(low);
        }
        if mistake {
            expected[to + count] ^= 1;
        }
        let mut room = pattern();
        let target = room[to..].as_mut_ptr();
        // SAFETY: the room has 20 bytes more than the longest block and its place.
        unsafe {
            match way {
                0 => assert!(memset(target, byte, count) == target),
                1 => __aeabi_memset(target, count, byte),
                _ => __aeabi_memclr(target, count),
            }
        }
        assert_same(&room, &expected);
    }
}

fn compare(place: usize, count: usize) {
    let one = pattern();
    let compared = |other: &Room| {
        let (left, right) = (one[place..].as_ptr(), other[place..].as_ptr());
        // SAFETY: both rooms have 20 bytes more than the longest block and its place.
        let (order, difference) = unsafe { (memcmp(left, right, count), bcmp(left, right, count)) };
        assert!((order == 0) == (difference == 0));
        order.signum()
    };
    let mut other = pattern();
    // What stands behind the block does not count.
    other[place + count] ^= 0xFF;
    assert!(compared(&other) == 0);
    for change in 0..count {
        let mut other = pattern();
        for byte in [0x00, 0x7F, 0x80, 0xFF] {
            other[place + change] = byte;
            let (ours, theirs) = (i32::from(one[place + change]), i32::from(black_box(byte)));
            assert!(compared(&other) == (ours - theirs).signum());
        }
    }
}

/// Numbers at the borders of 32 and 64 bits, and some between them
const NUMBERS: [u64; 20] = [
    0,
    1,
    2,
    3,
    7,
    10,
    1_000,
    60_000_000,
    0x7FFF_FFFF,
    0x8000_0000,
    0xFFFF_FFFE,
    0xFFFF_FFFF,
    0x1_0000_0000,
    0x1_0000_0001,
    0x1234_5678_9ABC_DEF0,
    0x7FFF_FFFF_FFFF_FFFF,
    0x8000_0000_0000_0000,
    0x8000_0000_0000_0001,
    0xFFFF_FFFF_0000_0000,
    0xFFFF_FFFF_FFFF_FFFF,
];

fn divide() {
    for dividend in NUMBERS {
        for divisor in NUMBERS {
            let (one, other) = (black_box(dividend), black_box(divisor));
            if other == 0 {
                continue;
            }
            let (quotient, remainder) = long_division(one, other);
            assert!(one / other == quotient && black_box(one) % black_box(other) == remainder);
            let (one, other) = (one.cast_signed(), other.cast_signed());
            let (quotient, remainder) = long_division(one.unsigned_abs(), other.unsigned_abs());
            let sign = |number: u64, negative| if negative { number.wrapping_neg() } else { number }.cast_signed();
            // The quotient of the least number by -1 has no place in 64 bits.
            if one == i64::MIN && other == -1 {
                continue;
            }
            assert!(one / other == sign(quotient, (one < 0) != (other < 0)));
            assert!(black_box(one) % black_box(other) == sign(remainder, one < 0));
        }
    }
}

/// Bit by bit, as on paper
fn long_division(dividend: u64, divisor: u64) -> (u64, u64) {
    let (mut quotient, mut remainder) = (0_u64, 0_u64);
    for bit in (0..u64::BITS).rev() {
        remainder = (remainder << 1) | ((dividend >> bit) & 1);
        quotient <<= 1;
        if remainder >= divisor {
            remainder -= divisor;
            quotient |= 1;
        }
    }
    (quotient, remainder)
}
