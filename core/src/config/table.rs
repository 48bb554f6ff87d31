//! The four tables: every setting of Apache Kafka 4.3 that a broker, a topic, a group or a subscription to metrics can
//! have, and our own.
//!
//! They are tab-separated text beside this file, so that people can read, sort and compare them; parsed once, at first
//! use (a fraction of a millisecond). A malformed row is a bug, found by the first test that touches the table.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::OnceLock;

use super::value::{Kind, Valid};

/// Whose settings: each scope has a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    /// A broker, or all of them.
    Broker,
    /// One topic.
    Topic,
    /// One consumer, share or streams group.
    Group,
    /// One subscription to clients' metrics.
    ClientMetrics,
}

/// What a setting means to Headwater.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stance {
    /// It does what it says.
    Served,
    /// Kafka has it and it means nothing here: accepted, shown, named once, ignored.
    Ignored,
    /// It promises something that is not there (a policy, a plugin that guards): any value but the default is refused.
    Refused,
}

/// Kafka's own judgement of how often people need it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Importance {
    /// Seldom.
    Low,
    /// At times.
    Medium,
    /// Often.
    High,
}

/// When and for whom a broker's setting may change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Update {
    /// Only by a restart.
    ReadOnly,
    /// At any time, for one broker (behaviour 76: `listeners`).
    PerBroker,
    /// At any time, for one broker or the whole cluster.
    ClusterWide,
}

/// One row of a table.
#[derive(Debug)]
pub struct Setting {
    /// Kafka's name, or one that begins with `headwater.`.
    pub name: &'static str,
    /// The type of its value.
    pub kind: Kind,
    /// The value when nobody sets one; `None` is Kafka's null.
    pub default: Option<&'static str>,
    /// Kafka's judgement.
    pub importance: Importance,
    /// When it may change. Topic and group settings always may.
    pub update: Update,
    /// What it means here.
    pub stance: Stance,
    /// One sentence: the effect.
    pub doc: &'static str,
    /// The broker's setting that is a topic's or group's default; `None` for a broker's own, or where there is none.
    pub synonym: Option<&'static str>,
    /// Of a group's setting: the broker's settings that bound it, lower and upper (behaviour 73).
    pub bounds: [Option<&'static str>; 2],
    pub(super) valid: Valid,
}

impl Setting {
    /// Whether DescribeConfigs leaves it out: Kafka's tests alone use it.
    pub fn internal(&self) -> bool {
        self.name == "internal.segment.bytes"
    }

    /// Whether its value is a secret.
    pub fn sensitive(&self) -> bool {
        self.kind == Kind::Password
    }

    /// The valid values, for people.
    pub fn valid_values(&self) -> String {
        match self.kind {
            Kind::Boolean => "true, false".into(),
            _ => self.valid.describe(),
        }
    }
}

struct Table {
    rows: Vec<Setting>,
    by_name: HashMap<&'static str, usize, BuildHasherDefault<DefaultHasher>>,
}

fn table(scope: Scope) -> &'static Table {
    static TABLES: [OnceLock<Table>; 4] = [const { OnceLock::new() }; 4];
    let (slot, text) = match scope {
        Scope::Broker => (&TABLES[0], include_str!("broker.tsv")),
        Scope::Topic => (&TABLES[1], include_str!("topic.tsv")),
        Scope::Group => (&TABLES[2], include_str!("group.tsv")),
        Scope::ClientMetrics => (&TABLES[3], include_str!("client_metrics.tsv")),
    };
    slot.get_or_init(|| {
        let rows: Vec<Setting> = text
            .lines()
            .skip(1)
            .map(|line| {
                parse(scope, line).unwrap_or_else(|| panic!("malformed row of the {scope:?} table: {line}"))
            })
            .collect();
        let by_name = rows.iter().enumerate().map(|(i, s)| (s.name, i)).collect();
        Table { rows, by_name }
    })
}

fn parse(scope: Scope, line: &'static str) -> Option<Setting> {
    let mut columns = line.split('\t');
    let name = columns.next()?;
    let kind = Kind::parse(columns.next()?)?;
    let default = match columns.next()? {
        "null" => None,
        "\"\"" => Some(""),
        text => Some(text),
    };
    let valid = Valid::parse(columns.next()?)?;
    let importance = match columns.next()? {
        "low" => Importance::Low,
        "medium" => Importance::Medium,
        "high" => Importance::High,
        _ => return None,
    };
    let given = |text: &'static str| (text != "-" && !text.is_empty()).then_some(text);
    let (mut update, mut synonym, mut bounds) = (Update::ClusterWide, None, [None, None]);
    let column = columns.next()?;
    match scope {
        Scope::Broker => {
            update = match column {
                "read-only" => Update::ReadOnly,
                "per-broker" => Update::PerBroker,
                "cluster-wide" => Update::ClusterWide,
                _ => return None,
            }
        }
        Scope::Topic => synonym = given(column),
        Scope::Group | Scope::ClientMetrics => {
            synonym = given(column);
            if let Some((lower, upper)) = columns.next()?.split_once(',') {
                bounds = [given(lower), given(upper)];
            }
        }
    }
    let stance = match columns.next()? {
        "served" => Stance::Served,
        "ignored" => Stance::Ignored,
        "refused" => Stance::Refused,
        _ => return None,
    };
    let doc = columns.next()?;
    columns.next().is_none().then_some(Setting {
        name,
        kind,
        default,
        importance,
        update,
        stance,
        doc,
        synonym,
        bounds,
        valid,
    })
}

/// Every setting of a scope: Kafka's by name, then Headwater's own.
pub fn all(scope: Scope) -> &'static [Setting] {
    &table(scope).rows
}

/// The setting of this name, if the scope has one.
pub fn find(scope: Scope, name: &str) -> Option<&'static Setting> {
    let table = table(scope);
    table.by_name.get(name).map(|&i| &table.rows[i])
}
