//! Responses and what they mean, without a network.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use proptest::prelude::*;

use super::*;
use crate::transport::client::Reply;

fn reply(status: u16, headers: &[(&str, &str)], body: &[u8]) -> Reply {
    Reply {
        status: StatusCode::from_u16(status).unwrap(),
        headers: map(headers),
        body: Bytes::copy_from_slice(body),
        trailers: None,
        broken: None,
    }
}

fn map(headers: &[(&str, &str)]) -> HeaderMap {
    let pair = |(name, value): &(&str, &str)| {
        let name = name.parse::<HeaderName>().unwrap();
        (name, HeaderValue::from_bytes(value.as_bytes()).unwrap())
    };
    headers.iter().map(pair).collect()
}

mod http_protobuf {
    use std::time::SystemTime;

    use super::*;
    use crate::transport::http_protobuf::answer;

    const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

    /// 2026-01-01T00:00:00Z, a Thursday.
    fn now() -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(1_767_225_600)
    }

    #[track_caller]
    fn check(reply: Reply, expected: (&str, Option<u64>)) -> Answer {
        let answer = answer(&reply, now());
        assert_eq!(kind(&answer), expected, "{reply:?} gave {answer:?}");
        answer
    }

    #[test]
    fn statuses_are_retried_as_the_specification_lists_them() {
        for status in 100..=599 {
            let expected = match status {
                200..=299 => "accepted",
                429 | 503 => "retry",
                502 | 504 => "unknown",
                _ => "refused",
            };
            check(reply(status, &[], b""), (expected, None));
        }
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        const DAY: u64 = 24 * 60 * 60;
        for (value, expected) in [
            ("0", Some(0)),
            ("120", Some(120)),
            (" 7 ", Some(7)),
            ("99999999999999999999999999", Some(DAY)),
            ("Thu, 01 Jan 2026 00:01:30 GMT", Some(90)),
            ("Wed, 31 Dec 2025 23:59:59 GMT", Some(0)),
            ("Thursday, 01-Jan-26 00:00:05 GMT", Some(5)),
            ("Fri, 01 Jan 2100 00:00:00 GMT", Some(DAY)),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
            ("\u{ff11}", None),
        ] {
            for status in [429, 503] {
                check(
                    reply(status, &[("retry-after", value)], b""),
                    ("retry", expected),
                );
            }
            check(
                reply(504, &[("retry-after", value)], b""),
                ("unknown", expected),
            );
            check(
                reply(400, &[("retry-after", value)], b""),
                ("refused", None),
            );
        }
    }

    #[test]
    fn a_failure_tells_what_the_collector_said() {
        // google.rpc.Status { code: 3, message: "no tenant" }
        let status = b"\x08\x03\x12\x09no tenant";
        for (reply, expected) in [
            (
                reply(400, &[PROTOBUF], status),
                "400 Bad Request: no tenant",
            ),
            (reply(400, &[PROTOBUF], b"\xff"), "400 Bad Request"),
            (
                reply(401, &[], b"who\r\n\x1b[31mare you"),
                "401 Unauthorized: who   [31mare you",
            ),
            (
                reply(404, &[("content-type", "text/html")], b"<html>"),
                "404 Not Found",
            ),
            (
                reply(308, &[("location", "https://b.test/")], b""),
                "308 Permanent Redirect: redirected to https://b.test/, which is not followed",
            ),
        ] {
            assert_eq!(cause(&answer(&reply, now())), expected);
        }
        let long = reply(500, &[], &[b'x'; 5000]);
        assert!(cause(&answer(&long, now())).len() < 300);
    }

    #[test]
    fn a_success_is_one_only_from_a_collector() {
        // partial_success { rejected: 2, error_message: "late" }
        let partial = b"\x0a\x08\x08\x02\x12\x04late";
        for (reply, expected) in [
            (reply(200, &[PROTOBUF], partial), "accepted"),
            (reply(200, &[], partial), "accepted"),
            (
                reply(
                    200,
                    &[("content-type", "Application/X-Protobuf; v=1")],
                    partial,
                ),
                "accepted",
            ),
            (
                reply(200, &[("content-type", "application/json")], b"{}"),
                "accepted",
            ),
            (
                reply(202, &[("content-type", "text/plain")], b""),
                "accepted",
            ),
            (
                reply(200, &[("content-type", "text/html")], b"<html>"),
                "refused",
            ),
            (
                reply(200, &[("content-type", "application/x-protobuffer")], b"x"),
                "refused",
            ),
            (reply(200, &[PROTOBUF], b"\xff\xff"), "unknown"),
        ] {
            let said = check(reply, (expected, None));
            if let Answer::Accepted {
                rejected: 2,
                message,
            } = said
            {
                assert_eq!(message.as_deref(), Some("late"));
            }
        }
        let mut broken = reply(200, &[PROTOBUF], b"");
        broken.broken = Some("the response broke off".into());
        check(broken, ("unknown", None));
    }

    #[test]
    fn less_than_nothing_rejected_is_nothing() {
        // partial_success { rejected: -1 }
        let partial = b"\x0a\x0b\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01";
        let answer = answer(&reply(200, &[PROTOBUF], partial), now());
        assert_eq!(answer, all_accepted());
    }
}

