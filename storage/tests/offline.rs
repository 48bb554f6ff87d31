//! The offline look at a data folder: what a store left behind, clean or not, sound or damaged. It changes nothing.

mod world;

use std::fs;
use std::path::{Path, PathBuf};

use futures_lite::future::block_on;
use headwater_core::config::ClusterMeta;
use headwater_core::ids::NodeId;
use headwater_storage::disk::sim::Sim;
use headwater_storage::offline::{self, Problem};
use world::{Action, Random, World};

/// A simulated folder on the real disk, removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn of(disk: &Sim, name: &str) -> Folder {
        let root = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&root);
        for path in disk.paths() {
            let to = root.join(path.strip_prefix("/data").unwrap());
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(to, disk.contents(&path)).unwrap();
        }
        // What the broker around a store writes.
        fs::write(root.join("shards"), "1\n").unwrap();
        let meta = ClusterMeta::new("MkU3OEVBNTcwNTJENDM2Qg", NodeId::new(1));
        fs::write(root.join(ClusterMeta::FILE), meta.encode()).unwrap();
        Folder(root)
    }

    fn files(&self, extension: &str) -> Vec<PathBuf> {
        let mut found = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|of| of == extension) {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// A life of a store with random actions, ended cleanly or not.
fn live(seed: u64, clean: bool) -> World {
    let world = World::new(seed, format!("SEED={seed}"));
    let mut random = Random::new(seed);
    block_on(async {
        let store = world.open().await;
        let driver = async {
            for _ in 0..120 {
                let action = Action::random(&mut random, false);
                world.act(&store, action).await;
            }
            world.act(&store, Action::Settle).await;
            if clean {
                store.shutdown().await.unwrap();
            }
        };
        world.beside(&store, driver).await;
    });
    world
}

/// Everything wrong that a full look finds, and the records that it reads.
fn verify(path: &Path) -> (Vec<Problem>, u64) {
    let folder = offline::look(path).unwrap();
    let mut problems = folder.problems;
    let mut records = 0;
    for segment in folder.logs.iter().flat_map(|log| &log.segments) {
        segment.read_index(&mut problems);
        records += segment.read(&mut problems, |_, _, _| {}).unwrap().records;
    }
    (problems, records)
}

#[test]
fn what_a_store_leaves_behind_is_sound() {
    for seed in 1..40 {
        let world = live(seed, seed % 2 == 0);
        let folder = Folder::of(&world.disk, "sound");
        let (problems, _) = verify(&folder.0);
        assert_eq!(
            problems.into_iter().filter(|problem| problem.loss).collect::<Vec<_>>(),
            [],
            "SEED={seed}"
        );
        block_on(async {
            let store = world.open().await;
            let looked = offline::look(&folder.0).unwrap();
            assert!(store.logs().len() >= looked.logs.len() && !looked.logs.is_empty());
            for log in &looked.logs {
                let live =
                    store.log(log.id).unwrap_or_else(|| panic!("SEED={seed}: {} is not known", log.id));
                assert_eq!((log.start, log.end), (live.log_start(), live.end()), "SEED={seed} {}", log.id);
            }
        });
    }
}

#[test]
fn damage_is_named_and_the_look_goes_on() {
    let world = live(6, true);
    let folder = Folder::of(&world.disk, "damaged");
    let (problems, records) = verify(&folder.0);
    assert!(problems.is_empty() && records > 20, "{problems:?} {records}");
    let segments = folder.files("log");
    let check = |file: &Path, change: &dyn Fn(&mut Vec<u8>), expect: &str| {
        let good = fs::read(file).unwrap();
        let mut bad = good.clone();
        change(&mut bad);
        fs::write(file, &bad).unwrap();
        let (problems, left) = verify(&folder.0);
        let found = problems.iter().find(|problem| problem.what.contains(expect));
        assert!(found.is_some(), "{expect}: {problems:?}");
        fs::write(file, &good).unwrap();
        (found.unwrap().loss, left)
    };
    let (loss, left) = check(&segments[0], &|bytes| bytes[70] ^= 4, "checksum");
    assert!(loss && left > 0 && left < records);
    assert!(check(&segments[0], &|bytes| bytes[7] ^= 1, "is expected").0);
    assert!(check(&segments[0], &|bytes| bytes.truncate(100), "are known").0);
    assert!(!check(&folder.files("index")[0], &|bytes| bytes[3] ^= 1, "index is damaged").0);
    let checkpoint = folder.0.join("shard-0/checkpoint");
    assert!(check(&checkpoint, &|bytes| bytes[30] ^= 1, "damaged").0);
    fs::remove_file(&segments[0]).unwrap();
    assert!(verify(&folder.0).0.iter().any(|problem| problem.loss && problem.what.contains("missing")));
}

#[test]
fn a_segment_speaks_for_itself() {
    let world = live(8, false);
    let folder = Folder::of(&world.disk, "alone");
    let mut read = 0;
    for segment in folder.files("log") {
        let alone = Folder(folder.0.with_extension("copy"));
        fs::create_dir_all(&alone.0).unwrap();
        let copy = alone.0.join(segment.file_name().unwrap());
        fs::copy(&segment, &copy).unwrap();
        let (problems, records) = verify(&copy);
        assert!(problems.iter().all(|problem| !problem.loss), "{problems:?}");
        read += records;
    }
    assert!(read > 0);
    assert!(offline::look(&folder.0.join("shard-0/checkpoint")).is_err());
    assert!(offline::look(Path::new("/nowhere")).is_err());
}

#[test]
fn a_folder_that_lacks_a_part_is_not_sound() {
    let world = live(6, false);
    let check = |change: &dyn Fn(&Path), file: &str, expect: &str| {
        let folder = Folder::of(&world.disk, "parts");
        change(&folder.0);
        let (problems, _) = verify(&folder.0);
        let at = folder.0.join(file);
        let found = problems.iter().any(|p| p.loss && p.file == at && p.what.contains(expect));
        assert!(found, "{file}: {expect}: {problems:?}");
    };
    let remove = |name: &'static str| move |root: &Path| fs::remove_file(root.join(name)).unwrap();
    let write =
        |name: &'static str, text: &'static str| move |root: &Path| fs::write(root.join(name), text).unwrap();
    check(&remove("shards"), "shards", "how many shards");
    check(&write("shards", "many"), "shards", "number of shards");
    check(&write("shards", "0"), "shards", "number of shards");
    check(&write("shards", "2"), "shard-1", "2 shards wrote");
    check(&remove("meta.properties"), "meta.properties", "whose folder");
    check(&write("meta.properties", "version=1\n"), "meta.properties", "cluster.id is missing");
    check(&remove("shard-0/checkpoint"), "shard-0/checkpoint", "does not start");
    let no_journal = |root: &Path| fs::remove_dir_all(root.join("shard-0/journal")).unwrap();
    check(&no_journal, "shard-0/journal/ring-0", "journal is missing");
    let topics_only = |root: &Path| {
        fs::remove_dir_all(root.join("shard-0")).unwrap();
        fs::remove_file(root.join("shards")).unwrap();
    };
    check(&topics_only, "shards", "how many shards");
}

#[test]
fn what_is_no_data_folder_is_refused() {
    let check = |path: &Path, expect: &str| {
        let said = offline::look(path).unwrap_err().to_string();
        assert!(said.contains(expect), "{said}");
    };
    let world = live(6, true);
    let parent = Folder(PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("parent"));
    fs::create_dir_all(parent.0.join("nothing")).unwrap();
    check(&parent.0, "no segment in it");
    let inside = Folder::of(&world.disk, "parent/inside");
    check(&parent.0, "there is one in it");
    // Deeper down, too.
    let deep = Folder(parent.0.with_extension("deep"));
    fs::create_dir_all(&deep.0).unwrap();
    fs::rename(&parent.0, deep.0.join("parent")).unwrap();
    check(&deep.0, "there is one in it");
    drop(inside);
}
