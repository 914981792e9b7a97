//! Claims from outside, in one binary, because each takes long to link.

mod openssl;
mod policy_errors;
mod policy_files;
mod policy_meaning;
mod policy_regressions;
mod signatures;
