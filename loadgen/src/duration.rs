//! Durations as people write them: a number and a unit, `500ms`, `2s`, `1.5m`, `1h`.

use std::time::Duration;

/// Reads a duration. A number without a unit is refused: nobody remembers which unit it would be.
pub fn parse(text: &str) -> Result<Duration, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let scale = match unit {
        "us" => 1e-6,
        "ms" => 1e-3,
        "s" => 1.0,
        "m" => 60.0,
        "h" => 3600.0,
        _ => return Err("give a number and a unit: us, ms, s, m or h, such as 10s".into()),
    };
    let seconds = number.parse::<f64>().map_err(|_| format!("'{number}' is not a number"))? * scale;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}

/// Writes a duration so that [`parse`] reads it back, in the greatest unit that gives a whole number.
pub fn show(duration: Duration) -> String {
    let nanos = duration.as_nanos();
    for (unit, scale) in
        [("h", 3_600_000_000_000), ("m", 60_000_000_000), ("s", 1_000_000_000), ("ms", 1_000_000)]
    {
        if nanos >= scale && nanos.is_multiple_of(scale) {
            return format!("{}{unit}", nanos / scale);
        }
    }
    format!("{}us", nanos as f64 / 1e3)
}

/// For `#[serde(with = "…")]`: a duration as text.
pub(crate) mod text {
    use super::Duration;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<S: Serializer>(duration: &Duration, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(&super::show(*duration))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(d: D) -> Result<Duration, D::Error> {
        super::parse(&String::deserialize(d)?).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_needed_and_known() {
        for (text, millis) in [("5ms", 5), ("2s", 2000), ("1.5m", 90_000), ("1h", 3_600_000), ("0s", 0)] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
        for text in ["5ms", "2s", "90s", "1h", "1500us", "0us", "36m"] {
            assert_eq!(parse(&show(parse(text).unwrap())), parse(text), "{text}");
        }
        for text in ["", "5", "ms", "5 ms", "-1s", "1d", "1.2.3s", "1e9999s"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
