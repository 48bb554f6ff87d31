//! Scenarios that come with the program: one for each axis on which brokers have been seen to fall, and what
//! else a broker meets (`presets.toml`).

use std::sync::LazyLock;

use headwater_core::config::nearest;

use super::Scenario;

/// The text of the presets, as people may copy it.
const TEXT: &str = include_str!("presets.toml");

static PRESETS: LazyLock<Vec<Scenario>> = LazyLock::new(|| {
    let table: toml::Table = TEXT.parse().expect("the presets are sound: a test reads them");
    sections()
        .map(|(name, _)| {
            let section = table[name].clone();
            let scenario: Scenario = section.try_into().expect("the presets are sound: a test reads them");
            Scenario { name: name.to_owned(), ..scenario }
        })
        .collect()
});

/// The sections of the file in its order: name and body.
fn sections() -> impl Iterator<Item = (&'static str, &'static str)> {
    TEXT.split("\n[").skip(1).filter_map(|section| section.split_once("]\n"))
}

/// All presets, in the order of the file.
pub fn all() -> &'static [Scenario] {
    &PRESETS
}

/// The preset of this name; the error names what is near.
pub fn find(name: &str) -> Result<Scenario, String> {
    let found = all().iter().find(|preset| preset.name == name);
    let near = || nearest(name, all().iter().map(|preset| preset.name.as_str()));
    found.cloned().ok_or_else(|| match near() {
        Some(near) => format!("no preset '{name}'; did you mean {near}?"),
        None => format!("no preset '{name}': headwater loadgen preset --list shows them all"),
    })
}

/// A preset as a scenario file.
pub fn text(name: &str) -> Option<&'static str> {
    sections().find(|(section, _)| *section == name).map(|(_, body)| body.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_are_sound_and_stand_alone() {
        assert!(all().len() > 20);
        for preset in all() {
            assert_eq!(preset.check(), Ok(()), "{}", preset.name);
            assert!(!preset.about.is_empty(), "{}", preset.name);
            let file = Scenario::parse(text(&preset.name).unwrap()).unwrap();
            assert_eq!(Scenario { name: preset.name.clone(), ..file }, *preset);
        }
        assert!(find("nonsense").unwrap_err().contains("--list") && text("nonsense").is_none());
        assert!(find("producer-4").unwrap_err().contains("did you mean producers-4?"));
    }
}
