//! The compiled-in templates with their sink's escape function. Refuses to let a template write a value unescaped.

use handlebars::{Context, Handlebars, Helper, HelperResult, Output, RenderContext};
use serde::Serialize;

/// The report of one run.
const REPORT: &str = include_str!("../../templates/report.md.hbs");
/// The comment on a pull request.
const COMMENT: &str = include_str!("../../templates/comment.md.hbs");
/// What stands above the reports of the jobs.
const COMMENT_TOP: &str = include_str!("../../templates/comment_top.md.hbs");
/// The reports of the jobs.
const COMMENT_SECTIONS: &str = include_str!("../../templates/comment_sections.md.hbs");
/// The report of one job.
const COMMENT_BODY: &str = include_str!("../../templates/comment_body.md.hbs");
/// A sentence inside it.
const COMMENT_TEXT: &str = include_str!("../../templates/comment_text.md.hbs");
/// The page.
const PAGE: &str = include_str!("../../templates/page.html.hbs");
/// A sentence inside it.
const PAGE_TEXT: &str = include_str!("../../templates/page_text.html.hbs");
/// The looks of the page.
const PAGE_STYLE: &str = include_str!("../../templates/page_style.html.hbs");
/// The page of one drive of load.
const LOAD: &str = include_str!("../../templates/load.html.hbs");
/// A table of rows inside it.
const PAGE_ROWS: &str = include_str!("../../templates/page_rows.html.hbs");
/// The drawing of one row inside it.
const PAGE_PLOT: &str = include_str!("../../templates/page_plot.html.hbs");

/// Fills the report of one run.
pub(super) fn report(view: &impl Serialize) -> String {
    markdown(REPORT, view)
}

/// Fills the comment.
pub(super) fn comment(view: &impl Serialize) -> String {
    markdown(COMMENT, view)
}

/// Fills what stands above the reports of the jobs, alone.
pub(super) fn comment_top(view: &impl Serialize) -> String {
    markdown(COMMENT_TOP, view)
}

/// Fills the reports of the jobs, alone.
pub(super) fn comment_sections(view: &impl Serialize) -> String {
    markdown(COMMENT_SECTIONS, view)
}

/// Fills one of the templates of a comment.
fn markdown(main: &str, view: &impl Serialize) -> String {
    let parts = [
        ("text", COMMENT_TEXT),
        ("body", COMMENT_BODY),
        ("top", COMMENT_TOP),
        ("sections", COMMENT_SECTIONS),
        ("main", main),
    ];
    render(&parts, super::escape::markdown, view)
}

/// Fills the page.
pub(super) fn page(view: &impl Serialize) -> String {
    let parts = [("text", PAGE_TEXT), ("style", PAGE_STYLE), ("plot", PAGE_PLOT), ("rows", PAGE_ROWS), ("main", PAGE)];
    render(&parts, super::escape::html, view)
}

/// Fills the page of one drive of load.
pub(super) fn load(view: &impl Serialize) -> String {
    render(&[("style", PAGE_STYLE), ("main", LOAD)], super::escape::html, view)
}

/// Fills the template `main`; every value passes through `escape`.
fn render(parts: &[(&str, &str)], escape: fn(&str) -> String, view: &impl Serialize) -> String {
    let mut registry = Handlebars::new();
    registry.set_strict_mode(true);
    registry.register_escape_fn(escape);
    registry.register_helper("address", Box::new(address));
    for (name, part) in parts {
        registry.register_template_string(name, part.trim_end()).expect("the templates are compiled in and tested");
    }
    registry.render("main", view).expect("the view has every field that the tested templates name")
}

/// Writes the address of a page as it is, or nothing where it could be anything else.
fn address(
    helper: &Helper<'_>,
    _: &Handlebars<'_>,
    _: &Context,
    _: &mut RenderContext<'_, '_>,
    out: &mut dyn Output,
) -> HelperResult {
    let given = helper.param(0).and_then(|param| param.value().as_str());
    out.write(&given.and_then(super::escape::address).unwrap_or_default())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    #[test]
    fn no_template_writes_a_value_unescaped() {
        for template in [
            super::REPORT,
            super::COMMENT,
            super::COMMENT_TOP,
            super::COMMENT_SECTIONS,
            super::COMMENT_BODY,
            super::COMMENT_TEXT,
            super::PAGE,
            super::PAGE_TEXT,
            super::PAGE_STYLE,
            super::PAGE_ROWS,
            super::PAGE_PLOT,
            super::LOAD,
        ] {
            let squeezed: String = template.chars().filter(|c| !c.is_whitespace()).collect();
            assert!(!squeezed.contains("{{{") && !squeezed.contains("{{&") && !squeezed.contains("{{~&"));
        }
    }
}
