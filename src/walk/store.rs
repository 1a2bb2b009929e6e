//! Finished pieces of a long run, kept on disk until the run is whole, so that a run that was killed goes on where it was.
//!
//! Each piece (a trial, a fold) has a name within its run, and the run its question: the hash of everything its answer depends on, the
//! program itself included. One file a question, `reports/.cache/<question>.pieces`, is only ever appended to: a batch of pieces is written at
//! once, each with its length and checksum, and what a kill or a power cut left half written is cut off when the file is opened again. What
//! is read back is what was put in, to the bit, so a resumed run ends as one that was never stopped.
//!
//! Bounded: the file goes when its run is whole, and of runs that never were, the [`MOST_UNFINISHED`] latest stay. A file belongs to one process
//! at a time; a second one that asks the same question at the same time works without.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, ErrorKind, Read, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest, Sha256};

use crate::error::{Error, Result};

/// Files of unfinished runs that are kept.
pub const MOST_UNFINISHED: usize = 8;

/// The first bytes of a file, before its question.
const MAGIC: &[u8] = b"cthulu-lab pieces 1\n";
const ENDING: &str = "pieces";

/// Bytes of a length and of a checksum.
const LENGTH: usize = 4;
const CHECK: usize = 8;

/// The pieces of one run.
#[derive(Default)]
pub struct Store {
    file: Option<(PathBuf, File)>,
    question: String,
    pieces: BTreeMap<String, Vec<u8>>,
}

impl Store {
    /// A store that keeps nothing.
    #[must_use]
    pub fn off() -> Self {
        Self::default()
    }

    /// The pieces kept in `folder` for a question, none of them where `fresh`.
    ///
    /// # Errors
    /// When the folder or the file cannot be used.
    pub fn open(folder: &Path, question: &str, fresh: bool) -> Result<Self> {
        fs::create_dir_all(folder).map_err(|e| Error::io(folder, "cannot be created", e))?;
        let path = folder.join(format!("{}.{ENDING}", &question[..question.len().min(32)]));
        let fault = |e| Error::io(&path, "the finished part of the run cannot be kept", e);
        let Some(mut file) = locked(&path).map_err(fault)? else { return Ok(Self::off()) };
        let mut bytes = Vec::new();
        if !fresh {
            file.read_to_end(&mut bytes).map_err(fault)?;
        }
        let mut store = Self { file: None, question: question.to_owned(), pieces: BTreeMap::new() };
        let mut good = store.read(&bytes);
        if good == 0 {
            file.set_len(0).map_err(fault)?;
            file.seek(SeekFrom::Start(0)).map_err(fault)?;
            file.write_all(&store.head()).map_err(fault)?;
            good = store.head().len();
        }
        file.set_len(good as u64).map_err(fault)?;
        file.seek(SeekFrom::Start(good as u64)).map_err(fault)?;
        forget_old(folder, &path);
        store.file = Some((path, file));
        Ok(store)
    }

    /// Pieces at hand.
    #[must_use]
    pub fn len(&self) -> usize {
        self.pieces.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// A piece, if it was finished before.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.pieces.get(name).map(Vec::as_slice)
    }

    /// Keeps finished pieces; all of them are safe from a kill when this returns.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn keep(&mut self, pieces: &[(String, Vec<u8>)]) -> Result<()> {
        let Some((path, file)) = &mut self.file else { return Ok(()) };
        let mut bytes = Vec::new();
        for (name, value) in pieces {
            bytes.extend(record(&self.question, name, value));
        }
        file.write_all(&bytes).map_err(|e| Error::io(&*path, "the finished part of the run cannot be kept", e))
    }

    /// Removes the file: the run is whole.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn finish(self) -> Result<()> {
        let Some((path, _held)) = &self.file else { return Ok(()) };
        match fs::remove_file(path) {
            // Somebody emptied the folder meanwhile; what was wanted is done.
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            done => done.map_err(|e| Error::io(path, "cannot be removed", e)),
        }
    }

    fn head(&self) -> Vec<u8> {
        [MAGIC, self.question.as_bytes(), b"\n"].concat()
    }

    /// Takes in the whole records; answers how many bytes they end at, 0 where the file is another question's.
    fn read(&mut self, bytes: &[u8]) -> usize {
        let head = self.head();
        if !bytes.starts_with(&head) {
            return 0;
        }
        let mut good = head.len();
        while let Some((name, value, length)) = parse(&self.question, &bytes[good..]) {
            self.pieces.insert(name, value);
            good += length;
        }
        good
    }
}

