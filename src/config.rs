//! `headwater config`: every setting, what it is now, where that came from, and what it does.
//!
//! [`load`] is also how `headwater start` comes by its settings.

use std::process::ExitCode;

use comfy_table::{ContentArrangement, Table, presets};
use headwater_core::config::{BrokerConfig, Scope, Setting, Sources, Stance, Update, all, nearest};
use serde_json::json;

use crate::bootstrap::failure;

/// Where settings come from, for every command that has a broker's settings.
#[derive(Debug, Default, clap::Args)]
pub struct SettingArgs {
    /// A server.properties, as Apache Kafka reads it.
    #[arg(long, value_name = "FILE", env = "HEADWATER_CONFIG")]
    pub config: Option<String>,
    /// A setting, over file and environment; may be given several times.
    #[arg(long, value_name = "KEY=VALUE")]
    pub set: Vec<String>,
}

/// Show every setting with its value, default, origin and effect.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = "Examples:\n  headwater config\n  headwater config retention --long\n  \
                        headwater config --config server.properties --changed\n  headwater config --json")]
pub struct ConfigArgs {
    #[command(flatten)]
    settings: SettingArgs,
    /// Show only settings whose name contains one of these.
    #[arg(value_name = "WORD")]
    words: Vec<String>,
    /// Show only settings that somebody set.
    #[arg(long)]
    changed: bool,
    /// Show default, type and effect, too, as for a single setting.
    #[arg(long)]
    long: bool,
    /// Print JSON, with all of it.
    #[arg(long)]
    json: bool,
}

/// Reads and checks the settings. `flags` are those of the command that stand for settings: flag, key, value.
/// The error is one sentence for people.
pub fn load(args: &SettingArgs, flags: &[(&'static str, &str, String)]) -> Result<BrokerConfig, String> {
    let mut sources = Sources::new();
    if let Some(path) = &args.config {
        let text = std::fs::read_to_string(path).map_err(|e| format!("cannot read {path}: {e}"))?;
        sources.file(path, &text).map_err(|e| e.to_string())?;
    }
    // Variables that are not text cannot be ours.
    let text = |(key, value): (std::ffi::OsString, std::ffi::OsString)| {
        Some((key.into_string().ok()?, value.into_string().ok()?))
    };
    sources.environment(std::env::vars_os().filter_map(text)).map_err(|e| e.to_string())?;
    for pair in &args.set {
        sources.set(pair).map_err(|e| e.to_string())?;
    }
    for (flag, key, value) in flags {
        sources.flag(flag, key, value.clone());
    }
    BrokerConfig::load(&sources).map_err(|e| e.to_string())
}

/// Runs the command.
pub fn run(args: ConfigArgs) -> ExitCode {
    let config = match load(&args.settings, &[]) {
        Ok(config) => config,
        Err(error) => {
            eprintln!("headwater: {error}");
            return ExitCode::from(2);
        }
    };
    let wanted = |s: &&Setting| {
        (args.words.is_empty() || args.words.iter().any(|w| s.name.contains(w.as_str())))
            && (!args.changed || config.settings().is_set(s.name))
    };
    let rows: Vec<&Setting> = all(Scope::Broker).iter().filter(wanted).collect();
    if rows.is_empty() && !args.words.is_empty() && !args.changed {
        return failure(&no_such(&args.words));
    }
    let long = args.long || rows.len() == 1;
    let text = if args.json { as_json(&config, &rows) } else { as_table(&config, &rows, long) };
    // A reader that has seen enough (`| head`) is no failure.
    let _ = std::io::Write::write_all(&mut std::io::stdout(), text.as_bytes());
    ExitCode::SUCCESS
}

fn no_such(words: &[String]) -> String {
    let near = words.iter().find_map(|word| nearest(word, all(Scope::Broker).iter().map(|s| s.name)));
    let hint = near.map_or_else(String::new, |name| format!("; did you mean {name}?"));
    format!("no such setting: {}{hint}", words.join(", "))
}

fn as_table(config: &BrokerConfig, rows: &[&Setting], long: bool) -> String {
    let mut table = Table::new();
    // A row of the short form stays a line, for grep.
    let arrangement = if long { ContentArrangement::Dynamic } else { ContentArrangement::Disabled };
    table.load_style(presets::NOTHING).set_content_arrangement(arrangement);
    let headings = ["setting", "value", "from", "default", "type", "effect"];
    let shown = if long { headings.len() } else { 3 };
    table.set_header(&headings[..shown]);
    for s in rows {
        let origin = config.settings().origin(s.name).to_string();
        let value = show(s, config.settings().get(s.name));
        let default = show(s, s.default);
        table.add_row(
            [s.name.to_string(), value, origin, default, kind(s), effect(s)].into_iter().take(shown),
        );
    }
    let mut out = table.trim_fmt() + "\n";
    let ignored = config.settings().ignored();
    if !ignored.is_empty() {
        out += &format!("set, but without meaning to headwater: {}\n", ignored.join(", "));
    }
    out
}

fn as_json(config: &BrokerConfig, rows: &[&Setting]) -> String {
    let settings: Vec<serde_json::Value> = rows
        .iter()
        .map(|s| {
            let value = config.settings().get(s.name).filter(|_| !s.sensitive());
            json!({
                "name": s.name,
                "value": value,
                "default": s.default,
                "source": config.settings().origin(s.name).to_string(),
                "set": config.settings().is_set(s.name),
                "type": s.kind.name(),
                "unit": unit(s.name),
                "valid": s.valid_values(),
                "update": update(s),
                "stance": stance(s),
                "effect": s.doc,
            })
        })
        .collect();
    format!("{:#}\n", json!({ "settings": settings, "ignored": config.settings().ignored() }))
}

fn show(setting: &Setting, value: Option<&str>) -> String {
    match value {
        Some(_) if setting.sensitive() => "(hidden)".into(),
        Some("") => "\"\"".into(),
        Some(value) => value.into(),
        None => "-".into(),
    }
}

fn kind(setting: &Setting) -> String {
    let mut out = setting.kind.name().to_string();
    if let Some(unit) = unit(setting.name) {
        out += &format!(" ({unit})");
    }
    match setting.valid_values().as_str() {
        "any" | "true, false" => out,
        valid => out + ": " + valid,
    }
}

fn effect(setting: &Setting) -> String {
    match setting.stance {
        Stance::Served => setting.doc.into(),
        Stance::Ignored => format!("[ignored] {}", setting.doc),
        Stance::Refused => format!("[default only] {}", setting.doc),
    }
}

fn stance(setting: &Setting) -> &'static str {
    match setting.stance {
        Stance::Served => "served",
        Stance::Ignored => "ignored",
        Stance::Refused => "default only",
    }
}

fn update(setting: &Setting) -> &'static str {
    match setting.update {
        Update::ReadOnly => "restart",
        Update::PerBroker => "each broker",
        Update::ClusterWide => "at any time",
    }
}

