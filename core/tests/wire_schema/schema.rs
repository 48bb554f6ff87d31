//! The condensed schema (`core/schema/*.json`) as data.
//!
//! One JSON object a message, one line each: Kafka's own message definitions reduced to the facts that bear on
//! bytes. Version sets are written as Kafka does: `3+`, `0-12`, `4`, `none`.

use serde_json::Value;

/// An inclusive range of versions, empty when `first > last`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    pub first: i16,
    pub last: i16,
}

impl Span {
    pub const NONE: Span = Span { first: 0, last: -1 };

    fn parse(text: &str) -> Span {
        let number = |text: &str| text.parse::<i16>().unwrap_or_else(|_| panic!("versions `{text}`"));
        match text {
            "none" => Span::NONE,
            _ if text.ends_with('+') => Span { first: number(&text[..text.len() - 1]), last: i16::MAX },
            _ => match text.split_once('-') {
                Some((first, last)) => Span { first: number(first), last: number(last) },
                None => Span { first: number(text), last: number(text) },
            },
        }
    }

    pub fn and(self, other: Span) -> Span {
        Span { first: self.first.max(other.first), last: self.last.min(other.last) }
    }

    pub fn is_empty(self) -> bool {
        self.first > self.last
    }

    pub fn has(self, version: i16) -> bool {
        (self.first..=self.last).contains(&version)
    }

    pub fn versions(self) -> impl Iterator<Item = i16> {
        self.first..=self.last
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Type {
    Bool,
    Int8,
    Int16,
    Uint16,
    Int32,
    Int64,
    Float64,
    Uuid,
    String,
    Bytes,
    /// Like bytes on the wire, but never copied.
    Records,
    Struct(String),
    Array(Box<Type>),
}

impl Type {
    fn parse(text: &str) -> Type {
        match text {
            "bool" => Type::Bool,
            "int8" => Type::Int8,
            "int16" => Type::Int16,
            "uint16" => Type::Uint16,
            "int32" => Type::Int32,
            "int64" => Type::Int64,
            "float64" => Type::Float64,
            "uuid" => Type::Uuid,
            "string" => Type::String,
            "bytes" => Type::Bytes,
            "records" => Type::Records,
            _ => match text.strip_prefix("[]") {
                Some(element) => Type::Array(Box::new(Type::parse(element))),
                None => Type::Struct(text.to_owned()),
            },
        }
    }

    /// The structure this is, or is an array of.
    pub fn structure(&self) -> Option<&str> {
        match self {
            Type::Struct(name) => Some(name),
            Type::Array(element) => element.structure(),
            _ => None,
        }
    }
}

#[derive(Clone, Debug)]
pub struct Field {
    pub name: String,
    /// The type as the schema spells it.
    pub spelled: String,
    pub ty: Type,
    /// Cut to the versions of the structure it is in.
    pub versions: Span,
    pub nullable: Span,
    pub tag: Option<u32>,
    pub default: Option<String>,
    /// What an integer or string names, such as `brokerId`.
    pub entity: Option<String>,
}

#[derive(Clone, Debug)]
pub struct Structure {
    pub name: String,
    pub versions: Span,
    pub fields: Vec<Field>,
}

#[derive(Clone, Debug)]
pub struct Message {
    pub name: String,
    pub key: Option<i16>,
    /// `request`, `response`, `coordinator-key`, `coordinator-value`, `metadata` or `data`.
    pub kind: String,
    /// The log an internal record is found in.
    pub log: Option<String>,
    pub versions: Span,
    pub flexible: Span,
    /// False for the APIs of Kafka's controllers, of which only the versions are kept.
    pub broker: bool,
    /// The message itself first, then the structures in it.
    pub structures: Vec<Structure>,
}

impl Message {
    pub fn structure(&self, name: &str) -> &Structure {
        let found = self.structures.iter().find(|s| s.name == name);
        found.unwrap_or_else(|| panic!("{}: no structure {name}", self.name))
    }

    /// The least bytes a structure takes in `version`.
    pub fn least(&self, structure: &Structure, version: i16) -> usize {
        let flexible = self.flexible.has(version);
        let untagged = structure.fields.iter().filter(|f| f.tag.is_none() && f.versions.has(version));
        let fields: usize = untagged
            .map(|f| match &f.ty {
                Type::Struct(_) if f.nullable.has(version) => 1,
                ty => self.least_of(ty, version),
            })
            .sum();
        fields + usize::from(flexible)
    }

    /// The least bytes a value that is not null takes in `version`.
    pub fn least_of(&self, ty: &Type, version: i16) -> usize {
        let flexible = self.flexible.has(version);
        match ty {
            Type::Bool | Type::Int8 => 1,
            Type::Int16 | Type::Uint16 => 2,
            Type::Int32 => 4,
            Type::Int64 | Type::Float64 => 8,
            Type::Uuid => 16,
            Type::String => {
                if flexible {
                    1
                } else {
                    2
                }
            }
            Type::Bytes | Type::Records | Type::Array(_) => {
                if flexible {
                    1
                } else {
                    4
                }
            }
            Type::Struct(name) => self.least(self.structure(name), version),
        }
    }
}

/// Reads one schema file.
pub fn load(file: &str) -> Vec<Message> {
    let path = format!("{}/schema/{file}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(&path).unwrap_or_else(|e| panic!("{path}: {e}"));
    let json: Vec<Value> = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{path}: {e}"));
    json.iter().map(message).collect()
}

fn message(json: &Value) -> Message {
    let name = text(json, "name").expect("every message has a name");
    let mut versions = span(json, "validVersions");
    // An unstable version may still change, so it is not spoken.
    if let Some(unstable) = text(json, "unstable") {
        versions.last = versions.last.min(unstable.parse::<i16>().expect("a version") - 1);
    }
    let mut structures = Vec::new();
    collect(&name, &json["fields"], versions, &mut structures);
    for common in json["commonStructs"].as_array().into_iter().flatten() {
        let name = text(common, "name").expect("every structure has a name");
        collect(&name, &common["fields"], versions.and(span(common, "versions")), &mut structures);
    }
    Message {
        key: json["apiKey"].as_i64().map(|key| key as i16),
        kind: text(json, "type").expect("every message has a type"),
        log: text(json, "log"),
        versions,
        flexible: span(json, "flexibleVersions"),
        broker: json["listeners"].is_null(),
        structures,
        name,
    }
}

/// Adds a structure, then those its fields define in place; what no valid version has is left out.
fn collect(name: &str, json: &Value, versions: Span, into: &mut Vec<Structure>) {
    let at = into.len();
    into.push(Structure { name: name.to_owned(), versions, fields: Vec::new() });
    for json in json.as_array().into_iter().flatten() {
        let spelled = text(json, "type").expect("every field has a type");
        let field = Field {
            name: text(json, "name").expect("every field has a name"),
            ty: Type::parse(&spelled),
            spelled,
            versions: span(json, "versions").and(versions),
            nullable: span(json, "nullableVersions").and(versions),
            tag: json["tag"].as_u64().map(|tag| tag as u32),
            default: text(json, "default"),
            entity: text(json, "entityType"),
        };
        if field.versions.is_empty() {
            continue;
        }
        if let (Some(structure), true) = (field.ty.structure(), json["fields"].is_array()) {
            collect(structure, &json["fields"], field.versions, into);
        }
        into[at].fields.push(field);
    }
}

fn text(json: &Value, key: &str) -> Option<String> {
    json[key].as_str().map(str::to_owned)
}

fn span(json: &Value, key: &str) -> Span {
    text(json, key).map_or(Span::NONE, |text| Span::parse(&text))
}
