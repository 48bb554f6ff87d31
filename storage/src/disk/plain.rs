//! A disk that is only read, with plain calls: for offline tools, which run where there is no io_uring and no direct IO, and
//! must change nothing. Everything that would write answers `ReadOnlyFilesystem`.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;

use bytes::Bytes;

use super::{Disk, DiskFile, Open};

/// See the module's text.
#[derive(Clone, Copy, Debug, Default)]
pub struct Plain;

/// An open file of [`Plain`].
pub struct PlainFile(File);

fn refused<T>() -> io::Result<T> {
    Err(io::ErrorKind::ReadOnlyFilesystem.into())
}

impl Disk for Plain {
    type File = PlainFile;
    type Buf = Vec<u8>;

    fn alloc(&self, len: usize) -> Vec<u8> {
        vec![0; len]
    }

    async fn open(&self, path: &Path, how: Open) -> io::Result<PlainFile> {
        if how == Open::Read { Ok(PlainFile(File::open(path)?)) } else { refused() }
    }

    async fn create_folder(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    async fn remove(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    async fn remove_empty_folder(&self, _path: &Path) -> io::Result<()> {
        refused()
    }

    async fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        match fs::read_dir(path) {
            Ok(entries) => entries.map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    }

    async fn read_file(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    async fn replace_file(&self, _path: &Path, _bytes: Vec<u8>) -> io::Result<()> {
        refused()
    }
}

impl DiskFile for PlainFile {
    type Buf = Vec<u8>;

    async fn write_at(&self, buf: Vec<u8>, _len: usize, _pos: u64) -> (io::Result<()>, Vec<u8>) {
        (refused(), buf)
    }

    async fn read_at(&self, pos: u64, len: usize) -> io::Result<Bytes> {
        let mut bytes = vec![0; len];
        let mut filled = 0;
        while filled < len {
            match self.0.read_at(&mut bytes[filled..], pos + filled as u64) {
                Ok(0) => break,
                Ok(n) => filled += n,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        bytes.truncate(filled);
        Ok(bytes.into())
    }

    async fn flush(&self) -> io::Result<()> {
        refused()
    }

    async fn truncate(&self, _len: u64) -> io::Result<()> {
        refused()
    }

    async fn reserve(&self, _len: u64) -> io::Result<()> {
        refused()
    }

    async fn size(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}
