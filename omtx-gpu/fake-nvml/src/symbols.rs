//! Taking symbols out of a built library, so that it is as old as a test needs.

/// Renames `symbol` wherever the file names it as a whole, so that no lookup finds it. Returns whether it was there.
///
/// The hash table still leads to the entry, and the dynamic linker's comparison of the names then fails.
pub(crate) fn hide(library: &mut [u8], symbol: &str) -> bool {
    let name: Vec<u8> = [b"\0", symbol.as_bytes(), b"\0"].concat();
    let mut found = false;
    let mut from = 0;
    while let Some(at) = find(&library[from..], &name) {
        library[from + at + 1] = b'-'; // no C name has one
        from += at + name.len() - 1;
        found = true;
    }
    found
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack
        .windows(needle.len())
        .position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_whole_name_is_hidden() {
        let mut library = *b"\0nvmlA_v2\0nvmlA\0xnvmlA\0nvmlA\0";
        assert!(hide(&mut library, "nvmlA"));
        assert_eq!(&library, b"\0nvmlA_v2\0-vmlA\0xnvmlA\0-vmlA\0");
        assert!(!hide(&mut library, "nvmlB"));
    }
}
