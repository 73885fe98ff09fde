//! Numbers of the rule language: exact where JSON is exact, compared by mathematical value.

use std::{cmp::Ordering, fmt};

/// A number of a record or of a filter. Whole numbers within 64 bits are exact; any other is a 64-bit float.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    /// A whole number within `i64` or `u64`.
    Int(i128),
    /// Any other number; finite.
    Float(f64),
}

impl Number {
    /// The value of a JSON number; `None` if it is out of the range of a float.
    pub fn from_json(number: &serde_json::Number) -> Option<Self> {
        let int = number.as_i64().map(i128::from).or_else(|| number.as_u64().map(i128::from));
        int.map(Number::Int).or_else(|| number.as_f64().filter(|float| float.is_finite()).map(Number::Float))
    }

    /// Reads `-?digits[.digits][exponent]`; `None` for any other text and for numbers out of the range of a float.
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        let mut parts = digits.split('.');
        if !parts.all(|part| part.starts_with(|c: char| c.is_ascii_digit())) {
            return None;
        }
        if !digits.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'e' | b'E' | b'+' | b'-')) {
            return None;
        }
        let int = text.parse::<i64>().map(i128::from).or_else(|_| text.parse::<u64>().map(i128::from));
        int.ok()
            .map(Number::Int)
            .or_else(|| text.parse().ok().filter(|float: &f64| float.is_finite()).map(Number::Float))
    }

    /// The number whose canonical decimal `text` is, such as `5902` or `-0.5`, but not `05902`, `+1` or `1.0`.
    pub fn parse_canonical(text: &str) -> Option<Self> {
        Self::parse(text).filter(|number| number.to_string() == text)
    }
}

/// The canonical decimal: whole numbers without a point, others by their shortest round trip.
impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Number::Int(int) => int.fmt(f),
            Number::Float(float) => match whole(*float) {
                Some(int) => int.fmt(f),
                None => float.fmt(f),
            },
        }
    }
}

/// The integer that a float equals, within 64 bits. Above 2^53 the shortest digits of a float may be those of another integer.
#[expect(clippy::cast_possible_truncation, reason = "the float is an integer well inside the range")]
fn whole(float: f64) -> Option<i128> {
    let within = (i64::MIN as f64..u64::MAX as f64).contains(&float);
    (within && float.fract() == 0.0).then_some(float as i128)
}

impl PartialEq for Number {
    fn eq(&self, other: &Self) -> bool {
        self.partial_cmp(other) == Some(Ordering::Equal)
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        match (*self, *other) {
            (Number::Int(a), Number::Int(b)) => a.partial_cmp(&b),
            (Number::Float(a), Number::Float(b)) => a.partial_cmp(&b),
            (Number::Int(a), Number::Float(b)) => Some(compare_exactly(a, b)),
            (Number::Float(a), Number::Int(b)) => Some(compare_exactly(b, a).reverse()),
        }
    }
}

/// Compares without rounding the whole number to a float: 2^53 + 1 is not 2^53.
fn compare_exactly(int: i128, float: f64) -> Ordering {
    // The cast saturates, and every `Int` is well inside the range in which it does not.
    #[expect(clippy::cast_possible_truncation, reason = "saturation keeps the order")]
    let whole = float.floor() as i128;
    int.cmp(&whole).then(if float.fract() == 0.0 { Ordering::Equal } else { Ordering::Less })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn compares_by_mathematical_value() {
        let order = |a: &str, b: &str| Number::parse(a).unwrap().partial_cmp(&Number::parse(b).unwrap()).unwrap();
        assert_eq!(order("1.0", "1"), Ordering::Equal);
        assert_eq!(order("9007199254740993", "9007199254740992.0"), Ordering::Greater);
        assert_eq!(order("18446744073709551615", "18446744073709551616"), Ordering::Less);
        assert_eq!(order("-1", "-0.5"), Ordering::Less);
        assert_eq!(order("-1", "-1.5"), Ordering::Greater);
        assert_eq!(order("0", "-0.0"), Ordering::Equal);
        assert_eq!(order("-9223372036854775808", "1e300"), Ordering::Less);
        assert_eq!(order("9223372036854775808", "9223372036854775807"), Ordering::Greater);
    }

    #[test]
    fn reads_numbers_only() {
        for text in [
            "", "-", "+1", ".5", "5.", "1.e5", "1.-5", "1e", "nan", "inf", "infinity", "0x1", "1_000", "1e400", " 1",
            "1 ",
        ] {
            assert!(Number::parse(text).is_none(), "{text:?}");
        }
    }

    #[test]
    fn knows_canonical_decimals() {
        for text in ["0", "5902", "-7", "243", "0.5", "18446744073709551615"] {
            assert!(Number::parse_canonical(text).is_some(), "{text:?}");
        }
        for text in ["012345678901", "-0", "1.0", "1e3", "00", "0.50"] {
            assert!(Number::parse_canonical(text).is_none(), "{text:?}");
        }
        assert_eq!(Number::Float(243.0).to_string(), "243");
        assert_eq!(Number::Float(-0.0).to_string(), "0");
        // 2^60 + 2^8: a float, whose shortest digits are 1152921504606847200.
        assert_eq!(Number::Float(1_152_921_504_606_847_232.0).to_string(), "1152921504606847232");
        assert_eq!(Number::Float(18_446_744_073_709_551_616.0).to_string(), "18446744073709552000");
    }
}
