//! A finding in the terminal.

use crate::report::escape;
use crate::report::text::{Text, append};
use crate::report::view::Finding;

use super::{BOLD, line, paragraph};

/// One finding, with a blank line after it.
pub(super) fn show(out: &mut String, finding: &Finding) {
    paragraph(out, "", &format!("{} {}", finding.number, line(&finding.sentence)));
    let mut fact = |title: &str, text: &str| {
        if !text.is_empty() {
            paragraph(out, &format!("  {title:<11}"), text);
        }
    };
    let lines = |texts: &[Text]| texts.iter().map(line).collect::<Vec<_>>();
    fact("impact", &line(&finding.impact));
    fact("location", &line(&finding.location));
    for text in lines(&finding.seen) {
        fact("evidence", &text);
    }
    fact("evidence", &escape::terminal(&finding.evidence));
    for text in lines(&finding.others) {
        fact("also", &text);
    }
    fact("cause", &line(&finding.cause));
    fact("try", &line(&finding.advice));
    for text in lines(&finding.notes) {
        fact("note", &text);
    }
    fact("owner", &finding.owner.as_deref().map(escape::terminal).unwrap_or_default());
    fact("tell", &line(&finding.told));
    for (title, command) in [("paste", &finding.paste), ("reproduce", &finding.reproduce)] {
        if !command.is_empty() {
            append(out, format_args!("  {title:<11}{BOLD}{}{BOLD:#}\n", escape::terminal(command)));
        }
    }
    out.push('\n');
}