/// The file at `path`, begun where there is none, for this process alone; `None` while another has it.
fn locked(path: &Path) -> io::Result<Option<File>> {
    loop {
        let file = File::options().read(true).write(true).create(true).truncate(false).open(path)?;
        if file.try_lock().is_err() {
            return Ok(None);
        }
        // Between opening and locking, its owner may have finished and removed it: what is locked then is nobody's file any more.
        if is_at(&file, path)? {
            return Ok(Some(file));
        }
    }
}

/// Whether the path still names this file.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt as _;
    let own = file.metadata()?;
    match fs::metadata(path) {
        Ok(there) => Ok((own.dev(), own.ino()) == (there.dev(), there.ino())),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// Whether the path still names this file: elsewhere an open file cannot be removed.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

/// Length, name, value, checksum.
fn record(question: &str, name: &str, value: &[u8]) -> Vec<u8> {
    let body = [&(name.len() as u32).to_le_bytes()[..], name.as_bytes(), value].concat();
    [&(body.len() as u32).to_le_bytes()[..], &body, &checksum(question, &body)].concat()
}

fn checksum(question: &str, body: &[u8]) -> [u8; CHECK] {
    let digest = Sha256::new().chain_update(question).chain_update(body).finalize();
    std::array::from_fn(|i| digest[i])
}

/// The first record of `bytes` with its length in the file; `None` where it is not whole.
fn parse(question: &str, bytes: &[u8]) -> Option<(String, Vec<u8>, usize)> {
    let number = |bytes: &[u8]| Some(u32::from_le_bytes(*bytes.first_chunk()?) as usize);
    let length = number(bytes)?;
    let body = bytes.get(LENGTH..LENGTH.checked_add(length)?)?;
    let check = bytes.get(LENGTH + length..LENGTH + length + CHECK)?;
    if check != checksum(question, body) {
        return None;
    }
    let name_length = number(body)?;
    let name = String::from_utf8(body.get(LENGTH..LENGTH.checked_add(name_length)?)?.to_vec()).ok()?;
    Some((name, body[LENGTH + name_length..].to_vec(), LENGTH + length + CHECK))
}

/// Removes the files of runs that were left unfinished longest ago, except those that a process has in hand.
fn forget_old(folder: &Path, own: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    let mut files: Vec<(std::time::SystemTime, PathBuf)> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path != own && path.extension().is_some_and(|ending| ending == ENDING))
        .filter_map(|path| Some((path.metadata().ok()?.modified().ok()?, path)))
        .collect();
    files.sort_unstable();
    let surplus = (files.len() + 1).saturating_sub(MOST_UNFINISHED);
    for (_, path) in files.into_iter().take(surplus) {
        if File::open(&path).is_ok_and(|file| file.try_lock().is_ok()) {
            // Another process may have been quicker; nothing is lost either way.
            let _ = fs::remove_file(&path);
        }
    }
}

