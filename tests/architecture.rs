//! The plan of the house, enforced: who may import whom, where io_uring may be named, and that the documents point at
//! files that exist. A layering that no test enforces is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Package, its folder, and the packages of ours that it may depend on.
const CHAIN: &[(&str, &str, &[&str])] = &[
    ("headwater-core", "core", &[]),
    ("headwater-storage", "storage", &["headwater-core"]),
    ("headwater-replication", "replication", &["headwater-core", "headwater-storage"]),
    ("headwater-net", "net", &["headwater-core", "headwater-storage", "headwater-replication"]),
    ("headwater-loadgen", "loadgen", &["headwater-core"]),
    (
        "headwater-bench",
        "bench",
        &[
            "headwater-core",
            "headwater-storage",
            "headwater-replication",
            "headwater-net",
            "headwater-loadgen",
            "headwater",
        ],
    ),
    (
        "headwater",
        ".",
        &[
            "headwater-core",
            "headwater-storage",
            "headwater-replication",
            "headwater-net",
            "headwater-loadgen",
        ],
    ),
];

/// The only file that may name io_uring, so that another kernel interface would cost one file.
const IO_URING: [&str; 1] = ["storage/src/disk/ring.rs"];

/// Files that may hold `unsafe`, each place with its reason: the ring, memory for direct IO, asking what of a file
/// is in memory, receiving into memory that was not filled first.
const UNSAFE: [&str; 4] = [
    "storage/src/disk/ring.rs",
    "storage/src/disk/aligned.rs",
    "storage/src/disk/buffered.rs",
    "net/src/rt.rs",
];

fn sources(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") {
                sources(&path, out);
            }
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
}

fn all_sources() -> Vec<PathBuf> {
    let mut out = Vec::new();
    for room in ["src", "core", "storage", "replication", "net", "loadgen", "bench", "tests"] {
        sources(&root().join(room), &mut out);
    }
    out
}

fn relative(path: &Path) -> String {
    path.strip_prefix(root()).unwrap().to_string_lossy().into_owned()
}

#[test]
fn packages_form_the_chain() {
    let names: BTreeSet<&str> = CHAIN.iter().map(|(name, ..)| *name).collect();
    for (name, folder, allowed) in CHAIN {
        let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        assert_eq!(manifest["package"]["name"].as_str(), Some(*name));
        for section in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let Some(dependencies) = manifest.get(section).and_then(|s| s.as_table()) else { continue };
            for (dependency, spec) in dependencies {
                if names.contains(dependency.as_str()) {
                    assert!(
                        allowed.contains(&dependency.as_str()),
                        "{name} must not depend on {dependency} ({section})"
                    );
                }
                let inherits = spec.get("workspace").and_then(|w| w.as_bool()) == Some(true);
                assert!(inherits, "{folder}/Cargo.toml: {dependency} takes its version from the workspace");
            }
        }
    }
}

