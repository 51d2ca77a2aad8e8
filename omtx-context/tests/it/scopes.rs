//! Fields: precedence, late binding, bounds.

use std::collections::BTreeMap;
use std::sync::Arc;

use omtx_context::{
    EncoderId, Losses, MAX_DEPTH, MAX_FIELDS, MAX_KEY_LEN, MAX_VALUE_LEN, Scope, Text, Value, keys,
};
use proptest::prelude::*;

#[track_caller]
fn check(scope: &Scope, expected: &str) {
    assert_eq!(format!("{scope:?}"), expected);
}

#[test]
fn the_inner_value_wins_and_each_key_comes_once_in_the_place_of_its_outermost_layer() {
    let outer = Scope::root().with("a", 1).with("b", 1).build();
    let middle = outer.child().with("c", 2).with("a", 2).build();
    let inner = middle.child().with("b", 3).with("d", 3).build();
    check(&inner, r#"{"a": 2, "b": 3, "c": 2, "d": 3}"#);
    check(&outer, r#"{"a": 1, "b": 1}"#);
}

#[test]
fn the_last_value_given_for_a_key_of_one_layer_wins() {
    check(
        &Scope::root().with("a", 1).with("a", "two").build(),
        r#"{"a": "two"}"#,
    );
}

#[test]
fn absent_keys_are_left_out() {
    let scope = Scope::root()
        .with_some("user_id", None::<&str>)
        .late("tenant")
        .build();
    check(&scope, "{}");
    assert_eq!(scope.get("tenant"), None);
}

#[test]
fn a_builder_nests_into_the_current_scope_and_root_does_not() {
    let request = Scope::root().with("request_id", "r-1").build();
    request.in_scope(|| {
        check(
            &Scope::builder().with("job_id", "j-1").build(),
            r#"{"request_id": "r-1", "job_id": "j-1"}"#,
        );
        check(
            &Scope::root().with("job_id", "j-1").build(),
            r#"{"job_id": "j-1"}"#,
        );
    });
}

#[test]
fn a_late_field_is_seen_by_every_holder_and_by_scopes_inside() {
    let request = Scope::root().with("request_id", "r-1").build();
    let (held, inner) = (request.clone(), request.child().with("step", 1).build());
    request.set(keys::USER_ID, "u-7");
    check(&held, r#"{"request_id": "r-1", "user_id": "u-7"}"#);
    check(
        &inner,
        r#"{"request_id": "r-1", "user_id": "u-7", "step": 1}"#,
    );
    request.set("request_id", "r-2");
    check(&held, r#"{"request_id": "r-2", "user_id": "u-7"}"#);
}

#[test]
fn a_late_field_goes_to_the_layer_that_declared_it_and_only_there() {
    let service = Scope::root().with("region", "eu").build();
    let request = service
        .child()
        .late(keys::USER_ID)
        .with("path", "/")
        .build();
    let inner = request.child().with("step", 1).build();
    inner.set(keys::USER_ID, "u-7");
    inner.set("region", "us"); // not declared late: it must not reach other requests
    check(
        &request,
        r#"{"region": "eu", "user_id": "u-7", "path": "/"}"#,
    );
    check(
        &inner,
        r#"{"region": "us", "user_id": "u-7", "path": "/", "step": 1}"#,
    );
    check(&service, r#"{"region": "eu"}"#);
}

#[test]
fn values_keep_their_type() {
    let scope = Scope::root()
        .with("s", "1")
        .with("i", -1_i64)
        .with("u", u64::MAX)
        .with("b", true)
        .build();
    check(
        &scope,
        r#"{"s": "1", "i": -1, "u": 18446744073709551615, "b": true}"#,
    );
    assert_eq!(scope.get("s"), Some(Value::Str(Text::new("1"))));
    assert_eq!(scope.get("i"), Some(Value::Int(-1)));
}

#[test]
fn a_long_value_is_cut_on_a_character_boundary_and_counted() {
    let before = Losses::total().values_truncated;
    // 2-byte characters behind one byte: the limit falls into the middle of one.
    let scope = Scope::root()
        .with("v", format!("x{}", "é".repeat(MAX_VALUE_LEN)))
        .build();
    assert_eq!(
        scope.get("v").unwrap().as_str().unwrap().len(),
        MAX_VALUE_LEN - 1
    );
    assert!(Losses::total().values_truncated > before);
}

#[test]
fn bad_keys_and_too_many_fields_are_refused_and_counted() {
    let before = Losses::total().fields_refused;
    let mut builder = Scope::root()
        .with("", 1)
        .with("k".repeat(MAX_KEY_LEN + 1), 1);
    for n in 0..MAX_FIELDS + 3 {
        builder = builder.with(format!("k{n}"), n);
    }
    let scope = builder.build();
    for n in 0..MAX_FIELDS + 3 {
        scope.set(format!("late{n}"), n);
    }
    scope.set("late0", "changed"); // a known key is no new field
    let mut count = 0;
    scope.visit(|_, _| count += 1);
    assert_eq!(count, 2 * MAX_FIELDS);
    assert_eq!(scope.get("late0").unwrap().as_str(), Some("changed"));
    assert!(Losses::total().fields_refused >= before + 2 + 3 + 3);
}

#[test]
fn nesting_without_end_costs_bounded_memory_and_keeps_the_outer_layers() {
    let before = Losses::total().layers_replaced;
    let mut scope = Scope::root().with("request_id", "r-1").build();
    for n in 0..10_000 {
        scope = scope.child().with("n", n).with(format!("k{n}"), n).build();
    }
    assert_eq!(scope.get("request_id").unwrap().as_str(), Some("r-1"));
    assert_eq!(scope.get("n"), Some(Value::Int(9_999)));
    let mut count = 0;
    scope.visit(|_, _| count += 1);
    assert_eq!(
        count,
        2 + (MAX_DEPTH - 1),
        "request_id, n, and one key a layer"
    );
    assert!(Losses::total().layers_replaced > before);
}

#[test]
fn visiting_may_change_the_very_scope() {
    let scope = Scope::root().with("a", 1).build();
    scope.set("b", 1);
    scope.visit(|key, _| scope.set(format!("{key}2"), 2));
    check(&scope, r#"{"a": 1, "b": 1, "a2": 2, "b2": 2}"#);
}

#[test]
fn an_encoded_form_is_kept_until_a_field_changes_here_or_outside() {
    let outer = Scope::root().with("a", 1).build();
    let inner = outer.child().with("b", 2).build();
    let id = EncoderId::new();
    let encode = || inner.encoded(id, |scope| format!("{scope:?}"));
    let first = encode();
    assert!(Arc::ptr_eq(&first, &encode()));
    outer.set("c", 3);
    assert_eq!(*encode(), r#"{"a": 1, "c": 3, "b": 2}"#);
    inner.set("d", 4);
    assert_eq!(*encode(), r#"{"a": 1, "c": 3, "b": 2, "d": 4}"#);
}

#[test]
fn two_encoders_never_see_each_others_form() {
    let scope = Scope::root().with("a", 1).build();
    let (one, two) = (EncoderId::new(), EncoderId::new());
    assert_eq!(*scope.encoded(one, |_| "one".to_owned()), "one");
    assert_eq!(*scope.encoded(two, |_| "two".to_owned()), "two");
    assert_eq!(*scope.encoded(one, |_| "one".to_owned()), "one");
    assert_eq!(
        *scope.encoded(one, |_| 1_u8),
        1,
        "nor a form of another type"
    );
}

#[test]
fn a_reader_beside_a_writer_ends_with_the_last_value() {
    let scope = Scope::root().with("request_id", "r-1").build();
    let id = EncoderId::new();
    std::thread::scope(|threads| {
        threads.spawn(|| (0..=2_000_u64).for_each(|n| scope.set("n", n)));
        threads.spawn(|| {
            let mut last = 0;
            while last < 2_000 {
                let now = *scope.encoded(id, |scope| match scope.get("n") {
                    Some(Value::Uint(n)) => n,
                    _ => 0,
                });
                assert!(now >= last, "an older form came back");
                last = now;
            }
        });
    });
}

proptest! {
    #[test]
    fn visit_and_get_agree_with_a_map(
        layers in prop::collection::vec(prop::collection::vec((0..6_u8, any::<i64>(), any::<bool>()), 0..6), 1..6),
    ) {
        let mut expected = BTreeMap::new();
        let mut scope = Scope::root().build();
        for layer in layers {
            let key = |k: u8| format!("k{k}");
            let mut builder = scope.child();
            for (k, v, _) in layer.iter().filter(|(_, _, late)| !late) {
                builder = builder.with(key(*k), *v);
                expected.insert(key(*k), v.to_string());
            }
            scope = builder.build();
            for (k, v, _) in layer.iter().filter(|(_, _, late)| *late) {
                scope.set(key(*k), *v);
                expected.insert(key(*k), v.to_string());
            }
        }
        let mut seen = Vec::new();
        scope.visit(|key, value| {
            assert_eq!(scope.get(key).as_ref(), Some(value));
            seen.push((key.to_owned(), value.to_string()));
        });
        let count = seen.len();
        let seen: BTreeMap<_, _> = seen.into_iter().collect();
        prop_assert_eq!(seen.len(), count, "a key came twice");
        prop_assert_eq!(seen, expected);
    }

    #[test]
    fn text_holds_any_string_within_the_limit(text in "\\PC{0,60}") {
        let short = Text::new(&text);
        prop_assert_eq!(short.as_str(), text.as_str());
        prop_assert_eq!(Value::from(Arc::<str>::from(&*text)), Value::from(text));
    }
}
