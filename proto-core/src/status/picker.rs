//! Picks the fields of a [`Status`] out of the tokens of a document
//!
//! It does not scan (that is [`crate::json`]'s) and keeps nothing of the document beyond those fields.

use super::favicon::Favicon;
use super::{Field, Status};
use crate::json::{Cursor, Error, MAX_DEPTH, Number, Piece, Scanner, Token};
use crate::text::Codes;

/// Reads a status document as it arrives
///
/// [`feed`](Self::feed) it the pieces of the document, cut anywhere, then ask [`finish`](Self::finish).
/// With the default capacities the whole of it, result included, takes less than 1 KiB.
///
/// How it reads (PROTOCOL.md §4), where the format leaves a choice:
/// - of duplicate keys the last one of the right type wins, as with the game's own reader; a second
///   `version` or `players` starts from nothing;
/// - a component's own text is its `text`, else its `fallback`, else its `translate` as it is: the
///   translations are not here. What it contains (`extra`, `with`) follows in the order of the document,
///   also where the document has it before the own text. Where one own text replaces another and the
///   description was cut because of the first, what the first pushed out stays out, and is flagged;
/// - strings, components and arrays may stand for one another anywhere in `description`;
/// - other keys, also of components, are passed over.
#[derive(Clone, Debug)]
pub struct Picker<const NAME: usize = 64, const DESCRIPTION: usize = 256, const SAMPLE: usize = 256> {
    status: Status<NAME, DESCRIPTION, SAMPLE>,
    scanner: Scanner,
    failed: Option<Error>,
    place: Place,
    slot: Slot,
    /// Whether the string at hand has begun
    in_string: bool,
    codes: Codes,
    key: Key,
    favicon: Favicon,
    /// Where the name of the element at hand starts in the sample
    name_start: u16,
    /// Components that are open, by depth
    components: [Component; MAX_DEPTH as usize],
}

/// Which object or array is at hand
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Document,
    Version,
    Players,
    Clients,
    Sample,
    SampleElement,
    Description,
}

/// What the value at hand, or the next one, is for
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Slot {
    Document,
    /// An element of the sample
    Element,
    /// The name of an element of the sample
    ElementName,
    /// The own text of a component
    Own(Rank),
    /// A text, a component or an array of these
    Contained,
    Field(Field),
}

/// Which of its keys a component's own text is from: the higher wins
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    None,
    Translate,
    Fallback,
    Text,
}

/// Where the own text of an open component stands in the description
#[derive(Clone, Copy, Debug)]
struct Component {
    start: u16,
    end: u16,
    rank: Rank,
    /// Whether its end did not fit
    cut: bool,
}

impl Component {
    const fn starting(start: u16) -> Self {
        Self { start, end: start, rank: Rank::None, cut: false }
    }
}

/// A key that came in several pieces, as far as it can be one that matters
#[derive(Clone, Copy, Debug)]
struct Key {
    bytes: [u8; Key::LONGEST],
    len: u8,
}

impl<const NAME: usize, const DESCRIPTION: usize, const SAMPLE: usize> Default for Picker<NAME, DESCRIPTION, SAMPLE> {
    fn default() -> Self {
        Self::new()
    }
}

impl<const NAME: usize, const DESCRIPTION: usize, const SAMPLE: usize> Picker<NAME, DESCRIPTION, SAMPLE> {
    /// A picker before its document
    #[must_use]
    pub const fn new() -> Self {
        Self {
            status: Status::EMPTY,
            scanner: Scanner::of_object(),
            failed: None,
            place: Place::Document,
            slot: Slot::Document,
            in_string: false,
            codes: Codes::new(),
            key: Key { bytes: [0; Key::LONGEST], len: 0 },
            favicon: Favicon::EMPTY,
            name_start: 0,
            components: [Component::starting(0); MAX_DEPTH as usize],
        }
    }

