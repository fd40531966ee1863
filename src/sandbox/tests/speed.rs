//! How long a large session takes. Run it with `cargo test --release --lib sandbox::tests::speed -- --ignored --nocapture`.

use super::*;

#[test]
#[ignore = "it measures"]
#[expect(clippy::disallowed_methods, reason = "it measures real time")]
#[expect(clippy::print_stdout, reason = "it measures")]
fn two_hours_of_two_hundred() {
    for name in Scenario::built_in() {
        for generation in Generation::ALL {
            let mix = Mix {
                players: Some(200),
                dropouts: Some(0.1),
                stalls: Some(0.1),
                absent: Some(0.05),
                two_tabs: Some(0.05),
                ..Mix::default()
            };
            let scenario = built_in(name);
            let mut world = world(&scenario, generation, &mix, 1);
            let began = std::time::Instant::now();
            world.advance(START + 7200.0);
            let took = began.elapsed();
            let outcome = outcome(&world.happenings(), world.now());
            println!("{name} {generation:?}: {took:?} {:?}", outcome.totals());
        }
    }
}
