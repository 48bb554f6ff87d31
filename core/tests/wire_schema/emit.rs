//! Schema to Rust: one module a message, laid out to be read and to compile quickly.
//!
//! Per structure: the struct, its `Default`, one `decode` and one `encode` in which every field is one line with its
//! version condition in front. All work is in calls to `Reader` and `Writer`; nothing is unrolled.

use std::fmt::Write;

use crate::schema::{Field, Message, Span, Structure, Type};

/// Not every module uses all of the prelude, and structures without fields leave `v` and `x` alone.
const ALLOW: &str = "#![allow(clippy::all, unused_imports, unused_variables, unused_mut)]\n";

/// One generated file: path below `core/src/wire`, and text.
pub type File = (String, String);

pub fn messages(schema: &[Message]) -> Vec<File> {
    let mut files = Vec::new();
    let mut index =
        header("messages.json", "Every request and response of the broker listener, one module each.");
    line(&mut index, ALLOW);
    let spoken = || schema.iter().filter(|m| m.broker);
    for message in spoken() {
        let answer = schema.iter().find(|m| m.key == message.key && m.kind == "response");
        let answer = answer.filter(|_| message.kind == "request");
        files.push((
            format!("messages/{}.rs", snake(&message.name)),
            module("messages.json", message, answer),
        ));
        line(&mut index, format!("pub mod {};", snake(&message.name)));
    }
    index.push('\n');
    for message in spoken() {
        line(&mut index, format!("pub use {}::{};", snake(&message.name), message.name));
    }
    files.push(("messages/mod.rs".to_owned(), index));
    files.push(("api/table.rs".to_owned(), table(schema)));
    files
}

pub fn records(schema: &[Message]) -> Vec<File> {
    let mut files = Vec::new();
    let mut index = header(
        "records.json",
        "Records of Kafka's internal topics, and data that travels inside other messages; one module each.",
    );
    line(&mut index, ALLOW);
    for message in schema {
        files.push((format!("records/{}.rs", snake(&message.name)), module("records.json", message, None)));
        line(&mut index, format!("pub mod {};", snake(&message.name)));
    }
    index.push('\n');
    for message in schema {
        line(&mut index, format!("pub use {}::{};", snake(&message.name), message.name));
    }
    files.push(("records/mod.rs".to_owned(), index));
    files
}

fn header(source: &str, doc: &str) -> String {
    format!("// Generated from core/schema/{source} by core/tests/wire_schema: do not edit.\n//! {doc}\n\n")
}

fn line(out: &mut String, text: impl std::fmt::Display) {
    writeln!(out, "{text}").expect("a String takes everything");
}

fn table(schema: &[Message]) -> String {
    let mut out = header("messages.json", "The APIs of Apache Kafka 4.3.");
    let requests = || schema.iter().filter(|m| m.kind == "request");
    let key = |m: &Message| m.key.expect("every request has a key");
    line(&mut out, "use super::Row;\n");
    line(&mut out, "/// An API, by its key on the wire.");
    line(&mut out, "#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]");
    line(&mut out, "#[repr(i16)]\npub enum ApiKey {");
    for m in requests() {
        let note = if m.broker { "" } else { ", between controllers" };
        line(&mut out, format!("    /// Versions {}{note}.", show(m.versions, Span::NONE)));
        line(&mut out, format!("    {} = {},", api_name(m), key(m)));
    }
    line(&mut out, "}\n");
    let last = requests().map(key).max().expect("the schema has requests");
    line(&mut out, "/// One row a key, in order.");
    line(&mut out, format!("pub(super) static TABLE: [Option<Row>; {}] = [", last + 1));
    for code in 0..=last {
        match requests().find(|m| key(m) == code) {
            Some(m) => line(
                &mut out,
                format!(
                    "    Some(Row {{ key: ApiKey::{0}, name: \"{0}\", min: {1}, max: {2}, flexible: {3}, broker: {4}, throttle: {5} }}),",
                    api_name(m),
                    m.versions.first,
                    m.versions.last,
                    flexible_from(m),
                    m.broker,
                    throttle_from(schema, m)
                ),
            ),
            None => line(&mut out, "    None,"),
        }
    }
    line(&mut out, "];");
    out
}

fn api_name(request: &Message) -> &str {
    request.name.strip_suffix("Request").expect("a request's name says so")
}

