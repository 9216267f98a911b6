//! What a named metric of a metrics endpoint is calculated from. Text in, tree out; refuses to know what the series hold.
//!
//! ```text
//! sum      = product { ("+" | "-") product }
//! product  = operand { ("*" | "/") operand }
//! operand  = number | "(" sum ")" | selector
//!          | "per_request" "(" sum ")" | "quantile" "(" number "," selector ")"
//!          | ("rate" | "increase" | "mean" | "max") "(" selector ")"
//! selector = name [ "{" [ label "=" text { "," label "=" text } [ "," ] ] "}" ]
//! ```

use std::fmt;

/// The longest expression, in bytes.
const TEXT_BYTES_MAX: usize = 1000;
/// How deep parentheses may nest.
const DEPTH_MAX: u32 = 32;
/// What stands before a selector in parentheses.
const FUNCTIONS: [(&str, Reading); 4] =
    [("rate", Reading::Rate), ("increase", Reading::Increase), ("mean", Reading::Mean), ("max", Reading::Max)];

/// A calculation over the series of a metrics endpoint, for one round.
#[derive(Clone, Debug, PartialEq)]
pub enum Expression {
    /// A number.
    Number(f64),
    /// One number from all series that a selector matches.
    Series(Reading, Selector),
    /// A quantile from 0 to 1 of the histograms that a selector matches; its name is the histogram's, without `_bucket`.
    Quantile(f64, Selector),
    /// A value for each request of the round.
    PerRequest(Box<Self>),
    /// Two values.
    Both(Box<Self>, Operator, Box<Self>),
}

/// What is made of the series that a selector matches, from the scrape at the begin of what counts to the one at its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Reading {
    /// Nothing is said: the increase of a counter, the mean of a gauge.
    Plain,
    /// By how much counters rose, all instances together.
    Increase,
    /// The same a second.
    Rate,
    /// The mean of a gauge over the scrapes and the instances.
    Mean,
    /// The largest that a gauge was at one scrape of one instance.
    Max,
}

/// An operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// The sum.
    Plus,
    /// The difference.
    Minus,
    /// The product.
    Times,
    /// The quotient; without a value where it is divided by 0.
    Over,
}

/// All series of one name that have these labels, whatever others they have.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    /// The name of the series, as the endpoint writes it; of a counter, `_total` may be left out.
    pub name: String,
    /// Labels and their values, sorted.
    pub labels: Vec<(String, String)>,
}

/// Why a text is not an expression.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ExpressionError {
    /// The byte of the text where it goes wrong; its length for the end.
    pub at: usize,
    /// What is wrong there, a sentence without a full stop.
    pub message: String,
}

impl Expression {
    /// Reads an expression.
    pub fn parse(text: &str) -> Result<Self, ExpressionError> {
        let mut parser = Parser { text, at: 0, depth: 0 };
        if text.len() > TEXT_BYTES_MAX {
            return Err(parser.wrong(format!("an expression of more than {TEXT_BYTES_MAX} bytes")));
        }
        let expression = parser.sum()?;
        match parser.peek() {
            None => Ok(expression),
            Some(_) => Err(parser.expected("`+`, `-`, `*`, `/` or the end")),
        }
    }

    /// Every selector in it, with what is made of its series; `None` for a histogram's buckets.
    pub fn selectors(&self) -> Vec<(Option<Reading>, &Selector)> {
        match self {
            Self::Number(_) => Vec::new(),
            Self::Series(reading, selector) => vec![(Some(*reading), selector)],
            Self::Quantile(_, selector) => vec![(None, selector)],
            Self::PerRequest(inner) => inner.selectors(),
            Self::Both(one, _, other) => [one.selectors(), other.selectors()].concat(),
        }
    }
}

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: u32,
}

