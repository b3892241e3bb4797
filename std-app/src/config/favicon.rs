//! The icon of a server: a PNG file made into a data URI
//!
//! The head of the file is checked, not its pixels: an image that is broken further in is broken for whoever shows it.

use std::error::Error;
use std::fmt;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Largest icon, in bytes: as a data URI it leaves 256 UTF-16 units of the status document to the rest
pub const MAX_FAVICON_BYTES: usize = (super::MAX_DOCUMENT_UNITS - 256 - PREFIX.len()) / 4 * 3;

const PREFIX: &str = "data:image/png;base64,";
const SIGNATURE: [u8; 8] = *b"\x89PNG\r\n\x1a\n";
/// Length and type of the chunk that every PNG begins with
const HEADER: [u8; 8] = *b"\0\0\0\x0dIHDR";
/// Width and height that clients show
const SIDE: u32 = 64;

/// An icon, ready for the status document
#[derive(Clone, PartialEq, Eq)]
pub struct Favicon {
    path: PathBuf,
    data_uri: String,
}

impl Favicon {
    /// Reads the icon at `path`
    ///
    /// # Errors
    /// The file cannot be read, is over [`MAX_FAVICON_BYTES`], or is not a PNG image of 64×64 pixels.
    pub fn load(path: &Path) -> Result<Self, FaviconError> {
        // Looked at before it is opened: opening a pipe would wait for its other end.
        match std::fs::metadata(path) {
            Ok(data) if data.is_dir() => return Err(FaviconError::Directory),
            Ok(data) if !data.is_file() => return Err(FaviconError::NotAFile),
            _ => {}
        }
        let mut bytes = Vec::new();
        let limit = u64::try_from(MAX_FAVICON_BYTES).unwrap_or(u64::MAX);
        File::open(path)
            .and_then(|file| file.take(limit.saturating_add(1)).read_to_end(&mut bytes))
            .map_err(|error| FaviconError::Unreadable(error.kind()))?;
        Ok(Self { data_uri: data_uri(&bytes)?, path: path.to_owned() })
    }

    /// Where it was read
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// `data:image/png;base64,…`, all ASCII
    #[must_use]
    pub fn data_uri(&self) -> &str {
        &self.data_uri
    }
}

impl fmt::Debug for Favicon {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Favicon").field("path", &self.path).field("units", &self.data_uri.len()).finish_non_exhaustive()
    }
}

fn data_uri(bytes: &[u8]) -> Result<String, FaviconError> {
    if bytes.len() > MAX_FAVICON_BYTES {
        return Err(FaviconError::TooLarge);
    }
    let head =
        bytes.strip_prefix(&SIGNATURE).and_then(|rest| rest.strip_prefix(&HEADER)).ok_or(FaviconError::NotPng)?;
    let (width, rest) = head.split_first_chunk().ok_or(FaviconError::NotPng)?;
    let (height, _) = rest.split_first_chunk().ok_or(FaviconError::NotPng)?;
    let (width, height) = (u32::from_be_bytes(*width), u32::from_be_bytes(*height));
    if (width, height) != (SIDE, SIDE) {
        return Err(FaviconError::WrongSize { width, height });
    }
    let mut uri = String::from(PREFIX);
    STANDARD.encode_string(bytes, &mut uri);
    Ok(uri)
}

/// Why a file cannot be the icon
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaviconError {
    /// It cannot be opened or read
    Unreadable(io::ErrorKind),
    /// It is a directory
    Directory,
    /// It is a pipe, a device or the like
    NotAFile,
    /// It has more than [`MAX_FAVICON_BYTES`]
    TooLarge,
    /// It does not begin as every PNG does
    NotPng,
    /// It is not 64×64 pixels
    WrongSize {
        /// Its width in pixels
        width: u32,
        /// Its height in pixels
        height: u32,
    },
}

impl fmt::Display for FaviconError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(io::ErrorKind::NotFound) => f.write_str("no such file"),
            Self::Unreadable(kind) => write!(f, "cannot be read: {kind}"),
            Self::Directory => f.write_str("is a directory, expected a PNG image"),
            Self::NotAFile => f.write_str("is no regular file, expected a PNG image"),
            Self::TooLarge => write!(f, "has over {MAX_FAVICON_BYTES} bytes, more than fits into the status document"),
            Self::NotPng => f.write_str("is not a PNG image"),
            Self::WrongSize { width, height } => {
                write!(f, "has {width}×{height} pixels, expected {SIDE}×{SIDE}")
            }
        }
    }
}

impl Error for FaviconError {}

#[cfg(test)]
mod tests {
    use super::*;

    fn png(width: u32, height: u32, len: usize) -> Vec<u8> {
        let mut bytes = [SIGNATURE, HEADER].concat();
        bytes.extend(width.to_be_bytes());
        bytes.extend(height.to_be_bytes());
        bytes.resize(len, 0x5a);
        bytes
    }

    #[test]
    fn an_icon_becomes_a_data_uri() {
        let bytes = png(64, 64, 100);
        let uri = data_uri(&bytes).unwrap();
        let encoded = uri.strip_prefix("data:image/png;base64,").unwrap();
        assert!(encoded.starts_with("iVBORw0KGgoAAAANSUhEUgAAAEAAAABA"), "{encoded}");
        assert_eq!(STANDARD.decode(encoded).unwrap(), bytes);
    }

    #[test]
    fn the_largest_icon_leaves_room_for_the_rest_of_the_document() {
        let uri = data_uri(&png(64, 64, MAX_FAVICON_BYTES)).unwrap();
        assert!(uri.len() + 256 <= super::super::MAX_DOCUMENT_UNITS);
        assert!(uri.len() + 256 + 4 > super::super::MAX_DOCUMENT_UNITS);
        assert_eq!(data_uri(&png(64, 64, MAX_FAVICON_BYTES + 1)), Err(FaviconError::TooLarge));
    }

    #[test]
    fn another_size_or_another_file_is_refused() {
        assert_eq!(data_uri(&png(64, 32, 100)), Err(FaviconError::WrongSize { width: 64, height: 32 }));
        for cut in 0..24 {
            assert_eq!(data_uri(&png(64, 64, 100)[..cut]), Err(FaviconError::NotPng), "{cut}");
        }
        assert_eq!(data_uri(b"\xff\xd8\xff\xe0 JFIF"), Err(FaviconError::NotPng));
    }
}