/// From which version on the answer begins with how long the client is throttled.
fn throttle_from(schema: &[Message], request: &Message) -> String {
    let answer = schema.iter().find(|m| m.kind == "response" && m.key == request.key);
    let first = answer.and_then(|m| m.structures.first()?.fields.first());
    let first =
        first.filter(|field| field.name.eq_ignore_ascii_case("ThrottleTimeMs") && field.tag.is_none());
    first.map_or("i16::MAX".to_owned(), |field| field.versions.first.to_string())
}

fn flexible_from(message: &Message) -> String {
    let flexible = message.flexible.and(message.versions);
    if message.flexible == Span::NONE { "i16::MAX".to_owned() } else { flexible.first.to_string() }
}

fn module(source: &str, message: &Message, answer: Option<&Message>) -> String {
    let what = match (message.key, &message.log) {
        (Some(key), Some(log)) => format!("{} {key} of {log}", message.kind),
        (None, Some(log)) => log.clone(),
        (key, None) => format!("{} of API {}", message.kind, key.unwrap_or(-1)),
    };
    let flexible = match flexible_from(message).as_str() {
        "i16::MAX" => "never flexible".to_owned(),
        from => format!("flexible from {from}"),
    };
    let versions = show(message.versions, Span::NONE);
    let doc = format!("`{}`: {what}, versions {versions}, {flexible}.", message.name);
    let mut out = header(source, &doc);
    line(&mut out, "use crate::wire::prelude::*;");
    for structure in &message.structures {
        Emit { message, structure, out: &mut out }.structure();
    }
    let name = &message.name;
    line(&mut out, format!("\nimpl Message for {name}{} {{", generics(message, &message.structures[0], "_")));
    line(&mut out, format!("    const KEY: i16 = {};", message.key.unwrap_or(-1)));
    line(&mut out, format!("    const NAME: &'static str = \"{name}\";"));
    line(&mut out, format!("    const MIN_VERSION: i16 = {};", message.versions.first));
    line(&mut out, format!("    const MAX_VERSION: i16 = {};", message.versions.last));
    line(&mut out, format!("    const FLEXIBLE_FROM: i16 = {};\n}}", flexible_from(message)));
    if let Some(answer) = answer {
        line(
            &mut out,
            format!("\nimpl Request for {name}{} {{", generics(message, &message.structures[0], "_")),
        );
        let response = format!("{}{}", answer.name, generics(answer, &answer.structures[0], "r"));
        line(&mut out, format!("    type Response<'r> = super::{response};\n}}"));
    }
    out
}

struct Emit<'m> {
    message: &'m Message,
    structure: &'m Structure,
    out: &'m mut String,
}

