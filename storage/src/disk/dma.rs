//! The real disk: direct IO through this thread's [`ring`].
//!
//! Everything that blocks (opening, creating, removing, closing, small files) goes to the pool; data goes by direct reads
//! and writes of aligned buffers that are reused.

use std::fs;
use std::future::Future;
use std::io::{self, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use bytes::Bytes;
use rustix::fs::FallocateFlags;
use rustix::io::Errno;

use super::aligned::Aligned;
use super::buffered::Buffered;
use super::pool::Pool;
use super::recycled::Home;
use super::ring::{self, Unparker};
use super::{Buf, Disk, DiskFile, Open, page_ceil, page_floor};

/// Submissions that a ring takes in one turn, where this file sets it up.
const RING_ENTRIES: u32 = 64;

thread_local! {
    static READ_BUFFERS: Home = Home::default();
}

/// The disk of this machine; usable on a thread with a [`ring`] only.
#[derive(Clone, Copy, Debug, Default)]
pub struct Dma;

/// An open file. It is closed in the background when it is dropped and no operation uses it.
pub struct DmaHandle {
    file: Rc<Descriptor>,
}

struct Descriptor(Option<fs::File>);

impl AsFd for Descriptor {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_ref().expect("a file is open until it is dropped").as_fd()
    }
}

impl Drop for Descriptor {
    fn drop(&mut self) {
        // The last close of a removed file frees its blocks, which may take the disk many milliseconds.
        if let (Some(file), Some(pool)) = (self.0.take(), ring::pool_if_any()) {
            drop(pool.run(move || drop(file)));
        }
    }
}

impl Buf for Aligned {
    fn bytes(&mut self) -> &mut [u8] {
        self.as_mut()
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    ring::pool().run(work).await.unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
}

fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::File::open(folder)?.sync_all()
}

fn create_folders(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or(Ok(()), create_folders)?;
    match fs::create_dir(path) {
        Ok(()) => sync_folder_of(path),
        // Another shard makes the same topic's folder.
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        // Or has removed it, while it was empty.
        Err(error)
            if error.kind() == io::ErrorKind::NotFound && parent.is_some_and(|parent| !parent.is_dir()) =>
        {
            create_folders(path)
        }
        Err(error) => Err(error),
    }
}

impl Disk for Dma {
    type File = DmaHandle;
    type Buf = Aligned;

    fn alloc(&self, len: usize) -> Aligned {
        Aligned::new(len)
    }

    async fn open(&self, path: &Path, how: Open) -> io::Result<DmaHandle> {
        let path = path.to_path_buf();
        let file = blocking(move || {
            let mut options = fs::OpenOptions::new();
            options.read(true).custom_flags(libc::O_DIRECT);
            match how {
                Open::Read => {}
                Open::Existing => {
                    options.write(true);
                }
                Open::Write => {
                    options.write(true).create(true);
                }
                Open::WriteDurable => {
                    options.write(true).custom_flags(libc::O_DIRECT | libc::O_DSYNC);
                }
            }
            let file = options.open(&path)?;
            if how == Open::Write {
                // A flush of the file does not promise its name: without this a new one may be gone with the power.
                sync_folder_of(&path)?;
            }
            Ok(file)
        });
        Ok(DmaHandle { file: Rc::new(Descriptor(Some(file.await?))) })
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

    async fn remove_empty_folder(&self, path: &Path) -> io::Result<()> {
        let path = path.to_path_buf();
        blocking(move || match fs::remove_dir(path) {
            Err(error)
                if matches!(error.kind(), io::ErrorKind::DirectoryNotEmpty | io::ErrorKind::NotFound) =>
            {
                Ok(())
            }
            other => other,
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

    async fn open_buffered(&self, path: &Path) -> io::Result<Option<Arc<Buffered>>> {
        let path = path.to_path_buf();
        blocking(move || Ok(Buffered::open(&path)?.map(Arc::new))).await
    }
}

impl DiskFile for DmaHandle {
    type Buf = Aligned;

    async fn write_at(&self, buf: Aligned, len: usize, pos: u64) -> (io::Result<()>, Aligned) {
        let (written, buf) = ring::write(self.file.clone(), buf, len, pos).await;
        let result = match written {
            Ok(written) if written == len => Ok(()),
            // A short direct write means that the disk is full or failing; what is there is not known.
            Ok(_) => Err(io::Error::new(io::ErrorKind::StorageFull, "a direct write was cut short")),
            Err(error) => Err(error),
        };
        (result, buf)
    }

    async fn read_at(&self, pos: u64, len: usize) -> io::Result<Bytes> {
        if len == 0 {
            return Ok(Bytes::new());
        }
        let from = page_floor(pos);
        let skip = (pos - from) as usize;
        let whole = page_ceil(skip + len);
        let home = READ_BUFFERS.with(Clone::clone);
        let (read, buf) = ring::read(self.file.clone(), home.take(whole), whole, from).await;
        let end = match read {
            Ok(read) => read.min(skip + len),
            Err(error) => {
                home.give(buf);
                return Err(error);
            }
        };
        Ok(home.lend(buf, skip, end))
    }

    async fn flush(&self) -> io::Result<()> {
        ring::flush(self.file.clone()).await
    }

    async fn truncate(&self, len: u64) -> io::Result<()> {
        let file = self.file()?;
        blocking(move || file.set_len(len)).await
    }

    async fn reserve(&self, len: u64) -> io::Result<()> {
        let file = self.file()?;
        blocking(move || match rustix::fs::fallocate(&file, FallocateFlags::KEEP_SIZE, 0, len) {
            Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            other => other.map_err(io::Error::from),
        })
        .await
    }

    async fn size(&self) -> io::Result<u64> {
        let file = self.file()?;
        blocking(move || Ok(file.metadata()?.len())).await
    }
}

impl DmaHandle {
    /// The same file, for the pool.
    fn file(&self) -> io::Result<fs::File> {
        Ok(fs::File::from(self.file.as_fd().try_clone_to_owned()?))
    }
}

/// Runs a future on a thread and a ring of its own: for tests, benches and offline tools; the server has `net::rt`.
///
/// # Panics
/// If the machine refuses io_uring, or the future panics.
pub fn block_on<T: Send + 'static>(
    future: impl FnOnce() -> std::pin::Pin<Box<dyn Future<Output = T>>> + Send + 'static,
) -> T {
    struct Awake(AtomicBool, Unparker);
    impl Wake for Awake {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::Release);
            self.1.unpark();
        }
    }
    let run = move || {
        let pool = Pool::start(1, || ()).expect("a thread can be started");
        let _ring = ring::install(RING_ENTRIES, pool.handle()).expect("io_uring is available");
        let unparker = Unparker::new().expect("a descriptor is free");
        unparker.watch().expect("a descriptor is free");
        let awake = Arc::new(Awake(AtomicBool::new(true), unparker));
        let waker = Waker::from(awake.clone());
        let mut future = pin!(future());
        loop {
            if awake.0.swap(false, Ordering::AcqRel)
                && let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                return value;
            }
            awake.1.park(None, || awake.0.load(Ordering::Acquire)).expect("the ring works");
        }
    };
    thread::spawn(run).join().expect("the future does not panic")
}
