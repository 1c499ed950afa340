//! From an expression's text to our tree. The only file that knows minijinja's syntax tree (`tokens` knows its tokens).
//! That crate's language is all we take from it: values and evaluation are ours, because its operators turn null into
//! text (`none ~ 'x'` is "Nonex") and cannot be told otherwise. Its parser has no promise of stability, so the version
//! is pinned, and a newer one that differs does not compile.

use std::ops::Range;

use minijinja::machinery::{Span, ast, parse_expr};
use serde_json::{Number, Value};

use super::error::{ExpressionError, suggestion};
use super::function::{self, Form};
use super::node::{Comparison, Node, Owner};
use super::{Expression, PropertyUse, tokens};

/// Far deeper than people nest brackets; chains of `or`, `and` and `~` are no depth, however long.
const DEEPEST: usize = 100;

pub(super) fn compile(text: &str) -> Result<Expression, ExpressionError> {
    tokens::check_size(text)?;
    let tree = parse_expr(text).map_err(|error| syntax_error(text, &error))?;
    let mut reader = Reader { uses: Vec::new(), names_manager: false, names_manager_account: false, depth: 0 };
    let root = reader.read(&tree)?;
    let Reader { uses, names_manager, names_manager_account, .. } = reader;
    Ok(Expression { text: text.to_owned(), root, uses, names_manager, names_manager_account })
}

fn syntax_error(text: &str, error: &minijinja::Error) -> ExpressionError {
    let detail = error.detail().unwrap_or("it is not an expression");
    let hint = match text {
        _ if text.trim().is_empty() => "; write for example user.mail",
        _ if text.contains("&&") || text.contains("||") => "; write `and`, `or`",
        _ if text.contains("{{") => "; write the expression without {{ }}",
        _ => "",
    };
    ExpressionError { message: format!("{detail}{hint}"), range: within(text, error.range()) }
}

/// A range that can be cut out of the text, whatever the parser said.
fn within(text: &str, range: Option<Range<usize>>) -> Range<usize> {
    let range = range.unwrap_or(0..text.len());
    if text.get(range.clone()).is_some() { range } else { 0..text.len() }
}

fn refuse<T>(range: Range<usize>, message: impl Into<String>) -> Result<T, ExpressionError> {
    Err(ExpressionError { message: message.into(), range })
}

fn range_of(span: Span) -> Range<usize> {
    span.start_offset as usize..span.end_offset.max(span.start_offset) as usize
}

struct Reader {
    uses: Vec<PropertyUse>,
    names_manager: bool,
    names_manager_account: bool,
    depth: usize,
}

type Read<T = Node> = Result<T, ExpressionError>;

impl Reader {
    fn read(&mut self, tree: &ast::Expr<'_>) -> Read {
        let range = range_of(tree.span());
        if self.depth == DEEPEST {
            return refuse(range, format!("this is nested more than {DEEPEST} deep"));
        }
        self.depth += 1;
        let node = self.node(tree, range);
        self.depth -= 1;
        node
    }

    fn node(&mut self, tree: &ast::Expr<'_>, range: Range<usize>) -> Read {
        match tree {
            ast::Expr::Const(constant) => constant_of(&constant.value, range),
            ast::Expr::Var(variable) => self.variable(variable.id, range),
            ast::Expr::GetAttr(_) | ast::Expr::GetItem(_) => self.item(tree),
            ast::Expr::Slice(slice) => self.slice(slice, range),
            ast::Expr::UnaryOp(operation) => {
                let operand = Box::new(self.read(&operation.expr)?);
                Ok(match operation.op {
                    ast::UnaryOpKind::Not => Node::Not(operand),
                    ast::UnaryOpKind::Neg => negative(operand),
                })
            }
            ast::Expr::BinOp(operation) => self.operation(operation, range),
            ast::Expr::Compare(chain) => {
                let first = Box::new(self.read(&chain.expr)?);
                let pair = |next: &ast::CompareOp<'_>| Ok((chained(next.op), self.read(&next.expr)?));
                Ok(Node::Compared(first, chain.ops.iter().map(pair).collect::<Read<_>>()?))
            }
            ast::Expr::IfExpr(choice) => Ok(Node::Choice {
                condition: Box::new(self.read(&choice.test_expr)?),
                then: Box::new(self.read(&choice.true_expr)?),
                otherwise: choice.false_expr.as_ref().map(|tree| self.read(tree)).transpose()?.map(Box::new),
            }),
            ast::Expr::Filter(filter) => match &filter.expr {
                Some(input) => self.call(Form::Filter, filter.name, (Some(input), &filter.args), range),
                None => refuse(range, format!("`{}` is applied to nothing", filter.name)),
            },
            ast::Expr::Test(test) => self.call(Form::Test, test.name, (Some(&test.expr), &test.args), range),
            ast::Expr::Call(call) => self.call_of(call, range),
            ast::Expr::List(list) => self.list(&list.items),
            ast::Expr::Tuple(tuple) => self.list(&tuple.items),
            ast::Expr::Map(map) => self.table(map),
        }
    }

