//! Properties that `event` and observed players do not have. Rhai reads one that is not there as `()`, so that a slip of the
//! pen in a condition makes it false for good. And places in what has names and no places, such as the players of a session.

use std::collections::{HashMap, HashSet};

use rhai::{AST, ASTNode, Expr, FnCallExpr, Position, Stmt};

use super::Script;
use crate::domain::{Event, OBSERVED};

/// A property that is not there.
pub(super) struct Missing {
    pub(super) name: String,
    pub(super) position: Position,
    pub(super) of: Ours,
}

/// Maps whose properties are known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ours {
    /// What `run` is called with.
    Event,
    /// What `player` gives.
    Player,
    /// What `players::list` and their like give: each by its name.
    Records,
}

/// What gives records by name.
const GIVE_RECORDS: [&str; 5] =
    ["players::list", "sessions::list", "rooms::list", "chat::overview", "players_of"];

impl Ours {
    /// What it has.
    pub(super) fn properties(self) -> &'static [&'static str] {
        match self {
            Self::Event => &Event::PROPERTIES,
            Self::Player => &OBSERVED,
            Self::Records => &[],
        }
    }

    /// What a property of it is.
    fn at(self, property: &str) -> Option<Self> {
        (self == Self::Event && property == "player").then_some(Self::Player)
    }
}

/// Every such property, as far as it can be told what a variable holds: one that is also given something else is let pass, and
/// so are properties that the script itself sets.
pub(super) fn missing(script: &Script) -> Vec<Missing> {
    let own: HashSet<&str> = script.ast.iter_fn_def().map(|function| function.name.as_str()).collect();
    let mut found = Vec::new();
    for function in script.ast.iter_fn_def() {
        let count = function.params.len();
        let mut part = script.ast.clone();
        part.clear_statements();
        part.retain_functions(|_, _, name, params| name == function.name && params == count);
        let mut variables = Variables { own: &own, known: HashMap::new(), set: HashSet::new() };
        for (place, parameter) in function.params.iter().enumerate() {
            let is_event = function.name == "run" && place == 0 && count == 1;
            variables.bind(parameter, is_event.then_some(Ours::Event));
        }
        variables.read(&part);
        variables.check(&part, &mut found);
    }
    found.sort_by_key(|missing| (missing.position.line(), missing.position.position()));
    found.dedup_by_key(|missing| missing.position);
    found
}

/// What the variables of a function hold.
struct Variables<'a> {
    /// The script's own functions, which may have the names of ours.
    own: &'a HashSet<&'a str>,
    /// None where it is not known, or not always the same.
    known: HashMap<String, Option<Ours>>,
    /// What the function sets itself: a variable and a property.
    set: HashSet<(String, String)>,
}