#[test]
fn every_package_takes_the_workspace_lints() {
    for (_, folder, _) in CHAIN {
        let text = fs::read_to_string(root().join(folder).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        assert_eq!(manifest["lints"]["workspace"].as_bool(), Some(true), "{folder}");
    }
}

#[test]
fn io_uring_lives_in_one_file() {
    let mut seen = BTreeSet::new();
    for path in all_sources() {
        let text = fs::read_to_string(&path).unwrap();
        let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
        if code.into_iter().any(|line| line.contains("io_uring::")) {
            seen.insert(relative(&path));
        }
    }
    seen.remove("tests/architecture.rs");
    assert_eq!(seen, IO_URING.iter().map(|s| s.to_string()).collect());
}

#[test]
fn unsafe_lives_in_the_facades() {
    for path in all_sources() {
        let name = relative(&path);
        let text = fs::read_to_string(&path).unwrap();
        let allows =
            text.lines().any(|line| line.contains("allow(unsafe_code)") && !line.contains("line.contains"));
        assert!(
            !allows || UNSAFE.contains(&name.as_str()) || name.contains("/tests/"),
            "{name} allows unsafe code"
        );
    }
}

/// A setting that is parsed, shown and then read by nobody is a promise without effect.
#[test]
fn every_typed_setting_has_a_reader() {
    let config = root().join("core/src/config");
    let mut files = Vec::new();
    sources(&config, &mut files);
    let mut fields = BTreeSet::new();
    for path in files.iter().filter(|path| !path.ends_with("tests.rs")) {
        let text = fs::read_to_string(path).unwrap();
        let (mut of_settings, start) =
            (false, |line: &str| line.strip_prefix("pub struct ").map(String::from));
        for line in text.lines() {
            match start(line) {
                Some(name) => {
                    of_settings = name.trim_end_matches(" {").ends_with("Config")
                        || name.trim_end_matches(" {").ends_with("Settings");
                }
                None if line == "}" => of_settings = false,
                None => {}
            }
            let field = line.strip_prefix("    pub ").and_then(|rest| rest.split_once(": "));
            fields.extend(field.filter(|_| of_settings).map(|(name, _)| name.to_string()));
        }
    }
    assert!(fields.len() > 80, "the fields were not found: {fields:?}");
    for room in ["src", "core/src", "replication/src", "net/src"] {
        let mut readers = Vec::new();
        sources(&root().join(room), &mut readers);
        for path in readers {
            if path.starts_with(&config) || relative(&path).contains("tests") {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod ").next().unwrap_or_default();
            fields.retain(|field| {
                let ends =
                    |rest: &str| !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '(');
                !code.split(&format!(".{field}")).skip(1).any(ends)
            });
        }
    }
    assert!(fields.is_empty(), "nothing outside core/src/config reads {fields:?}");
}

#[test]
fn rooms_have_no_vague_names() {
    for path in all_sources() {
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        assert!(
            !["utils", "util", "common", "helpers", "helper", "manager", "types"].contains(&stem.as_str()),
            "{} says nothing about what is in it",
            relative(&path)
        );
    }
}

/// Words in backquotes that look like a path of this project: `core/src/wire`, `docs/formats.md`, ….
fn named_paths(text: &str) -> Vec<String> {
    let rooms = [
        "src/",
        "core/",
        "storage/",
        "replication/",
        "net/",
        "loadgen/",
        "bench/",
        "docs/",
        "tests/",
        ".ci/",
    ];
    text.split('`')
        .skip(1)
        .step_by(2)
        .filter(|word| rooms.iter().any(|room| word.starts_with(room)))
        .filter(|word| !word.contains(['{', '*', '<', ' ', '…', '$']))
        .map(|word| word.trim_end_matches('/').to_string())
        .collect()
}

#[test]
fn paths_named_in_documents_exist() {
    let mut documents = vec![root().join("README.md")];
    for folder in ["docs", "docs/design"] {
        for entry in fs::read_dir(root().join(folder)).unwrap() {
            documents.push(entry.unwrap().path());
        }
    }
    let mut missing: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for document in documents.iter().filter(|d| d.extension().is_some_and(|e| e == "md")) {
        for path in named_paths(&fs::read_to_string(document).unwrap()) {
            if !root().join(&path).exists() {
                missing.entry(relative(document)).or_default().push(path);
            }
        }
    }
    assert!(missing.is_empty(), "documents name paths that are not there: {missing:#?}");
}

#[test]
fn every_test_file_is_named_in_testing_md() {
    let text = fs::read_to_string(root().join("docs/testing.md")).unwrap();
    let named = named_paths(&text);
    let mut missing = Vec::new();
    for (_, folder, _) in CHAIN {
        let Ok(entries) = fs::read_dir(root().join(folder).join("tests")) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            // What cargo makes a test of; a folder without it is shared by several.
            let is_test = path.extension().is_some_and(|e| e == "rs") || path.join("main.rs").is_file();
            let name = relative(&path).trim_start_matches("./").to_owned();
            if is_test && !named.contains(&name) {
                missing.push(name);
            }
        }
    }
    assert!(missing.is_empty(), "docs/testing.md does not name {missing:?}");
}
