//! A histogram at rest, for who keeps many: the buckets in a byte or two each, where the map of a [`Histogram`] takes fifteen. Refuses to record.

use super::histogram::{Histogram, Parts};

/// The distribution of a [`Histogram`], to the last digit the same.
#[derive(Clone, Debug, PartialEq)]
pub struct Packed {
    /// For each bucket, rising: how far it lies above the one before, doubled, plus 1 where it has several values; then how many beyond two.
    /// Numbers of seven bits a byte, the lowest first, the eighth bit where more follow (LEB128).
    bytes: Box<[u8]>,
    sum: f64,
    min: f64,
    max: f64,
}

impl Packed {
    /// Packs what a histogram is made of. Parts that no histogram is made of come back as none.
    pub fn new(parts: &Parts) -> Self {
        let mut bytes = Vec::with_capacity(2 * parts.buckets.len());
        let mut before = 0;
        for (bucket, times) in &parts.buckets {
            let step = u64::from(bucket.saturating_sub(before));
            before = *bucket;
            put(&mut bytes, step << 1 | u64::from(*times > 1));
            if let Some(more) = times.checked_sub(2) {
                put(&mut bytes, more);
            }
        }
        Self { bytes: bytes.into_boxed_slice(), sum: parts.sum, min: parts.min, max: parts.max }
    }

    /// What it was made of.
    pub fn parts(&self) -> Parts {
        let mut bytes = self.bytes.iter().copied();
        let (mut bucket, mut buckets) = (0_u32, Vec::new());
        while let Some(first) = take(&mut bytes) {
            bucket = bucket.saturating_add(u32::try_from(first >> 1).unwrap_or(u32::MAX));
            let times = if first & 1 == 1 { take(&mut bytes).unwrap_or_default().saturating_add(2) } else { 1 };
            buckets.push((bucket, times));
        }
        Parts { buckets, sum: self.sum, min: self.min, max: self.max }
    }

    /// What is in both.
    #[must_use]
    pub fn joined(&self, other: &Self) -> Self {
        let (one, other) = (self.parts(), other.parts());
        let (mut left, mut right) = (one.buckets.into_iter().peekable(), other.buckets.into_iter().peekable());
        let mut buckets = Vec::new();
        while let Some(bucket) = left.peek().into_iter().chain(right.peek()).map(|(bucket, _)| *bucket).min() {
            let next = [&mut left, &mut right].map(|side| side.next_if(|(own, _)| *own == bucket));
            buckets.push((bucket, next.into_iter().flatten().map(|(_, times)| times).sum()));
        }
        let (min, max) = (one.min.min(other.min), one.max.max(other.max));
        Self::new(&Parts { buckets, sum: one.sum + other.sum, min, max })
    }

    /// The histogram.
    pub fn histogram(&self) -> Histogram {
        // Nothing recorded has no parts.
        Histogram::from_parts(self.parts()).unwrap_or_default()
    }
}

impl From<&Histogram> for Packed {
    fn from(histogram: &Histogram) -> Self {
        Self::new(&histogram.parts())
    }
}

impl Default for Packed {
    fn default() -> Self {
        Self { bytes: Box::default(), sum: 0.0, min: f64::INFINITY, max: 0.0 }
    }
}

/// Writes a number.
fn put(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push((number & 0x7f) as u8);
}

/// Reads the next number.
fn take(bytes: &mut impl Iterator<Item = u8>) -> Option<u64> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let byte = bytes.next()?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(number);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn histogram(values: &[(f64, u64)]) -> Histogram {
        let mut histogram = Histogram::default();
        for (value, times) in values {
            histogram.record(*value, *times).expect("a value");
        }
        histogram
    }

    fn packed(histogram: &Histogram) -> Packed {
        Packed::from(histogram)
    }

    proptest! {
        #[test]
        fn what_is_packed_is_what_it_was_and_two_are_what_both_were(
            one in prop::collection::vec((0.0..1e7_f64, 0..1_u64 << 40), 0..80),
            other in prop::collection::vec((0.0..1e-2_f64, 0..4_u64), 0..80),
        ) {
            let (one, other) = (histogram(&one), histogram(&other));
            prop_assert_eq!(packed(&one).histogram(), one.clone());
            let mut both = one.clone();
            both.merge(&other).expect("few values");
            prop_assert_eq!(packed(&one).joined(&packed(&other)).histogram(), both);
        }
    }

    #[test]
    fn nothing_stays_nothing_and_each_bucket_takes_a_byte_or_two() {
        assert_eq!(Packed::default().histogram(), Histogram::default());
        assert_eq!(packed(&Histogram::default()), Packed::default());
        let dense: Vec<(f64, u64)> =
            (0..1000_u32).map(|at| (1e-3 + 1e-6 * f64::from(at), 1 + u64::from(at % 3))).collect();
        let dense = histogram(&dense);
        let bytes = packed(&dense).bytes.len();
        assert!(bytes < 2 * dense.buckets() + 8, "{bytes} bytes for {} buckets", dense.buckets());
    }
}
