use memchr::memmem::Finder;
use memchr::{memchr2, memchr2_iter, memchr3_iter};

use super::name::Names;
use super::{REDACTED, Redact, value};

/// Keys whose values are never shown, and names before `=` and `:` in texts.
const KEYS: [&str; 21] = [
    "password",
    "passwords",
    "passwd",
    "pwd",
    "passphrase",
    "passcode",
    "password_hash",
    "secret",
    "secrets",
    "token",
    "jwt",
    "api_key",
    "api_keys",
    "access_key",
    "secret_key",
    "private_key",
    "signing_key",
    "encryption_key",
    "credential",
    "credentials",
    "session_id",
];

/// Keys as well, after which in a text the whole line is secret.
const HEADERS: [&str; 3] = ["authorization", "cookie", "cookies"];

/// Names of URL query parameters that are secret, and are names of other things elsewhere: those that OpenTelemetry's
/// `url.full` redacts, beside those that end in a key.
const PARAMETERS: [&str; 3] = ["AWSAccessKeyId", "Signature", "sig"];

/// Keeps secrets out of log lines: by the key of a field, and by what stands around them in a text.
///
/// **By key**: the value of a field, of a scope's or a span's key, is replaced as a whole where a part of the key between
/// dots ends with the name of a secret, in any spelling: `password`, `db_password`, `userPassword`,
/// `headers.X-Api-Key`, `credentials.kind`; not `tokens_used` and not `password_changed_at`. The names are `password`,
/// `passwd`, `pwd`, `passphrase`, `passcode`, `password_hash`, `secret`, `token`, `jwt`, `api_key`, `access_key`,
/// `secret_key`, `private_key`, `signing_key`, `encryption_key`, `credential`, `session_id`, `authorization` and `cookie`,
/// with the plurals that are in use.
///
/// **In texts**, the message included:
///
/// | text | becomes |
/// |---|---|
/// | `login of ada, password=hunter2` | `login of ada, password=[redacted]` |
/// | `Login { user: "ada", password: Some("hun ter2") }` | `Login { user: "ada", password: [redacted] }` |
/// | `body {"token":"eyJh…"}` | `body {"token":"[redacted]"}` |
/// | `GET /f?X-Amz-Signature=9f3a&part=2` | `GET /f?X-Amz-Signature=[redacted]&part=2` |
/// | `sent Bearer 2YotnFZFEjr1zCsicMWpAA` | `sent Bearer [redacted]` |
/// | `Authorization: Digest username="ada", nonce="x"` | `Authorization: [redacted]` |
/// | `cannot connect to postgres://hub:hunter2@db/hub` | `cannot connect to postgres://hub:[redacted]@db/hub` |
///
/// beside the keys also the query parameters `AWSAccessKeyId`, `Signature` and `sig`, and JSON Web Tokens anywhere.
/// Where it is unclear how far a secret reaches, more is taken rather than less.
///
/// It cannot know a secret that nothing announces, or the second word of one that has a space and no quotes. It keeps
/// accidents out of the log; it is no reason to log secrets.
///
/// A text without `=`, `:` or a marker is left alone after one look at it.
///
/// ```
/// use omtx_logging::{Redact, Redaction};
///
/// let redaction = Redaction::new().key("iban").allow("page_token").marker("sk_live_");
/// assert!(redaction.hides("customer.iban") && !redaction.hides("page_token"));
/// let mut text = String::new();
/// assert!(redaction.rewrite("message", "charged with sk_live_4eC39HqL, iban=DE02", &mut text));
/// assert_eq!(text, "charged with [redacted], iban=[redacted]");
/// ```
#[derive(Clone, Debug)]
pub struct Redaction {
    keys: Names,
    headers: Names,
    parameters: Names,
    allowed: Vec<Box<str>>,
    /// Whether the names are looked for in texts, too.
    in_texts: bool,
    /// Whether bearer tokens and web tokens are looked for.
    tokens: bool,
    markers: Vec<Finder<'static>>,
}

impl Default for Redaction {
    fn default() -> Self {
        Self::new()
    }
}

impl Redaction {
    /// The names and patterns above.
    #[must_use]
    pub fn new() -> Self {
        Self {
            keys: Names::of(&KEYS),
            headers: Names::of(&HEADERS),
            parameters: Names::of(&PARAMETERS),
            tokens: true,
            ..Self::empty()
        }
    }

