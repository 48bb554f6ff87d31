//! The real disk: io_uring with direct IO, through glommio. One of the two files that name it.
//!
//! Everything that blocks (opening, creating, removing, small files) goes through glommio's blocking pool or its own
//! asynchronous calls; data goes by direct reads and writes of aligned buffers that are reused.

use std::fs;
use std::future::Future;
use std::io::{self, Write};
use std::path::Path;
use std::rc::Rc;

use bytes::Bytes;
use glommio::io::{DmaFile, OpenOptions};
use glommio::{GlommioError, LocalExecutorBuilder, Placement};

use super::{Buf, Disk, DiskFile, Open, PAGE, page_floor};

/// O_DSYNC of Linux (`asm-generic/fcntl.h`).
const O_DSYNC: i32 = 0o10000;

/// The disk of this machine; usable inside a glommio executor only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dma;

/// An open file. It is closed in the background when it is dropped.
pub struct DmaHandle {
    file: Option<DmaFile>,
}

/// An aligned buffer; the kernel shares it while a write is under way.
pub struct DmaBuf(Rc<glommio::io::DmaBuffer>);

impl Buf for DmaBuf {
    fn bytes(&mut self) -> &mut [u8] {
        // A buffer that is still in flight is never handed out: `write_at` takes it and gives it back.
        Rc::get_mut(&mut self.0).expect("a buffer is touched while the kernel has it").as_bytes_mut()
    }
}

fn plain<T>(error: GlommioError<T>) -> io::Error {
    io::Error::from(error)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    glommio::executor().spawn_blocking(work).await
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

fn create_folders(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    if let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) {
        create_folders(parent)?;
    }
    match fs::create_dir(path) {
        Ok(()) => sync_folder_of(path),
        // Another shard makes the same topic's folder.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}

impl Disk for Dma {
    type File = DmaHandle;
    type Buf = DmaBuf;

    fn alloc(&self, len: usize) -> DmaBuf {
        assert!(len > 0 && len.is_multiple_of(PAGE), "a buffer is whole pages");
        let mut buf = glommio::allocate_dma_buffer(len);
        buf.as_bytes_mut().fill(0);
        DmaBuf(Rc::new(buf))
    }

    async fn open(&self, path: &Path, how: Open) -> io::Result<DmaHandle> {
        let mut options = OpenOptions::new();
        options.read(true);
        match how {
            Open::Read => {}
            Open::Existing => {
                options.write(true);
            }
            Open::Write => {
                options.write(true).create(true);
            }
            Open::WriteDurable => {
                options.write(true).custom_flags(O_DSYNC);
            }
        }
        let handle = DmaHandle { file: Some(options.dma_open(path).await.map_err(plain)?) };
        if how == Open::Write {
            let path = path.to_path_buf();
            // A flush of the file does not promise its name: without this a new one may be gone with the power.
            blocking(move || sync_folder_of(&path)).await?;
        }
        Ok(handle)
    }

    async fn create_folder(&self, path: &Path) -> io::Result<()> {
        let path = path.to_path_buf();
        blocking(move || create_folders(&path)).await
    }

    async fn remove(&self, path: &Path) -> io::Result<()> {
        let path = path.to_path_buf();
        blocking(move || {
            let removed = if path.is_dir() { fs::remove_dir_all(&path) } else { fs::remove_file(&path) };
            match removed {
                Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
                other => other,
            }
        })
        .await
    }

    async fn list(&self, path: &Path) -> io::Result<Vec<String>> {
        let path = path.to_path_buf();
        blocking(move || match fs::read_dir(path) {
            Ok(entries) => entries.map(|e| e.map(|e| e.file_name().to_string_lossy().into_owned())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        })
        .await
    }

    async fn read_file(&self, path: &Path) -> io::Result<Option<Vec<u8>>> {
        let path = path.to_path_buf();
        blocking(move || match fs::read(path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        })
        .await
    }

    async fn replace_file(&self, path: &Path, bytes: Vec<u8>) -> io::Result<()> {
        let path = path.to_path_buf();
        blocking(move || {
            let temporary = path.with_extension("tmp");
            let mut file = fs::File::create(&temporary)?;
            file.write_all(&bytes)?;
            file.sync_data()?;
            fs::rename(&temporary, &path)?;
            // Without this the rename itself may be lost with the power.
            sync_folder_of(&path)
        })
        .await
    }
}

impl DmaHandle {
    fn file(&self) -> &DmaFile {
        self.file.as_ref().expect("a file is open until it is dropped")
    }
}

impl Drop for DmaHandle {
    fn drop(&mut self) {
        // glommio closes a dropped file on the shard itself and warns; a close may block behind a flush.
        if let Some(file) = self.file.take() {
            glommio::spawn_local(async move {
                let _ = file.close().await;
            })
            .detach();
        }
    }
}

impl DiskFile for DmaHandle {
    type Buf = DmaBuf;

    async fn write_at(&self, buf: DmaBuf, pos: u64) -> (io::Result<()>, DmaBuf) {
        let wanted = buf.0.len();
        let result = match self.file().write_rc_at(buf.0.clone(), pos).await {
            Ok(written) if written == wanted => Ok(()),
            // A short direct write means that the disk is full or failing; what is there is not known.
            Ok(_) => Err(io::Error::new(io::ErrorKind::StorageFull, "a direct write was cut short")),
            Err(error) => Err(plain(error)),
        };
        (result, buf)
    }

    async fn read_at(&self, pos: u64, len: usize) -> io::Result<Bytes> {
        let from = page_floor(pos);
        let skip = (pos - from) as usize;
        let read =
            self.file().read_at_aligned(from, (skip + len).next_multiple_of(PAGE)).await.map_err(plain)?;
        let end = read.len().min(skip + len);
        Ok(read.get(skip..end).map_or_else(Bytes::new, Bytes::copy_from_slice))
    }

    async fn flush(&self) -> io::Result<()> {
        self.file().fdatasync().await.map_err(plain)
    }

    async fn truncate(&self, len: u64) -> io::Result<()> {
        self.file().truncate(len).await.map_err(plain)
    }

    async fn size(&self) -> io::Result<u64> {
        self.file().file_size().await.map_err(plain)
    }
}

/// Runs a future on an executor of its own: for tests, benches and offline tools; the server has `net::rt`.
///
/// # Panics
/// If the machine refuses io_uring.
pub fn block_on<T: Send + 'static>(
    future: impl FnOnce() -> std::pin::Pin<Box<dyn Future<Output = T>>> + Send + 'static,
) -> T {
    LocalExecutorBuilder::new(Placement::Unbound)
        .io_memory(512 * 1024)
        .spawn(move || async move { future().await })
        .expect("io_uring is available")
        .join()
        .expect("the future does not panic")
}
