//! The handle with which a test directs its driver.

use std::ffi::c_int;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::abi::Control;
use crate::script::Script;
use crate::symbols;

/// How long anything that a test waits for may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);

/// A driver of one's own: a copy of the library in a folder of its own, and what it does.
///
/// Dropped, it releases every call that hangs and removes its folder; who has loaded the library keeps it.
///
/// # Panics
///
/// All methods do where the machine does not let a test have a driver (no library beside the executable, a full disk).
#[derive(Debug)]
pub struct FakeDriver {
    folder: PathBuf,
    path: PathBuf,
    script: Mutex<Script>,
    control: Control,
}

impl FakeDriver {
    /// A driver that follows `script`.
    #[must_use]
    pub fn new(script: Script) -> Self {
        Self::without(&[], script)
    }

    /// The same from a library that lacks these symbols, as an old one does.
    #[must_use]
    pub fn without(missing: &[&str], script: Script) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let folder = std::env::temp_dir().join(format!(
            "fake-nvml-{}-{}",
            std::process::id(),
            NEXT.fetch_add(1, Ordering::Relaxed)
        ));
        std::fs::create_dir_all(&folder).expect("a folder for the library can be made");
        let mut library = std::fs::read(Self::built()).expect("the library can be read");
        for symbol in missing {
            assert!(
                symbols::hide(&mut library, symbol),
                "the library has no {symbol}; expected one of those that it exports"
            );
        }
        let path = folder.join("libnvidia-ml.so.1");
        std::fs::write(&path, library).expect("the library can be copied");
        let driver = Self {
            control: Control::load(&path),
            folder,
            path,
            script: Mutex::new(script.clone()),
        };
        driver.play(&script);
        driver
    }

    /// The library that cargo built beside the running executable, its tests or its examples.
    ///
    /// # Panics
    ///
    /// If it is in none of the folders where cargo puts it.
    #[must_use]
    pub fn built() -> PathBuf {
        let executable = std::env::current_exe().expect("the executable has a path");
        let folders = executable.ancestors().skip(1).take(3);
        let candidates: Vec<PathBuf> = folders
            .flat_map(|folder| [folder.to_owned(), folder.join("deps")])
            .map(|folder| folder.join("libfake_nvml.so"))
            .collect();
        candidates
            .iter()
            .find(|path| path.is_file())
            .unwrap_or_else(|| panic!("no libfake_nvml.so; expected one of {candidates:?}"))
            .clone()
    }

    /// What to load.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Changes what the driver does from now on.
    pub fn change(&self, change: impl FnOnce(&mut Script)) {
        let mut script = self.script.lock().unwrap_or_else(PoisonError::into_inner);
        change(&mut script);
        self.play(&script);
    }

    /// How often `symbol` was called in this process.
    #[must_use]
    pub fn calls(&self, symbol: &str) -> u64 {
        self.control.calls(symbol)
    }

    /// How many calls of any symbol there were in this process.
    #[must_use]
    pub fn all_calls(&self) -> u64 {
        self.control.calls("")
    }

    /// How many calls of `symbol` hang.
    #[must_use]
    pub fn hanging(&self, symbol: &str) -> u64 {
        self.control.hanging(symbol)
    }

    /// How many `nvmlInit_v2` are not matched by an `nvmlShutdown`.
    #[must_use]
    pub fn users(&self) -> u64 {
        self.control.users()
    }

    /// Waits until a call of `symbol` hangs.
    pub fn await_hanging(&self, symbol: &str) {
        let deadline = Instant::now() + PATIENCE;
        while self.hanging(symbol) == 0 {
            assert!(Instant::now() < deadline, "nobody calls {symbol}");
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    fn play(&self, script: &Script) {
        let json = serde_json::to_string(script).expect("a script is plain data");
        // For other processes; renamed into place, so that none reads half of it.
        let new = self.folder.join("script.new");
        std::fs::write(&new, &json).expect("the script can be written");
        let file = self.folder.join("libnvidia-ml.so.1.json");
        std::fs::rename(new, file).expect("the script can be replaced");
        let refused: c_int = self.control.play(&json);
        assert_eq!(refused, 0, "the library reads what this crate writes");
    }
}

impl Drop for FakeDriver {
    fn drop(&mut self) {
        self.change(Script::release);
        let _ = std::fs::remove_dir_all(&self.folder); // the system's temporary folder is emptied anyway
    }
}
