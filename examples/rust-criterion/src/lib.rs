//! A few things that programs do with text, each small enough to be measured in microseconds.

use std::collections::BTreeMap;

mod json;

pub use json::{Json, parse};

/// How often [`fingerprint`] goes over its data: its time is proportional to this.
const ROUNDS: u32 = 100;

/// The words and the single punctuation marks of a text, in their order.
pub fn tokens(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let end = if first.is_alphanumeric() {
            rest.find(|c: char| !c.is_alphanumeric()).unwrap_or(rest.len())
        } else {
            first.len_utf8()
        };
        let (token, after) = rest.split_at(end);
        found.push(token);
        rest = after.trim_start();
    }
    found
}

/// How often each word occurs.
pub fn count_words(text: &str) -> BTreeMap<&str, usize> {
    let mut counts = BTreeMap::new();
    for word in text.split_whitespace() {
        *counts.entry(word).or_insert(0) += 1;
    }
    counts
}

/// A fingerprint that is slow on purpose, as one is that guards a secret: 64-bit FNV-1a, many times over.
pub fn fingerprint(data: &[u8]) -> u64 {
    (0..ROUNDS).fold(0xcbf2_9ce4_8422_2325, |seed, _| pass(seed, data))
}

#[inline(never)]
fn pass(seed: u64, data: &[u8]) -> u64 {
    data.iter().fold(seed, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// Sorts by merging, which keeps equal values in their order.
pub fn merge_sort(values: &[u32]) -> Vec<u32> {
    if values.len() < 2 {
        return values.to_vec();
    }
    let (left, right) = values.split_at(values.len() / 2);
    let (left, right) = (merge_sort(left), merge_sort(right));
    let mut merged = Vec::with_capacity(values.len());
    let (mut l, mut r) = (0, 0);
    while l < left.len() && r < right.len() {
        if right[r] < left[l] {
            merged.push(right[r]);
            r += 1;
        } else {
            merged.push(left[l]);
            l += 1;
        }
    }
    merged.extend_from_slice(&left[l..]);
    merged.extend_from_slice(&right[r..]);
    merged
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_marks_are_tokens() {
        assert_eq!(tokens(" Größe: 3,5 m!"), ["Größe", ":", "3", ",", "5", "m", "!"]);
    }

    #[test]
    fn words_are_counted() {
        assert_eq!(count_words("a b a"), BTreeMap::from([("a", 2), ("b", 1)]));
    }

    #[test]
    fn a_fingerprint_depends_on_every_byte() {
        assert_ne!(fingerprint(b"toll"), fingerprint(b"tolk"));
    }

    #[test]
    fn sorting_keeps_every_value() {
        assert_eq!(merge_sort(&[3, 1, 2, 3, 0]), [0, 1, 2, 3, 3]);
    }
}