    fn variable(&mut self, name: &str, range: Range<usize>) -> Read {
        match name {
            "null" | "Null" | "undefined" => Ok(Node::Constant(Value::Null)),
            "manager" => {
                self.names_manager = true;
                Ok(Node::Manager)
            }
            "user" => refuse(range, "`user` is the whole record; name one of its properties, such as user.mail"),
            _ => {
                let hint = suggestion(name, ["user", "manager", "null", "true", "false"]);
                refuse(
                    range,
                    format!(
                        "`{name}` is unknown: an expression knows `user` and `manager`, and text is quoted: '{name}'{hint}"
                    ),
                )
            }
        }
    }

    /// `user.X`, `manager.X` and what lies inside them, or an item of any other value.
    fn item(&mut self, tree: &ast::Expr<'_>) -> Read {
        let (base, mut path) = path_of(tree);
        let range = range_of(tree.span());
        let owner = match base {
            ast::Expr::Var(variable) if variable.id == "user" => Owner::User,
            ast::Expr::Var(variable) if variable.id == "manager" => Owner::Manager,
            _ => return self.inner_item(tree),
        };
        if path.is_empty() {
            return refuse(range, "a property is named by its name: user.mail or user['mail']");
        }
        if !path.iter().all(|name| is_property_name(name)) {
            return refuse(range, format!("{:?} is not a property's name", path.join(".")));
        }
        let name = path.remove(0);
        self.names_manager |= owner == Owner::Manager;
        if owner == Owner::Manager && name == "account_id" && path.is_empty() {
            self.names_manager_account = true;
            return Ok(Node::ManagerAccount);
        }
        let property = PropertyUse { owner, name: name.clone(), path: path.clone(), range };
        self.uses.push(property);
        Ok(Node::Property { owner, name, path })
    }

    fn inner_item(&mut self, tree: &ast::Expr<'_>) -> Read {
        let (of, key) = match tree {
            ast::Expr::GetAttr(part) => (&part.expr, Node::Constant(Value::from(part.name))),
            ast::Expr::GetItem(part) => (&part.expr, self.read(&part.subscript_expr)?),
            _ => return refuse(range_of(tree.span()), "this is not an item of anything"),
        };
        Ok(Node::Item(Box::new(self.read(of)?), Box::new(key)))
    }

    fn slice(&mut self, slice: &ast::Slice<'_>, range: Range<usize>) -> Read {
        if slice.step.is_some() {
            return refuse(range, "a slice has a start and an end only: user.surname[:3]");
        }
        let of = Box::new(self.read(&slice.expr)?);
        let start = slice.start.as_ref().map(|tree| self.read(tree)).transpose()?.map(Box::new);
        let stop = slice.stop.as_ref().map(|tree| self.read(tree)).transpose()?.map(Box::new);
        Ok(Node::Slice { of, start, stop })
    }

