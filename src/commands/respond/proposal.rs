//! A waiver that was asked for in a comment, as a change that somebody reviews: a branch, a file, a pull request. Pure: refuses to send anything,
//! and to say whether the metric exists.

use jiff::ToSpan;
use jiff::civil::Date;

use crate::config::{ConfigError, WAIVER_FILE, parse_waivers, waiver_entry};
use crate::report::escape::{markdown, shell, terminal};

use super::request::Waive;
use crate::commands::waive::appended;

/// How long a waiver counts that was asked for in a comment: long enough to merge and to follow up, too short to be forgotten.
const DAYS: i32 = 30;
/// The most characters of a title.
const TITLE_CHARS_MAX: usize = 200;

/// What is asked for, by whom and where.
#[derive(Clone, Debug)]
pub(super) struct Asked<'a> {
    /// The waiver.
    pub(super) waive: &'a Waive,
    /// Who asked: a login.
    pub(super) author: &'a str,
    /// The comment's id.
    pub(super) comment: u64,
    /// The pull request under which it stands.
    pub(super) number: u64,
    /// The whole id of the head that was looked at.
    pub(super) head: &'a str,
    /// The day, in UTC.
    pub(super) today: Date,
}

/// A change to propose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Proposal {
    /// The branch to make: one for each comment, so that handling a comment twice makes one.
    pub(super) branch: String,
    /// The entry of the waiver file.
    pub(super) entry: String,
    /// The same as a command.
    pub(super) command: String,
    /// The title of the pull request, and the message of the commit.
    pub(super) title: String,
    /// What the pull request says, as Markdown.
    pub(super) body: String,
}

/// Why there is nothing to propose.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unfit {
    /// What was asked for is no waiver.
    #[error("{}", messages(.0))]
    Asked(ConfigError),
    /// The waiver file is not one.
    #[error("{WAIVER_FILE} on the base branch is broken: {}", messages(.0))]
    File(ConfigError),
    /// There is one already.
    #[error("it is already waived in {WAIVER_FILE}, line {line}: change that entry instead")]
    Already {
        /// Where.
        line: usize,
    },
}

/// What is wrong, in one line.
fn messages(error: &ConfigError) -> String {
    let messages: Vec<&str> = error.problems().iter().map(|problem| problem.message.as_str()).collect();
    messages.join("; ")
}

/// The change that a comment asks for.
pub(super) fn propose(asked: &Asked<'_>) -> Result<Proposal, Unfit> {
    let Waive { id, ceiling, reason, .. } = asked.waive;
    let until = asked.today.checked_add(DAYS.days()).unwrap_or(Date::MAX);
    let owner = format!("@{}", asked.author);
    let entry = waiver_entry(id, ceiling, until, reason, Some(&owner));
    parse_waivers(&entry, "the comment").map_err(Unfit::Asked)?;
    let [id_word, ceiling_word, reason_word, owner_word] = [id, ceiling, reason, &owner].map(|text| shell(text));
    Ok(Proposal {
        branch: format!("tollgate/waive-{}", asked.comment),
        entry,
        command: format!(
            "tollgate waive {id_word} --ceiling {ceiling_word} --until {until} --reason {reason_word} --owner {owner_word}"
        ),
        // A title and a message have no escapes: what would mention somebody or close an issue is a question mark.
        title: terminal(&format!("Waive {id} up to {ceiling} until {until}"))
            .replace(['@', '#'], "?")
            .chars()
            .take(TITLE_CHARS_MAX)
            .collect(),
        body: body(asked, until),
    })
}

/// What the pull request says.
fn body(asked: &Asked<'_>, until: Date) -> String {
    let Waive { id, ceiling, reason, .. } = asked.waive;
    let (number, head) = (asked.number, asked.head);
    format!(
        "<code>{}</code> asked for this in a comment on #{number}, looking at <code>{head}</code>:\n\n> {}\n\n\
         Once this is merged, <code>{}</code> may be up to {ceiling} worse than base until {until} without blocking, in every pull \
         request. The ceiling and the day are defaults where the comment did not say more: change them here.\n",
        markdown(asked.author),
        markdown(reason),
        markdown(id),
    )
}

