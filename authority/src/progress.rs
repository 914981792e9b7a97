//! How long work takes is told to whoever wants to show it.

/// Is told what is being done and how far it is.
pub trait Progress: Sync {
    /// Something of so many steps begins.
    fn begin(&self, what: &str, steps: u64);
    /// A step is done.
    fn advance(&self);
    /// Says something that people compare elsewhere.
    fn say(&self, _line: &str) {}
}

/// Nobody watches.
impl Progress for () {
    fn begin(&self, _what: &str, _steps: u64) {}
    fn advance(&self) {}
}
