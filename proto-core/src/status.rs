//! The status document, read and written
//!
//! Reading: a [`Picker`] is fed the document as it arrives, in pieces cut anywhere, and keeps a
//! [`Status`] of fixed size. It is as lenient as PROTOCOL.md §4 asks: only what is not JSON at all, not an
//! object, or nested too deep is an error; a member of the wrong type is noted and counts as missing.
//!
//! Writing: a [`StatusDocument`] is encoded into the caller's buffer, alone or as a whole Response frame,
//! and [`encode_disconnect`] makes the frame that refuses a login.
//!
//! It does not keep the document, does not decode the favicon, does not render colours or translations,
//! and knows nothing of connections.

mod document;
mod favicon;
mod picker;

use core::fmt;

pub use document::{
    EncodeError, MAX_FRAME_BYTES, MAX_JSON_BYTES, MAX_JSON_UNITS, Sample, StatusDocument, encode_disconnect,
};
pub use picker::Picker;

use crate::text::Text;

/// A part of the status document that a [`Status`] knows
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Field {
    /// The object `version`
    Version,
    /// `version.name`
    VersionName,
    /// `version.protocol`
    Protocol,
    /// The object `players`
    Players,
    /// The object `clients`
    Clients,
    /// `max` of `players` or `clients`
    Max,
    /// `online` of `players` or `clients`
    Online,
    /// The array `players.sample`, its elements and their names
    Sample,
    /// `description` and every component in it
    Description,
    /// `favicon`
    Favicon,
}

impl Field {
    /// All of them, in the order of the document
    pub const ALL: [Self; 10] = [
        Self::Version,
        Self::VersionName,
        Self::Protocol,
        Self::Players,
        Self::Clients,
        Self::Max,
        Self::Online,
        Self::Sample,
        Self::Description,
        Self::Favicon,
    ];

    /// The key, with that of the object around it where there is one
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Version => "version",
            Self::VersionName => "version.name",
            Self::Protocol => "version.protocol",
            Self::Players => "players",
            Self::Clients => "clients",
            Self::Max => "players.max",
            Self::Online => "players.online",
            Self::Sample => "players.sample",
            Self::Description => "description",
            Self::Favicon => "favicon",
        }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of [`Field`]s
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fields(u16);

impl Fields {
    /// Whether `field` is one of them
    #[must_use]
    pub const fn contains(self, field: Field) -> bool {
        self.0 & Self::bit(field) != 0
    }

    /// Whether there is none
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Each of them, in the order of the document
    pub fn iter(self) -> impl Iterator<Item = Field> {
        Field::ALL.into_iter().filter(move |&field| self.contains(field))
    }

    const fn insert(&mut self, field: Field) {
        self.0 |= Self::bit(field);
    }

    const fn remove(&mut self, field: Field) {
        self.0 &= !Self::bit(field);
    }

    const fn bit(field: Field) -> u16 {
        1_u16.wrapping_shl(field as u32)
    }
}

/// What a status document says, in a fixed number of bytes
///
/// The capacities are bytes of UTF-8. Each text is plain: `§` codes dropped, characters cleaned
/// ([`text`](mod@crate::text)), cut to its capacity at a character boundary. What the document does not say,
/// or says as something else than its type, is `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Status<const NAME: usize = 64, const DESCRIPTION: usize = 256, const SAMPLE: usize = 256> {
    version_name: Text<NAME>,
    description: Text<DESCRIPTION>,
    /// Names, each ended by a line feed, which no cleaned name contains
    sample: Text<SAMPLE>,
    protocol: Option<i64>,
    max: Option<i64>,
    online: Option<i64>,
    sample_listed: Option<u32>,
    favicon_bytes: Option<u32>,
    present: Fields,
    malformed: Fields,
}

impl<const NAME: usize, const DESCRIPTION: usize, const SAMPLE: usize> Status<NAME, DESCRIPTION, SAMPLE> {
    const EMPTY: Self = Self {
        version_name: Text::new(),
        description: Text::new(),
        sample: Text::new(),
        protocol: None,
        max: None,
        online: None,
        sample_listed: None,
        favicon_bytes: None,
        present: Fields(0),
        malformed: Fields(0),
    };

    /// `version.name`
    #[must_use]
    pub fn version_name(&self) -> Option<&str> {
        self.present.contains(Field::VersionName).then(|| self.version_name.as_str())
    }

    /// `version.protocol`
    #[must_use]
    pub const fn protocol(&self) -> Option<i64> {
        self.protocol
    }

    /// `max` of `players`, or of `clients` where there is no object `players`
    ///
    /// It may be negative: some servers mean "no limit" by that.
    #[must_use]
    pub const fn max(&self) -> Option<i64> {
        self.max
    }

    /// `online` of `players`, or of `clients` where there is no object `players`
    #[must_use]
    pub const fn online(&self) -> Option<i64> {
        self.online
    }

    /// The names in `players.sample` that were kept, in their order
    ///
    /// When `truncated` has [`Field::Sample`], the last one may be cut and others are missing.
    pub fn sample(&self) -> impl Iterator<Item = &str> {
        let mut rest = Some(self.sample.as_str()).filter(|names| !names.is_empty());
        core::iter::from_fn(move || {
            let names = rest?;
            // The last one has no line feed behind it where there was no room for one. It is looked for as a byte: searching
            // for a character takes half a kilobyte of a firmware.
            let end = names.bytes().position(|byte| byte == b'\n').unwrap_or(names.len());
            rest = names.get(end.saturating_add(1)..).filter(|rest| !rest.is_empty());
            names.get(..end)
        })
    }

    /// Elements of `players.sample`, also those without a name and those that were not kept
    #[must_use]
    pub const fn sample_listed(&self) -> Option<u32> {
        self.sample_listed
    }

    /// `description` as plain text: of each component its own text, then what it contains
    #[must_use]
    pub fn description(&self) -> Option<&str> {
        self.present.contains(Field::Description).then(|| self.description.as_str())
    }

    /// Bytes of the picture in `favicon`
    ///
    /// Counted from the length of the Base64 after `data:image/png;base64,`, line breaks left out. Whether
    /// it decodes, and to a picture, is not looked at. A favicon in another form is malformed.
    #[must_use]
    pub const fn favicon_bytes(&self) -> Option<u32> {
        self.favicon_bytes
    }

    /// Fields of which something did not fit
    #[must_use]
    pub fn truncated(&self) -> Fields {
        let mut fields = Fields::default();
        for (field, truncated) in [
            (Field::VersionName, self.version_name.is_truncated()),
            (Field::Sample, self.sample.is_truncated()),
            (Field::Description, self.description.is_truncated()),
        ] {
            if truncated {
                fields.insert(field);
            }
        }
        fields
    }

    /// Fields of which something was not of its type, and was ignored or, with a number, cut
    ///
    /// A number counts as malformed when it is not whole, and is cut then, or beyond 64 bits, and is missing then. `null` is
    /// malformed as any other wrong type.
    #[must_use]
    pub const fn malformed(&self) -> Fields {
        self.malformed
    }
}
