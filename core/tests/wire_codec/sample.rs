//! Random messages as the schema allows them, and the bytes they should be.
//!
//! Knows the format from the schema alone and shares no code with the codec under test.

use crate::schema::{Field, Message, Structure, Type};

/// splitmix64.
pub struct Rng(u64);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Rng(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Less than `bound`.
    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() % bound as u64) as usize
    }

    pub fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| self.next() as u8).collect()
    }
}

/// A value of one field.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Null,
    /// Of a type without length: its bytes.
    Fixed(Vec<u8>),
    /// String, bytes or records.
    Long(Vec<u8>),
    Array(Vec<Value>),
    /// One value for each field of the schema's structure.
    Struct(Vec<Value>),
}

/// How to lay a message out.
#[derive(Default)]
pub struct Layout {
    /// Puts this many unknown tagged fields into every structure.
    pub unknown_tags: usize,
    /// Makes the nth value that must not be null, counted from 0 in order of writing, null.
    pub null_at: Option<usize>,
}

/// A random value of the whole message in one version.
pub fn draw(rng: &mut Rng, message: &Message, version: i16) -> Value {
    structure(rng, message, &message.structures[0], version)
}

fn structure(rng: &mut Rng, message: &Message, structure: &Structure, version: i16) -> Value {
    Value::Struct(structure.fields.iter().map(|field| draw_field(rng, message, field, version)).collect())
}

fn draw_field(rng: &mut Rng, message: &Message, field: &Field, version: i16) -> Value {
    if !field.versions.has(version) || (field.tag.is_some() && rng.one_in(3)) {
        return default(message, field);
    }
    if field.nullable.has(version) && rng.one_in(4) {
        return Value::Null;
    }
    draw_value(rng, message, &field.ty, version)
}

fn draw_value(rng: &mut Rng, message: &Message, ty: &Type, version: i16) -> Value {
    // 0..4 mostly, and now and then long enough for a length of two bytes.
    let length = if rng.one_in(40) { 120 + rng.below(20) } else { rng.below(4) };
    match ty {
        Type::Bool => Value::Fixed(vec![rng.below(2) as u8]),
        Type::String => {
            let letters = ["a", "B", "-", "é", "日", "🦀", "\0"];
            let text: String = (0..length).map(|_| letters[rng.below(letters.len())]).collect();
            Value::Long(text.into_bytes())
        }
        Type::Bytes | Type::Records => Value::Long(rng.bytes(length)),
        Type::Array(element) => {
            let length = if element.structure().is_some() { length.min(5) } else { length };
            Value::Array((0..length).map(|_| draw_value(rng, message, element, version)).collect())
        }
        Type::Struct(name) => structure(rng, message, message.structure(name), version),
        fixed => Value::Fixed(rng.bytes(width(fixed))),
    }
}

fn width(ty: &Type) -> usize {
    match ty {
        Type::Bool | Type::Int8 => 1,
        Type::Int16 | Type::Uint16 => 2,
        Type::Int32 => 4,
        Type::Int64 | Type::Float64 => 8,
        Type::Uuid => 16,
        long => panic!("{long:?} has no width"),
    }
}

fn default(message: &Message, field: &Field) -> Value {
    if field.default.as_deref() == Some("null") {
        return match field.ty {
            Type::Uuid => Value::Fixed(vec![0; 16]),
            _ => Value::Null,
        };
    }
    match &field.ty {
        Type::String | Type::Bytes | Type::Records => Value::Long(vec![]),
        Type::Array(_) => Value::Array(vec![]),
        Type::Struct(name) => {
            let fields = &message.structure(name).fields;
            Value::Struct(fields.iter().map(|field| default(message, field)).collect())
        }
        ty => {
            let number = match field.default.as_deref() {
                None | Some("false") => 0,
                Some("true") => 1,
                Some(text) => match text.strip_prefix("0x") {
                    Some(hex) => i64::from_str_radix(hex, 16).expect("a number"),
                    None => text.parse().expect("a number"),
                },
            };
            let bytes = number.to_be_bytes();
            let mut fixed = vec![0; width(ty)];
            let start = fixed.len().saturating_sub(8);
            fixed[start..].copy_from_slice(&bytes[8usize.saturating_sub(width(ty))..]);
            Value::Fixed(fixed)
        }
    }
}

