//! Short texts of an item: ids of events, and values.

/// The longest text that is kept, in bytes.
pub const MAX_TEXT: usize = 120;

/// A text without what is beyond `max` bytes.
pub fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

/// The 16 bytes of a UUID as CloudTrail writes it.
pub fn uuid(text: &str) -> Option<[u8; 16]> {
    let uuid = uuid::Uuid::try_parse(text).ok()?;
    (uuid.hyphenated().encode_lower(&mut uuid::Uuid::encode_buffer()) == text).then(|| uuid.into_bytes())
}

/// The UUID with these bytes.
pub fn uuid_text(bytes: [u8; 16]) -> String {
    uuid::Uuid::from_bytes(bytes).hyphenated().to_string()
}
