//! The compiled-in templates with their sink's escape function. Refuses to let a template write a value unescaped.

use handlebars::Handlebars;
use serde::Serialize;

/// The comment on a pull request.
const COMMENT: &str = include_str!("../../templates/comment.md.hbs");
/// A sentence inside it.
const COMMENT_TEXT: &str = include_str!("../../templates/comment_text.md.hbs");
/// The page.
const PAGE: &str = include_str!("../../templates/page.html.hbs");
/// A sentence inside it.
const PAGE_TEXT: &str = include_str!("../../templates/page_text.html.hbs");
/// The looks of the page.
const PAGE_STYLE: &str = include_str!("../../templates/page_style.html.hbs");
/// A table of rows inside it.
const PAGE_ROWS: &str = include_str!("../../templates/page_rows.html.hbs");
/// The drawing of one row inside it.
const PAGE_PLOT: &str = include_str!("../../templates/page_plot.html.hbs");

/// Fills the comment.
pub(super) fn comment(view: &impl Serialize) -> String {
    render(&[("text", COMMENT_TEXT), ("main", COMMENT)], super::escape::markdown, view)
}

/// Fills the page.
pub(super) fn page(view: &impl Serialize) -> String {
    let parts = [("text", PAGE_TEXT), ("style", PAGE_STYLE), ("plot", PAGE_PLOT), ("rows", PAGE_ROWS), ("main", PAGE)];
    render(&parts, super::escape::html, view)
}

/// Fills the template `main`; every value passes through `escape`.
fn render(parts: &[(&str, &str)], escape: fn(&str) -> String, view: &impl Serialize) -> String {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(escape);
    for (name, part) in parts {
        registry.register_template_string(name, part.trim_end()).expect("the templates are compiled in and tested");
    }
    registry.render("main", view).expect("the view has every field that the tested templates name")
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_template_writes_a_value_unescaped() {
        for template in [
            super::COMMENT,
            super::COMMENT_TEXT,
            super::PAGE,
            super::PAGE_TEXT,
            super::PAGE_STYLE,
            super::PAGE_ROWS,
            super::PAGE_PLOT,
        ] {
            let squeezed: String = template.chars().filter(|c| !c.is_whitespace()).collect();
            assert!(!squeezed.contains("{{{") && !squeezed.contains("{{&") && !squeezed.contains("{{~&"));
        }
    }
}
