//! Java's `.properties` text, the syntax of `server.properties`.
//!
//! ```text
//! # comment      ! comment      key=value   key : value   key value   key (empty value)
//! a backslash at the end of a line joins the next one, less its leading blanks
//! \t \n \r \f \uXXXX stand for what they do in Java; any other \c is c, in keys and values alike
//! ```
//!
//! Written here rather than taken from a crate: the maintained one (`java-properties`) brings regular expressions and a
//! character-set library into the innermost package for these hundred lines, and its iterator loses the order of lines
//! that an error has to name. Text is UTF-8; Java's older Latin-1 reading differs only outside ASCII.

use super::error::ConfigError;

/// One `key=value` of a file, and the line it begins on (from 1).
pub(super) type Pair = (usize, String, String);

/// Reads a whole file. `origin` is its name, for messages. A key given twice is reported as often; the last one counts,
/// as in Java.
pub fn parse(origin: &str, text: &str) -> Result<Vec<Pair>, ConfigError> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = Vec::new();
    let mut lines = text.split('\n').map(|l| l.strip_suffix('\r').unwrap_or(l)).enumerate();
    while let Some((index, first)) = lines.next() {
        let first = first.trim_start_matches(BLANK);
        if first.is_empty() || first.starts_with(['#', '!']) {
            continue;
        }
        let mut logical = first.to_string();
        while continues(&logical) {
            logical.pop();
            match lines.next() {
                Some((_, next)) => logical.push_str(next.trim_start_matches(BLANK)),
                None => break,
            }
        }
        let fault =
            |reason: String| ConfigError::Syntax { origin: format!("{origin}:{}", index + 1), reason };
        let (key, value) = split(&logical);
        let (key, value) = (unescape(key).map_err(fault)?, unescape(value).map_err(fault)?);
        out.push((index + 1, key, value));
    }
    Ok(out)
}

const BLANK: [char; 3] = [' ', '\t', '\u{c}'];

/// Whether the line ends in an odd number of backslashes.
fn continues(line: &str) -> bool {
    line.bytes().rev().take_while(|b| *b == b'\\').count() % 2 == 1
}

/// Cuts at the first separator that no backslash precedes: blanks, then at most one `=` or `:`, then blanks.
fn split(line: &str) -> (&str, &str) {
    let mut escaped = false;
    for (i, c) in line.char_indices() {
        if escaped {
            escaped = false;
        } else if c == '\\' {
            escaped = true;
        } else if c == '=' || c == ':' || BLANK.contains(&c) {
            let rest = line[i..].trim_start_matches(BLANK);
            let rest = rest.strip_prefix(['=', ':']).unwrap_or(rest);
            return (&line[..i], rest.trim_start_matches(BLANK));
        }
    }
    (line, "")
}

fn unescape(text: &str) -> Result<String, String> {
    let mut units: Vec<u16> = Vec::new();
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    // \u escapes are UTF-16 units: a pair of them may be one character.
    let flush = |units: &mut Vec<u16>, out: &mut String| -> Result<(), String> {
        let text =
            String::from_utf16(units).map_err(|_| "half of a surrogate pair in a \\u escape".to_string())?;
        out.push_str(&text);
        units.clear();
        Ok(())
    };
    while let Some(c) = chars.next() {
        let plain = match c {
            '\\' => match chars.next() {
                Some('u') => {
                    let digits: String = chars.by_ref().take(4).collect();
                    let unit = (digits.len() == 4 && digits.bytes().all(|b| b.is_ascii_hexdigit()))
                        .then(|| u16::from_str_radix(&digits, 16).ok())
                        .flatten()
                        .ok_or_else(|| format!("\\u{digits} is not \\u and four hexadecimal digits"))?;
                    units.push(unit);
                    continue;
                }
                Some('t') => '\t',
                Some('n') => '\n',
                Some('r') => '\r',
                Some('f') => '\u{c}',
                Some(other) => other,
                None => continue,
            },
            c => c,
        };
        flush(&mut units, &mut out)?;
        out.push(plain);
    }
    flush(&mut units, &mut out)?;
    Ok(out)
}
