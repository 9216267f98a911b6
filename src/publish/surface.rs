//! Check runs and commit statuses. Refuses to know what they say.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::route::segment;
use super::{ApiError, GitHub};

/// The most annotations that GitHub takes in one request.
const ANNOTATIONS_A_REQUEST: usize = 50;

/// A check run.
#[derive(Clone, Debug)]
pub struct CheckRun {
    /// Its name, which a branch protection rule may require.
    pub name: String,
    /// The commit that it is shown at.
    pub commit: String,
    /// `success` or `failure`.
    pub conclusion: &'static str,
    /// The page of the run.
    pub url: Option<String>,
    /// Marks this very report, so that it is found again.
    pub mark: String,
    /// The headline.
    pub title: String,
    /// Markdown, at most 65,535 characters.
    pub summary: String,
    /// Markdown, at most 65,535 characters.
    pub text: String,
    /// The annotations, any number of them.
    pub annotations: Vec<Annotation>,
}

/// A failure at a line of a file.
#[derive(Clone, Debug, Serialize)]
pub struct Annotation {
    /// The file, from the root of the repository.
    pub path: String,
    /// The first line.
    pub start_line: usize,
    /// The last line.
    pub end_line: usize,
    /// `failure`, `warning` or `notice`.
    pub annotation_level: &'static str,
    /// At most 255 characters.
    pub title: String,
    /// At most 64 KB.
    pub message: String,
}

/// A commit status.
#[derive(Clone, Debug, Serialize)]
pub struct Status {
    /// `success`, `failure` or `error`.
    pub state: &'static str,
    /// At most 140 characters.
    pub description: String,
    /// Its name.
    pub context: String,
    /// The page of the run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target_url: Option<String>,
}

/// A check run as the interface gives it.
#[derive(Deserialize)]
struct MadeRun {
    id: u64,
    #[serde(default)]
    external_id: Option<String>,
    #[serde(default)]
    output: Output,
}

#[derive(Default, Deserialize)]
struct Output {
    #[serde(default)]
    annotations_count: usize,
}

/// A commit status as the interface gives it.
#[derive(Deserialize)]
struct MadeStatus {
    #[serde(default)]
    state: String,
    #[serde(default)]
    context: String,
    #[serde(default)]
    description: Option<String>,
}

impl CheckRun {
    /// Makes it, with all annotations.
    pub fn send(&self, github: &GitHub) -> Result<(), ApiError> {
        let mut batches = self.annotations.chunks(ANNOTATIONS_A_REQUEST);
        let mut body = json!({
            "name": self.name,
            "head_sha": self.commit,
            "status": "completed",
            "conclusion": self.conclusion,
            "external_id": self.mark,
            "output": self.output(batches.next().unwrap_or_default()),
        });
        if let Some(url) = &self.url {
            body["details_url"] = json!(url);
        }
        let list = format!("commits/{}/check-runs?check_name={}", self.commit, segment(&self.name));
        let landed = |github: &GitHub| {
            let runs: Vec<MadeRun> = github.get_all_in(&github.route(&list), "check_runs")?;
            Ok(runs.into_iter().find(|run| run.external_id.as_deref() == Some(self.mark.as_str())))
        };
        let made: MadeRun = github.post(&github.route("check-runs"), &body, &landed)?;
        let route = github.route(&format!("check-runs/{}", made.id));
        let mut sent = ANNOTATIONS_A_REQUEST;
        for batch in batches {
            sent += batch.len();
            // Annotations are added to those that are there, so this must not be carried out twice.
            let landed = |github: &GitHub| {
                let run: MadeRun = github.get(&route)?;
                Ok((run.output.annotations_count >= sent).then_some(run))
            };
            let _run: MadeRun = github.patch_once(&route, &json!({"output": self.output(batch)}), &landed)?;
        }
        Ok(())
    }

    fn output(&self, annotations: &[Annotation]) -> Value {
        json!({"title": self.title, "summary": self.summary, "text": self.text, "annotations": annotations})
    }
}

impl Status {
    /// Sets it at a commit.
    pub fn send(&self, github: &GitHub, commit: &str) -> Result<(), ApiError> {
        // The newest of a name counts, so one that says the same already is as good as a new one.
        let landed = |github: &GitHub| {
            let all: Vec<MadeStatus> = github.get_all(&github.route(&format!("commits/{commit}/statuses")))?;
            let newest = all.into_iter().find(|status| status.context == self.context);
            Ok(newest.filter(|status| {
                status.state == self.state && status.description.as_deref() == Some(self.description.as_str())
            }))
        };
        let _made: MadeStatus = github.post(&github.route(&format!("statuses/{commit}")), self, &landed)?;
        Ok(())
    }
}
