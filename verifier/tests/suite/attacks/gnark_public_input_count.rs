//! Public inputs of the wrong number: arkworks pairs them with the key's points and leaves the rest
//! out, so that a missing input is zero and a surplus one anything.

use ark_bn254::{Bn254, Fr};
use std::sync::Arc;
use taxproof_verifier::reduced::{Input, ReducedKey, Rejected};

use crate::fixture::{Fake, naive};

#[test]
fn missing_and_surplus_inputs_are_refused() {
    let fake = Fake::<Bn254>::new(2);
    let inputs = [Fr::from(5), Fr::from(0)];
    let proof = fake.prove(&inputs);
    let surplus = [inputs[0], inputs[1], Fr::from(666)];
    assert!(naive(&fake.proving.vk, &inputs[..1], &proof));
    assert!(naive(&fake.proving.vk, &surplus, &proof));

    let key = ReducedKey::new(Arc::new(fake.checked()), &[Input::Open; 2]).unwrap();
    let proof = fake.canonical(&inputs);
    assert_eq!(key.verify(&proof, &inputs), Ok(()));
    for wrong in [&inputs[..1], &surplus] {
        assert!(matches!(key.verify(&proof, wrong), Err(Rejected::Count(_))));
    }
}