    /// Takes the next piece of the document
    ///
    /// # Errors
    /// The document is not JSON, not an object, or nested too deep. Every later call returns the same error.
    pub fn feed(&mut self, piece: &str) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let mut cursor = Cursor::new(piece);
        let result = loop {
            match self.scanner.next_at(&mut cursor) {
                Ok(Some(token)) => self.take(token),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        self.scanner.settle(cursor);
        self.failed = result.err();
        result
    }

    /// Ends the document
    ///
    /// # Errors
    /// The error of [`feed`](Self::feed), or the document is not complete.
    pub fn finish(&self) -> Result<&Status<NAME, DESCRIPTION, SAMPLE>, Error> {
        match self.failed {
            Some(error) => Err(error),
            None => self.scanner.finish().map(|_| &self.status),
        }
    }

    /// What has been read so far, of a document that is not complete or turned out to be none
    #[must_use]
    pub const fn partial(&self) -> &Status<NAME, DESCRIPTION, SAMPLE> {
        &self.status
    }

    /// Forgets everything, for the next document
    pub fn reset(&mut self) {
        *self = Self::new();
    }

    #[cfg_attr(feature = "fast", inline)]
    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn take(&mut self, token: Token<'_>) {
        match token {
            Token::Key(Piece::End(name)) => self.key_ended(name),
            Token::Key(Piece::Text(text)) => self.key.push(text),
            Token::Key(Piece::Char(c)) => self.key.push(c.encode_utf8(&mut [0; 4])),
            Token::String(piece) => self.string(piece),
            Token::ObjectBegin => self.object_begun(),
            Token::ArrayBegin => self.array_begun(),
            Token::ObjectEnd | Token::ArrayEnd => self.container_ended(),
            Token::Number(number) => self.number(number),
            Token::Bool(_) | Token::Null => {
                self.count_element();
                self.malformed();
            }
        }
    }

    #[inline]
    fn key_ended(&mut self, last: &str) {
        let slot = if self.key.len == 0 {
            slot(self.place, last.as_bytes())
        } else {
            self.key.push(last);
            let slot = slot(self.place, self.key.as_bytes());
            self.key.len = 0;
            slot
        };
        match slot {
            Some(slot) => self.slot = slot,
            None => self.scanner.skip(),
        }
    }

    fn object_begun(&mut self) {
        match self.slot {
            Slot::Document => {}
            Slot::Contained | Slot::Field(Field::Description) => self.component_begun(true),
            Slot::Field(Field::Version) => {
                self.place = Place::Version;
                self.forget(Field::VersionName);
                self.forget(Field::Protocol);
                self.status.version_name.clear();
                self.status.protocol = None;
            }
            Slot::Field(Field::Players) => {
                self.place = Place::Players;
                self.status.present.insert(Field::Players);
                self.counts_begun();
            }
            Slot::Field(Field::Clients) => {
                if self.status.present.contains(Field::Players) {
                    self.scanner.skip();
                } else {
                    self.place = Place::Clients;
                    self.counts_begun();
                }
            }
            Slot::Element => {
                self.count_element();
                self.place = Place::SampleElement;
                self.name_start = offset(self.status.sample.len());
            }
            Slot::ElementName | Slot::Own(_) | Slot::Field(_) => {
                self.malformed();
                self.scanner.skip();
            }
        }
    }

    fn array_begun(&mut self) {
        match self.slot {
            Slot::Contained | Slot::Field(Field::Description) => self.component_begun(false),
            Slot::Field(Field::Sample) => {
                self.place = Place::Sample;
                self.slot = Slot::Element;
                self.sample_begun(Some(0));
            }
            _ => {
                self.count_element();
                self.malformed();
                self.scanner.skip();
            }
        }
    }

    /// Enters an object or array of `description`, unless nothing in it could be kept
    fn component_begun(&mut self, object: bool) {
        self.description_begun();
        if self.status.description.is_truncated() {
            self.scanner.skip();
            return;
        }
        self.place = Place::Description;
        self.slot = Slot::Contained;
        if object {
            let start = offset(self.status.description.len());
            let level = self.level();
            if let Some(component) = self.components.get_mut(level) {
                *component = Component::starting(start);
            }
        }
    }

    fn container_ended(&mut self) {
        match self.place {
            Place::Description if self.scanner.depth() > 1 => self.slot = Slot::Contained,
            Place::Document | Place::Version | Place::Players | Place::Clients | Place::Description => {
                self.place = Place::Document;
            }
            Place::Sample => self.place = Place::Players,
            Place::SampleElement => {
                self.place = Place::Sample;
                self.slot = Slot::Element;
            }
        }
    }

    #[inline]
    fn string(&mut self, piece: Piece<'_>) {
        if !self.in_string {
            self.in_string = true;
            self.string_begun();
        }
        let wanted = match piece {
            Piece::Text(text) => self.string_piece(text),
            Piece::Char(c) => self.string_piece(c.encode_utf8(&mut [0; 4])),
            Piece::End(text) => {
                self.string_piece(text);
                self.in_string = false;
                self.string_ended();
                return;
            }
        };
        if !wanted {
            // Its end is not told then, and none that waits for it is of such a string.
            self.in_string = false;
            self.scanner.skip();
        }
    }

    #[cfg_attr(not(feature = "fast"), inline(never))]
    fn string_begun(&mut self) {
        self.codes = Codes::new();
        match self.slot {
            Slot::Field(Field::VersionName) => {
                self.status.version_name.clear();
                self.status.present.insert(Field::VersionName);
            }
            Slot::Field(Field::Favicon) => {
                self.favicon = Favicon::EMPTY;
            }
            Slot::Field(Field::Description) => self.description_begun(),
            Slot::Contained => {}
            Slot::Own(rank) => self.own_begun(rank),
            Slot::ElementName => {
                self.status.sample.cut_to(usize::from(self.name_start));
            }
            Slot::Document | Slot::Element | Slot::Field(_) => {
                self.count_element();
                self.malformed();
            }
        }
    }

    /// Takes a piece of the string at hand, and says whether anything of a further one could be kept
    fn string_piece(&mut self, text: &str) -> bool {
        let status = &mut self.status;
        match self.slot {
            Slot::Contained | Slot::Field(Field::Description) => {
                status.description.push_plain(text, &mut self.codes);
                !status.description.is_truncated()
            }
            Slot::Own(rank) => self.own_piece(rank, text),
            Slot::Field(Field::Favicon) => {
                self.favicon.push(text);
                true
            }
            Slot::Field(Field::VersionName) => {
                status.version_name.push_plain(text, &mut self.codes);
                !status.version_name.is_truncated()
            }
            Slot::ElementName => {
                status.sample.push_plain(text, &mut self.codes);
                !status.sample.is_truncated()
            }
            Slot::Document | Slot::Element | Slot::Field(_) => false,
        }
    }

    fn string_ended(&mut self) {
        match self.slot {
            Slot::ElementName => self.status.sample.end_entry(usize::from(self.name_start)),
            Slot::Field(Field::Favicon) => match self.favicon.bytes() {
                Some(bytes) => self.status.favicon_bytes = Some(bytes),
                None => self.malformed(),
            },
            _ => {}
        }
    }

    fn number(&mut self, number: Number) {
        let place = match self.slot {
            Slot::Field(Field::Protocol) => &mut self.status.protocol,
            Slot::Field(Field::Max) => &mut self.status.max,
            Slot::Field(Field::Online) => &mut self.status.online,
            _ => {
                self.count_element();
                return self.malformed();
            }
        };
        // What no `i64` holds is unknown: its nearest would be invented (PROTOCOL.md §4).
        let beyond = !number.exact && matches!(number.value, i64::MIN | i64::MAX);
        *place = (!beyond).then_some(number.value);
        if !number.exact {
            self.malformed();
        }
    }

    /// `players` or `clients` begins
    fn counts_begun(&mut self) {
        self.status.max = None;
        self.status.online = None;
        self.status.malformed.remove(Field::Max);
        self.status.malformed.remove(Field::Online);
        self.sample_begun(None);
    }

    fn sample_begun(&mut self, listed: Option<u32>) {
        self.status.sample.clear();
        self.status.sample_listed = listed;
        self.status.malformed.remove(Field::Sample);
    }

    /// A value begins that may be an element of the sample
    fn count_element(&mut self) {
        if self.slot == Slot::Element {
            let listed = self.status.sample_listed.unwrap_or(0);
            self.status.sample_listed = Some(listed.saturating_add(1));
        }
    }

    /// `description` itself begins, or a part of it
    fn description_begun(&mut self) {
        if self.slot == Slot::Field(Field::Description) {
            self.status.description.clear();
            self.status.present.insert(Field::Description);
            self.status.malformed.remove(Field::Description);
        }
    }

    /// The own text of a component begins
    fn own_begun(&mut self, rank: Rank) {
        let level = self.level();
        let Some(component) = self.components.get_mut(level) else {
            return;
        };
        if rank >= component.rank {
            let (start, end) = (usize::from(component.start), usize::from(component.end));
            self.status.description.remove(start, end);
            component.rank = rank;
            component.end = component.start;
            component.cut = false;
        }
    }

    /// Takes a piece of a component's own text, and says whether anything of a further one could be kept
    fn own_piece(&mut self, rank: Rank, text: &str) -> bool {
        let level = self.level();
        let Some(component) = self.components.get_mut(level) else {
            return false;
        };
        if rank < component.rank || component.cut {
            return false;
        }
        let description = &mut self.status.description;
        let at = usize::from(component.end);
        let (end, cut) = description.insert_plain(at, text, &mut self.codes);
        component.end = offset(end);
        component.cut = cut;
        !cut
    }

    /// The place in `components` of the object at hand
    const fn level(&self) -> usize {
        (self.scanner.depth() as usize).saturating_sub(1)
    }

    fn malformed(&mut self) {
        self.status.malformed.insert(match self.slot {
            Slot::Element | Slot::ElementName => Field::Sample,
            Slot::Contained | Slot::Own(_) => Field::Description,
            Slot::Field(field) => field,
            // The scanner lets no other value than an object stand for the document.
            Slot::Document => return,
        });
    }

    fn forget(&mut self, field: Field) {
        self.status.present.remove(field);
        self.status.malformed.remove(field);
    }
}

/// What the value of a key is for; nothing if it does not matter
fn slot(place: Place, key: &[u8]) -> Option<Slot> {
    place.keys().iter().find(|(name, _)| name.as_bytes() == key).map(|&(_, slot)| slot)
}

impl Place {
    /// The keys that matter in it
    const fn keys(self) -> &'static [(&'static str, Slot)] {
        const COUNTS: &[(&str, Slot)] = &[
            ("max", Slot::Field(Field::Max)),
            ("online", Slot::Field(Field::Online)),
            ("sample", Slot::Field(Field::Sample)),
        ];
        match self {
            Self::Description => &[
                ("text", Slot::Own(Rank::Text)),
                ("extra", Slot::Contained),
                ("with", Slot::Contained),
                ("translate", Slot::Own(Rank::Translate)),
                ("fallback", Slot::Own(Rank::Fallback)),
            ],
            Self::Document => &[
                ("version", Slot::Field(Field::Version)),
                ("players", Slot::Field(Field::Players)),
                ("clients", Slot::Field(Field::Clients)),
                ("description", Slot::Field(Field::Description)),
                ("favicon", Slot::Field(Field::Favicon)),
            ],
            Self::Version => &[("name", Slot::Field(Field::VersionName)), ("protocol", Slot::Field(Field::Protocol))],
            Self::Players => COUNTS,
            // All but the sample.
            Self::Clients => COUNTS.split_at(2).0,
            Self::SampleElement => &[("name", Slot::ElementName)],
            Self::Sample => &[],
        }
    }
}

/// A length within a text's capacity, which is at most 65 535
fn offset(len: usize) -> u16 {
    u16::try_from(len).unwrap_or(u16::MAX)
}

impl Key {
    /// Longer by one than any key that matters, so that a longer one never looks like it
    const LONGEST: usize = "description".len() + 1;

    fn push(&mut self, text: &str) {
        for &byte in text.as_bytes() {
            let Some(free) = self.bytes.get_mut(usize::from(self.len)) else {
                return;
            };
            *free = byte;
            self.len = self.len.saturating_add(1);
        }
    }

    fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..usize::from(self.len)).unwrap_or_default()
    }
}
