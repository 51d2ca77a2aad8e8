//! From a value to its bucket, without a logarithm.
//!
//! Buckets of all schemas nest: those of schema 8 are the finest, and a bucket of schema `s` is a run of `2^(8-s)` of
//! them. So a value is looked up at schema 8, and every other schema is a shift. Source: Prometheus, "Native histograms",
//! "Schema".

/// The finest schema: 256 buckets for each doubling.
pub(super) const FINEST: i32 = 8;

/// The coarsest schema: each bucket reaches from its bound to 65 536 times that.
pub(super) const COARSEST: i32 = -4;

const PER_OCTAVE: usize = 1 << FINEST;
const MANTISSA_BITS: u32 = f64::MANTISSA_DIGITS - 1;
const MANTISSA: u64 = (1 << MANTISSA_BITS) - 1;

/// Bits of the mantissa that choose a cell of [`BELOW`]; the narrowest bucket is wider than a cell, so that a cell holds
/// one bound at most.
const CELL_BITS: u32 = FINEST as u32 + 1;
const CELLS: usize = 1 << CELL_BITS;

/// The mantissas of `2^(j/256)`, rounded down: a double is at most `2^(j/256)` exactly if its mantissa is at most this.
/// The last, for 2 itself, is beyond every mantissa.
static BOUNDS: [u64; PER_OCTAVE + 1] = EVERY_BOUND;
const EVERY_BOUND: [u64; PER_OCTAVE + 1] = bounds();

/// Per cell, how many bounds lie below its start.
static BELOW: [u16; CELLS] = below();

/// The bucket of a positive value at schema 8: `index` with `2^((index-1)/256) < value <= 2^(index/256)`. Infinity is in
/// the bucket behind the largest number's.
#[inline]
pub(super) fn finest_index(value: f64) -> i32 {
    debug_assert!(value > 0.0);
    let bits = value.to_bits();
    let exponent = (bits >> MANTISSA_BITS) as i32;
    if exponent == 0 || exponent == 0x7FF {
        return unusual_index(value);
    }
    index(exponent - 1_023, bits & MANTISSA)
}

/// Subnormal numbers and infinity.
#[cold]
fn unusual_index(value: f64) -> i32 {
    /// Makes every subnormal number normal.
    const SCALE: i32 = 64;
    if value == f64::INFINITY {
        return 1_024 * PER_OCTAVE as i32 + 1;
    }
    finest_index(value * (1_u128 << SCALE) as f64) - SCALE * PER_OCTAVE as i32
}

#[inline]
fn index(exponent: i32, mantissa: u64) -> i32 {
    let below = BELOW[(mantissa >> (MANTISSA_BITS - CELL_BITS)) as usize];
    let within = BOUNDS[below as usize & (2 * PER_OCTAVE - 1)] < mantissa;
    exponent * PER_OCTAVE as i32 + i32::from(below) + i32::from(within)
}

/// The bucket at a schema that is `shift` coarser.
#[inline]
pub(super) fn coarser(index: i32, shift: u32) -> i32 {
    ((index - 1) >> shift) + 1
}

/// The upper bound of a bucket of the coarsest schema; infinite beyond the largest number.
pub(super) fn coarsest_bound(index: i32) -> f64 {
    f64::exp2(f64::from(index) * f64::from(1 << -COARSEST))
}

/// Fractions of 2^-124, which leaves an integer part of four bits in 128.
const FRACTION_BITS: u32 = 124;
const ONE: u128 = 1 << FRACTION_BITS;

const fn bounds() -> [u64; PER_OCTAVE + 1] {
    // 2^(1/2), 2^(1/4), … 2^(1/256): each the root of the one before.
    let mut roots = [0_u128; FINEST as usize];
    let mut of = ONE << 1;
    let mut level = 0;
    while level < roots.len() {
        of = square_root(of);
        roots[level] = of;
        level += 1;
    }
    let mut bounds = [0; PER_OCTAVE + 1];
    let mut j = 0;
    while j < PER_OCTAVE {
        // The binary digits of j/256 say which roots are its factors.
        let mut bound = ONE;
        let mut level = 0;
        while level < roots.len() {
            if j >> (roots.len() - 1 - level) & 1 == 1 {
                bound = product(bound, roots[level]);
            }
            level += 1;
        }
        bounds[j] = ((bound - ONE) >> (FRACTION_BITS - MANTISSA_BITS)) as u64;
        j += 1;
    }
    bounds[PER_OCTAVE] = MANTISSA + 1;
    bounds
}

/// The largest root whose square is not above `of`, bit by bit.
const fn square_root(of: u128) -> u128 {
    let mut root = 0;
    let mut bit = ONE << 1;
    while bit > 0 {
        if product(root | bit, root | bit) <= of {
            root |= bit;
        }
        bit >>= 1;
    }
    root
}

/// `a * b`, rounded down; both below 4.
const fn product(a: u128, b: u128) -> u128 {
    const LOW: u128 = u64::MAX as u128;
    let (a1, a0, b1, b0) = (a >> 64, a & LOW, b >> 64, b & LOW);
    let middle = a1 * b0 + ((a0 * b0) >> 64);
    let middle_low = a0 * b1 + (middle & LOW);
    let high = a1 * b1 + (middle >> 64) + (middle_low >> 64);
    let low = middle_low << 64 | ((a0 * b0) & LOW);
    high << (128 - FRACTION_BITS) | low >> FRACTION_BITS
}

