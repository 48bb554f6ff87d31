//! Patterns that administrators write, in the language of RE2 as in Kafka: matching takes time in proportion to the text,
//! whatever the pattern is. A text matches as a whole or not at all.

use regex::Regex;

/// A pattern.
#[derive(Clone, Debug)]
pub struct Pattern(Regex);

/// What cannot be a pattern.
#[derive(Debug, thiserror::Error)]
pub enum PatternError {
    /// Longer than what it could match.
    #[error("a pattern of {0} bytes is longer than any name")]
    TooLong(usize),
    /// Not in the language.
    #[error(transparent)]
    Syntax(#[from] regex::Error),
}

impl Pattern {
    /// Longer strings do not exist in most versions of the protocol.
    const BYTES_MAX: usize = i16::MAX as usize;

    /// Reads a pattern.
    ///
    /// # Errors
    /// If it is none.
    pub fn new(pattern: &str) -> Result<Self, PatternError> {
        if pattern.len() > Self::BYTES_MAX {
            return Err(PatternError::TooLong(pattern.len()));
        }
        // On its own first: the parentheses below must not complete what is no pattern, such as `a)(b`.
        Regex::new(pattern)?;
        Ok(Pattern(Regex::new(&format!(r"\A(?:{pattern})\z"))?))
    }

    /// Whether all of a text matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.is_match(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_text_matches_or_nothing() {
        for (pattern, text, matches) in [
            ("a|ab", "ab", true),
            ("a", "ab", false),
            ("^a$", "a", true),
            (".*", "", true),
            ("(?x) b # a comment\n", "b", true),
        ] {
            assert_eq!(Pattern::new(pattern).unwrap().matches(text), matches, "{pattern:?} {text:?}");
        }
        for bad in ["[", "a)(b", "(?=x)", &"a".repeat(40_000)] {
            assert!(Pattern::new(bad).is_err(), "{bad:.20}");
        }
    }
}