/// The bytes of a message, and how many values in it must not be null.
pub fn write(message: &Message, version: i16, value: &Value, layout: &Layout) -> (Vec<u8>, usize) {
    let flexible = message.flexible.has(version);
    let mut out = Out { bytes: Vec::new(), message, version, flexible, layout, not_null: 0 };
    out.structure(&message.structures[0], value);
    (out.bytes, out.not_null)
}

struct Out<'m> {
    bytes: Vec<u8>,
    message: &'m Message,
    version: i16,
    flexible: bool,
    layout: &'m Layout,
    not_null: usize,
}

impl Out<'_> {
    fn structure(&mut self, structure: &Structure, value: &Value) {
        let Value::Struct(values) = value else { panic!("{value:?} is no structure") };
        let mut tagged = Vec::new();
        for (field, value) in structure.fields.iter().zip(values) {
            if !field.versions.has(self.version) {
                continue;
            }
            let nullable = field.nullable.has(self.version);
            match field.tag {
                None => self.value(&field.ty, nullable, value),
                Some(tag) if *value != default(self.message, field) => {
                    let outer = std::mem::take(&mut self.bytes);
                    self.value(&field.ty, nullable, value);
                    tagged.push((tag, std::mem::replace(&mut self.bytes, outer)));
                }
                Some(_) => {}
            }
        }
        if self.flexible {
            tagged.extend((0..self.layout.unknown_tags).map(|i| (40 + 200 * i as u32, vec![7; 70 * i])));
            tagged.sort();
            self.varint(tagged.len());
            for (tag, bytes) in tagged {
                self.varint(tag as usize);
                self.varint(bytes.len());
                self.bytes.extend(bytes);
            }
        }
    }

    fn value(&mut self, ty: &Type, nullable: bool, value: &Value) {
        let mut value = value;
        if !nullable && !matches!(value, Value::Fixed(_) | Value::Struct(_)) {
            if self.layout.null_at == Some(self.not_null) {
                value = &Value::Null;
            }
            self.not_null += 1;
        }
        match (ty, value) {
            (Type::Struct(_), Value::Null) => self.bytes.push(0xff),
            (Type::String, Value::Null) if !self.flexible => self.bytes.extend([0xff; 2]),
            (_, Value::Null) if !self.flexible => self.bytes.extend([0xff; 4]),
            (_, Value::Null) => self.bytes.push(0),
            (_, Value::Fixed(bytes)) => self.bytes.extend(bytes),
            (ty, Value::Long(bytes)) => {
                self.length(matches!(ty, Type::String), bytes.len());
                self.bytes.extend(bytes);
            }
            (Type::Array(element), Value::Array(values)) => {
                self.length(false, values.len());
                for value in values {
                    self.value(element, false, value);
                }
            }
            (Type::Struct(name), value) => {
                if nullable {
                    self.bytes.push(1);
                }
                self.structure(self.message.structure(name), value);
            }
            (ty, value) => panic!("{value:?} is no {ty:?}"),
        }
    }

    fn length(&mut self, short: bool, length: usize) {
        match (self.flexible, short) {
            (true, _) => self.varint(length + 1),
            (false, true) => self.bytes.extend((length as u16).to_be_bytes()),
            (false, false) => self.bytes.extend((length as u32).to_be_bytes()),
        }
    }

    fn varint(&mut self, mut value: usize) {
        while value > 0x7f {
            self.bytes.push(0x80 | (value & 0x7f) as u8);
            value >>= 7;
        }
        self.bytes.push(value as u8);
    }
}
