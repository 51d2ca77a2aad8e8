//! What the table promises while it grows, in every order that the memory model allows.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p omtx-metrics --lib --release models`.
#![allow(unsafe_code)]

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::Series;
use super::table::Table;
use crate::label::TextWriter;

/// A value whose writing loom sees: reading it without having synchronised with the writer fails the model.
struct Witness(UnsafeCell<u64>);

// SAFETY: written once, before it is shared; loom checks that.
unsafe impl Sync for Witness {}

impl Witness {
    fn new(value: u64) -> Self {
        let cell = UnsafeCell::new(0);
        // SAFETY: nobody else has it yet.
        cell.with_mut(|cell| unsafe { *cell = value });
        Self(cell)
    }

    fn read(&self) -> u64 {
        // SAFETY: never written again; loom checks that.
        self.0.with(|cell| unsafe { *cell })
    }
}

fn find(table: &Table<Witness>, hash: u32) -> Option<&Series<Witness>> {
    table.find(hash, |_| true).map(|found| found.get())
}

fn series(hash: u32) -> Series<Witness> {
    Series {
        metric: Witness::new(hash.into()),
        hash,
        closed: 0,
        created: crate::time::Timestamp::from_millis(0),
        labels: TextWriter::new(&[]).finish(),
    }
}

/// The series of `hash`, made if it is new; its value is its hash.
fn insert(table: &Table<Witness>, hash: u32, limit: usize) -> Option<&Series<Witness>> {
    let find = || table.find(hash, |_| true);
    let inserted = table.insert(0, hash, limit, find, || series(hash));
    inserted.map(|found| found.get())
}

/// Runs `write` beside `read`, and `after` when both have ended.
///
/// This thread writes and the other reads: loom remembers one earlier access for each atomic, and would not try a reader
/// ahead of a writer that loads before it stores.
fn check(
    new: fn() -> Table<Witness>,
    write: fn(&Table<Witness>),
    read: fn(&Table<Witness>),
    after: fn(&Table<Witness>),
) {
    loom::model(move || {
        let table = Arc::new(new());
        let shared = Arc::clone(&table);
        let reader = thread::spawn(move || read(&shared));
        write(&table);
        reader.join().unwrap();
        after(&table);
    });
}

/// A table with series 1 to `count`.
fn filled(count: u32) -> Table<Witness> {
    let table = Table::new(0);
    for hash in 1..=count {
        insert(&table, hash, 9);
    }
    table
}

fn value(series: Option<&Series<Witness>>) -> Option<u64> {
    series.map(|series| series.metric.read())
}

#[test]
fn a_series_that_is_found_is_whole() {
    check(
        || filled(0),
        |table| drop(insert(table, 1, 9)),
        |table| assert!(matches!(value(find(table, 1)), None | Some(1))),
        |table| assert_eq!(value(find(table, 1)), Some(1)),
    );
}

#[test]
fn a_series_of_closed_labels_that_is_found_is_whole() {
    check(
        || Table::new(1),
        |table| {
            table.insert(0, 0, 9, || table.at(0), || series(7));
        },
        |table| {
            assert!(matches!(
                value(table.at(0).map(|found| found.get())),
                None | Some(7)
            ))
        },
        |table| assert_eq!(value(table.at(0).map(|found| found.get())), Some(7)),
    );
}

/// The table has room: readers are in it already.
#[test]
fn a_series_that_joins_others_in_a_table_is_whole() {
    check(
        || filled(3),
        |table| drop(insert(table, 4, 9)),
        |table| assert!(matches!(value(find(table, 4)), None | Some(4))),
        |table| assert_eq!(value(find(table, 4)), Some(4)),
    );
}

/// The second series has the same place as the first, and no room in the first table.
#[test]
fn a_series_is_found_while_the_table_grows() {
    check(
        || filled(1),
        |table| drop(insert(table, 1 + 64, 9)),
        |table| {
            assert_eq!(value(find(table, 1)), Some(1));
            assert!(matches!(value(find(table, 1 + 64)), None | Some(65)));
        },
        |table| {
            assert_eq!(value(find(table, 1)), Some(1));
            assert_eq!(value(find(table, 1 + 64)), Some(65));
        },
    );
}

#[test]
fn whoever_sees_the_table_full_finds_all_that_is_in_it() {
    check(
        || filled(0),
        |table| drop(insert(table, 1, 1)),
        |table| assert!(table.len() < 1 || value(find(table, 1)) == Some(1)),
        |table| assert_eq!(table.len(), 1),
    );
}

#[test]
fn two_threads_that_insert_the_same_series_get_the_same_one() {
    loom::model(|| {
        let table = Arc::new(filled(0));
        let address =
            |table: &Table<Witness>| std::ptr::from_ref(insert(table, 1, 9).unwrap()).addr();
        let shared = Arc::clone(&table);
        let other = thread::spawn(move || address(&shared));
        let mine = address(&table);
        assert_eq!(other.join().unwrap(), mine);
        assert_eq!(table.len(), 1);
    });
}

#[test]
fn the_limit_holds_when_two_threads_reach_it_at_once() {
    loom::model(|| {
        let table = Arc::new(filled(0));
        let shared = Arc::clone(&table);
        let other = thread::spawn(move || insert(&shared, 1, 1).is_some());
        let mine = insert(&table, 2, 1).is_some();
        assert!(other.join().unwrap() != mine, "one of the two is refused");
        assert_eq!(table.len(), 1);
    });
}
