//! Lists of `key=value`, as `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_EXPORTER_OTLP_HEADERS` have them.
//!
//! The specification takes over the format of W3C Baggage without its properties: members between commas, white space around
//! keys and values of no meaning, values percent-encoded (resource/sdk.md, protocol/exporter.md).

use percent_encoding::percent_decode_str;

/// The members of a list, decoded; of the member that is none its number, from 1.
pub(crate) fn members(list: &str) -> Result<Vec<(String, Vec<u8>)>, usize> {
    let mut members = Vec::new();
    for (at, member) in list.split(',').enumerate() {
        // A comma at the end is common, and harmless.
        if member.trim().is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=').ok_or(at + 1)?;
        let key = percent_decode_str(key.trim()).decode_utf8();
        let key = key.map_err(|_| at + 1)?;
        if key.is_empty() {
            return Err(at + 1);
        }
        members.push((
            key.into_owned(),
            percent_decode_str(value.trim()).collect::<Vec<u8>>(),
        ));
    }
    Ok(members)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(list: &str, expected: Result<&[(&str, &str)], usize>) {
        let expected = expected.map(|members| {
            let owned = members.iter().map(|(key, value)| {
                let value: Vec<u8> = value.as_bytes().to_vec();
                ((*key).to_owned(), value)
            });
            owned.collect::<Vec<_>>()
        });
        assert_eq!(members(list), expected, "{list}");
    }

    #[test]
    fn members_are_trimmed_and_decoded() {
        check(" a = b ,c=d", Ok(&[("a", "b"), ("c", "d")]));
        check("a=b%20c%2Cd%3D,", Ok(&[("a", "b c,d=")]));
        check("auth=Basic dTpw==", Ok(&[("auth", "Basic dTpw==")]));
        check("a=", Ok(&[("a", "")]));
        check("a=100%", Ok(&[("a", "100%")]));
        check("", Ok(&[]));
    }

    #[test]
    fn what_is_no_member_is_named_by_its_number() {
        check("a=b,c", Err(2));
        check("=b", Err(1));
        check("a=b,,%FF=1", Err(3));
    }
}
