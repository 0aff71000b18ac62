//! Files that are whole or not there: written beside their place, and renamed.
use crate::local::io_error;
use byte_ranges::{SourceError, SourceErrorKind};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

/// Names that are tried where others make and remove the same ones.
const MAX_TRIES: usize = 1000;

/// A file that is being written beside its place. It has one name for each place and is locked, so that a later writer
/// waits, and takes over what a killed writer left. Dropped without [`Beside::put`], it is removed.
pub(crate) struct Beside {
    file: File,
    path: PathBuf,
    place: PathBuf,
    put: bool,
}

impl Beside {
    /// Begins to write the file `place`; its folder is made.
    pub(crate) fn begin(place: &Path) -> io::Result<Self> {
        let (folder, path) = (folder_of(place), beside_of(place));
        for _ in 0..MAX_TRIES {
            let file = match OpenOptions::new().write(true).create(true).truncate(false).open(&path) {
                Ok(file) => file,
                // The last writer of a folder has removed it meanwhile, or there was none.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {
                    fs::create_dir_all(folder)?;
                    continue;
                }
                Err(error) => return Err(error),
            };
            if file.lock().is_err() {
                // A file system without locks.
                drop(file);
                break;
            }
            // While this waited, the file may have gone to its place, under the name that is waited for.
            if is_at(&file, &path) {
                file.set_len(0)?;
                return Ok(Self { file, path, place: place.to_owned(), put: false });
            }
        }
        Self::under_a_name_of_its_own(place)
    }

    fn under_a_name_of_its_own(place: &Path) -> io::Result<Self> {
        static SERIAL: AtomicU64 = AtomicU64::new(0);
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
        let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
        let path = folder_of(place).join(temporary(place, &format!(".{}-{now}-{serial}", std::process::id())));
        // Never a file that is there: process ids of other machines may be equal.
        let file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        Ok(Self { file, path, place: place.to_owned(), put: false })
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)
    }

    /// Puts the file in its place, in one step.
    pub(crate) fn put(mut self) -> io::Result<()> {
        fs::rename(&self.path, &self.place)?;
        self.put = true;
        Ok(())
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        if !self.put {
            _ = fs::remove_file(&self.path);
        }
    }
}

/// The file beside a place.
pub(crate) fn beside_of(place: &Path) -> PathBuf {
    folder_of(place).join(temporary(place, ""))
}

/// Whether a name is that of a file beside its place.
pub(crate) fn is_temporary(name: &str) -> bool {
    name.starts_with('.') && name.ends_with(".tmp")
}

/// Removes a file beside its place whose writer is gone.
pub(crate) fn sweep(path: &Path) {
    if let Ok(file) = File::open(path)
        && file.try_lock().is_ok()
    {
        _ = fs::remove_file(path);
    }
}

/// All of a file. A folder, a pipe or a device is refused before it is opened: it may have no end, or no writer.
///
/// # Errors
/// [`io::Error`], without the path.
pub fn read_file(path: &Path) -> io::Result<Vec<u8>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is no file, but a folder, a pipe or a device"));
    }
    fs::read(path)
}

/// The text of a file, without the byte order mark that some editors begin it with.
///
/// # Errors
/// [`SourceError`] with the path; text that is not UTF-8 is one of kind [`SourceErrorKind::BadAnswer`].
pub fn read_text(path: &Path) -> Result<String, SourceError> {
    let shown = path.display().to_string();
    let bytes =
        read_file(path).map_err(|error| SourceError { message: error.to_string(), ..io_error(&shown, "", &error) })?;
    let text = String::from_utf8(bytes);
    let text = text.map_err(|_| SourceError::new(SourceErrorKind::BadAnswer, shown, "it is no text in UTF-8"))?;
    Ok(text.trim_start_matches('\u{feff}').to_owned())
}

/// Writes a whole file in the place of the one that is there: a reader sees the old one or the new one, also after
/// a failure, a full disk or a loss of power. A link remains a link; a device or a pipe is written to directly.
///
/// # Errors
/// [`SourceError`] with the path; what was there is untouched.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<(), SourceError> {
    let mut file = NewFile::begin(path)?;
    file.write_all(bytes).map_err(|error| write_error(path, &error))?;
    file.put()
}

/// An error of the file system while `path` was written.
#[must_use]
pub fn write_error(path: &Path, error: &io::Error) -> SourceError {
    io_error(&path.display().to_string(), "cannot be written", error)
}

/// A file that is written piece by piece, with the promises of [`write_file`]: it is in its place after [`NewFile::put`], and
/// nothing of it remains where it is dropped before. What a killed process left is taken over by the next that writes the
/// same file.
pub struct NewFile {
    path: PathBuf,
    into: Target,
}

enum Target {
    Beside(Beside),
    /// A device or a pipe.
    Direct(File),
}

impl NewFile {
    /// Begins to write a file; its folder is made.
    ///
    /// # Errors
    /// [`SourceError`] with the path.
    pub fn begin(path: &Path) -> Result<Self, SourceError> {
        let into = Self::open(path).map_err(|error| write_error(path, &error))?;
        Ok(Self { path: path.to_owned(), into })
    }

    /// Its place, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The file that is written until then, where it is another.
    #[must_use]
    pub fn under_way(&self) -> Option<&Path> {
        match &self.into {
            Target::Beside(beside) => Some(&beside.path),
            Target::Direct(_) => None,
        }
    }