    fn operation(&mut self, operation: &ast::BinOp<'_>, range: Range<usize>) -> Read {
        use ast::BinOpKind as Kind;
        let comparison = match operation.op {
            Kind::Eq => Comparison::Equal,
            Kind::Ne => Comparison::NotEqual,
            Kind::Lt => Comparison::Less,
            Kind::Lte => Comparison::LessOrEqual,
            Kind::Gt => Comparison::Greater,
            Kind::Gte => Comparison::GreaterOrEqual,
            Kind::In => Comparison::In,
            Kind::ScAnd | Kind::ScOr | Kind::Concat => return self.chain(operation),
            Kind::Add => {
                return Ok(Node::Plus(Box::new(self.read(&operation.left)?), Box::new(self.read(&operation.right)?)));
            }
            Kind::Sub => {
                return Ok(Node::Minus(Box::new(self.read(&operation.left)?), Box::new(self.read(&operation.right)?)));
            }
            Kind::Mul | Kind::Div | Kind::FloorDiv | Kind::Rem | Kind::Pow => {
                return refuse(range, "expressions add and subtract (+, -) and join (~); they do not *, /, // or %");
            }
        };
        let left = Box::new(self.read(&operation.left)?);
        Ok(Node::Compared(left, vec![(comparison, self.read(&operation.right)?)]))
    }

    /// Reads `a or b or c`, which the parser nests to the left, as one node.
    fn chain(&mut self, operation: &ast::BinOp<'_>) -> Read {
        let mut operands = vec![&operation.right];
        let mut left = &operation.left;
        while let ast::Expr::BinOp(inner) = left
            && std::mem::discriminant(&inner.op) == std::mem::discriminant(&operation.op)
        {
            operands.push(&inner.right);
            left = &inner.left;
        }
        operands.push(left);
        let nodes = operands.into_iter().rev().map(|operand| self.read(operand)).collect::<Read<_>>()?;
        Ok(match operation.op {
            ast::BinOpKind::ScAnd => Node::AllOf(nodes),
            ast::BinOpKind::ScOr => Node::AnyOf(nodes),
            _ => Node::Joined(nodes),
        })
    }

    fn call_of(&mut self, call: &ast::Call<'_>, range: Range<usize>) -> Read {
        match &call.expr {
            ast::Expr::Var(variable) => self.call(Form::Call, variable.id, (None, &call.args), range),
            ast::Expr::GetAttr(part) => refuse(range, format!("values have no methods; write `… | {}(…)`", part.name)),
            _ => refuse(range, "this cannot be called"),
        }
    }

    fn call(
        &mut self,
        form: Form,
        name: &str,
        (input, given): (Option<&ast::Expr<'_>>, &[ast::CallArg<'_>]),
        range: Range<usize>,
    ) -> Read {
        let mut values = Vec::with_capacity(given.len() + 1);
        let mut default = None;
        if let Some(input) = input {
            values.push(self.read(input)?);
        }
        for value in given {
            match value {
                ast::CallArg::Pos(tree) => values.push(self.read(tree)?),
                ast::CallArg::Kwarg("default", tree) => default = Some(self.read(tree)?),
                ast::CallArg::Kwarg(other, tree) => {
                    let message = format!("`{name}` has no value called `{other}`; give it in its place");
                    return refuse(range_of(tree.span()), message);
                }
                ast::CallArg::PosSplat(tree) | ast::CallArg::KwargSplat(tree) => {
                    return refuse(range_of(tree.span()), "values are given one by one, without `*`");
                }
            }
        }
        function::resolve(form, name, values, default).map_err(|message| ExpressionError { message, range })
    }

    fn list(&mut self, items: &[ast::Expr<'_>]) -> Read {
        let nodes = items.iter().map(|item| self.read(item)).collect::<Read<Vec<_>>>()?;
        let constants: Option<Vec<Value>> = nodes.iter().map(as_constant).map(Option::<&Value>::cloned).collect();
        Ok(constants.map_or(Node::List(nodes), |values| Node::Constant(Value::Array(values))))
    }

    fn table(&mut self, map: &ast::Map<'_>) -> Read {
        let mut entries: Vec<(String, Node)> = Vec::with_capacity(map.keys.len());
        for (key, value) in map.keys.iter().zip(&map.values) {
            let range = range_of(key.span());
            let name = match self.read(key)? {
                Node::Constant(Value::String(name)) => name,
                Node::Constant(Value::Number(number)) => number.to_string(),
                _ => return refuse(range, "a table's keys are text: { 'AU': 'Australia' }"),
            };
            if entries.iter().any(|(known, _)| *known == name) {
                return refuse(range, format!("{name:?} is in this table twice"));
            }
            entries.push((name, self.read(value)?));
        }
        let constants: Option<serde_json::Map<String, Value>> =
            entries.iter().map(|(name, node)| Some((name.clone(), as_constant(node)?.clone()))).collect();
        Ok(constants.map_or(Node::Table(entries), |values| Node::Constant(Value::Object(values))))
    }
}

