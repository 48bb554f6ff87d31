//! Values as Kafka spells them: types, and the small grammar of the tables' `valid` column.
//!
//! ```text
//! any            whatever the type allows          nonempty   not the empty string or list
//! 1..  0..1  a..b  bounds, both inclusive          nonzero    any number but 0
//! -1|1..9        this number or within the bounds  {a|b}      one of; of a list: each of it
//! ~{a|b}         one of, in any case               {a|b}+     and not empty
//! replicas       empty, *, or partition:broker,…   offset-reset, cluster-id
//! ```

use super::error::ConfigError;

/// The type of a setting, as DescribeConfigs numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub enum Kind {
    /// `true` or `false`, in any case.
    Boolean = 1,
    /// Text.
    String = 2,
    /// 32 bits, signed.
    Int = 3,
    /// 16 bits, signed.
    Short = 4,
    /// 64 bits, signed.
    Long = 5,
    /// A floating-point number.
    Double = 6,
    /// Texts separated by commas.
    List = 7,
    /// The name of a Java class; always without meaning here.
    Class = 8,
    /// Text that is never shown.
    Password = 9,
}

impl Kind {
    pub(super) fn parse(name: &str) -> Option<Kind> {
        Some(match name {
            "boolean" => Kind::Boolean,
            "string" => Kind::String,
            "int" => Kind::Int,
            "short" => Kind::Short,
            "long" => Kind::Long,
            "double" => Kind::Double,
            "list" => Kind::List,
            "class" => Kind::Class,
            "password" => Kind::Password,
            _ => return None,
        })
    }

    /// The number in a DescribeConfigs response (`config_type`).
    pub fn code(self) -> i8 {
        self as i8
    }

    /// The name people read, such as `int`.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Boolean => "boolean",
            Kind::String => "string",
            Kind::Int => "int",
            Kind::Short => "short",
            Kind::Long => "long",
            Kind::Double => "double",
            Kind::List => "list",
            Kind::Class => "class",
            Kind::Password => "password",
        }
    }
}

/// Which values are valid, by the grammar above.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Valid {
    Any,
    NonEmpty,
    NonZero,
    Within { also: Option<f64>, min: Option<f64>, max: Option<f64> },
    OneOf { any_case: bool, required: bool, names: Vec<&'static str> },
    Replicas,
    OffsetReset,
    ClusterId,
}

impl Valid {
    pub(super) fn parse(text: &'static str) -> Option<Valid> {
        Some(match text {
            "any" => Valid::Any,
            "nonempty" => Valid::NonEmpty,
            "nonzero" => Valid::NonZero,
            "replicas" => Valid::Replicas,
            "offset-reset" => Valid::OffsetReset,
            "cluster-id" => Valid::ClusterId,
            _ if text.contains('{') => {
                let any_case = text.starts_with('~');
                let inner = text.trim_start_matches('~').strip_prefix('{')?;
                let required = inner.ends_with('+');
                let names = inner.trim_end_matches('+').strip_suffix('}')?.split('|').collect();
                Valid::OneOf { any_case, required, names }
            }
            _ => {
                let (also, range) = match text.split_once('|') {
                    Some((also, range)) => (Some(also.parse().ok()?), range),
                    None => (None, text),
                };
                let (min, max) = range.split_once("..")?;
                let bound = |s: &str| -> Option<Option<f64>> {
                    if s.is_empty() { Some(None) } else { s.parse().ok().map(Some) }
                };
                Valid::Within { also, min: bound(min)?, max: bound(max)? }
            }
        })
    }

    /// The sentence for people.
    pub(super) fn describe(&self) -> String {
        match self {
            Valid::Any => "any".into(),
            Valid::NonEmpty => "not empty".into(),
            Valid::NonZero => "not 0".into(),
            Valid::Within { also, min, max } => {
                let mut out = match (min, max) {
                    (Some(min), Some(max)) => format!("{min} to {max}"),
                    (Some(min), None) => format!("at least {min}"),
                    (None, Some(max)) => format!("at most {max}"),
                    (None, None) => "any".into(),
                };
                if let Some(also) = also {
                    out = format!("{also}, or {out}");
                }
                out
            }
            Valid::OneOf { names, .. } => names.join(", "),
            Valid::Replicas => "*, or a list of partition:broker".into(),
            Valid::OffsetReset => "latest, earliest, or by_duration:PnDTnHnMnS".into(),
            Valid::ClusterId => "22 characters of the base64 URL alphabet".into(),
        }
    }
}

/// The parts of a list; spaces around the commas don't count, and the empty text is the empty list.
pub(super) fn list(value: &str) -> Vec<&str> {
    if value.trim().is_empty() { Vec::new() } else { value.split(',').map(str::trim).collect() }
}

