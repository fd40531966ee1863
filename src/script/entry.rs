//! The functions that this program calls, `run` and `poll`, as scripts of their own.
//!
//! Rhai overwrites the place of a limit's error with that of each call it comes through, and the outermost call, made from
//! outside, has none. What stands outside functions keeps its place. So the statements of the function are put there, behind
//! those of the script: an error then tells the place in the function, or where it called what went wrong.

use rhai::{AST, ASTNode, Engine, Position, Stmt, StmtBlock};

/// The name under which the argument comes in. Nobody calls a variable so.
pub(super) const ARGUMENT: &str = "argument_from_outside";

/// A function that this program calls.
#[derive(Clone)]
pub(super) struct Entry {
    pub(super) ast: AST,
    /// Whether it takes an argument.
    pub(super) takes_argument: bool,
}

/// The function of this name with one argument, or else with none.
pub(super) fn find(engine: &Engine, ast: &AST, name: &str) -> Option<Entry> {
    let function = [1, 0].into_iter().find_map(|count| {
        ast.iter_fn_def().find(|function| function.name == name && function.params.len() == count)
    })?;
    let mut only = ast.clone();
    only.clear_statements();
    only.retain_functions(|_, _, found, count| found == name && count == function.params.len());
    let mut body = Vec::new();
    only.walk(&mut |path: &[ASTNode<'_>]| {
        if let [ASTNode::Stmt(statement)] = path {
            body.push((*statement).clone());
        }
        true
    });
    let mut statements = ast.statements().to_vec();
    if let Some(parameter) = function.params.first() {
        // Where the function's own variables expect it: right before them.
        let argument = engine.compile(format!("let {parameter} = {ARGUMENT};")).ok()?;
        statements.extend_from_slice(argument.statements());
    }
    // A block, as the function was one: its constants are its own.
    statements.push(Stmt::Block(Box::new(StmtBlock::new(body, Position::NONE, Position::NONE))));
    let takes_argument = !function.params.is_empty();
    Some(Entry { ast: AST::new(statements, ast.shared_lib().clone()), takes_argument })
}