    /// The keys above, and no pattern: texts stay as they are. What a logging does that was told nothing else.
    ///
    /// Whether a key is hidden is known when its callsite is; it costs a line some nanoseconds, and no allocation. Keys inside of
    /// [`json`](crate::json) values are keys as well. Patterns guess, and look at every text; so they are asked for, with
    /// [`new`](Self::new).
    ///
    /// ```
    /// use omtx_logging::Logging;
    /// use omtx_logging::testing::Lines;
    ///
    /// # fn main() -> Result<(), omtx_logging::Error> {
    /// # let lines = Lines::default();
    /// let logging = Logging::builder("hub").sink(lines.clone()).build()?; // not told of a redaction
    /// # let _default = tracing::subscriber::set_default(logging.subscriber());
    /// tracing::info!(user = "ada", password = "hunter2", note = "unexpected token: `;`", "login");
    /// assert!(lines.take()[0].ends_with(r#""user":"ada","password":"[redacted]","note":"unexpected token: `;`"}"#));
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn keys_only() -> Self {
        Self {
            in_texts: false,
            tokens: false,
            parameters: Names::default(),
            ..Self::new()
        }
    }

    /// Nothing yet: for those who want to name everything themselves, and for those who want nothing hidden.
    #[must_use]
    pub fn empty() -> Self {
        Self {
            in_texts: true,
            keys: Names::default(),
            headers: Names::default(),
            parameters: Names::default(),
            allowed: Vec::new(),
            tokens: false,
            markers: Vec::new(),
        }
    }

    /// Hides the values of this key as well, alone and as the end of a longer one, in fields, and where names are looked for
    /// in texts, in texts.
    ///
    /// A name without an ASCII letter or digit is ignored.
    #[must_use]
    pub fn key(mut self, name: &str) -> Self {
        self.keys.add(name);
        self
    }

    /// Hides the values of this name before `=` in texts, and not those of fields.
    #[must_use]
    pub fn parameter(mut self, name: &str) -> Self {
        self.parameters.add(name);
        self
    }

    /// Hides words that begin with `marker`, anywhere in a text: `sk_live_`, `ghp_`, `xoxb-`.
    ///
    /// An empty one is ignored.
    #[must_use]
    pub fn marker(mut self, marker: &str) -> Self {
        if !marker.is_empty() {
            self.markers.push(Finder::new(marker).into_owned());
        }
        self
    }

    /// Shows the field of this key, although it looks like a secret. `key` is the full one, dots included, in any case.
    #[must_use]
    pub fn allow(mut self, key: &str) -> Self {
        self.allowed.push(key.into());
        self
    }

    fn is_secret(&self, name: &[u8]) -> bool {
        self.keys.end(name) || self.headers.end(name)
    }

    /// What `=` and `:` stand before.
    fn assigned(&self, text: &[u8], found: &mut Found) {
        if !self.looks_for_names() {
            return;
        }
        for at in memchr2_iter(b'=', b':', text) {
            if at < found.end {
                continue;
            }
            let (query, next) = (text[at] == b'=', text.get(at + 1));
            if !query && next == Some(&b'/') && self.in_texts {
                user_info(text, at + 1, found);
                continue;
            }
            // A path of Rust, and `==`.
            if (next == Some(&text[at])) || (at > 0 && text[at - 1] == b':') {
                continue;
            }
            let name = name_before(text, at);
            let header = self.in_texts && self.headers.end(name);
            let key = self.in_texts && self.keys.end(name);
            if !(header || key || (query && self.parameters.end(name))) {
                continue;
            }
            if self.allows(name) {
                continue;
            }
            let blank = |byte: &&u8| matches!(**byte, b' ' | b'\t');
            let after = at + 1 + usize::from(query && next == Some(&b'>'));
            let from = after + text[after..].iter().take_while(blank).count();
            let (start, end) = match value::value(text, from, query) {
                (start, _) if header && start == from => (start, value::line(text, from)),
                value => value,
            };
            found.add(start, end);
        }
    }

    fn looks_for_names(&self) -> bool {
        let names = [&self.keys, &self.headers];
        let any = names.iter().any(|names| !names.is_empty());
        (self.in_texts && any) || !self.parameters.is_empty()
    }

    /// Whether one of the keys inside a JSON value is hidden.
    fn hides_inside(&self, json: &[u8]) -> bool {
        memchr::memchr_iter(b':', json).any(|at| {
            json[..at]
                .strip_suffix(b"\"")
                .is_some_and(|name| self.is_secret(name))
        })
    }

    fn allows(&self, name: &[u8]) -> bool {
        // Only the last word of a text is known to be the name.
        self.allowed.iter().any(|allowed| {
            let (allowed, name) = (allowed.as_bytes(), name);
            name.len() >= allowed.len()
                && name[name.len() - allowed.len()..].eq_ignore_ascii_case(allowed)
        })
    }

    /// What stands after `Bearer`, and what looks like a JSON Web Token.
    fn tokens(&self, text: &[u8], found: &mut Found) {
        if !self.tokens {
            return;
        }
        // `b` and `J` are rare, and one look finds all three.
        for at in memchr3_iter(b'b', b'B', b'J', text) {
            let (start, secret) = if text[at] == b'J' {
                // A web token (RFC 7519) begins with the base64 of `{"`.
                match at.checked_sub(2) {
                    Some(start) if &text[start..at] == b"ey" => (start, start),
                    _ => continue,
                }
            } else {
                // RFC 6750 section 2.1; schemes are compared without case (RFC 9110 section 11.1).
                const SCHEME: &[u8] = b"bearer ";
                let end = at + SCHEME.len();
                match text.get(at..end) {
                    Some(word) if word.eq_ignore_ascii_case(SCHEME) => (at, end),
                    _ => continue,
                }
            };
            add_word(text, start, secret, found);
        }
    }

