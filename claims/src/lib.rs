//! What is said: records, policies, requests and presentations, and what they mean.