/// The waiver file with the proposal's entry; `None` where that very entry is there already.
pub(super) fn added(before: &str, waive: &Waive, proposal: &Proposal) -> Result<Option<String>, Unfit> {
    if before.contains(proposal.entry.trim_start()) {
        return Ok(None);
    }
    let waivers = parse_waivers(before, WAIVER_FILE).map_err(Unfit::File)?;
    if let Some(there) = waivers.iter().find(|waiver| waiver.id == waive.id) {
        return Err(Unfit::Already { line: there.line });
    }
    let after = appended(before, &proposal.entry);
    parse_waivers(&after, WAIVER_FILE).map_err(Unfit::File)?;
    Ok(Some(after))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const HEAD: &str = "77be01d377be01d377be01d377be01d377be01d3";

    fn waive(id: &str, reason: &str) -> Waive {
        let (head, ceiling) = ("77be01d".to_owned(), "+10 %".to_owned());
        Waive { head, id: id.to_owned(), ceiling, reason: reason.to_owned() }
    }

    fn proposed(waive: &Waive) -> Result<Proposal, Unfit> {
        propose(&Asked { waive, author: "ada", comment: 12, number: 7, head: HEAD, today: date(2026, 11, 21) })
    }

    #[test]
    fn a_waiver_is_an_entry_a_branch_of_its_own_and_a_command() {
        let proposal = proposed(&waive("core/parse:time", "validation, see #412")).unwrap();
        insta::assert_snapshot!(proposal.entry, @r#"

        [[waiver]]
        id = "core/parse:time"
        ceiling = "+10 %"
        until = "2026-12-21"
        reason = "validation, see #412"
        owner = "@ada"
        "#);
        assert_eq!(proposal.branch, "tollgate/waive-12");
        assert_eq!(proposal.title, "Waive core/parse:time up to +10 % until 2026-12-21");
        assert_eq!(
            proposal.command,
            "tollgate waive 'core/parse:time' --ceiling '+10 %' --until 2026-12-21 --reason 'validation, see #412' --owner '@ada'"
        );
        assert!(proposal.body.contains("> validation, see &#35;&#8203;412\n") && proposal.body.contains(HEAD));
    }

    #[test]
    fn what_is_asked_for_must_be_a_waiver() {
        for id in ["parse", "core/parse", "parse:time", "core/parse:"] {
            assert!(matches!(proposed(&waive(id, "why")), Err(Unfit::Asked(_))), "{id}");
        }
        assert!(matches!(
            proposed(&Waive { ceiling: "+1.2.3 %".to_owned(), ..waive("a/b:c", "why") }),
            Err(Unfit::Asked(_))
        ));
    }

    #[test]
    fn hostile_texts_stay_one_entry_and_inert() {
        let reason = "\"]]\nid = \"x\" `rm -rf` $(reboot) @octocat <script> #1 '; rm";
        let asked = waive("a\"b/c\\d:e", &reason.replace('\n', " "));
        let proposal = proposed(&asked).unwrap();
        let after = added("", &asked, &proposal).unwrap().unwrap();
        let [only] = parse_waivers(&after, "x").unwrap().try_into().unwrap();
        assert_eq!((only.id, only.reason), (asked.id, asked.reason));
        for active in ["@o", "<script", "`", "$"] {
            assert!(!proposal.body.contains(active), "{active}");
        }
        assert!(!proposal.title.contains('\n'));
    }

    #[test]
    fn what_is_in_the_file_stays_and_the_same_entry_is_added_once() {
        let asked = waive("core/parse:time", "why");
        let proposal = proposed(&asked).unwrap();
        let before =
            "# Ours.\n[[waiver]]\nid = \"a/b:time\"\nceiling = \"+5 %\"\nuntil = \"2026-12-01\"\nreason = \"x\"";
        let after = added(before, &asked, &proposal).unwrap().unwrap();
        assert!(after.starts_with(before) && parse_waivers(&after, "x").unwrap().len() == 2);
        assert_eq!(added(&after, &asked, &proposal).unwrap(), None);
        let other = Waive { reason: "another".to_owned(), ..asked };
        let proposal = proposed(&other).unwrap();
        assert!(matches!(added(&after, &other, &proposal), Err(Unfit::Already { line: 8 })));
        assert!(matches!(added("[[waiver", &other, &proposal), Err(Unfit::File(_))));
    }
}