impl<'a> Parser<'a> {
    fn sum(&mut self) -> Result<Expression, ExpressionError> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(self.wrong(format!("more than {DEPTH_MAX} parentheses in each other")));
        }
        let sum = self.chain(Self::product, &[('+', Operator::Plus), ('-', Operator::Minus)]);
        self.depth -= 1;
        sum
    }

    fn product(&mut self) -> Result<Expression, ExpressionError> {
        self.chain(Self::operand, &[('*', Operator::Times), ('/', Operator::Over)])
    }

    /// Operands with operators of one rank between them, from left to right.
    fn chain(
        &mut self,
        operand: fn(&mut Self) -> Result<Expression, ExpressionError>,
        operators: &[(char, Operator)],
    ) -> Result<Expression, ExpressionError> {
        let mut all = operand(self)?;
        while let Some((sign, operator)) = operators.iter().find(|(sign, _)| self.peek() == Some(*sign)) {
            self.at += sign.len_utf8();
            all = Expression::Both(Box::new(all), *operator, Box::new(operand(self)?));
        }
        Ok(all)
    }

    fn operand(&mut self) -> Result<Expression, ExpressionError> {
        match self.peek() {
            Some('(') => self.in_parentheses(Self::sum),
            Some(c) if c.is_ascii_digit() || c == '.' => self.number().map(Expression::Number),
            Some(c) if starts_name(c) => self.named(),
            _ => Err(self.expected("a series, a number or `(`")),
        }
    }

    /// A selector, or a function of something. A function's name without `(` is a series.
    fn named(&mut self) -> Result<Expression, ExpressionError> {
        let start = self.at;
        let name = self.word();
        if self.peek() != Some('(') {
            self.at = start;
            return Ok(Expression::Series(Reading::Plain, self.selector()?));
        }
        match name {
            "per_request" => Ok(Expression::PerRequest(Box::new(self.in_parentheses(Self::sum)?))),
            "quantile" => self.in_parentheses(|parser| {
                parser.peek();
                let at = parser.at;
                let quantile = parser.number()?;
                if !(0.0..=1.0).contains(&quantile) {
                    return Err(ExpressionError { at, message: "a quantile is a number from 0 to 1".to_owned() });
                }
                parser.take(',')?;
                Ok(Expression::Quantile(quantile, parser.selector()?))
            }),
            _ => match FUNCTIONS.iter().find(|(function, _)| *function == name) {
                Some((_, reading)) => Ok(Expression::Series(*reading, self.in_parentheses(Self::selector)?)),
                None => {
                    let message =
                        "there are `rate`, `increase`, `mean`, `max`, `quantile` and `per_request`".to_owned();
                    Err(ExpressionError { at: start, message })
                }
            },
        }
    }

    fn in_parentheses<T>(
        &mut self,
        inner: impl FnOnce(&mut Self) -> Result<T, ExpressionError>,
    ) -> Result<T, ExpressionError> {
        self.take('(')?;
        let inner = inner(self)?;
        self.take(')')?;
        Ok(inner)
    }

    fn number(&mut self) -> Result<f64, ExpressionError> {
        self.peek();
        let rest = self.rest();
        let length = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
        let number = rest.get(..length).and_then(|digits| digits.parse().ok());
        let number = number.ok_or_else(|| self.expected("a number"))?;
        self.at += length;
        Ok(number)
    }

    fn selector(&mut self) -> Result<Selector, ExpressionError> {
        if !self.peek().is_some_and(starts_name) {
            return Err(self.expected("the name of a series"));
        }
        let name = self.word().to_owned();
        let mut labels = Vec::new();
        if self.peek() == Some('{') {
            self.at += 1;
            while self.peek() != Some('}') {
                labels.push(self.label()?);
                if self.peek() != Some('}') {
                    self.take(',')?;
                }
            }
            self.at += 1;
        }
        labels.sort();
        Ok(Selector { name, labels })
    }

    fn label(&mut self) -> Result<(String, String), ExpressionError> {
        if !self.peek().is_some_and(|c| starts_name(c) && c != ':') {
            return Err(self.expected("the name of a label"));
        }
        let name = self.word().to_owned();
        self.take('=')?;
        let Some(quote @ ('"' | '\'')) = self.peek() else { return Err(self.expected("a text in quotes")) };
        let open = self.at;
        self.at += 1;
        let mut value = String::new();
        let mut chars = self.rest().char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '\\' => value.extend(chars.next().map(|(_, c)| if c == 'n' { '\n' } else { c })),
                c if c == quote => {
                    self.at += at + 1;
                    return Ok((name, value));
                }
                c => value.push(c),
            }
        }
        Err(ExpressionError { at: open, message: "a text that does not end".to_owned() })
    }

    /// The name that begins here.
    fn word(&mut self) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|c: char| !starts_name(c) && !c.is_ascii_digit()).unwrap_or(rest.len());
        self.at += length;
        rest.get(..length).unwrap_or_default()
    }

    fn take(&mut self, wanted: char) -> Result<(), ExpressionError> {
        if self.peek() != Some(wanted) {
            return Err(self.expected(&format!("`{wanted}`")));
        }
        self.at += wanted.len_utf8();
        Ok(())
    }

    /// What comes next, past white space.
    fn peek(&mut self) -> Option<char> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        self.rest().chars().next()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn expected(&self, what: &str) -> ExpressionError {
        let found = self.rest().chars().next().map_or("the end".to_owned(), |c| format!("`{c}`"));
        self.wrong(format!("{what} is expected here, not {found}"))
    }

    fn wrong(&self, message: String) -> ExpressionError {
        ExpressionError { at: self.at, message }
    }
}

