use std::io::Read as _;
use std::path::Path;

/// No file that is read here is as long on any machine that works.
const MAX_LEN: u64 = 1 << 20;

/// The file's text, or as much of it as is taken; what is missing, no file or no text tells nothing.
pub(super) fn read(root: &Path, path: &str) -> Option<String> {
    let mut text = Vec::new();
    let file = std::fs::File::open(root.join(path)).ok()?;
    file.take(MAX_LEN).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

/// The file's only line; `None` if it is empty.
pub(super) fn line(root: &Path, path: &str) -> Option<String> {
    let text = read(root, path)?;
    let line = text.trim();
    (!line.is_empty()).then(|| line.to_owned())
}