mod grpc {
    use base64::Engine as _;
    use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

    use super::*;
    use crate::transport::grpc::answer;

    const GRPC: (&str, &str) = ("content-type", "application/grpc");

    /// google.rpc.Status { code: 8, details: [Any { RetryInfo { retry_delay: 2.5 s } }] }
    const RETRY_INFO: &[u8] = b"\x08\x08\x1a\x36\x0a\x28type.googleapis.com/google.rpc.RetryInfo\x12\x0a\x0a\x08\x08\x02\x10\x80\xca\xb5\xee\x01";

    fn with_trailers(trailers: &[(&str, &str)], body: &[u8]) -> Reply {
        let mut reply = reply(200, &[GRPC], body);
        reply.trailers = Some(map(trailers));
        reply
    }

    #[track_caller]
    fn check(reply: Reply, expected: &str) -> Answer {
        let answer = answer(&reply);
        assert_eq!(kind(&answer).0, expected, "{reply:?} gave {answer:?}");
        answer
    }

    #[test]
    fn codes_are_retried_as_the_specification_lists_them() {
        let details = STANDARD.encode(RETRY_INFO);
        for (code, without, with) in [
            ("1", "unknown", "unknown"),  // CANCELLED
            ("2", "refused", "refused"),  // UNKNOWN
            ("3", "refused", "refused"),  // INVALID_ARGUMENT
            ("4", "unknown", "unknown"),  // DEADLINE_EXCEEDED
            ("5", "refused", "refused"),  // NOT_FOUND
            ("6", "refused", "refused"),  // ALREADY_EXISTS
            ("7", "refused", "refused"),  // PERMISSION_DENIED
            ("8", "refused", "retry"),    // RESOURCE_EXHAUSTED
            ("9", "refused", "refused"),  // FAILED_PRECONDITION
            ("10", "retry", "retry"),     // ABORTED
            ("11", "retry", "retry"),     // OUT_OF_RANGE
            ("12", "refused", "refused"), // UNIMPLEMENTED
            ("13", "refused", "refused"), // INTERNAL
            ("14", "retry", "retry"),     // UNAVAILABLE
            ("15", "retry", "retry"),     // DATA_LOSS
            ("16", "refused", "refused"), // UNAUTHENTICATED
            ("17", "refused", "refused"), // not one yet
            ("-1", "refused", "refused"),
            ("", "refused", "refused"),
            ("14 ", "refused", "refused"),
            ("\u{e4}", "refused", "refused"),
        ] {
            let status = ("grpc-status", code);
            check(with_trailers(&[status], b""), without);
            // In the head, where there is nothing else.
            check(reply(200, &[GRPC, status], b""), without);
            let info = ("grpc-status-details-bin", details.as_str());
            let answer = check(with_trailers(&[status, info], b""), with);
            if let Answer::Retry { after, .. } | Answer::Unknown { after, .. } = answer {
                assert_eq!(after, Some(Duration::from_millis(2500)), "{code}");
            }
        }
    }

    #[test]
    fn the_cause_is_the_code_and_the_message_decoded() {
        let reply = with_trailers(
            &[("grpc-status", "14"), ("grpc-message", "%C3%9Cber%0Alast%")],
            b"",
        );
        assert_eq!(cause(&answer(&reply)), "UNAVAILABLE: Über last%");
        let reply = with_trailers(&[("grpc-status", "2")], b"");
        assert_eq!(cause(&answer(&reply)), "UNKNOWN");
    }