impl Variables<'_> {
    fn bind(&mut self, name: &str, value: Option<Ours>) {
        let known = self.known.entry(name.to_owned()).or_insert(value);
        if *known != value {
            *known = None;
        }
    }

    fn read(&mut self, part: &AST) {
        part.walk(&mut |path: &[ASTNode<'_>]| {
            let Some(ASTNode::Stmt(statement)) = path.last() else { return true };
            match statement {
                Stmt::Var(variable, ..) => {
                    let value = self.value(&variable.1);
                    self.bind(&variable.0.name, value);
                }
                Stmt::For(parts, _) => {
                    let value = self.element(&parts.2.expr);
                    self.bind(&parts.0.name, value);
                    if let Some(counter) = &parts.1 {
                        self.bind(&counter.name, None);
                    }
                }
                Stmt::TryCatch(flow, _) => {
                    if let Some(name) = variable(&flow.expr) {
                        self.bind(name, None);
                    }
                }
                Stmt::Assignment(parts) => match &parts.1.lhs {
                    Expr::Dot(chain, ..) => {
                        if let (Some(name), Expr::Property(property, _)) = (variable(&chain.lhs), &chain.rhs)
                        {
                            self.set.insert((name.to_owned(), property.2.to_string()));
                        }
                    }
                    whole => {
                        if let Some(name) = variable(whole) {
                            let (name, value) = (name.to_owned(), self.value(&parts.1.rhs));
                            self.bind(&name, value);
                        }
                    }
                },
                _ => {}
            }
            true
        });
    }

    /// What an expression gives.
    fn value(&self, expression: &Expr) -> Option<Ours> {
        match expression {
            Expr::FnCall(call, _) => {
                let name = full_name(call);
                match name.as_str() {
                    own if self.own.contains(own) => None,
                    "player" if call.args.len() == 2 => Some(Ours::Player),
                    name if GIVE_RECORDS.contains(&name) => Some(Ours::Records),
                    _ => None,
                }
            }
            Expr::Dot(chain, ..) => match &chain.rhs {
                Expr::Property(property, _) => self.value(&chain.lhs)?.at(&property.2),
                _ => None,
            },
            other => self.known.get(variable(other)?).copied().flatten(),
        }
    }

    /// What an element of it is.
    fn element(&self, expression: &Expr) -> Option<Ours> {
        let Expr::FnCall(call, _) = expression else { return None };
        let gives_players = matches!(call.name.as_str(), "players_of" | "mates");
        let ours = call.namespace.is_empty() && !self.own.contains(call.name.as_str());
        (gives_players && ours).then_some(Ours::Player)
    }

    fn check(&self, part: &AST, found: &mut Vec<Missing>) {
        part.walk(&mut |path: &[ASTNode<'_>]| {
            match path.last() {
                Some(ASTNode::Expr(Expr::Dot(chain, ..))) => {
                    if let Some(of) = self.value(&chain.lhs).filter(|of| *of != Ours::Records) {
                        self.check_chain(variable(&chain.lhs), of, &chain.rhs, found);
                    }
                }
                Some(ASTNode::Expr(Expr::Index(chain, ..)))
                    if self.value(&chain.lhs) == Some(Ours::Records) =>
                {
                    // With more behind it, the place is the first part of that.
                    let place = match &chain.rhs {
                        Expr::Dot(more, ..) | Expr::Index(more, ..) => &more.lhs,
                        place => place,
                    };
                    if let Expr::IntegerConstant(place, position) = place {
                        found.push(Missing {
                            name: place.to_string(),
                            position: *position,
                            of: Ours::Records,
                        });
                    }
                }
                _ => {}
            }
            true
        });
    }

    /// What stands behind a point: a property, or one with more behind it.
    fn check_chain(&self, name: Option<&str>, of: Ours, rest: &Expr, found: &mut Vec<Missing>) {
        let (first, more) = match rest {
            Expr::Dot(chain, ..) => (&chain.lhs, Some(&chain.rhs)),
            Expr::Index(chain, ..) => (&chain.lhs, None),
            other => (other, None),
        };
        let Expr::Property(property, position) = first else { return };
        let property = property.2.as_str();
        let is_set = name.is_some_and(|name| self.set.contains(&(name.to_owned(), property.to_owned())));
        if !is_set && !of.properties().contains(&property) {
            found.push(Missing { name: property.to_owned(), position: *position, of });
        } else if let (Some(next), Some(more)) = (of.at(property), more) {
            self.check_chain(None, next, more, found);
        }
    }
}

/// The name of a function with its module.
fn full_name(call: &FnCallExpr) -> String {
    let module = call.namespace.to_string();
    match module.trim_end_matches("::") {
        "" => call.name.to_string(),
        module => format!("{module}::{}", call.name),
    }
}

/// The name of a variable of the function's own.
fn variable(expression: &Expr) -> Option<&str> {
    match expression {
        Expr::Variable(variable, ..) if variable.2.is_empty() => Some(variable.1.as_str()),
        _ => None,
    }
}