const fn below() -> [u16; CELLS] {
    let mut below = [0; CELLS];
    let mut cell = 0;
    let mut bound = 0;
    while cell < CELLS {
        let start = (cell as u64) << (MANTISSA_BITS - CELL_BITS);
        while EVERY_BOUND[bound] < start {
            bound += 1;
        }
        below[cell] = bound as u16;
        cell += 1;
    }
    below
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use num_bigint::BigUint;
    use proptest::prelude::*;

    /// True if `value <= 2^(index/256)`, in whole numbers: `value = m * 2^e`, and both sides to the 256th power.
    fn is_within(value: f64, index: i32) -> bool {
        let bits = value.to_bits();
        let (exponent, mantissa) = match bits >> MANTISSA_BITS {
            0 => (-1_074, bits & MANTISSA),
            exponent => (exponent as i64 - 1_075, bits & MANTISSA | (MANTISSA + 1)),
        };
        let left = BigUint::from(mantissa).pow(PER_OCTAVE as u32);
        let power = i64::from(index) - exponent * PER_OCTAVE as i64;
        power >= 0 && left <= BigUint::from(1_u8) << power as u64
    }

    #[track_caller]
    fn check(value: f64) {
        let index = finest_index(value);
        assert!(is_within(value, index), "{value:e} is above bucket {index}");
        assert!(
            !is_within(value, index - 1),
            "{value:e} is below bucket {index}"
        );
    }

    #[test]
    fn powers_of_two_are_upper_bounds() {
        for exponent in -1_074..=1_023 {
            let power = f64::exp2(f64::from(exponent));
            assert_eq!(finest_index(power), exponent * 256);
            check(power);
            check(power.next_up());
        }
    }

    #[test]
    fn both_sides_of_every_bound_are_told_apart() {
        for (j, bound) in BOUNDS.iter().take(PER_OCTAVE).enumerate() {
            let value = f64::from_bits(1.0_f64.to_bits() | bound);
            assert_eq!(finest_index(value), j as i32);
            assert_eq!(finest_index(value.next_up()), j as i32 + 1);
            check(value);
            check(value.next_up());
        }
    }

    #[test]
    fn the_ends_of_the_range_have_buckets() {
        check(f64::MAX);
        check(f64::from_bits(1));
        check(f64::MIN_POSITIVE);
        check(f64::MIN_POSITIVE.next_down());
        assert_eq!(finest_index(f64::MAX), 1_024 * 256);
        assert_eq!(finest_index(f64::INFINITY), 1_024 * 256 + 1);
        for shift in 0..=(FINEST - COARSEST) as u32 {
            let largest = coarser(finest_index(f64::MAX), shift);
            assert_eq!(coarser(finest_index(f64::INFINITY), shift), largest + 1);
        }
    }

    #[test]
    fn a_cell_has_one_bound_at_most() {
        let width = 1 << (MANTISSA_BITS - CELL_BITS);
        assert!(BOUNDS.windows(2).all(|pair| pair[1] - pair[0] >= width));
    }

    /// The bounds that Prometheus' own libraries have in a table, of [0.5, 1), for schema 3: rounded to one side or the
    /// other, where ours are exact.
    #[test]
    fn bounds_are_those_of_prometheus() {
        let prometheus = [
            0.5,
            0.545_253_866_332_628_8,
            0.594_603_557_501_360_5,
            0.648_419_777_325_504_8,
            0.707_106_781_186_547_5,
            0.771_105_412_703_970_4,
            0.840_896_415_253_714_4,
            0.917_004_043_204_671_1,
        ];
        for (index, bound) in prometheus.into_iter().enumerate() {
            let bucket = |value| coarser(finest_index(value), 5);
            assert_eq!(bucket(bound * (1.0 - 1e-15)), index as i32 - 8);
            assert_eq!(bucket(bound * (1.0 + 1e-15)), index as i32 - 7);
        }
    }

    #[test]
    fn bounds_of_the_coarsest_schema_are_powers_of_65536() {
        for (index, bound) in [(0, 1.0), (1, 65_536.0), (-1, 1.0 / 65_536.0)] {
            assert_eq!(coarsest_bound(index), bound);
        }
        assert_eq!(coarsest_bound(-67), f64::exp2(-1_072.0));
        assert!(coarsest_bound(-67) > 0.0);
        assert_eq!(coarsest_bound(64), f64::INFINITY);
    }

    proptest! {
        #[test]
        fn every_value_lies_in_its_bucket(bits in 1..f64::INFINITY.to_bits()) {
            check(f64::from_bits(bits));
        }

        #[test]
        fn ordinary_durations_lie_in_their_buckets(value in 1e-9..1e9_f64) {
            check(value);
        }

        #[test]
        fn a_coarser_bucket_is_a_run_of_finer_ones(index in -300_000..300_000_i32, shift in 0..=12_u32) {
            let coarse = coarser(index, shift);
            // Upper bounds: index/256 <= coarse * 2^shift / 256, and above the bucket before it.
            prop_assert!(i64::from(index) <= i64::from(coarse) << shift);
            prop_assert!(i64::from(index) > (i64::from(coarse) - 1) << shift);
        }
    }
}