/// The unit a name ends in, by Kafka's habit.
fn unit(name: &str) -> Option<&'static str> {
    let bytes = ["bytes", "cache.bytes", "size"];
    match name.rsplit('.').next()? {
        "ms" => Some("milliseconds"),
        "seconds" | "secs" => Some("seconds"),
        "minutes" => Some("minutes"),
        "hours" => Some("hours"),
        last if bytes.contains(&last) && !name.ends_with("max.size") && !name.ends_with("backlog.size") => {
            Some("bytes")
        }
        _ if name.ends_with(".max.bytes") => Some("bytes"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(pairs: &[&str]) -> BrokerConfig {
        let mut sources = Sources::new();
        for pair in pairs {
            sources.set(pair).unwrap();
        }
        BrokerConfig::load(&sources).unwrap()
    }

    fn rows(names: &[&str]) -> Vec<&'static Setting> {
        all(Scope::Broker).iter().filter(|s| names.contains(&s.name)).collect()
    }

    #[test]
    fn tables_show_value_default_origin_and_effect() {
        let config = config(&["log.retention.hours=24", "num.io.threads=4", "ssl.key.password=hush"]);
        let text =
            as_table(&config, &rows(&["log.retention.hours", "num.io.threads", "ssl.key.password"]), true);
        for part in ["log.retention.hours", "24", "168", "--set", "hours", "not 0", "[ignored]", "(hidden)"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(
            text.ends_with("set, but without meaning to headwater: num.io.threads, ssl.key.password\n"),
            "{text}"
        );
        assert!(!text.contains("hush"));
        let text = as_table(&config, &rows(&["log.retention.hours", "num.partitions"]), false);
        let lines: Vec<Vec<&str>> = text.lines().map(|line| line.split_whitespace().collect()).collect();
        assert_eq!(lines[0], ["setting", "value", "from"]);
        assert!(lines.contains(&vec!["log.retention.hours", "24", "--set"]), "{text}");
    }

    #[test]
    fn a_name_that_is_none_gets_the_nearest() {
        let said = no_such(&["num.partitons".into()]);
        assert_eq!(said, "no such setting: num.partitons; did you mean num.partitions?");
        assert_eq!(no_such(&["xyzzy".into()]), "no such setting: xyzzy");
    }

    #[test]
    fn json_shows_the_same_and_no_secrets() {
        let config = config(&["log.segment.bytes=2000000", "ssl.key.password=hush"]);
        let text = as_json(&config, &rows(&["log.segment.bytes", "ssl.key.password"]));
        let json: serde_json::Value = serde_json::from_str(&text).unwrap();
        let one = &json["settings"][0];
        assert_eq!((one["value"].as_str(), one["default"].as_str()), (Some("2000000"), Some("1073741824")));
        assert_eq!((one["unit"].as_str(), one["source"].as_str()), (Some("bytes"), Some("--set")));
        assert!(!text.contains("hush"));
    }

    #[test]
    fn units_are_named() {
        for (name, expect) in [
            ("log.retention.ms", Some("milliseconds")),
            ("group.max.size", None),
            ("group.consumer.max.size", None),
            ("socket.listen.backlog.size", None),
            ("offsets.load.buffer.size", Some("bytes")),
            ("num.partitions", None),
        ] {
            assert_eq!(unit(name), expect, "{name}");
        }
    }
}
