//! Questions for names, and answers to them, put together by hand (RFC 1035 §4)

use std::net::Ipv4Addr;

use super::{DEVICE, NAME_SERVER, Wire};

/// Record types
const A: u16 = 1;
const CNAME: u16 = 5;
/// Header flags: a response, recursion desired and available; the low bits are the code
const RESPONSE: u16 = 0x8180;
/// The name of the question, as a pointer to it
const QUESTION: [u8; 2] = [0xC0, 12];
/// Bytes of a header
const HEADER: usize = 12;

/// A question that the device has sent
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// The name that it asks for
    pub name: String,
    id: u16,
    port: u16,
    /// As it stands in the message
    raw: Vec<u8>,
}

/// What the name server answers
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// These addresses
    Addresses(&'a [Ipv4Addr]),
    /// The names that lead to an address, one after the other, and the address at their end
    Chain(&'a [&'a str], Ipv4Addr),
    /// A name that leads to another one, of which nothing is said
    ChainWithoutEnd(&'a str),
    /// No address
    Nothing,
    /// There is no such name
    NoSuchName,
    /// The server cannot say
    Failure,
    /// An address, but for another question
    OtherId(Ipv4Addr),
    /// The answer stops in the middle of its address
    Cut,
    /// A name that points to itself
    Endless,
}

impl Question {
    pub(super) fn parse(port: u16, message: &[u8]) -> Option<Self> {
        let (header, raw) = message.split_first_chunk::<HEADER>()?;
        let mut name = String::new();
        let mut rest = raw;
        loop {
            let (&length, label) = rest.split_first()?;
            if length == 0 {
                // Type and class are all that follows.
                let known = label == [0, 1, 0, 1] && header[2..] == [1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
                return known.then(|| Self {
                    name,
                    id: u16::from_be_bytes([header[0], header[1]]),
                    port,
                    raw: raw.to_vec(),
                });
            }
            let (label, others) = label.split_at_checked(usize::from(length))?;
            if !name.is_empty() {
                name.push('.');
            }
            name.push_str(str::from_utf8(label).ok()?);
            rest = others;
        }
    }

    fn message(&self, answer: Answer<'_>) -> Vec<u8> {
        let (mut id, mut code) = (self.id, 0);
        let mut records = Vec::new();
        match answer {
            Answer::Addresses(addresses) => {
                records.extend(addresses.iter().map(|address| record(&QUESTION, A, &address.octets())));
            }
            Answer::Chain(names, address) => {
                let mut owner = QUESTION.to_vec();
                for name in names {
                    let next = labels(name);
                    records.push(record(&owner, CNAME, &next));
                    owner = next;
                }
                records.push(record(&owner, A, &address.octets()));
            }
            Answer::ChainWithoutEnd(name) => records.push(record(&QUESTION, CNAME, &labels(name))),
            Answer::Nothing => {}
            Answer::NoSuchName => code = 3,
            Answer::Failure => code = 2,
            Answer::OtherId(address) => {
                id = !id;
                records.push(record(&QUESTION, A, &address.octets()));
            }
            Answer::Cut => {
                let mut whole = record(&QUESTION, A, &[10, 0, 2, 2]);
                whole.truncate(whole.len() - 2);
                records.push(whole);
            }
            Answer::Endless => {
                // The record's own name, which is where the questions end.
                let place = u16::try_from(HEADER + self.raw.len()).expect("a question is short") | 0xC000;
                records.push(record(&place.to_be_bytes(), A, &[10, 0, 2, 2]));
            }
        }
        let count = u16::try_from(records.len()).expect("a few");
        let header = [id, RESPONSE | code, 1, count, 0, 0];
        [header.iter().flat_map(|word| word.to_be_bytes()).collect(), self.raw.clone(), records.concat()].concat()
    }
}

impl Wire {
    /// Answers a question
    pub fn answer(&self, question: &Question, answer: Answer<'_>) {
        self.put_datagram((NAME_SERVER, 53), (DEVICE, question.port), &question.message(answer));
    }
}

fn labels(name: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for label in name.split('.') {
        bytes.push(u8::try_from(label.len()).expect("a label is short"));
        bytes.extend(label.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// A record of the Internet that may be kept for a minute
fn record(owner: &[u8], kind: u16, data: &[u8]) -> Vec<u8> {
    let length = u16::try_from(data.len()).expect("a few bytes");
    let fixed = [&kind.to_be_bytes()[..], &[0, 1, 0, 0, 0, 60], &length.to_be_bytes()].concat();
    [owner, &fixed, data].concat()
}
