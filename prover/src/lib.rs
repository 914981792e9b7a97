//! The enterprise's side: wallet, consent, witness and proof.