impl Emit<'_> {
    fn structure(&mut self) {
        let (name, message) = (&self.structure.name, self.message);
        let borrowed = generics(message, self.structure, "a");
        let anonymous = generics(message, self.structure, "_");
        let is_message = *name == message.name;
        let doc =
            if is_message { "The whole message.".to_owned() } else { format!("Part of `{}`.", message.name) };
        line(self.out, format!("\n/// {doc}"));
        let simple = self.structure.fields.iter().all(|f| self.default(f) == "Default::default()");
        let derives = if simple { "Clone, Debug, Default, PartialEq" } else { "Clone, Debug, PartialEq" };
        line(self.out, format!("#[derive({derives})]\npub struct {name}{borrowed} {{"));
        for field in &self.structure.fields {
            line(self.out, format!("    /// {}", self.doc(field)));
            line(self.out, format!("    pub {}: {},", rust_name(&field.name), self.rust_type(field)));
        }
        line(self.out, "}");

        if !simple {
            line(
                self.out,
                format!(
                    "\nimpl Default for {name}{anonymous} {{\n    fn default() -> Self {{\n        Self {{"
                ),
            );
            for field in &self.structure.fields {
                line(self.out, format!("            {}: {},", rust_name(&field.name), self.default(field)));
            }
            line(self.out, "        }\n    }\n}");
        }

        let flexible = self.condition(message.flexible).unwrap_or_else(|| "true".to_owned());
        line(self.out, format!("\nimpl<'a> Decode<'a> for {name}{borrowed} {{"));
        line(self.out, "    fn decode(r: &mut Reader<'a>, v: i16) -> Result<Self, DecodeError> {");
        if is_message {
            line(self.out, "        check_version::<Self>(v)?;");
        }
        line(self.out, format!("        let flex = {flexible};\n        let mut x = Self::default();"));
        for field in self.untagged() {
            let read = self.read(&field.ty, field.versions, nullable(&field));
            let set = format!("x.{} = {read}?;", rust_name(&field.name));
            match self.condition(field.versions) {
                Some(condition) => line(self.out, format!("        if {condition} {{ {set} }}")),
                None => line(self.out, format!("        {set}")),
            }
        }
        if self.tagged().is_empty() {
            line(self.out, "        r.skip_tags(flex)?;");
        } else {
            line(
                self.out,
                "        if flex {\n            r.tags(&mut |tag, r| {\n                match tag {",
            );
            for field in self.tagged() {
                let guard = self.condition(field.versions).map_or(String::new(), |c| format!(" if {c}"));
                let read = self.read(&field.ty, field.versions, nullable(&field));
                let tag = field.tag.expect("tagged");
                line(
                    self.out,
                    format!("                    {tag}{guard} => x.{} = {read}?,", rust_name(&field.name)),
                );
            }
            line(
                self.out,
                "                    _ => return Ok(false),\n                }\n                Ok(true)\n            })?;\n        }",
            );
        }
        line(self.out, "        Ok(x)\n    }\n}");

        line(self.out, format!("\nimpl Encode for {name}{anonymous} {{"));
        line(self.out, "    fn encode(&self, w: &mut Writer, v: i16) {");
        line(self.out, format!("        let flex = {flexible};"));
        for field in self.untagged() {
            let place = format!("self.{}", rust_name(&field.name));
            let write = self.write(&field.ty, &place, nullable(&field));
            match self.condition(field.versions) {
                Some(condition) => line(self.out, format!("        if {condition} {{ {write}; }}")),
                None => line(self.out, format!("        {write};")),
            }
        }
        if self.tagged().is_empty() {
            line(self.out, "        w.no_tags(flex);");
        } else {
            line(self.out, "        if flex {");
            let mut counts = Vec::new();
            let mut writes = Vec::new();
            for field in self.tagged() {
                let name = rust_name(&field.name);
                let differs = self.differs(&field);
                let present = match self.condition(field.versions) {
                    Some(condition) => format!("{condition} && {differs}"),
                    None => differs,
                };
                let write = self.write(&field.ty, &format!("self.{name}"), nullable(&field));
                let flag = format!("has_{}", name.trim_start_matches("r#"));
                line(self.out, format!("            let {flag} = {present};"));
                counts.push(format!("u32::from({flag})"));
                let tag = field.tag.expect("tagged");
                writes.push(format!("            if {flag} {{ w.tag({tag}, &mut |w| {write}); }}"));
            }
            line(self.out, format!("            w.uvarint({});", counts.join(" + ")));
            for write in writes {
                line(self.out, write);
            }
            line(self.out, "        }");
        }
        line(self.out, "    }\n}");
    }

    fn untagged(&self) -> Vec<Field> {
        self.structure.fields.iter().filter(|f| f.tag.is_none()).cloned().collect()
    }

    /// By ascending tag, the order in which they are written.
    fn tagged(&self) -> Vec<Field> {
        let mut fields: Vec<_> = self.structure.fields.iter().filter(|f| f.tag.is_some()).cloned().collect();
        fields.sort_by_key(|f| f.tag);
        fields
    }

    /// The condition on `v` under which a span applies; `None` if it always does.
    fn condition(&self, span: Span) -> Option<String> {
        let all = self.structure.versions;
        let span = span.and(all);
        match (span.first <= all.first, span.last >= all.last) {
            _ if span.is_empty() => Some("false".to_owned()),
            (true, true) => None,
            (false, true) => Some(format!("v >= {}", span.first)),
            (true, false) => Some(format!("v <= {}", span.last)),
            (false, false) => Some(format!("({}..={}).contains(&v)", span.first, span.last)),
        }
    }

    fn doc(&self, field: &Field) -> String {
        let mut doc = field.spelled.clone();
        if let Some(entity) = &field.entity {
            write!(doc, " ({entity})").expect("a String takes everything");
        }
        let all = self.structure.versions;
        if field.versions != all {
            write!(doc, ", versions {}", show(field.versions, all)).expect("a String takes everything");
        }
        if !field.nullable.is_empty() {
            let nullable = field.nullable.and(field.versions);
            let from = if nullable == field.versions {
                String::new()
            } else {
                format!(" in {}", show(nullable, all))
            };
            write!(doc, ", nullable{from}").expect("a String takes everything");
        }
        if let Some(tag) = field.tag {
            write!(doc, ", tag {tag}").expect("a String takes everything");
        }
        if let Some(default) = field.default.as_deref().filter(|d| !d.is_empty() && *d != "null") {
            write!(doc, ", default {default}").expect("a String takes everything");
        }
        // Brackets would be read as links.
        doc.replace("[]", "array of ") + "."
    }

    fn rust_type(&self, field: &Field) -> String {
        let plain = self.plain_type(&field.ty);
        if field.nullable.is_empty() || field.ty == Type::Records {
            plain
        } else {
            format!("Option<{plain}>")
        }
    }

    fn plain_type(&self, ty: &Type) -> String {
        match ty {
            Type::Bool => "bool".to_owned(),
            Type::Int8 => "i8".to_owned(),
            Type::Int16 => "i16".to_owned(),
            Type::Uint16 => "u16".to_owned(),
            Type::Int32 => "i32".to_owned(),
            Type::Int64 => "i64".to_owned(),
            Type::Float64 => "f64".to_owned(),
            Type::Uuid => "TopicId".to_owned(),
            Type::String => "Str<'a>".to_owned(),
            Type::Bytes => "Cow<'a, [u8]>".to_owned(),
            Type::Records => "Records<'a>".to_owned(),
            Type::Struct(name) => {
                format!("{name}{}", generics(self.message, self.message.structure(name), "a"))
            }
            Type::Array(element) => format!("Vec<{}>", self.plain_type(element)),
        }
    }

    /// The default as an expression.
    fn default(&self, field: &Field) -> String {
        let default = field.default.as_deref();
        match (&field.ty, default) {
            (Type::Records, _) | (_, Some("null")) => "Default::default()".to_owned(),
            (_, None | Some("")) if !field.nullable.is_empty() => "Some(Default::default())".to_owned(),
            (_, None | Some("" | "0" | "false")) => "Default::default()".to_owned(),
            (
                Type::Bool | Type::Int8 | Type::Int16 | Type::Uint16 | Type::Int32 | Type::Int64,
                Some(value),
            ) => value.to_owned(),
            (ty, Some(value)) => panic!("{}: default {value} of {ty:?}", self.message.name),
        }
    }

    /// The condition under which a tagged field is not its default.
    fn differs(&self, field: &Field) -> String {
        let place = format!("self.{}", rust_name(&field.name));
        match (&field.ty, self.default(field).as_str()) {
            (_, "Default::default()") if !field.nullable.is_empty() => format!("{place}.is_some()"),
            (_, "Some(Default::default())") => {
                format!("{place}.as_ref().is_none_or(|value| !value.is_empty())")
            }
            (Type::Bool, "Default::default()") => place,
            (Type::String | Type::Bytes | Type::Array(_), "Default::default()") => {
                format!("!{place}.is_empty()")
            }
            (Type::Uuid, "Default::default()") => format!("!{place}.is_zero()"),
            (Type::Struct(name), "Default::default()") => format!("{place} != {name}::default()"),
            (_, "Default::default()") => format!("{place} != 0"),
            (_, value) => format!("{place} != {value}"),
        }
    }

    /// An expression that reads one value of a field that `versions` have.
    fn read(&self, ty: &Type, versions: Span, nullable: Option<Span>) -> String {
        let null = nullable.map(|span| self.condition(span).unwrap_or_else(|| "true".to_owned()));
        match (ty, null) {
            (Type::String, None) => "r.string(flex)".to_owned(),
            (Type::String, Some(null)) => format!("r.opt_string(flex, {null})"),
            (Type::Bytes, None) => "r.bytes(flex)".to_owned(),
            (Type::Bytes, Some(null)) => format!("r.opt_bytes(flex, {null})"),
            (Type::Records, null) => format!("r.records(flex, {})", null.as_deref().unwrap_or("false")),
            (Type::Struct(name), None) => format!("{name}::decode(r, v)"),
            (Type::Struct(_), Some(null)) => format!("r.opt_struct({null}, v)"),
            (Type::Array(element), null) => {
                let least = versions.versions().map(|v| self.message.least_of(element, v));
                let least = least.min().expect("a structure has a version");
                assert!(least > 0, "{}: elements of no bytes cannot be bounded", self.message.name);
                let each = self.read(element, versions, None);
                match null {
                    None => format!("r.array(flex, {least}, |r| {each})"),
                    Some(null) => format!("r.opt_array(flex, {null}, {least}, |r| {each})"),
                }
            }
            (ty, None) => format!("r.{}()", method(ty)),
            (ty, Some(_)) => panic!("{}: nullable {ty:?}", self.message.name),
        }
    }

    /// An expression that writes the value at `place`.
    fn write(&self, ty: &Type, place: &str, nullable: Option<Span>) -> String {
        let null = nullable.map(|span| self.condition(span).unwrap_or_else(|| "true".to_owned()));
        match (ty, null) {
            (Type::String, None) => format!("w.string(flex, &{place})"),
            (Type::String, Some(null)) => format!("w.opt_string(flex, {null}, {place}.as_deref())"),
            (Type::Bytes, None) => format!("w.bytes(flex, &{place})"),
            (Type::Bytes, Some(null)) => format!("w.opt_bytes(flex, {null}, {place}.as_deref())"),
            (Type::Records, null) => {
                format!("w.records(flex, {}, &{place})", null.as_deref().unwrap_or("false"))
            }
            (Type::Struct(_), None) => format!("{place}.encode(w, v)"),
            (Type::Struct(_), Some(null)) => format!("w.opt_struct({null}, {place}.as_ref(), v)"),
            (Type::Array(element), null) => {
                let each = match &**element {
                    Type::String | Type::Bytes | Type::Struct(_) => {
                        self.write(element, "x", None).replace("&x", "x")
                    }
                    _ => self.write(element, "*x", None),
                };
                match null {
                    None => format!("w.array(flex, &{place}, |w, x| {each})"),
                    Some(null) => format!("w.opt_array(flex, {null}, {place}.as_deref(), |w, x| {each})"),
                }
            }
            (ty, None) => format!("w.{}({place})", method(ty)),
            (ty, Some(_)) => panic!("{}: nullable {ty:?}", self.message.name),
        }
    }
}

