//! How `headwater consume` prints a record.

use std::io::{self, Write};
use std::str::FromStr;

use headwater_loadgen::client::Record;
use serde_json::{Map, Value, json};

/// A way to print records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Format {
    /// The value and a line end.
    Value,
    /// Key, tab, value and a line end.
    KeyValue,
    /// One JSON object a line. What is not UTF-8 is given in hexadecimal, under a name that says so.
    Json,
    /// A pattern.
    Pattern(Vec<Piece>),
}

/// A part of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// As it stands.
    Text(String),
    /// The key.
    Key,
    /// The value.
    Value,
    /// The offset.
    Offset,
    /// The partition.
    Partition,
    /// The topic.
    Topic,
    /// The timestamp in milliseconds.
    Timestamp,
    /// `name=value`, with commas between.
    Headers,
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "value" => Ok(Format::Value),
            "key-value" => Ok(Format::KeyValue),
            "json" => Ok(Format::Json),
            _ if text.contains('%') => pattern(text),
            _ => Err("give value, key-value, json, or a pattern with %, such as '%k %v'".into()),
        }
    }
}

fn pattern(text: &str) -> Result<Format, String> {
    let (mut pieces, mut plain, mut chars) = (Vec::new(), String::new(), text.chars());
    while let Some(c) = chars.next() {
        let piece = match (c, if c == '%' || c == '\\' { chars.next() } else { None }) {
            ('%', Some('k')) => Piece::Key,
            ('%', Some('v')) => Piece::Value,
            ('%', Some('o')) => Piece::Offset,
            ('%', Some('p')) => Piece::Partition,
            ('%', Some('t')) => Piece::Topic,
            ('%', Some('T')) => Piece::Timestamp,
            ('%', Some('h')) => Piece::Headers,
            ('%', Some('%')) => {
                plain.push('%');
                continue;
            }
            ('\\', Some(escaped)) => {
                plain.push(match escaped {
                    'n' => '\n',
                    't' => '\t',
                    other => other,
                });
                continue;
            }
            ('%', other) => {
                let other = other.map(String::from).unwrap_or_default();
                return Err(format!("%{other} means nothing: there are %k %v %o %p %t %T %h and %%"));
            }
            _ => {
                plain.push(c);
                continue;
            }
        };
        if !plain.is_empty() {
            pieces.push(Piece::Text(std::mem::take(&mut plain)));
        }
        pieces.push(piece);
    }
    if !plain.contains('\n') && !pieces.iter().any(|p| matches!(p, Piece::Text(text) if text.contains('\n')))
    {
        plain.push('\n');
    }
    pieces.push(Piece::Text(plain));
    Ok(Format::Pattern(pieces))
}

impl Format {
    /// Prints one record. A null value is printed as nothing, and in JSON as null.
    pub fn write(
        &self,
        out: &mut dyn Write,
        topic: &str,
        partition: i32,
        record: &Record<'_>,
    ) -> io::Result<()> {
        let (key, value) = (record.key.unwrap_or_default(), record.value.unwrap_or_default());
        match self {
            Format::Value => {
                out.write_all(value)?;
                out.write_all(b"\n")
            }
            Format::KeyValue => {
                out.write_all(key)?;
                out.write_all(b"\t")?;
                out.write_all(value)?;
                out.write_all(b"\n")
            }
            Format::Json => writeln!(out, "{}", as_json(topic, partition, record)),
            Format::Pattern(pieces) => {
                for piece in pieces {
                    match piece {
                        Piece::Text(text) => out.write_all(text.as_bytes())?,
                        Piece::Key => out.write_all(key)?,
                        Piece::Value => out.write_all(value)?,
                        Piece::Offset => write!(out, "{}", record.offset)?,
                        Piece::Partition => write!(out, "{partition}")?,
                        Piece::Topic => out.write_all(topic.as_bytes())?,
                        Piece::Timestamp => write!(out, "{}", record.timestamp)?,
                        Piece::Headers => {
                            for (at, (name, value)) in record.headers.iter().enumerate() {
                                out.write_all(if at == 0 { b"" } else { b"," })?;
                                out.write_all(name)?;
                                out.write_all(b"=")?;
                                out.write_all(value.unwrap_or_default())?;
                            }
                        }
                    }
                }
                Ok(())
            }
        }
    }
}

fn as_json(topic: &str, partition: i32, record: &Record<'_>) -> Value {
    let mut out = Map::new();
    out.insert("topic".into(), json!(topic));
    out.insert("partition".into(), json!(partition));
    out.insert("offset".into(), json!(record.offset.get()));
    out.insert("timestamp".into(), json!(record.timestamp));
    put(&mut out, "key", record.key);
    put(&mut out, "value", record.value);
    // A list, since names may repeat and their order matters.
    let headers = record.headers.iter().map(|(name, value)| {
        let mut header = Map::new();
        put(&mut header, "key", Some(name));
        put(&mut header, "value", *value);
        Value::Object(header)
    });
    out.insert("headers".into(), headers.collect());
    Value::Object(out)
}

/// Puts bytes under `name` as text, or under `name_hex` where they are none.
pub fn put(out: &mut Map<String, Value>, name: &str, bytes: Option<&[u8]>) {
    match bytes.map(|bytes| std::str::from_utf8(bytes).map_err(|_| bytes)) {
        None => out.insert(name.into(), Value::Null),
        Some(Ok(text)) => out.insert(name.into(), json!(text)),
        Some(Err(bytes)) => {
            let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            out.insert(format!("{name}_hex"), json!(hex))
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use headwater_core::ids::Offset;

    fn check(format: &str, expect: &str) {
        let record = Record {
            offset: Offset::new(7),
            timestamp: 99,
            key: Some(b"k"),
            value: Some(b"v"),
            headers: vec![(b"a", Some(b"1")), (b"a", None)],
        };
        let mut out = Vec::new();
        format.parse::<Format>().unwrap().write(&mut out, "t", 3, &record).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expect, "{format}");
    }

    #[test]
    fn formats_print_what_they_say() {
        check("value", "v\n");
        check("key-value", "k\tv\n");
        check("%t-%p@%o %k: %v (%T) %h 100%%", "t-3@7 k: v (99) a=1,a= 100%\n");
        check("%v\\n", "v\n");
        check("%k\\t%v;\\n--\\n", "k\tv;\n--\n");
        check(
            "json",
            "{\"headers\":[{\"key\":\"a\",\"value\":\"1\"},{\"key\":\"a\",\"value\":null}],\"key\":\"k\",\
             \"offset\":7,\"partition\":3,\"timestamp\":99,\"topic\":\"t\",\"value\":\"v\"}\n",
        );
        for bad in ["", "values", "%q", "%v %"] {
            assert!(bad.parse::<Format>().is_err(), "{bad}");
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_not_lost() {
        let record = Record {
            offset: Offset::new(0),
            timestamp: 0,
            key: None,
            value: Some(&[0xff, 0]),
            headers: vec![],
        };
        let json = as_json("t", 0, &record);
        assert_eq!((&json["value_hex"], &json["key"]), (&json!("ff00"), &Value::Null));
    }
}
