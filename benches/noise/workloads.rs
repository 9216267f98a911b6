//! Twelve small real programs, each cut into equal units of about a microsecond, so that "5 % more work" is 5 % more units. Refuses to know
//! how they are timed.

use std::collections::BTreeMap;
use std::fs::File;
use std::hint::black_box;
use std::io::Read;

/// Does this many units of work.
pub(crate) type Work = Box<dyn FnMut(u64)>;

/// A name, and what prepares the data of one process.
pub(crate) type Workload = (&'static str, fn() -> Work);

/// All of them, in the order in which a process runs them.
pub(crate) const ALL: [Workload; 12] = [
    ("hash", hash),
    ("sort", sort),
    ("btree", btree),
    ("hashmap", hashmap),
    ("matmul", matmul),
    ("chase", chase),
    ("parse", parse),
    ("memcpy", memcpy),
    ("alloc", alloc),
    ("branchy", branchy),
    ("format", format_numbers),
    ("syscall", syscall),
];

/// The same numbers in every process: a state that is advanced by a constant and mixed.
fn numbers(count: usize) -> Vec<u64> {
    let mut state = 7_u64;
    let mut next = || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    };
    (0..count).map(|_| next()).collect()
}

/// Fowler–Noll–Vo over 1 KiB.
fn hash() -> Work {
    let bytes: Vec<u8> = numbers(128).iter().flat_map(|number| number.to_le_bytes()).collect();
    Box::new(move |units| {
        for _ in 0..units {
            let start = 0xCBF2_9CE4_8422_2325_u64;
            let mixed = black_box(&bytes)
                .iter()
                .fold(start, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x100_0000_01B3));
            black_box(mixed);
        }
    })
}

/// Sorts 64 numbers.
fn sort() -> Work {
    let pool = numbers(64);
    Box::new(move |units| {
        for _ in 0..units {
            let mut values = black_box(&pool).clone();
            values.sort_unstable();
            black_box(&values);
        }
    })
}

/// Looks up, removes and inserts in an ordered map of 4,096.
fn btree() -> Work {
    let keys = numbers(4096);
    let mut map: BTreeMap<u64, u64> = keys.iter().map(|key| (*key, key ^ 1)).collect();
    let mut at = 0;
    Box::new(move |units| {
        for _ in 0..units {
            at = (at + 617) % keys.len();
            let value = map.remove(&keys[at]).unwrap_or_default();
            map.insert(keys[at], black_box(value).wrapping_add(1));
            black_box(map.range(keys[at]..).nth(3));
        }
    })
}

/// Looks up in a hash map of 4,096 whose hash keys differ from process to process.
#[expect(clippy::disallowed_types, reason = "its random order is what makes its processes differ")]
fn hashmap() -> Work {
    let keys = numbers(4096);
    let mut map: std::collections::HashMap<u64, u64> = keys.iter().map(|key| (*key, 0)).collect();
    let mut at = 0;
    Box::new(move |units| {
        for _ in 0..units * 16 {
            at = (at + 617) % keys.len();
            *map.entry(black_box(keys[at])).or_default() += 1;
        }
    })
}

/// Multiplies two 12 × 12 matrices.
fn matmul() -> Work {
    const SIDE: usize = 12;
    let values: Vec<f64> = numbers(2 * SIDE * SIDE).iter().map(|number| (number >> 40) as f64).collect();
    let mut product = vec![0.0; SIDE * SIDE];
    Box::new(move |units| {
        for _ in 0..units {
            let (left, right) = black_box(&values).split_at(SIDE * SIDE);
            for (row, out) in product.chunks_exact_mut(SIDE).enumerate() {
                for (column, cell) in out.iter_mut().enumerate() {
                    *cell = (0..SIDE).map(|k| left[row * SIDE + k] * right[k * SIDE + column]).sum();
                }
            }
            black_box(&product);
        }
    })
}

/// Follows a random cycle through 2 MiB.
fn chase() -> Work {
    const LINKS: usize = 1 << 19;
    let mut next: Vec<u32> = (0..).take(LINKS).collect();
    for (last, number) in (1..LINKS).rev().zip(numbers(LINKS)) {
        // Sattolo: one cycle through all.
        let other = usize::try_from(number % last as u64).unwrap_or(0);
        next.swap(last, other);
    }
    let mut at = 0_u32;
    Box::new(move |units| {
        for _ in 0..units * 32 {
            at = next[at as usize];
        }
        black_box(at);
    })
}

/// Reads sixteen decimal numbers out of a line.
fn parse() -> Work {
    let cells: Vec<String> = numbers(16).iter().map(|number| format!("{}.{}", number >> 50, number & 0xFFF)).collect();
    let line = cells.join(";");
    Box::new(move |units| {
        for _ in 0..units {
            let sum: f64 = black_box(&line).split(';').filter_map(|cell| cell.parse::<f64>().ok()).sum();
            black_box(sum);
        }
    })
}

/// Copies 32 KiB.
fn memcpy() -> Work {
    let from = vec![7_u8; 1 << 15];
    let mut to = vec![0_u8; 1 << 15];
    Box::new(move |units| {
        for _ in 0..units {
            to.copy_from_slice(black_box(&from));
            black_box(&to);
        }
    })
}

/// Takes and returns 24 pieces of memory of different sizes.
fn alloc() -> Work {
    Box::new(|units| {
        for _ in 0..units {
            let pieces: Vec<Vec<u8>> = (1..=24_usize).map(|n| Vec::with_capacity(black_box(n * 40))).collect();
            black_box(&pieces);
        }
    })
}

/// Branches that cannot be foreseen.
fn branchy() -> Work {
    let values = numbers(4096);
    Box::new(move |units| {
        let mut at = 0;
        let mut state = 1_u64;
        for _ in 0..units * 64 {
            at = (at + 1) % values.len();
            let value = black_box(values[at]);
            if value & 1 == 0 {
                state = state.wrapping_mul(3) ^ value;
            } else if value & 2 == 0 {
                state = state.rotate_left(7).wrapping_add(black_box(value));
            } else {
                state ^= black_box(value >> 3);
            }
        }
        black_box(state);
    })
}

/// Writes four numbers as text.
fn format_numbers() -> Work {
    let values = numbers(64);
    let mut text = String::new();
    let mut at = 0;
    Box::new(move |units| {
        use std::fmt::Write;
        for _ in 0..units {
            text.clear();
            for value in &values[at % 16..at % 16 + 4] {
                // Writing to a string cannot fail.
                let _written = write!(text, "{value} {:.3} ", *black_box(value) as f64 / 1e9);
            }
            at += 1;
            black_box(&text);
        }
    })
}

/// Asks the kernel for eight zeros, four times.
fn syscall() -> Work {
    let mut zeros = File::open("/dev/zero").ok();
    let mut bytes = [0_u8; 8];
    Box::new(move |units| {
        for _ in 0..units * 4 {
            let read = zeros.as_mut().map(|file| file.read(&mut bytes));
            let _ignored = black_box(read);
        }
    })
}