/// The versions in which a field may be null, if any.
fn nullable(field: &Field) -> Option<Span> {
    Some(field.nullable).filter(|span| !span.is_empty())
}

/// The method of `Reader` and `Writer` for a type without length.
fn method(ty: &Type) -> &'static str {
    match ty {
        Type::Bool => "bool",
        Type::Int8 => "i8",
        Type::Int16 => "i16",
        Type::Uint16 => "u16",
        Type::Int32 => "i32",
        Type::Int64 => "i64",
        Type::Float64 => "f64",
        Type::Uuid => "uuid",
        other => panic!("{other:?} has a length"),
    }
}

/// `<'lifetime>` for structures that borrow, else nothing.
fn generics(message: &Message, structure: &Structure, lifetime: &str) -> String {
    if borrows(message, structure) { format!("<'{lifetime}>") } else { String::new() }
}

fn borrows(message: &Message, structure: &Structure) -> bool {
    fn any(message: &Message, ty: &Type) -> bool {
        match ty {
            Type::String | Type::Bytes | Type::Records => true,
            Type::Array(element) => any(message, element),
            Type::Struct(name) => borrows(message, message.structure(name)),
            _ => false,
        }
    }
    structure.fields.iter().any(|f| any(message, &f.ty))
}

/// `0-9`, or `5+` if the span runs to the end of `all`.
fn show(span: Span, all: Span) -> String {
    match span {
        Span { first, last } if !all.is_empty() && last >= all.last => format!("{first}+"),
        Span { first, last } if first == last => first.to_string(),
        Span { first, last } => format!("{first}-{last}"),
    }
}

fn rust_name(name: &str) -> String {
    let name = snake(name);
    if ["type", "match", "where", "ref", "in", "loop", "move"].contains(&name.as_str()) {
        format!("r#{name}")
    } else {
        name
    }
}

/// `TopicId` to `topic_id`, `KRaftVersion` to `k_raft_version`.
pub fn snake(name: &str) -> String {
    let letters: Vec<char> = name.chars().collect();
    let mut out = String::new();
    for (i, &c) in letters.iter().enumerate() {
        let after_small = i > 0 && !letters[i - 1].is_uppercase();
        let before_small = letters.get(i + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && i > 0 && (after_small || before_small) {
            out.push('_');
        }
        out.extend(c.to_lowercase());
    }
    out
}
