//! Variables that a script names and that are not there: functions of Rhai see nothing outside them.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTFlags, ASTNode, Expr, ImmutableString, Position, Stmt};

use super::Script;

/// A name that nothing stands behind where it is used.
pub(super) struct Missing {
    pub(super) name: String,
    pub(super) position: Position,
    pub(super) why: Why,
}

/// Why a name is not there.
pub(super) enum Why {
    /// It is a constant outside the function.
    Constant {
        /// The line it is made in.
        line: usize,
    },
    /// It is a variable outside the function.
    Outside {
        /// The line it is made in.
        line: usize,
    },
    /// `global::` stands before it, and there is no such constant.
    NotGlobal,
    /// There is none anywhere.
    Unknown,
}

/// Every use of a name that is not there, each name once a function.
///
/// Rhai itself resolves the names of parameters, loops, `catch` and blocks while it compiles, and says so in each variable:
/// those that it could not place are the ones looked at.
pub(super) fn missing(script: &Script) -> Vec<Missing> {
    let mut outside = HashMap::new();
    for statement in script.ast.statements() {
        if let Stmt::Var(variable, flags, position) = statement {
            let constant = flags.intersects(ASTFlags::CONSTANT);
            outside.insert(variable.0.name.as_str(), (constant, position.line().unwrap_or(1)));
        }
    }
    let functions: Vec<_> = script.ast.iter_fn_def().collect();
    let names: HashSet<&str> = functions.iter().map(|function| function.name.as_str()).collect();
    let sharing = called_with_own_variables(&script.ast);
    let mut found = Vec::new();
    let mut look = |part: &AST, own: &[&str]| {
        let mut said = HashSet::new();
        part.walk(&mut |path: &[ASTNode<'_>]| {
            let Some(ASTNode::Expr(Expr::Variable(variable, _, position))) = path.last() else { return true };
            let (index, name, namespace) = (variable.0, variable.1.as_str(), variable.2.to_string());
            let why = match (namespace.trim_end_matches("::"), outside.get(name)) {
                ("global", Some((true, _))) => return true,
                ("global", _) => Why::NotGlobal,
                ("", _) if index.is_some() || own.contains(&name) || names.contains(name) => return true,
                ("", Some((true, line))) => Why::Constant { line: *line },
                ("", Some((false, line))) => Why::Outside { line: *line },
                ("", None) => Why::Unknown,
                _ => return true,
            };
            if said.insert((name.to_owned(), namespace)) {
                found.push(Missing { name: name.to_owned(), position: *position, why });
            }
            true
        });
    };
    look(&script.ast.clone_statements_only(), &[]);
    for function in functions {
        if sharing.contains(function.name.as_str()) {
            continue;
        }
        let count = function.params.len();
        let mut part = script.ast.clone();
        part.clear_statements();
        part.retain_functions(|_, _, name, params| name == function.name && params == count);
        // Methods of several types may share a name; what one of them has as an argument is let pass in all.
        let own: Vec<&str> =
            part.iter_fn_def().flat_map(|one| one.params.iter().map(ImmutableString::as_str)).collect();
        look(&part, &own);
    }
    found.sort_by_key(|missing| (missing.position.line(), missing.position.position()));
    found.dedup_by(|a, b| a.name == b.name && a.position == b.position);
    found
}

/// The functions that are called as `name!(...)` somewhere, which lets them see the variables of the caller.
fn called_with_own_variables(ast: &AST) -> HashSet<String> {
    let mut names = HashSet::new();
    ast.walk(&mut |path: &[ASTNode<'_>]| {
        if let Some(
            ASTNode::Expr(Expr::FnCall(call, _) | Expr::MethodCall(call, _))
            | ASTNode::Stmt(Stmt::FnCall(call, _)),
        ) = path.last()
            && call.capture_parent_scope
        {
            names.insert(call.name.to_string());
        }
        true
    });
    names
}
