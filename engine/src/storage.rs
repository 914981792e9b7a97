//! Arrays that are in memory, or lie in a file that is mapped.

use std::ops::Deref;
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::{Mmap, MmapMut};

/// An array, wherever it is.
#[derive(Debug)]
pub(crate) enum Storage<T> {
    /// In memory.
    Owned(Vec<T>),
    /// In a file, or in pages that stand for one, at an offset that suits the type.
    Mapped {
        /// The file.
        file: Arc<Mmap>,
        /// Where the array begins, in bytes.
        start: usize,
        /// Its length, in bytes.
        length: usize,
    },
}

/// Below this, in bytes, large pages are not worth a copy.
const LARGE: usize = 8 << 20;

impl<T: Pod> Storage<T> {
    /// Keeps an array that is read here and there in large pages, where the system has them and it
    /// is worth while: the processor then finds most addresses without a walk.
    pub(crate) fn large(array: Vec<T>) -> Self {
        let length = size_of_val(array.as_slice());
        if length < LARGE {
            return Self::Owned(array);
        }
        match Self::copied(bytemuck::cast_slice(&array)) {
            Ok(memory) => Self::Mapped {
                file: Arc::new(memory),
                start: 0,
                length,
            },
            Err(_) => Self::Owned(array),
        }
    }

    fn copied(bytes: &[u8]) -> std::io::Result<Mmap> {
        let mut memory = MmapMut::map_anon(bytes.len())?;
        #[cfg(target_os = "linux")]
        memory.advise(memmap2::Advice::HugePage)?;
        memory.copy_from_slice(bytes);
        memory.make_read_only()
    }

    /// The array of these bytes of a file, or none if they are no whole number of elements, not
    /// aligned, or beyond the file.
    pub(crate) fn mapped(file: &Arc<Mmap>, start: usize, length: usize) -> Option<Self> {
        let bytes = file.get(start..start.checked_add(length)?)?;
        bytemuck::try_cast_slice::<u8, T>(bytes).ok()?;
        Some(Self::Mapped {
            file: Arc::clone(file),
            start,
            length,
        })
    }
}

impl<T: Pod> Deref for Storage<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Owned(array) => array,
            Self::Mapped {
                file,
                start,
                length,
            } => bytemuck::cast_slice(&file[*start..start + length]),
        }
    }
}

impl<T> From<Vec<T>> for Storage<T> {
    fn from(array: Vec<T>) -> Self {
        Self::Owned(array)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrays_are_the_same_in_large_pages() {
        for length in [0, 3, LARGE / 8 - 1, LARGE / 8, LARGE / 8 + 1] {
            let array: Vec<u64> = (0..length as u64).collect();
            let stored = Storage::large(array.clone());
            assert_eq!(
                matches!(stored, Storage::Mapped { .. }),
                length >= LARGE / 8,
                "{length}"
            );
            assert_eq!(*stored, *array);
        }
    }
}
