//! What one run may use. A bad script harms only its own run.

use rhai::Engine;

/// Operations, roughly a function call or an assignment each: seconds of pure computing, far past any automation.
const OPERATIONS: u64 = 50_000_000;
/// Function calls within one another.
const CALL_LEVELS: usize = 40;
/// Expressions within one another, outside functions and inside.
const EXPRESSION_DEPTH: (usize, usize) = (64, 32);
/// A text, in bytes.
const TEXT: usize = 8 * 1024 * 1024;
/// Entries of an array or a map, those of the values in it included.
const ENTRIES: usize = 200_000;
/// Variables alive at once.
const VARIABLES: usize = 2_000;

/// The stack of a thread that runs scripts, in bytes: the deepest allowed recursion fits into it with room to spare,
/// also in a debug build. An overflow would end the whole program.
pub const STACK: usize = 16 * 1024 * 1024;

/// Sets every limit; what is not set here differs between debug and release builds.
pub(super) fn apply(engine: &mut Engine) {
    engine.set_max_operations(OPERATIONS);
    engine.set_max_call_levels(CALL_LEVELS);
    engine.set_max_expr_depths(EXPRESSION_DEPTH.0, EXPRESSION_DEPTH.1);
    engine.set_max_string_size(TEXT);
    engine.set_max_array_size(ENTRIES);
    engine.set_max_map_size(ENTRIES);
    engine.set_max_variables(VARIABLES);
    engine.set_max_functions(500);
    engine.set_max_modules(100);
}
