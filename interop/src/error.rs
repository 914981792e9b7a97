//! Why a file of another tool is refused.

/// Why a file is refused. Whoever wrote it is at fault, or it is damaged, or for something else.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FormatError {
    /// Another kind of file.
    #[error("not a `.{0}` file")]
    Magic(&'static str),
    /// Another version of the format.
    #[error("version {found} of the format `.{format}`; version {expected} is read")]
    Version {
        /// The format.
        format: &'static str,
        /// What is read.
        expected: u32,
        /// What there was.
        found: u32,
    },
    /// It ends too early.
    #[error("the file ends within {0}")]
    Truncated(&'static str),
    /// Something follows where nothing should.
    #[error("{count} bytes too many in {place}")]
    Surplus {
        /// How many bytes.
        count: usize,
        /// Where.
        place: &'static str,
    },
    /// A section that must be there is not.
    #[error("section {0} is missing")]
    Missing(u32),
    /// A section is there twice.
    #[error("section {0} is there twice")]
    Repeated(u32),
    /// A section that this reader does not know, such as those of custom gates.
    #[error("section {0} is not known: custom gates and other protocols are not read")]
    Unknown(u32),
    /// Over another field, so for another curve.
    #[error("the file is not over the curve {0}")]
    Curve(&'static str),
    /// Not a number below its field's order, in the one way of writing it.
    #[error("{0} is not a number below its field's order")]
    Element(&'static str),
    /// No point of its group.
    #[error("{0} is not a point of its group")]
    Point(&'static str),
    /// Parts that do not fit together.
    #[error("{0}")]
    Inconsistent(&'static str),
    /// Text that is not of the format.
    #[error("line {0} is not four fields `label,wire,component,name`")]
    Line(usize),
    /// JSON that is not of the format.
    #[error("not the JSON that it should be: {0}")]
    Json(String),
}
