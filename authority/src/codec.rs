//! A compact encoding of what is kept: whole numbers in as few bytes as they need, texts either where
//! they stand or, where many are the same, in a table before everything else.
//!
//! Only this crate reads it. What is written is checked by digests (`store`); a reader still refuses
//! what no writer wrote.

mod decoder;
mod encoder;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;

/// Bytes that no writer wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an entry does not read")]
pub(crate) struct Malformed;

/// Texts that writer and reader have.
#[derive(Debug, Default)]
pub(crate) struct Given<'a> {
    pub(crate) texts: Vec<&'a str>,
    /// The names that most lists have, in order.
    pub(crate) list: Vec<&'a str>,
}

/// Whether two texts are equal. Often they are one text, which is sooner seen.
pub(crate) fn are_equal(a: &str, b: &str) -> bool {
    std::ptr::eq(a, b) || a == b
}

#[cfg(test)]
mod tests {
    use std::sync::LazyLock;

    use super::encoder::FEW;
    use super::*;

    static GIVEN: LazyLock<Given<'static>> = LazyLock::new(|| Given {
        texts: vec!["额", "税"],
        list: vec!["a", "b"],
    });

    #[test]
    fn a_list_is_read_with_the_names_of_the_one_before() {
        let names = |names: &'static [&'static str]| names.iter().copied();
        let mut encoder = Encoder::with_table(Vec::new());
        assert!(encoder.are_before(names(&[])) && !encoder.are_before(names(&["b"])));
        encoder.keep(names(&["b", "c"]));
        assert!(encoder.are_before(names(&["b", "c"])));
        assert!(!encoder.are_before(names(&["b"])) && !encoder.are_before(names(&["b", "a"])));
        let encoder = Encoder::with_names(Vec::new(), &GIVEN);
        assert!(encoder.are_before(names(&["a", "b"])));

        let mut decoder = Decoder::with_table(&[0, 2, 4, 6]).expect("a table");
        assert_eq!(decoder.list_before(Decoder::signed), Ok(Vec::new()));
        decoder.keep(names(&["b", "c"]));
        assert_eq!(
            decoder.list_before(Decoder::signed),
            Ok(vec![("b", 1), ("c", 2)])
        );
        assert_eq!(decoder.list_before(Decoder::signed), Err(Malformed));
        let mut decoder = Decoder::with_names(&[2, 4], &GIVEN);
        assert_eq!(
            decoder.list_before(Decoder::signed),
            Ok(vec![("a", 1), ("b", 2)])
        );
    }

    #[test]
    fn numbers_and_texts_round_trip() {
        let numbers = [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN];
        type Write<'a> = &'a dyn Fn() -> Encoder<'a>;
        type Read = fn(&[u8]) -> Result<Decoder<'_>, Malformed>;
        let in_place: (Write<'_>, Read) = (&Encoder::default, |bytes| Ok(Decoder::new(bytes)));
        let table: (Write<'_>, Read) = (&|| Encoder::with_table(vec![7]), |bytes| {
            Decoder::with_table(bytes)
        });
        let with_given: (Write<'_>, Read) =
            (&|| Encoder::with_names(Vec::new(), &GIVEN), |bytes| {
                Ok(Decoder::with_names(bytes, &GIVEN))
            });
        for (begin, open) in [in_place, table, with_given] {
            let mut encoder = begin();
            numbers.iter().for_each(|n| encoder.signed(*n));
            encoder.unsigned(u64::MAX);
            for name in ["税", "", "税"] {
                encoder.name(name);
            }
            encoder.optional(Some(7), Encoder::signed);
            encoder.optional(None, Encoder::signed);
            let (bytes, _) = encoder.finish_onto(Vec::new());
            let read = |bytes| -> Result<_, Malformed> {
                let mut decoder = open(bytes)?;
                let mut found = Vec::new();
                for _ in numbers {
                    found.push(decoder.signed()?);
                }
                assert_eq!(decoder.unsigned()?, u64::MAX);
                let names = [decoder.name()?, decoder.name()?, decoder.name()?];
                assert_eq!(names, ["税", "", "税"]);
                let optional = [
                    decoder.optional(Decoder::signed)?,
                    decoder.optional(Decoder::signed)?,
                ];
                assert_eq!(optional, [Some(7), None]);
                decoder.finish()?;
                Ok(found)
            };
            assert_eq!(read(&bytes[..]), Ok(numbers.to_vec()));
            for cut in 0..bytes.len() {
                assert_eq!(read(&bytes[..cut]), Err(Malformed), "cut at {cut}");
            }
            assert_eq!(read(&[&bytes[..], &[0]].concat()), Err(Malformed));
        }
    }

    #[test]
    fn many_names_are_found_as_few_are() {
        let names: Vec<String> = (0..3 * FEW).map(|i| format!("name {i}")).collect();
        let mut encoder = Encoder::with_table(Vec::new());
        for step in [1, 5, 3] {
            (0..names.len()).for_each(|i| encoder.name(&names[i * step % names.len()]));
        }
        let (bytes, _) = encoder.finish_onto(Vec::new());
        let mut decoder = Decoder::with_table(&bytes).expect("a table");
        for step in [1, 5, 3] {
            for i in 0..names.len() {
                assert_eq!(decoder.name(), Ok(&*names[i * step % names.len()]));
            }
        }
        // Each once, and in less than three bytes wherever it stands.
        assert!(bytes.len() < names.len() * (9 + 3));
    }

    #[test]
    fn numbers_of_every_length_are_read_whatever_stands_behind_them() {
        for bits in 0..=64 {
            let largest = u64::MAX.checked_shr(64 - bits).unwrap_or_default();
            for n in [largest, largest / 3, largest ^ 1, !largest] {
                let mut encoder = Encoder::default();
                encoder.unsigned(n);
                let bytes = encoder.finish();
                for (after, behind) in [(0, 0), (1, 0xff), (9, 0xff), (9, 0)] {
                    let all = [&bytes[..], &vec![behind; after]].concat();
                    let mut decoder = Decoder::new(&all);
                    assert_eq!(decoder.unsigned(), Ok(n));
                    assert_eq!(decoder.rest().len(), after);
                }
            }
        }
    }

    #[test]
    fn numbers_beyond_64_bits_are_refused() {
        let longest = [&[0xff; 9][..], &[1]].concat();
        assert_eq!(Decoder::new(&longest).unsigned(), Ok(u64::MAX));
        let longer = [&[0xff; 9][..], &[2]].concat();
        assert_eq!(Decoder::new(&longer).unsigned(), Err(Malformed));
        let endless = [0xff; 11];
        assert_eq!(Decoder::new(&endless).unsigned(), Err(Malformed));
    }
}
