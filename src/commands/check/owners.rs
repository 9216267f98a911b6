//! Who answers for findings: the config's rules, else the CODEOWNERS file of base. Refuses to read head's: a change does not choose who looks at it.

use crate::config::owners::{CODEOWNERS_FILES, Owners};
use crate::model::Judgement;
use crate::model::finding::{Finding, Location};

use super::sources::Sources;

/// The largest file that is read, in bytes.
const OWNERS_BYTES_MAX: u64 = 1 << 20;
/// The most reviewers that GitHub asks at once.
const REVIEWERS_MAX: usize = 15;

/// Names an owner of each finding that has none, and asks owners for a review where the policy wants its findings told.
pub(super) fn assign(judgement: &mut Judgement, sources: &Sources) {
    if judgement.findings.is_empty() {
        return;
    }
    let Some(owners) = read(sources) else { return };
    for found in &mut judgement.findings {
        let of = owners.of(&place(found, sources)).to_vec();
        if of.is_empty() {
            continue;
        }
        if found.owner.is_none() {
            found.owner = Some(of.join(" "));
        }
        if !found.escalation.is_empty() {
            // An owner by an address of mail cannot be asked.
            let asked = of.iter().filter_map(|owner| owner.strip_prefix('@')).map(str::to_owned);
            found.escalation.reviewers.extend(asked);
            found.escalation.reviewers.dedup();
            found.escalation.reviewers.truncate(REVIEWERS_MAX);
        }
    }
}

/// The owners as base has them. A file that cannot be read owns nothing, and changes no verdict.
fn read(sources: &Sources) -> Option<Owners> {
    let of = |path: &&str| sources.repository.blob(&sources.base.tree, path, OWNERS_BYTES_MAX).ok().flatten();
    let bytes = CODEOWNERS_FILES.iter().find_map(of)?;
    Some(Owners::parse(&String::from_utf8_lossy(&bytes)))
}

/// The file that a finding is about: where it was located, else one in the folder of its suite.
fn place(found: &Finding, sources: &Sources) -> String {
    if let Some(Location::Source { path, .. }) = &found.location {
        return path.clone();
    }
    let suite = sources.config.suites.iter().find(|suite| suite.name == found.row.benchmark.suite);
    let folder = suite.map(|suite| suite.directory.to_string_lossy().into_owned()).unwrap_or_default();
    let folder = folder.trim_start_matches("./").trim_matches('/');
    if matches!(folder, "" | ".") { "tollgate.toml".to_owned() } else { format!("{folder}/tollgate.toml") }
}