fn starts_name(c: char) -> bool {
    c.is_ascii_alphabetic() || c == '_' || c == ':'
}

impl fmt::Display for Selector {
    /// As it is written in an expression.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)?;
        for (at, (name, value)) in self.labels.iter().enumerate() {
            write!(f, "{}{name}={value:?}", if at == 0 { "{" } else { "," })?;
        }
        f.write_str(if self.labels.is_empty() { "" } else { "}" })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// An expression with every pair of parentheses.
    fn shown(expression: &Expression) -> String {
        match expression {
            Expression::Number(number) => number.to_string(),
            Expression::Series(Reading::Plain, selector) => selector.to_string(),
            Expression::Series(reading, selector) => format!("{reading:?}({selector})"),
            Expression::Quantile(quantile, selector) => format!("quantile({quantile}, {selector})"),
            Expression::PerRequest(inner) => format!("per_request({})", shown(inner)),
            Expression::Both(one, operator, other) => format!("({} {operator:?} {})", shown(one), shown(other)),
        }
    }

    fn check(text: &str, expected: &str) {
        let read = Expression::parse(text).map_or_else(|error| format!("{}: {error}", error.at), |read| shown(&read));
        assert_eq!(read, expected, "{text}");
    }

    #[test]
    fn products_bind_closer_than_sums_and_both_go_from_left_to_right() {
        check("a + b * c - 2", "((a Plus (b Times c)) Minus 2)");
        check("hits/(hits+misses)", "(hits Over (hits Plus misses))");
        check(" a / b / .5 ", "((a Over b) Over 0.5)");
    }

    #[test]
    fn series_have_labels_and_functions_have_series() {
        check(r#"a:b_total{ x = "1", level='l"2' , }"#, r#"a:b_total{level="l\"2",x="1"}"#);
        check(
            "rate(a) + increase(b{}) + mean(c) + max ( d )",
            "(((Rate(a) Plus Increase(b)) Plus Mean(c)) Plus Max(d))",
        );
        check("quantile(0.99, http_seconds{code=\"200\"})", "quantile(0.99, http_seconds{code=\"200\"})");
        check("per_request(a + b)", "per_request((a Plus b))");
        check("rate / mean", "(rate Over mean)");
    }

    #[test]
    fn what_is_wrong_has_its_place() {
        check("", "0: a series, a number or `(` is expected here, not the end");
        check("a +", "3: a series, a number or `(` is expected here, not the end");
        check("a b", "2: `+`, `-`, `*`, `/` or the end is expected here, not `b`");
        check("(a", "2: `)` is expected here, not the end");
        check("a{b}", "3: `=` is expected here, not `}`");
        check("a{b=c}", "4: a text in quotes is expected here, not `c`");
        check("a{b=\"c", "4: a text that does not end");
        check("sum(a)", "0: there are `rate`, `increase`, `mean`, `max`, `quantile` and `per_request`");
        check("rate(a + b)", "7: `)` is expected here, not `+`");
        check("quantile(99, a)", "9: a quantile is a number from 0 to 1");
        check("1.2.3", "0: a number is expected here, not `1`");
        check(&"(".repeat(40), "32: more than 32 parentheses in each other");
        check(&"a+".repeat(600), "0: an expression of more than 1000 bytes");
    }

    proptest! {
        #[test]
        fn any_text_is_an_expression_or_an_error_inside_it(text in r#"[a-c0-9(){}=",'+*/ .\\é-]{0,40}"#) {
            if let Err(error) = Expression::parse(&text) {
                prop_assert!(error.at <= text.len() && text.is_char_boundary(error.at), "{text:?} {error:?}");
            }
        }
    }
}
