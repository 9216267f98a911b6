//! What is written under a comment that was a command. Pure: texts of people go in, harmless Markdown comes out.

use crate::report::escape::markdown;

use super::proposal::Proposal;
use super::request::{USAGE, Waive};

/// The first line of a reply, by which it is found when the same comment is handled twice.
pub(super) fn first_line(comment: u64) -> String {
    format!("<!-- tollgate:reply comment={comment} -->")
}

/// A block that shows text as it is. Each line of `text` begins with a word of ours, so that none can end the block.
fn block(language: &str, text: &str) -> String {
    format!("~~~~{language}\n{}\n~~~~\n", text.trim())
}

/// The line is no command.
pub(super) fn misread(why: &dyn std::error::Error) -> String {
    format!(
        "Nothing was done: {}. What may be written here, in the first line of a comment:\n\n{}",
        markdown(&why.to_string()),
        block("text", USAGE)
    )
}

/// What was asked for cannot be done.
pub(super) fn refused(why: &str) -> String {
    format!("Nothing was done: {}.\n", markdown(why))
}

/// The head is another one than the writer looked at.
pub(super) fn moved(waive: &Waive, line: &str, head: &str) -> String {
    let now: String = head.chars().take(9).collect();
    format!(
        "Nothing was done: the head of this pull request is <code>{now}</code>, not <code>{}</code>. Look at what was pushed since, then write\n\n{}",
        waive.head,
        block("text", &line.replacen(&waive.head, &now, 1))
    )
}

/// The waiver is a pull request of its own.
pub(super) fn proposed(waive: &Waive, base: &str, number: u64) -> String {
    format!(
        "#{number} waives <code>{}</code>. It counts once it is merged into <code>{}</code>: then update this branch, so that it is measured \
         against a base that has the waiver.\n",
        markdown(&waive.id),
        markdown(base),
    )
}

/// The waiver could not be proposed; what a person can do instead.
pub(super) fn by_hand(proposal: &Proposal, base: &str, why: &str) -> String {
    format!(
        "The waiver could not be proposed here: {}.\n\nOn a branch from <code>{}</code>, run\n\n{}\nor add this to `tollgate-waivers.toml` yourself, \
         and open a pull request:\n\n{}",
        markdown(why),
        markdown(base),
        block("sh", &proposal.command),
        block("toml", &proposal.entry),
    )
}
