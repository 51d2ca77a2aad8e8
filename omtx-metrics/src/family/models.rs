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

fn find(table: &Table<Witness>, hash: u64) -> Option<&Series<Witness>> {
    table.find(hash, |_| true)
}

/// The series of `hash`, made if it is new; its value is its hash, and so is that of its combination of closed labels.
fn insert(table: &Table<Witness>, hash: u64, limit: usize) -> Option<&Series<Witness>> {
    table.insert(
        0,
        hash,
        limit,
        || find(table, hash),
        || Series {
            metric: Witness::new(hash),
            hash,
            closed: 0,
            labels: TextWriter::new(&[]).finish(),
        },
    )
}

fn spawn<R: 'static>(
    table: &Arc<Table<Witness>>,
    run: impl FnOnce(&Table<Witness>) -> R + 'static,
) -> thread::JoinHandle<R> {
    let table = Arc::clone(table);
    thread::spawn(move || run(&table))
}

#[test]
fn a_series_that_is_found_is_whole() {
    loom::model(|| {
        let table = Arc::new(Table::new(0));
        let writer = spawn(&table, |table| {
            insert(table, 1, 9);
        });
        if let Some(series) = find(&table, 1) {
            assert_eq!(series.metric.read(), 1);
        }
        writer.join().unwrap();
        assert_eq!(find(&table, 1).map(|series| series.metric.read()), Some(1));
    });
}

#[test]
fn a_series_of_closed_labels_that_is_found_is_whole() {
    loom::model(|| {
        let table = Arc::new(Table::new(1));
        let writer = spawn(&table, |table| {
            table.insert(
                0,
                0,
                9,
                || table.at(0),
                || Series {
                    metric: Witness::new(7),
                    hash: 0,
                    closed: 0,
                    labels: TextWriter::new(&[]).finish(),
                },
            );
        });
        if let Some(series) = table.at(0) {
            assert_eq!(series.metric.read(), 7);
        }
        writer.join().unwrap();
        assert_eq!(table.at(0).map(|series| series.metric.read()), Some(7));
    });
}

#[test]
fn a_series_is_found_while_the_table_grows() {
    loom::model(|| {
        let table = Arc::new(Table::new(0));
        insert(&table, 1, 9);
        // The second one has the same place, and no room in the first table.
        let writer = spawn(&table, |table| {
            insert(table, 1 + 64, 9);
        });
        assert_eq!(find(&table, 1).map(|series| series.metric.read()), Some(1));
        if let Some(series) = find(&table, 1 + 64) {
            assert_eq!(series.metric.read(), 1 + 64);
        }
        writer.join().unwrap();
        assert!(find(&table, 1).is_some() && find(&table, 1 + 64).is_some());
    });
}

#[test]
fn a_series_that_joins_others_in_a_table_is_whole() {
    loom::model(|| {
        let table = Arc::new(Table::new(0));
        for hash in 1..=3 {
            insert(&table, hash, 9);
        }
        // The table has room: readers are in it already.
        let writer = spawn(&table, |table| {
            insert(table, 4, 9);
        });
        if let Some(series) = find(&table, 4) {
            assert_eq!(series.metric.read(), 4);
        }
        writer.join().unwrap();
        assert_eq!(find(&table, 4).map(|series| series.metric.read()), Some(4));
    });
}

#[test]
fn two_threads_that_insert_the_same_series_get_the_same_one() {
    loom::model(|| {
        let table = Arc::new(Table::new(0));
        let insert_it =
            |table: &Table<Witness>| std::ptr::from_ref(insert(table, 1, 9).unwrap()).addr();
        let other = spawn(&table, insert_it);
        let mine = insert_it(&table);
        assert_eq!(other.join().unwrap(), mine);
        assert_eq!(table.len(), 1);
    });
}

#[test]
fn the_limit_holds_when_two_threads_reach_it_at_once() {
    loom::model(|| {
        let table = Arc::new(Table::new(0));
        let other = spawn(&table, |table| insert(table, 1, 1).is_some());
        let mine = insert(&table, 2, 1).is_some();
        assert!(other.join().unwrap() != mine, "one of the two is refused");
        assert_eq!(table.len(), 1);
    });
}

#[test]
fn whoever_sees_the_table_full_finds_all_that_is_in_it() {
    loom::model(|| {
        let table = Arc::new(Table::new(0));
        let writer = spawn(&table, |table| {
            insert(table, 1, 1);
        });
        if table.len() == 1 {
            assert_eq!(find(&table, 1).map(|series| series.metric.read()), Some(1));
        }
        writer.join().unwrap();
    });
}
