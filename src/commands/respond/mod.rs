//! `tollgate respond`: does what a comment on a pull request asks for. Refuses to believe the event about who wrote it, to run or fetch code of
//! the pull request, and to waive anything by itself: a waiver is a change that somebody reviews.

mod decide;
mod proposal;
mod reply;
mod request;
mod talk;

use crate::ci::{CiContext, Comment, GitHubRun, Trigger};
use crate::cli::RespondArgs;
use crate::commands::check::sources::event;
use crate::commands::waive::today;
use crate::publish::sticky::{self, Older, Sticky};
use crate::publish::{ApiError, GitHub, Server, Token};
use crate::report::escape::terminal;

use super::{Code, Context, Failure};
use decide::Rerun;
use proposal::{Asked, Proposal};
use request::{Request, Waive};

const NOT_ANSWERED: &str = "the comment was not answered";

/// What is done about a comment.
#[derive(Debug)]
enum Answer {
    /// Nothing, for this reason.
    Nothing(String),
    /// Its author may not give commands: a sign, and no words, so that nobody can make us write.
    NotAllowed,
    /// It is refused, with these words.
    Refused(String),
    /// This run's failed jobs run again.
    Rerun { id: u64, attempt: u64, url: String },
    /// A waiver is proposed.
    Propose(Box<Change>),
}

/// A waiver with where it goes.
#[derive(Debug)]
struct Change {
    waive: Waive,
    proposal: Proposal,
    /// The branch that it goes to.
    base: String,
    /// The commit that this branch is at.
    tip: String,
    /// The waiver file with the entry.
    text: String,
}

/// One comment, and with what it is answered.
struct Desk<'a> {
    github: GitHub,
    comment: &'a Comment,
    owner: &'a str,
    args: &'a RespondArgs,
    context: &'a Context,
}

/// Answers the comment that started this job.
pub(super) fn run(args: &RespondArgs, context: &Context) -> Result<Code, Failure> {
    let ci = CiContext::from(&context.environment, event(context).as_deref());
    let CiContext::GitHub(run) = &ci else { return Err(elsewhere()) };
    let Trigger::IssueComment(comment) = &run.trigger else { return Err(elsewhere()) };
    if let Some(why) = decide::not_ours(comment) {
        context.say(&format!("nothing to do: {why}"));
        return Ok(Code::Pass);
    }
    let failed = |error: ApiError| Failure::new(Code::Publishing, NOT_ANSWERED, &error, error.hint());
    let (server, token) = connection(run, context)?;
    let owner = server.repository.split('/').next().unwrap_or_default();
    let github = GitHub::connect(&server, &token).map_err(failed)?;
    let desk = Desk { github, comment, owner, args, context };
    let answer = desk.decide().map_err(failed)?;
    context.print(&format!("{}\n", terminal(&said(comment, &answer))));
    if let (Answer::Propose(change), true) = (&answer, args.dry_run) {
        context.print(&change.proposal.entry);
    }
    if !args.dry_run {
        desk.carry_out(answer).map_err(failed)?;
    }
    Ok(Code::Pass)
}

/// It is not a comment that started this.
fn elsewhere() -> Failure {
    let hint = "run it in a workflow that is started by `issue_comment`; docs/comment-commands.md has one";
    Failure::usage("no comment started this job", Some(hint.to_owned()))
}

/// Where GitHub is, and the secret.
fn connection(run: &GitHubRun, context: &Context) -> Result<(Server, Token), Failure> {
    let missing = |what: &str, hint: &str| Failure::usage(format!("{what} is missing"), Some(hint.to_owned()));
    let (Some(api_url), Some(repository)) = (run.api_url.clone(), run.repository.clone()) else {
        return Err(missing("GITHUB_API_URL or GITHUB_REPOSITORY", "GitHub Actions sets both"));
    };
    let token = context.environment.get("GITHUB_TOKEN").and_then(|text| Token::new(text));
    let token = token.ok_or_else(|| missing("GITHUB_TOKEN", "give the step `GITHUB_TOKEN: ${{ github.token }}`"))?;
    Ok((Server { api_url, repository }, token))
}

/// What is done, in a line. Foreign text is in it.
fn said(comment: &Comment, answer: &Answer) -> String {
    let done = match answer {
        Answer::Nothing(why) => format!("nothing to do: {why}"),
        Answer::NotAllowed => "refused: its author may not push to this repository".to_owned(),
        Answer::Refused(why) => format!("refused: {why}"),
        Answer::Rerun { url, .. } => format!("failed jobs run again: {url}"),
        Answer::Propose(change) => format!("branch {} proposes: {}", change.proposal.branch, change.proposal.title),
    };
    format!("comment {} by {}: {done}", comment.id, comment.author)
}