fn as_constant(node: &Node) -> Option<&Value> {
    match node {
        Node::Constant(value) => Some(value),
        _ => None,
    }
}

fn negative(operand: Box<Node>) -> Node {
    match &*operand {
        Node::Constant(Value::Number(number)) => match number.as_i64().and_then(i64::checked_neg) {
            Some(negated) => Node::Constant(Value::from(negated)),
            None => Node::Negative(operand),
        },
        _ => Node::Negative(operand),
    }
}

fn chained(operator: ast::CompareOpKind) -> Comparison {
    match operator {
        ast::CompareOpKind::Eq => Comparison::Equal,
        ast::CompareOpKind::Ne => Comparison::NotEqual,
        ast::CompareOpKind::Lt => Comparison::Less,
        ast::CompareOpKind::Lte => Comparison::LessOrEqual,
        ast::CompareOpKind::Gt => Comparison::Greater,
        ast::CompareOpKind::Gte => Comparison::GreaterOrEqual,
        ast::CompareOpKind::In => Comparison::In,
        ast::CompareOpKind::NotIn => Comparison::NotIn,
    }
}

/// What `a.b['c']` starts from (`a`), and its path (`b`, `c`); an item that is not named by a text ends the path.
fn path_of<'t, 's>(tree: &'t ast::Expr<'s>) -> (&'t ast::Expr<'s>, Vec<String>) {
    let mut path = Vec::new();
    let mut base = tree;
    loop {
        let name = match base {
            ast::Expr::GetAttr(part) => {
                base = &part.expr;
                part.name.to_owned()
            }
            ast::Expr::GetItem(part) => {
                let ast::Expr::Const(key) = &part.subscript_expr else { return (items_base(base), Vec::new()) };
                let Some(name) = key.value.as_str() else { return (items_base(base), Vec::new()) };
                base = &part.expr;
                name.to_owned()
            }
            _ => break,
        };
        path.insert(0, name);
    }
    (base, path)
}

/// `user[0]` is a mistake in naming a property; `user.businessPhones[0]` is an item of one.
fn items_base<'t, 's>(item: &'t ast::Expr<'s>) -> &'t ast::Expr<'s> {
    match item {
        ast::Expr::GetItem(part) if matches!(part.expr, ast::Expr::Var(_)) => &part.expr,
        _ => item,
    }
}

/// Graph spells its properties in letters, digits and underscores (`extension_{appId}_{name}` among them).
fn is_property_name(name: &str) -> bool {
    !name.is_empty() && name.len() <= 256 && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn constant_of(value: &minijinja::Value, range: Range<usize>) -> Read {
    use minijinja::value::ValueKind;
    let constant = match value.kind() {
        ValueKind::None | ValueKind::Undefined => Some(Value::Null),
        ValueKind::Bool => Some(Value::Bool(value.is_true())),
        ValueKind::String => value.as_str().map(Value::from),
        ValueKind::Number => number_of(value),
        _ => None,
    };
    match constant {
        Some(constant) => Ok(Node::Constant(constant)),
        None => refuse(range, format!("`{value}` is too large a number")),
    }
}

fn number_of(value: &minijinja::Value) -> Option<Value> {
    if value.is_integer() {
        return value.as_i64().map(Value::from);
    }
    f64::try_from(value.clone()).ok().and_then(Number::from_f64).map(Value::Number)
}
