//! `VarInt`s to decode and encode

/// How many values each benchmark takes
pub const COUNT: usize = 500_000;

const SEED: u64 = 0x5EED_0F0D_D0D0_CAFE;

/// How the lengths are mixed
#[derive(Clone, Copy, Debug)]
pub enum Mix {
    /// As they go over the wire: the `VarInt`s of one session after the other
    Practice,
    /// One to five bytes, each as often as the others
    Uniform,
}

/// [`COUNT`] values
///
/// # Panics
/// Never.
#[must_use]
pub fn values(mix: Mix) -> Vec<i32> {
    let mut random = Random(SEED);
    let mut values = Vec::with_capacity(COUNT + 16);
    while values.len() < COUNT {
        match mix {
            Mix::Practice => session(&mut random, &mut values),
            Mix::Uniform => {
                let bits = [7, 14, 21, 28, 32][random.index(5)];
                let least = if bits == 7 { 0 } else { 1_u64 << (if bits == 32 { 28 } else { bits - 7 }) };
                let value = least + random.next() % ((1_u64 << bits) - least);
                values.push(u32::try_from(value).expect("at most 32 bits").cast_signed());
            }
        }
    }
    values.truncate(COUNT);
    values
}

/// The values, encoded one behind the other; followed by what leaves room to read the last one in one go
#[must_use]
pub fn encoded(values: &[i32]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(values.len() * 5 + 16);
    for value in values {
        prost::encoding::encode_varint(u64::from(value.cast_unsigned()), &mut bytes);
    }
    bytes.extend([0; 16]);
    bytes
}

/// What all contenders have to come to
#[must_use]
pub fn sum(values: &[i32]) -> i32 {
    values.iter().fold(0, |sum, value| sum.wrapping_add(*value))
}

/// The `VarInt`s of a status exchange, both directions: lengths, ids, versions and next state
fn session(random: &mut Random, values: &mut Vec<i32>) {
    const VERSIONS: [i32; 6] = [-1, 47, 340, 763, 767, 773];
    let version = VERSIONS[random.index(6)];
    let address = 4 + random.below(40);
    let response = 80 + random.below(30_000);
    // Handshake, Request, Response, Ping, Pong.
    values.extend([address + 7, 0, version, address, 1]);
    values.extend([1, 0]);
    values.extend([response + 4, 0, response]);
    values.extend([9, 1]);
    values.extend([9, 1]);
}

/// Numbers that are the same in every run (`SplitMix64`)
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    fn index(&mut self, len: i32) -> usize {
        usize::try_from(self.below(len)).expect("not negative")
    }

    fn below(&mut self, end: i32) -> i32 {
        let end = u64::try_from(end).expect("positive");
        i32::try_from(self.next() % end).expect("below an i32")
    }
}