/// What a run's question begins with: the program, down to the very build, as another build may answer otherwise.
///
/// ```
/// assert!(cthulu_lab::walk::program().starts_with(env!("CARGO_PKG_VERSION")));
/// ```
#[must_use]
pub fn program() -> String {
    let build = std::env::current_exe().and_then(fs::metadata).and_then(|found| Ok((found.len(), found.modified()?)));
    let build = build.map_or_else(|_| String::new(), |(length, at)| format!("{length} {at:?}"));
    let commit = option_env!("CTHULU_GIT_COMMIT").unwrap_or("");
    format!("{} {commit} {} {build}", env!("CARGO_PKG_VERSION"), env!("CTHULU_LOCKFILE_SHA256"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::{any, prop, prop_assert, proptest};

    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("cthulu-lab-store-{name}-{}", std::process::id()));
            let _ = fs::remove_dir_all(&path);
            Self(path)
        }

        fn open(&self, question: &str) -> Store {
            Store::open(&self.0, question, false).unwrap()
        }

        fn files(&self) -> Vec<String> {
            let mut names: Vec<String> = fs::read_dir(&self.0).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn piece(name: &str, value: &[u8]) -> (String, Vec<u8>) {
        (name.to_owned(), value.to_vec())
    }

    #[test]
    fn what_was_kept_is_there_again_and_goes_when_the_run_is_whole() {
        let folder = Folder::new("again");
        let mut store = folder.open("q");
        store.keep(&[piece("0", b"first"), piece("1", b"")]).unwrap();
        drop(store);
        let mut store = folder.open("q");
        assert_eq!((store.len(), store.get("0"), store.get("1"), store.get("2")), (2, Some(&b"first"[..]), Some(&b""[..]), None));
        store.keep(&[piece("2", b"third")]).unwrap();
        drop(store);
        let store = folder.open("q");
        assert_eq!(store.get("2"), Some(&b"third"[..]));
        store.finish().unwrap();
        assert!(folder.files().is_empty());
    }

    #[test]
    fn a_fresh_run_forgets_and_another_question_finds_nothing() {
        let folder = Folder::new("fresh");
        folder.open("q").keep(&[piece("0", b"x")]).unwrap();
        assert!(folder.open("other").is_empty());
        assert_eq!(folder.open("q").len(), 1);
        assert!(Store::open(&folder.0, "q", true).unwrap().is_empty());
        assert!(folder.open("q").is_empty());
        // questions whose files have the same name do not answer each other
        let long = "a".repeat(40);
        folder.open(&long).keep(&[piece("0", b"x")]).unwrap();
        assert!(folder.open(&("a".repeat(39) + "b")).is_empty());
    }

    #[test]
    fn a_second_process_works_without() {
        let folder = Folder::new("second");
        let mut first = folder.open("q");
        let mut second = folder.open("q");
        second.keep(&[piece("0", b"lost")]).unwrap();
        first.keep(&[piece("1", b"kept")]).unwrap();
        second.finish().unwrap();
        drop(first);
        let again = folder.open("q");
        assert_eq!((again.get("0"), again.get("1")), (None, Some(&b"kept"[..])));
    }

    #[test]
    fn a_run_whose_folder_was_emptied_meanwhile_finishes_all_the_same() {
        let folder = Folder::new("emptied");
        let mut store = folder.open("q");
        store.keep(&[piece("0", b"x")]).unwrap();
        fs::remove_dir_all(&folder.0).unwrap();
        store.keep(&[piece("1", b"y")]).unwrap();
        store.finish().unwrap();
    }

    #[test]
    #[cfg(unix)]
    fn a_file_that_was_removed_between_opening_and_locking_is_noticed() {
        let folder = Folder::new("raced");
        drop(folder.open("q"));
        let path = folder.0.join("q.pieces");
        let stale = File::open(&path).unwrap();
        assert!(is_at(&stale, &path).unwrap());
        fs::remove_file(&path).unwrap();
        assert!(!is_at(&stale, &path).unwrap());
        fs::write(&path, b"another's").unwrap();
        assert!(!is_at(&stale, &path).unwrap());
        assert!(locked(&path).unwrap().is_some_and(|file| is_at(&file, &path).unwrap()));
    }

    #[test]
    fn only_the_latest_unfinished_runs_stay() {
        let folder = Folder::new("bounded");
        for n in 0..MOST_UNFINISHED + 5 {
            folder.open(&format!("q{n}")).keep(&[piece("0", b"x")]).unwrap();
            std::thread::sleep(std::time::Duration::from_millis(15));
        }
        let files = folder.files();
        assert!(files.len() == MOST_UNFINISHED && files.contains(&format!("q{}.pieces", MOST_UNFINISHED + 4)), "{files:?}");
        assert!(!files.contains(&"q0.pieces".to_owned()));
    }

    proptest! {
        #[test]
        fn a_file_cut_or_damaged_anywhere_keeps_what_is_whole(
            values in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..8),
            cut in 0.0..1.0f64,
            flip in any::<bool>(),
        ) {
            let question = "q";
            let pieces: Vec<(String, Vec<u8>)> = values.into_iter().enumerate().map(|(i, v)| (i.to_string(), v)).collect();
            let mut whole = Store { question: question.to_owned(), ..Store::default() };
            let mut bytes = whole.head();
            let mut ends = vec![bytes.len()];
            for (name, value) in &pieces {
                bytes.extend(record(question, name, value));
                ends.push(bytes.len());
            }
            let at = ends[0] + ((bytes.len() - ends[0]) as f64 * cut) as usize;
            if flip { bytes[at] ^= 0x10 } else { bytes.truncate(at) }
            let good = whole.read(&bytes);
            let kept = ends.iter().filter(|end| **end <= at).count() - 1;
            prop_assert!(good == ends[kept] && whole.len() == kept, "{good} {ends:?} {at}");
            for (name, value) in &pieces[..kept] {
                prop_assert!(whole.get(name) == Some(value.as_slice()));
            }
        }
    }
}