/// Checks `value` against type and valid values, and answers it as Kafka would report it: trimmed, numbers and
/// booleans in their plain form, lists without spaces and without duplicates (behaviour 69).
pub(super) fn check(key: &str, kind: Kind, valid: &Valid, value: &str) -> Result<String, ConfigError> {
    let trimmed = value.trim();
    let err = |expected: String| ConfigError::invalid(key, value, expected);
    let number = |n: f64| -> Result<(), ConfigError> {
        match valid {
            Valid::NonZero if n == 0.0 => Err(err("Value must not be 0".into())),
            Valid::Within { also, min, max } if *also != Some(n) => match (min, max) {
                (Some(min), _) if n < *min => Err(err(format!("Value must be at least {min}"))),
                (_, Some(max)) if n > *max => Err(err(format!("Value must be no more than {max}"))),
                _ if n.is_nan() => Err(err("Value must be a number".into())),
                _ => Ok(()),
            },
            _ => Ok(()),
        }
    };
    let integer = |min: i64, max: i64, name: &str| -> Result<String, ConfigError> {
        match trimmed.parse::<i64>() {
            Ok(n) if (min..=max).contains(&n) => {
                number(n as f64)?;
                Ok(n.to_string())
            }
            _ => Err(ConfigError::invalid(key, value, format!("Not a number of type {name}"))),
        }
    };
    match kind {
        Kind::Boolean if trimmed.eq_ignore_ascii_case("true") => Ok("true".into()),
        Kind::Boolean if trimmed.eq_ignore_ascii_case("false") => Ok("false".into()),
        Kind::Boolean => Err(err("Expected value to be either true or false".into())),
        Kind::Short => integer(i64::from(i16::MIN), i64::from(i16::MAX), "SHORT"),
        Kind::Int => integer(i64::from(i32::MIN), i64::from(i32::MAX), "INT"),
        Kind::Long => integer(i64::MIN, i64::MAX, "LONG"),
        Kind::Double => match trimmed.parse::<f64>() {
            Ok(n) => {
                number(n)?;
                Ok(trimmed.to_string())
            }
            Err(_) => Err(err("Not a number of type DOUBLE".into())),
        },
        Kind::String | Kind::Class | Kind::Password => {
            text(valid, trimmed).map_err(err)?;
            Ok(trimmed.to_string())
        }
        Kind::List => {
            let mut parts = list(trimmed);
            let mut seen = std::collections::BTreeSet::new();
            parts.retain(|p| seen.insert(*p));
            if parts.is_empty() && matches!(valid, Valid::NonEmpty | Valid::OneOf { required: true, .. }) {
                return Err(err("Configuration must not be empty".into()));
            }
            match valid {
                Valid::Replicas => text(valid, trimmed).map_err(err)?,
                Valid::OneOf { .. } => {
                    for part in &parts {
                        text(valid, part).map_err(err)?;
                    }
                }
                _ => {}
            }
            Ok(parts.join(","))
        }
    }
}

fn text(valid: &Valid, value: &str) -> Result<(), String> {
    let ok = match valid {
        Valid::NonEmpty => !value.is_empty(),
        Valid::OneOf { any_case, names, .. } => {
            names.iter().any(|n| *n == value || (*any_case && n.eq_ignore_ascii_case(value)))
        }
        Valid::Replicas => {
            value.is_empty()
                || value == "*"
                || value.split(',').all(|pair| {
                    pair.trim()
                        .split_once(':')
                        .is_some_and(|(p, b)| p.parse::<u32>().is_ok() && b.parse::<u32>().is_ok())
                })
        }
        Valid::OffsetReset => {
            value == "latest"
                || value == "earliest"
                || value.strip_prefix("by_duration:").is_some_and(is_duration)
        }
        Valid::ClusterId => {
            value.len() == 22 && value.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        }
        Valid::Any | Valid::NonZero | Valid::Within { .. } => true,
    };
    let expected = match valid {
        Valid::OneOf { .. } => format!("String must be one of: {}", valid.describe()),
        Valid::NonEmpty => "String must be non-empty".into(),
        _ => format!("Expected {}", valid.describe()),
    };
    if ok { Ok(()) } else { Err(expected) }
}

/// ISO 8601 as Java reads it, days to seconds, not negative: `P1DT2H3M4.5S`.
fn is_duration(text: &str) -> bool {
    let upper = text.to_ascii_uppercase();
    let Some(rest) = upper.strip_prefix('P') else { return false };
    let (date, time) = match rest.split_once('T') {
        Some((date, time)) => (date, Some(time)),
        None => (rest, None),
    };
    let digits = |s: &str, fraction: bool| {
        !s.is_empty()
            && s.bytes().all(|b| b.is_ascii_digit() || (fraction && b == b'.'))
            && s.starts_with(|c: char| c.is_ascii_digit())
    };
    let mut parts = 0;
    if !date.is_empty() {
        if !date.strip_suffix('D').is_some_and(|d| digits(d, false)) {
            return false;
        }
        parts += 1;
    }
    if let Some(mut time) = time {
        for unit in ['H', 'M', 'S'] {
            if let Some((number, rest)) = time.split_once(unit) {
                if !digits(number, unit == 'S') {
                    return false;
                }
                parts += 1;
                time = rest;
            }
        }
        if !time.is_empty() || rest.ends_with('T') {
            return false;
        }
    }
    parts > 0
}