    fn open(path: &Path) -> io::Result<Target> {
        let place = behind_links(path)?;
        let there = fs::metadata(&place).ok();
        if there.as_ref().is_some_and(|there| !there.is_file()) {
            return Ok(Target::Direct(OpenOptions::new().write(true).open(&place)?));
        }
        let beside = Beside::begin(&place)?;
        if let Some(there) = there {
            beside.file.set_permissions(there.permissions())?;
        }
        Ok(Target::Beside(beside))
    }

    /// Puts the file in its place, in one step.
    ///
    /// # Errors
    /// [`SourceError`] with the path; what was there is untouched.
    pub fn put(self) -> Result<(), SourceError> {
        let Target::Beside(beside) = self.into else { return Ok(()) };
        let folder = folder_of(&beside.place).to_owned();
        let put = beside.file.sync_all().and_then(|()| beside.put());
        put.map_err(|error| write_error(&self.path, &error))?;
        sync_folder(&folder);
        Ok(())
    }
}

impl Write for NewFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match &mut self.into {
            Target::Beside(beside) => beside.file.write(bytes),
            Target::Direct(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The path that links lead to, whether or not it exists.
pub(crate) fn behind_links(path: &Path) -> io::Result<PathBuf> {
    const MAX_LINKS: usize = 40;
    let mut place = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::read_link(&place) {
            Ok(target) => place = folder_of(&place).join(target),
            Err(_) => return Ok(place),
        }
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "links that lead in a circle"))
}

/// Makes the names in a folder survive a loss of power, where the system can.
pub(crate) fn sync_folder(folder: &Path) {
    if let Ok(folder) = File::open(folder) {
        _ = folder.sync_all();
    }
}

/// The folder of a file; `.` for a bare name.
pub(crate) fn folder_of(place: &Path) -> &Path {
    match place.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

fn temporary(place: &Path, more: &str) -> OsString {
    let mut name = OsString::from(".");
    name.push(place.file_name().unwrap_or_default());
    name.push(more);
    name.push(".tmp");
    name
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (Ok(opened), Ok(named)) = (file.metadata(), fs::symlink_metadata(path)) else { return false };
    id(opened) == id(named)
}

/// Without numbers of files: what is there under the name is locked, by this process if it is the same file.
#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    use std::fs::TryLockError;
    matches!(File::open(path).map(|named| named.try_lock()), Ok(Err(TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(test: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("icestream-beside-{test}-{}", std::process::id()));
        _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        path
    }

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = entries.collect();
        names.sort();
        names
    }

    #[test]
    fn what_a_killed_writer_left_is_taken_over() {
        let folder = folder("left");
        fs::write(folder.join(".map.png.tmp"), "half of a longer file").unwrap();
        write_file(&folder.join("map.png"), b"whole").unwrap();
        assert_eq!(
            (names(&folder), fs::read(folder.join("map.png")).unwrap()),
            (vec!["map.png".into()], b"whole".to_vec())
        );
        fs::write(folder.join(".old.tmp"), "half").unwrap();
        let live = Beside::begin(&folder.join("live")).unwrap();
        sweep(&folder.join(".old.tmp"));
        sweep(&folder.join(".live.tmp"));
        assert_eq!(names(&folder), [".live.tmp", "map.png"]);
        drop(live);
        assert_eq!(names(&folder), ["map.png"]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[test]
    fn many_writers_of_one_file_leave_one_of_their_contents() {
        let folder = folder("many");
        let place = folder.join("file");
        let write = |writer: u8| {
            let place = place.clone();
            std::thread::spawn(move || {
                (0..50).for_each(|_| write_file(&place, &vec![writer; 4000 + usize::from(writer)]).unwrap());
            })
        };
        let writers: Vec<_> = (0..4).map(write).collect();
        while writers.iter().any(|writer| !writer.is_finished()) {
            let Ok(bytes) = fs::read(&place) else { continue };
            assert!(bytes.len() == 4000 + usize::from(bytes[0]) && bytes.iter().all(|&byte| byte == bytes[0]));
        }
        writers.into_iter().for_each(|writer| writer.join().unwrap());
        assert_eq!(names(&folder), ["file"]);
        fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn links_and_devices_stay_what_they_are() {
        let folder = folder("links");
        fs::create_dir(folder.join("far")).unwrap();
        std::os::unix::fs::symlink("far/target", folder.join("link")).unwrap();
        for content in [b"new", b"old"] {
            write_file(&folder.join("link"), content).unwrap();
            assert!(fs::symlink_metadata(folder.join("link")).unwrap().is_symlink());
            assert_eq!(fs::read(folder.join("far/target")).unwrap(), content);
        }
        assert_eq!(names(&folder.join("far")), ["target"]);
        write_file(Path::new("/dev/null"), b"gone").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
        std::os::unix::fs::symlink("circle", folder.join("circle")).unwrap();
        assert!(write_file(&folder.join("circle"), b"x").unwrap_err().message.contains("circle"));
        fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_leaves_the_old_file() {
        // A write to /dev/full fails as one to a full disk does; a link leads the temporary file there.
        let folder = folder("full");
        fs::write(folder.join("file"), "old").unwrap();
        let mut beside = Beside::begin(&folder.join("file")).unwrap();
        beside.file = OpenOptions::new().write(true).open("/dev/full").unwrap();
        assert_eq!(beside.write(b"new").unwrap_err().kind(), io::ErrorKind::StorageFull);
        drop(beside);
        assert_eq!((names(&folder), fs::read(folder.join("file")).unwrap()), (vec!["file".into()], b"old".to_vec()));
        fs::remove_dir_all(&folder).unwrap();
    }
}
