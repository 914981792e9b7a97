//! Mutations of inputs that depend on nothing but a number, for a run without libFuzzer: the same
//! on every machine.

/// Integers at which lengths and counts go wrong.
const EDGES: [u64; 8] = [
    0,
    1,
    0x7f,
    0xff,
    0x7fff_ffff,
    0xffff_ffff,
    i64::MAX as u64,
    u64::MAX,
];

/// A source of numbers: SplitMix64.
#[derive(Debug, Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// Begins from a seed.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`; 0 where `n` is.
    pub const fn below(&mut self, n: usize) -> usize {
        match n {
            0 => 0,
            n => (self.next() % n as u64) as usize,
        }
    }
}

/// One to four changes of one of some inputs.
pub fn mutate(inputs: &[Vec<u8>], numbers: &mut Numbers) -> Vec<u8> {
    let mut input = pick(inputs, numbers).to_vec();
    for _ in 0..1 + numbers.below(4) {
        change(&mut input, inputs, numbers);
    }
    input
}

fn pick<'a>(inputs: &'a [Vec<u8>], numbers: &mut Numbers) -> &'a [u8] {
    inputs
        .get(numbers.below(inputs.len()))
        .map_or(&[], Vec::as_slice)
}

fn change(input: &mut Vec<u8>, inputs: &[Vec<u8>], numbers: &mut Numbers) {
    let at = numbers.below(input.len());
    match numbers.below(8) {
        0 => set(
            input,
            at,
            |byte, numbers| byte ^ 1 << numbers.below(8),
            numbers,
        ),
        1 => set(input, at, |_, numbers| numbers.next() as u8, numbers),
        2 => input.truncate(at),
        3 => edge(input, at, numbers),
        4 => {
            let end = input.len().min(at + 1 + numbers.below(16));
            input.drain(at..end);
        }
        5 => insert(input, at, numbers),
        6 => {
            // A stretch of the input once more, elsewhere.
            let end = input.len().min(at + 1 + numbers.below(64));
            let stretch = input[at..end].to_vec();
            let to = numbers.below(input.len());
            input.splice(to..to, stretch);
        }
        _ => {
            // From here on as another input.
            let other = pick(inputs, numbers);
            let from = numbers.below(other.len());
            input.truncate(at);
            input.extend(&other[from..]);
        }
    }
}

fn set(input: &mut [u8], at: usize, to: impl Fn(u8, &mut Numbers) -> u8, numbers: &mut Numbers) {
    if let Some(byte) = input.get_mut(at) {
        *byte = to(*byte, numbers);
    }
}

/// Puts an integer of one to eight bytes, in either order, where something else was.
fn edge(input: &mut [u8], at: usize, numbers: &mut Numbers) {
    let edge = EDGES[numbers.below(EDGES.len())].wrapping_add(numbers.below(3) as u64);
    let width = [1, 2, 4, 8][numbers.below(4)];
    let mut bytes = edge.to_le_bytes()[..width].to_vec();
    if numbers.below(2) == 0 {
        bytes.reverse();
    }
    if let Some(place) = input.get_mut(at..at + width) {
        place.copy_from_slice(&bytes);
    }
}

fn insert(input: &mut Vec<u8>, at: usize, numbers: &mut Numbers) {
    let bytes = (0..1 + numbers.below(8)).map(|_| numbers.next() as u8);
    let bytes: Vec<u8> = bytes.collect();
    input.splice(at..at, bytes);
}