    #[test]
    fn a_success_needs_one_whole_message() {
        // partial_success { rejected: 2, error_message: "late" }
        let partial = b"\x00\x00\x00\x00\x0a\x0a\x08\x08\x02\x12\x04late";
        for (body, expected) in [
            (&b"\x00\x00\x00\x00\x00"[..], "accepted"),
            (partial, "accepted"),
            (b"", "unknown"),
            (b"\x00\x00\x00\x00", "unknown"),
            (b"\x00\x00\x00\x00\x01", "unknown"),
            (b"\x00\xff\xff\xff\xff", "unknown"),
            (b"\x01\x00\x00\x00\x00", "unknown"), // compressed, which nobody asked for
            (b"\x00\x00\x00\x00\x02\xff\xff", "unknown"),
            (b"\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "unknown"), // two
        ] {
            check(with_trailers(&[("grpc-status", "0")], body), expected);
        }
        let said = answer(&with_trailers(&[("grpc-status", "0")], partial));
        let expected = Answer::Accepted {
            rejected: 2,
            message: Some("late".into()),
        };
        assert_eq!(said, expected);
    }

    #[test]
    fn a_response_that_is_not_grpc_means_what_its_status_means() {
        for (status, expected) in [
            (400, "refused"),
            (401, "refused"),
            (403, "refused"),
            (404, "refused"),
            (429, "retry"),
            (502, "unknown"),
            (503, "retry"),
            (504, "unknown"),
            (500, "refused"),
        ] {
            check(
                reply(status, &[("content-type", "text/html")], b"<html>"),
                expected,
            );
        }
        let page = reply(200, &[("content-type", "text/html")], b"<html>");
        assert_eq!(
            cause(&check(page, "refused")),
            "200 OK with text/html; expected application/grpc"
        );
        check(reply(200, &[], b""), "refused");
        check(reply(200, &[GRPC], b"\x00\x00\x00\x00\x00"), "unknown");
        check(
            reply(200, &[("content-type", "application/grpc+proto")], b""),
            "unknown",
        );
    }

    #[test]
    fn details_that_cannot_be_read_are_not_there() {
        let mut negative = RETRY_INFO.to_vec();
        let at = negative.len() - 10;
        negative.truncate(at);
        // RetryInfo { retry_delay: { seconds: -2 } }
        negative.extend(b"\x0a\x0b\x08\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01");
        negative[3] = 0x39;
        negative[at - 1] = 0x0d;
        for (details, expected) in [
            (STANDARD_NO_PAD.encode(RETRY_INFO), ("retry", Some(2))),
            (STANDARD.encode(RETRY_INFO), ("retry", Some(2))),
            (STANDARD.encode(&negative), ("retry", Some(0))),
            ("!!! not base64 !!!".into(), ("refused", None)),
            (STANDARD.encode(b"\xff\xff"), ("refused", None)),
            (STANDARD.encode(b""), ("refused", None)),
            (STANDARD.encode(b"\x08\x08"), ("refused", None)),
        ] {
            let details = ("grpc-status-details-bin", details.as_str());
            let answer = answer(&with_trailers(&[("grpc-status", "8"), details], b""));
            assert_eq!(kind(&answer), expected, "{details:?}");
        }
    }
}

fn any_headers() -> impl Strategy<Value = HeaderMap> {
    let name = prop_oneof![
        Just("grpc-status"),
        Just("grpc-message"),
        Just("grpc-status-details-bin"),
        Just("content-type"),
        Just("retry-after"),
        Just("location"),
    ];
    let value = prop_oneof![
        "[0-9]{1,3}",
        "[ -~]{0,40}",
        Just("application/grpc".to_owned()),
        Just("application/x-protobuf".to_owned()),
    ];
    proptest::collection::vec((name, value), 0..5).prop_map(|pairs| {
        let pair = |(name, value): &(&'static str, String)| {
            (
                HeaderName::from_static(name),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        pairs.iter().map(pair).collect()
    })
}

proptest! {
    #[test]
    fn no_response_is_beyond_an_answer(
        status in 100_u16..1000,
        headers in any_headers(),
        trailers in proptest::option::of(any_headers()),
        body in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        let reply = Reply {
            status: StatusCode::from_u16(status).unwrap(),
            headers,
            body: body.into(),
            trailers,
            broken: None,
        };
                let _ = kind(&crate::transport::grpc::answer(&reply));
                let _ = kind(&crate::transport::http_protobuf::answer(&reply, std::time::SystemTime::now()));
    }
}
