//! Arrays that are in memory, or lie in a file that is mapped.

use std::ops::Deref;
use std::sync::Arc;

use bytemuck::Pod;
use memmap2::Mmap;

/// An array, wherever it is.
#[derive(Debug)]
pub(crate) enum Storage<T> {
    /// In memory.
    Owned(Vec<T>),
    /// In a file, at an offset that suits the type.
    Mapped {
        /// The file.
        file: Arc<Mmap>,
        /// Where the array begins, in bytes.
        start: usize,
        /// Its length, in bytes.
        length: usize,
    },
}

impl<T: Pod> Storage<T> {
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
