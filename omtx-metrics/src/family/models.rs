//! What the table promises while it grows, in every order that the memory model allows.
//!
//! Run with `RUSTFLAGS="--cfg loom" cargo test -p omtx-metrics --lib --release models`.
#![allow(unsafe_code)]

use loom::cell::UnsafeCell;
use loom::sync::Arc;
use loom::thread;

use super::Series;
use super::pins::Pin;
use super::table::{Found, Table};
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

/// Freeing a series counts as writing it: who still reads it then fails the model.
impl Drop for Witness {
    fn drop(&mut self) {
        // SAFETY: whoever drops it is alone; loom checks that.
        self.0.with_mut(|cell| unsafe { *cell = u64::MAX });
    }
}

fn find(table: &Table<Witness>, hash: u32) -> Option<Found<'_, Witness>> {
    table.find(table.pin(), hash, |_| true).ok()
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
fn insert(table: &Table<Witness>, hash: u32, limit: usize) -> Option<Found<'_, Witness>> {
    let find = |pin| table.find(pin, hash, |_| true);
    let inserted = table.insert(table.pin(), 0, hash, limit, find, || series(hash));
    inserted.ok()
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
    let table = Table::new(0, false);
    for hash in 1..=count {
        insert(&table, hash, 9);
    }
    table
}

fn value(series: Option<Found<'_, Witness>>) -> Option<u64> {
    series.map(|series| series.get().metric.read())
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
        || Table::new(1, false),
        |table| {
            let find = |pin| table.at(0, pin);
            drop(table.insert(Pin::none(), 0, 0, 9, find, || series(7)));
        },
        |table| {
            assert!(matches!(
                value(table.at(0, Pin::none()).ok()),
                None | Some(7)
            ))
        },
        |table| assert_eq!(value(table.at(0, Pin::none()).ok()), Some(7)),
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
            |table: &Table<Witness>| std::ptr::from_ref(insert(table, 1, 9).unwrap().get()).addr();
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

/// A table whose series can go, with series 1 to `count`.
fn expiring(count: u32) -> Table<Witness> {
    let table = Table::new(0, true);
    for hash in 1..=count {
        insert(&table, hash, 9);
    }
    table
}

/// Removes series 1, unless somebody holds it; true if it went.
fn remove_first(table: &Table<Witness>) -> bool {
    let mut went = false;
    table.remove(|series| series.hash == 1, 0, |_| went = true);
    went
}

/// A reader that found it first keeps it from being freed: its reads are all before that, or it stays.
#[test]
fn a_series_is_not_freed_while_somebody_looks_at_it() {
    check(
        || expiring(2),
        |table| {
            let went = remove_first(table);
            assert_eq!(table.len(), if went { 1 } else { 2 });
        },
        |table| {
            if let Some(found) = find(table, 1) {
                assert_eq!(found.get().metric.read(), 1);
                assert_eq!(found.get().metric.read(), 1);
            }
            assert_eq!(
                value(find(table, 2)),
                Some(2),
                "the other one is always there"
            );
        },
        |table| assert_eq!(value(find(table, 2)), Some(2)),
    );
}

/// The handle outlives the model's threads: its count is the standard library's, of which loom sees nothing.
#[test]
fn a_series_that_somebody_got_hold_of_stays() {
    loom::model(|| {
        let table = Arc::new(expiring(1));
        let shared = Arc::clone(&table);
        let holder = thread::spawn(move || find(&shared, 1).map(|found| found.share()));
        let went = remove_first(&table);
        let held = holder.join().unwrap();
        // Whoever came while it was out for the moment found nothing; a family asks again, with the lock.
        assert!(held.is_none() || !went);
        assert_eq!(value(find(&table, 1)), (!went).then_some(1));
        assert!(held.is_none_or(|held| held.metric.read() == 1));
    });
}

/// Whoever looks a series up that is being removed makes a new one, or gets the old one back: never two of one kind.
#[test]
fn a_series_that_is_looked_up_while_it_goes_is_there_once() {
    loom::model(|| {
        let table = Arc::new(expiring(1));
        let shared = Arc::clone(&table);
        let other = thread::spawn(move || value(insert(&shared, 1, 9)));
        remove_first(&table);
        assert_eq!(other.join().unwrap(), Some(1));
        assert!(table.len() <= 1);
        assert_eq!(value(insert(&table, 1, 9)), Some(1));
        assert_eq!(table.len(), 1);
    });
}
