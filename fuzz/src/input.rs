//! Inputs that choose what is done as well as with what.

use taxproof_claims::testing::Choices;

/// Takes an input apart from its beginning. What is missing at its end is zero.
#[derive(Debug)]
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    /// Begins with an input's first byte.
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The next byte.
    pub fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or(0)
    }

    /// One of `n` things, by a byte.
    pub fn below(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n.max(1)
    }

    /// Eight bytes, the greatest first.
    pub fn u64(&mut self) -> u64 {
        u64::from_be_bytes(self.array())
    }

    /// The next bytes, so many as an array takes.
    pub fn array<const N: usize>(&mut self) -> [u8; N] {
        let mut array = [0; N];
        let taken = self.take(N);
        array[..taken.len()].copy_from_slice(taken);
        array
    }

    /// So many bytes, or fewer where the input ends.
    pub fn take(&mut self, count: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(count.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// Bytes with their length in a byte before them.
    pub fn short(&mut self) -> &'a [u8] {
        let length = self.byte();
        self.take(length.into())
    }

    /// Bytes with their length in two bytes before them.
    pub fn part(&mut self) -> &'a [u8] {
        let length = u16::from_be_bytes(self.array());
        self.take(length.into())
    }

    /// Whether nothing is left.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left.
    pub const fn rest(self) -> &'a [u8] {
        self.0
    }

    /// Choices of a generator: a byte each, or five bytes where one is to be large.
    pub fn choices(mut self) -> Choices {
        let mut numbers = Vec::new();
        while !self.is_empty() {
            numbers.push(match self.byte() {
                LARGE => u32::from_be_bytes(self.array()),
                small => small.into(),
            });
        }
        Choices::new(numbers)
    }
}

/// The byte that four bytes of a large choice follow.
const LARGE: u8 = 255;

/// The bytes that [`Input::part`] reads as these.
///
/// # Panics
/// They are 2^16 or more.
pub fn part(bytes: &[u8]) -> Vec<u8> {
    let length = u16::try_from(bytes.len()).expect("a part of an input is short");
    [&length.to_be_bytes(), bytes].concat()
}

/// The bytes that [`Input::short`] reads as these.
///
/// # Panics
/// They are 256 or more.
pub fn short(bytes: &[u8]) -> Vec<u8> {
    let length = u8::try_from(bytes.len()).expect("a short part of an input is short");
    [&[length], bytes].concat()
}

/// An input that begins with a choice.
pub fn chosen(choice: u8, rest: impl AsRef<[u8]>) -> Vec<u8> {
    [&[choice], rest.as_ref()].concat()
}

/// The text of an input; an input that is none is cut where it stops being one.
pub fn text(bytes: &[u8]) -> &str {
    match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let (valid, _) = bytes.split_at(error.valid_up_to());
            std::str::from_utf8(valid).expect("the bytes up to the first that is no UTF-8")
        }
    }
}