impl Desk<'_> {
    /// What is done about the comment. Nothing is changed yet.
    fn decide(&self) -> Result<Answer, ApiError> {
        let (github, comment) = (&self.github, self.comment);
        if !decide::may_command(&talk::permission(github, &comment.author)?) {
            return Ok(Answer::NotAllowed);
        }
        // What is carried out is what was written, not what somebody made of it while this job waited for a machine.
        let now = talk::comment(github, comment.id)?.filter(|now| now.body.as_ref() == Some(&comment.body));
        let Some(now) = now else { return Ok(Answer::Nothing("the comment was edited or deleted since".to_owned())) };
        let request = match request::parse(&comment.body) {
            Ok(request) => request,
            Err(why) => return Ok(Answer::Refused(reply::misread(&why))),
        };
        let pull = talk::pull(github, comment.number)?;
        if pull.state != "open" {
            return Ok(Answer::Refused(reply::refused("this pull request is closed")));
        }
        match request {
            Request::Rerun => self.rerun(&pull, &now.created_at),
            Request::Waive(waive) => self.waive(waive, &pull),
        }
    }

    /// What becomes of `/tollgate rerun`.
    fn rerun(&self, pull: &talk::Pull, asked_at: &str) -> Result<Answer, ApiError> {
        let runs = talk::runs(&self.github, &self.args.workflow, &pull.head.sha)?;
        let refused = |why: &str| Ok(Answer::Refused(reply::refused(why)));
        match decide::rerun(&runs, &pull.head.sha, asked_at) {
            Rerun::NoRun => refused(&format!("{} has not run for the head of this pull request", self.args.workflow)),
            Rerun::Running(_) => refused("the run for this head has not ended yet"),
            Rerun::NothingFailed(_) => refused("nothing of the last run for this head failed"),
            Rerun::Answered(url) => Ok(Answer::Nothing(format!("a later attempt is there: {url}"))),
            Rerun::Again { id, attempt, url } => Ok(Answer::Rerun { id, attempt, url }),
        }
    }

    /// What becomes of `/tollgate waive`.
    fn waive(&self, waive: Waive, pull: &talk::Pull) -> Result<Answer, ApiError> {
        let (comment, head, base) = (self.comment, pull.head.sha.as_str(), pull.base.name.as_str());
        if !head.starts_with(&waive.head) {
            let line = comment.body.lines().next().unwrap_or_default();
            return Ok(Answer::Refused(reply::moved(&waive, line, head)));
        }
        let proposal = proposal::propose(&Asked {
            waive: &waive,
            author: &comment.author,
            comment: comment.id,
            number: comment.number,
            head,
            today: today(self.context.now_s),
        });
        let refused = |why: &dyn std::error::Error| Ok(Answer::Refused(reply::refused(&why.to_string())));
        let proposal = match proposal {
            Ok(proposal) => proposal,
            Err(why) => return refused(&why),
        };
        let Some(tip) = talk::tip(&self.github, base)? else {
            return Ok(Answer::Refused(reply::refused("the branch that this pull request goes to is gone")));
        };
        let Some(before) = talk::waivers(&self.github, &tip)? else {
            return Ok(Answer::Refused(reply::refused("tollgate-waivers.toml on the base branch cannot be read")));
        };
        Ok(match proposal::added(&before, &waive, &proposal) {
            Ok(Some(text)) => Answer::Propose(Box::new(Change { waive, proposal, base: base.to_owned(), tip, text })),
            Ok(None) => Answer::Nothing("the waiver is there already".to_owned()),
            Err(why) => return refused(&why),
        })
    }

    /// Does it.
    fn carry_out(&self, answer: Answer) -> Result<(), ApiError> {
        match answer {
            Answer::Nothing(_) => Ok(()),
            Answer::NotAllowed => {
                self.react("-1");
                Ok(())
            }
            Answer::Refused(text) => {
                self.react("-1");
                self.say(&text)
            }
            Answer::Rerun { id, attempt, .. } => match talk::rerun(&self.github, id, attempt) {
                Ok(()) => {
                    self.react("+1");
                    Ok(())
                }
                Err(error) => self.explain(&error, &reply::refused(&why(&error))),
            },
            Answer::Propose(change) => {
                let Change { waive, proposal, base, .. } = &*change;
                match self.propose(&change) {
                    Ok(opened) => {
                        self.react("+1");
                        self.say(&reply::proposed(waive, base, opened.number))
                    }
                    Err(error) => self.explain(&error, &reply::by_hand(proposal, base, &why(&error))),
                }
            }
        }
    }

    /// Makes the branch and the pull request, each unless it is there.
    fn propose(&self, change: &Change) -> Result<talk::Opened, ApiError> {
        let (github, proposal) = (&self.github, &change.proposal);
        if let Some(opened) = talk::opened(github, self.owner, &proposal.branch)? {
            return Ok(opened);
        }
        if talk::tip(github, &proposal.branch)?.is_none() {
            talk::branch(github, &change.tip, &change.text, proposal)?;
        }
        talk::open(github, self.owner, &change.base, proposal)
    }

    /// Replies with what to do instead. Where GitHub does not even take the reply, that is the failure of this job.
    fn explain(&self, error: &ApiError, text: &str) -> Result<(), ApiError> {
        self.context.say(&terminal(&error.to_string()));
        self.react("-1");
        self.say(text)
    }

    /// A sign under the comment. The words matter more: it may fail.
    fn react(&self, content: &str) {
        if let Err(error) = talk::react(&self.github, self.comment.id, content) {
            self.context.say(&terminal(&format!("no sign under the comment: {error}")));
        }
    }

    /// A reply, once for each comment.
    fn say(&self, text: &str) -> Result<(), ApiError> {
        let author = sticky::author(&self.github, &self.args.app)?;
        let first = reply::first_line(self.comment.id);
        let place = Sticky { github: &self.github, author: &author, number: self.comment.number, first_line: &first };
        place.write(&place.find()?, &format!("{first}\n{text}"), Older::Edit).map(drop)
    }
}

/// Why GitHub did not do it, and what to do, in a line.
fn why(error: &ApiError) -> String {
    match error.hint() {
        Some(hint) => format!("{error}; {hint}"),
        None => error.to_string(),
    }
}
