//! The generator of the wire codec, run as a test: `core/src/wire/{messages,records}` and `api/table.rs` must be what
//! the schema says. After a change of the schema or of `emit.rs`, rewrite them with
//!
//! ```text
//! UPDATE=1 cargo test -p headwater-core --test wire_schema
//! ```

mod emit;
mod schema;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn generated_code_is_what_the_schema_says() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/wire");
    let update = std::env::var_os("UPDATE").is_some();
    let mut files = emit::messages(&schema::load("messages.json"));
    files.extend(emit::records(&schema::load("records.json")));

    let mut stale = Vec::new();
    for (path, text) in &files {
        let path = root.join(path);
        if fs::read_to_string(&path).ok().as_deref() != Some(text) {
            if update {
                fs::create_dir_all(path.parent().expect("a file has a folder")).expect("folder");
                fs::write(&path, text).expect("write");
            }
            stale.push(path);
        }
    }
    let wanted: BTreeSet<PathBuf> = files.iter().map(|(path, _)| root.join(path)).collect();
    for folder in ["messages", "records"] {
        for entry in fs::read_dir(root.join(folder)).expect("folder") {
            let path = entry.expect("entry").path();
            if !wanted.contains(&path) {
                if update {
                    fs::remove_file(&path).expect("remove");
                }
                stale.push(path);
            }
        }
    }
    assert!(update || stale.is_empty(), "not what the schema says; run again with UPDATE=1: {stale:#?}");
}

#[test]
fn names_become_snake_case() {
    for (name, expect) in [
        ("TopicId", "topic_id"),
        ("KRaftVersion", "k_raft_version"),
        ("LastKnownElr", "last_known_elr"),
        ("Enable2Pc", "enable2_pc"),
        ("SASLName", "sasl_name"),
        ("groupInstanceId", "group_instance_id"),
    ] {
        assert_eq!(emit::snake(name), expect);
    }
}
