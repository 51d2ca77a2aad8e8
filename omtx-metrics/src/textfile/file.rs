//! A file, replaced as a whole.

use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Replaces the file at `path` by one that holds `text`, or leaves everything as it was.
pub(super) fn replace(path: &Path, text: &[u8]) -> io::Result<()> {
    replace_with(path, |file| file.write_all(text))
}

fn replace_with(path: &Path, write: impl FnOnce(&mut File) -> io::Result<()>) -> io::Result<()> {
    let draft = Draft::create(path)?;
    let mut file = &draft.file;
    write(&mut file.try_clone()?)?;
    file.flush()?;
    readable(file)?;
    // Or else a machine that loses power may come back with the name of the new file, and nothing in it.
    file.sync_all()?;
    std::fs::rename(&draft.path, path)?;
    draft.keep();
    Ok(())
}

/// Node exporter runs as another user, and a job's umask may be 077.
#[cfg(unix)]
fn readable(file: &File) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

#[cfg(not(unix))]
fn readable(_: &File) -> io::Result<()> {
    Ok(())
}

/// The new file under another name; removed when it is dropped, unless it was kept.
struct Draft {
    path: PathBuf,
    file: File,
    kept: bool,
}

impl Draft {
    /// In the same directory, since a file is renamed within one file system only. The name does not end in `.prom`, so that
    /// node exporter leaves it alone, and is this call's own: containers that share the directory may all be process 1.
    fn create(path: &Path) -> io::Result<Self> {
        let mut name = OsString::from(".");
        name.push(path.file_name().unwrap_or_default());
        // Every `RandomState` has keys of its own.
        name.push(format!(".{:016x}.tmp", RandomState::new().hash_one(0)));
        Self::create_new(path.with_file_name(name))
    }

    /// Never a file that is there, nor what a link of that name leads to.
    fn create_new(path: PathBuf) -> io::Result<Self> {
        Ok(Self {
            file: OpenOptions::new()
                .write(true)
                .create_new(true)
                .open(&path)?,
            path,
            kept: false,
        })
    }

    fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(&self.path); // what failed before is what is reported
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_fills_up_leaves_the_old_file_and_nothing_else() {
        let folder = std::env::temp_dir().join(format!("omtx-textfile-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("full.prom");
        replace(&path, b"old\n").unwrap();
        let error = replace_with(&path, |file| {
            file.write_all(b"ne")?;
            Err(io::ErrorKind::StorageFull.into())
        })
        .unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "old\n");
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        std::fs::remove_dir_all(&folder).unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn a_draft_is_written_into_no_file_that_is_there() {
        let folder = std::env::temp_dir().join(format!("omtx-draft-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (victim, link) = (folder.join("victim"), folder.join(".a.prom.tmp"));
        std::fs::write(&victim, "precious\n").unwrap();
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        let error = Draft::create_new(link).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious\n");
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