    fn marked(&self, text: &[u8], found: &mut Found) {
        for finder in &self.markers {
            for at in finder.find_iter(text) {
                add_word(text, at, at, found);
            }
        }
    }
}

/// Adds what begins at `secret`, if a word begins at `start`.
fn add_word(text: &[u8], start: usize, secret: usize, found: &mut Found) {
    if start == 0 || !text[start - 1].is_ascii_alphanumeric() {
        let (begin, end) = value::value(text, secret, true);
        found.add(begin, end);
    }
}

impl Redact for Redaction {
    fn hides(&self, key: &str) -> bool {
        key.split('.').any(|part| self.is_secret(part.as_bytes()))
            && !self
                .allowed
                .iter()
                .any(|allowed| allowed.eq_ignore_ascii_case(key))
    }

    fn rewrite(&self, _: &str, text: &str, out: &mut String) -> bool {
        let mut found = Found::default();
        self.assigned(text.as_bytes(), &mut found);
        self.tokens(text.as_bytes(), &mut found);
        self.marked(text.as_bytes(), &mut found);
        found.write(text, out)
    }

    fn may_rewrite(&self, json: &[u8]) -> bool {
        // No escape hides an `=`, a `:` or a letter, but it may hide where a word begins.
        let token = |at: usize| match json[at] {
            b'J' => json[..at].ends_with(b"ey"),
            _ => json[at..]
                .get(..6)
                .is_some_and(|word| word.eq_ignore_ascii_case(b"bearer")),
        };
        (self.looks_for_names() && memchr2(b'=', b':', json).is_some())
            || (self.tokens && memchr3_iter(b'b', b'B', b'J', json).any(token))
            || !self.markers.is_empty()
            || (matches!(json.first(), Some(b'{' | b'[')) && self.hides_inside(json))
    }

    fn rewrites(&self) -> bool {
        self.looks_for_names() || self.tokens || !self.markers.is_empty()
    }
}

/// What stands before a `=` or `:`, without the blanks and quotation marks between.
fn name_before(text: &[u8], at: usize) -> &[u8] {
    let mut name = &text[..at];
    while let [
        rest @ ..,
        b' ' | b'\t' | b'"' | b'\'' | b'`' | b'\\' | b']' | b')',
    ] = name
    {
        name = rest;
    }
    name
}

/// The password in `scheme://user:password@host` (RFC 3986 section 3.2.1); `at` is where `//` is expected.
fn user_info(text: &[u8], at: usize, found: &mut Found) {
    let Some(authority) = text[at..].strip_prefix(b"//") else {
        return;
    };
    let ends = |byte: &u8| matches!(byte, b'/' | b'?' | b'#') || byte.is_ascii_whitespace();
    let len = authority.iter().position(ends).unwrap_or(authority.len());
    let authority = &authority[..len];
    // A text that was cut may have lost the `@`; what follows the `:` is a port then, or a password.
    let cut = at + 2 + len == text.len() && !authority.starts_with(b"[");
    let end = memchr::memrchr(b'@', authority).or(cut.then_some(len));
    let Some(end) = end else { return };
    let Some(colon) = memchr::memchr(b':', &authority[..end]) else {
        return;
    };
    let password = &authority[colon + 1..end];
    if end < len
        || !password
            .iter()
            .all(|byte| byte.is_ascii_digit() || b")]}>\"',;.".contains(byte))
    {
        found.add(at + 2 + colon + 1, at + 2 + end);
    }
}

/// The secrets of a text. Nothing is allocated where there is none.
#[derive(Default)]
struct Found {
    ranges: Vec<(usize, usize)>,
    /// Where the last one ends.
    end: usize,
}

impl Found {
    fn add(&mut self, start: usize, end: usize) {
        if start < end {
            self.ranges.push((start, end));
            self.end = end;
        }
    }

    /// False if there is none.
    fn write(mut self, text: &str, out: &mut String) -> bool {
        if self.ranges.is_empty() {
            return false;
        }
        self.ranges.sort_unstable();
        let mut done = 0;
        let mut last_start = None;
        for (start, end) in self.ranges {
            // One that begins in another, or where it ends, is a part of it.
            if last_start.is_none() || start > done {
                out.push_str(&text[done..start]);
                out.push_str(REDACTED);
                last_start = Some(start);
            }
            done = done.max(end);
        }
        out.push_str(&text[done..]);
        true
    }
}
