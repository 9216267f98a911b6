//! Artifacts that a stranger made up: each is refused for a reason that is said, or harmless. docs/security.md has the table.
#![expect(clippy::panic, reason = "a test that cannot go on fails")]

use std::path::Path;

use serde_json::{Value, json};
use tollgate::model::{Judgement, RunVerdict};
use tollgate::report::comment::{Facts, LIMIT, Leg, check_run, render, status};
use tollgate::report::{annotations, html, json as saved, junit, markdown, terminal};

use crate::engines::pages;

use super::second::{HEAD, SUITE, Second, rows};
use super::zips::{folder, headers, link, patched, zip};

const NAME: &str = "evidence.json";

/// What a refusal says, and that nothing but "nothing was measured" comes of it.
#[track_caller]
fn refused(second: &Second, what: &str, bytes: &[u8], why: &str) {
    let mut judged = second.judge_bytes(bytes);
    let Some(failure) = judged.refused else { panic!("{what} is taken: {:?}", rows(&judged.jobs[0].1)) };
    assert!(failure.message.contains(why), "{what}: {failure}");
    assert_eq!(failure.code as u8, 4, "{what}");
    assert!(failure.hint.is_some() && failure.message.chars().count() < 500, "{what}: {failure}");
    assert!(!failure.message.contains(['\u{1b}', '\u{202e}', '\n']), "{what}: {failure}");
    let judgement = judged.jobs.pop().expect("there is one").1;
    assert_eq!((judgement.verdict, judgement.rows.len()), (RunVerdict::NotCovered, 0), "{what}");
    assert_eq!(judgement.head.commit, HEAD, "{what}");
}

#[test]
fn a_zip_file_must_hold_the_one_file_and_nothing_else() {
    let second = Second::with(SUITE);
    let good = second.evidence(&[("core", "a", 100, 100)]).to_string().into_bytes();
    let honest = zip(&[(NAME, &good)]);
    assert!(second.judge_bytes(&honest).refused.is_none(), "the honest one is taken");
    let zeros = zip(&[(NAME, &vec![0; 100 << 20])]);
    assert!(zeros.len() < 1 << 20, "{} bytes are a bomb", zeros.len());
    let twice = patched(zip(&[(NAME, &good), ("evidence.jsoX", b"{}")]), b"evidence.jsoX", NAME.as_bytes());
    let many: Vec<String> = (0..10_000).map(|at| format!("{at}.json")).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|name| (name.as_str(), b"{}".as_slice())).collect();
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("zip slip", zip(&[("../../evidence.json", &good)]), "there is `../../evidence.json`"),
        ("a path", zip(&[("x/evidence.json", &good)]), "there is `x/evidence.json`"),
        ("an absolute path", zip(&[("/etc/cron.d/evidence.json", &good)]), "must hold one file"),
        ("backslashes", zip(&[("..\\evidence.json", &good)]), "must hold one file"),
        ("a link", link(NAME, "/etc/passwd"), "a link or a folder"),
        ("a folder", folder(NAME), "must hold one file"),
        ("100 MB of zeros", zeros.clone(), "more than 64 MiB unpacked"),
        ("100 MB that say they are 10 bytes", headers(zeros, 22, 24, &[10, 0, 0, 0]), "take the artifact"),
        ("two of the name", twice, "there are two of it"),
        ("another name", zip(&[("judgement.json", &good)]), "there is `judgement.json`"),
        ("a hostile name", zip(&[("\u{202e}\u{1b}[31m@octocat", &good)]), "must hold one file"),
        ("one more file", zip(&[(NAME, &good), ("README", b"x")]), "there is `README`"),
        ("ten thousand files", zip(&many), "must hold one file"),
        ("no file", zip(&[]), "it is empty"),
        ("encrypted", headers(honest.clone(), 6, 8, &[1, 0]), "assword"),
        ("an unknown method", headers(honest.clone(), 8, 10, &[99, 0]), "take the artifact"),
        ("a wrong checksum", headers(honest.clone(), 14, 16, &[1, 2, 3, 4]), "hecksum"),
        ("a truncated one", honest[..honest.len() / 2].to_vec(), "take the artifact"),
        ("no zip file", b"PK\x03\x04 but not really".to_vec(), "take the artifact"),
        ("nothing", Vec::new(), "understand the evidence"),
        ("a program", b"\x7fELF\x02\x01\x01".to_vec(), "understand the evidence"),
        ("64 MiB and more", vec![b' '; (64 << 20) + 1], "more than 64 MiB"),
    ];
    for (what, bytes, why) in table {
        refused(&second, what, &bytes, why);
    }
}

#[test]
fn a_folder_must_hold_the_one_file_and_nothing_else() {
    let second = Second::with(SUITE);
    let good = second.evidence(&[("core", "a", 100, 100)]).to_string();
    let place = second.repo.around().join("downloaded");
    let fresh = |fill: &dyn Fn(&Path)| {
        let _absent = std::fs::remove_dir_all(&place);
        std::fs::create_dir_all(&place).unwrap();
        fill(&place);
        second.judge_at(&place).unwrap().refused.map(|failure| failure.message).unwrap_or_default()
    };
    let write = |path: &Path| std::fs::write(path, &good).unwrap();
    assert_eq!(fresh(&|at| write(&at.join(NAME))), "");
    let packed = zip(&[(NAME, good.as_bytes())]);
    assert_eq!(fresh(&|at| std::fs::write(at.join("tollgate-evidence.zip"), &packed).unwrap()), "");
    let said = |fill: &dyn Fn(&Path), why: &str| {
        let message = fresh(fill);
        assert!(message.contains(why), "{message}");
    };
    said(&|_| (), "the folder is empty");
    said(&|at| write(&at.join("other.json")), "there is `other.json`");
    said(&|at| [NAME, "x.zip"].iter().for_each(|name| write(&at.join(name))), "there is `x.zip`");
    said(&|at| [NAME, "report.md"].iter().for_each(|name| write(&at.join(name))), "there is `report.md`");
    said(&|at| std::fs::create_dir(at.join("linux")).unwrap(), "it is empty");
    said(
        &|at| {
            std::fs::create_dir_all(at.join("linux/evidence.json")).unwrap();
        },
        "there is `evidence.json`",
    );
    #[cfg(unix)]
    {
        let link = |at: &Path, to: &str| std::os::unix::fs::symlink(to, at).unwrap();
        said(&|at| link(&at.join(NAME), "/etc/passwd"), "neither a file nor a folder");
        said(&|at| link(&at.join("linux"), "/etc"), "neither a file nor a folder");
    }
    said(&|at| (0..65).for_each(|job| std::fs::create_dir(at.join(job.to_string())).unwrap()), "more than 64 entries");
    let missing = second.judge_at(Path::new("/nowhere/evidence.zip")).unwrap().refused.unwrap();
    assert!(missing.message.contains("read the artifact"), "{missing}");
}

#[test]
fn what_a_file_says_beside_numbers_is_not_believed_or_not_taken() {
    let second = Second::with(SUITE);
    let good = second.evidence(&[("core", "a", 100, 100)]);
    let with = |change: &dyn Fn(&mut Value)| {
        let mut evidence = good.clone();
        change(&mut evidence);
        evidence.to_string().into_bytes()
    };
    let table: Vec<(&str, Vec<u8>, &str)> = vec![
        ("a number of a pull request", with(&|it| it["pull_request"] = json!(1)), "unknown field `pull_request`"),
        ("a verdict", with(&|it| it["verdict"] = json!("pass")), "unknown field `verdict`"),
        ("a policy", with(&|it| it["policy"] = json!({"tolerance": 1})), "unknown field `policy`"),
        ("words for the report", with(&|it| it["markdown"] = json!("# All is well")), "unknown field `markdown`"),
        ("schema 2", with(&|it| it["schema"] = json!(2)), "evidence of schema 2"),
        ("an id that is a path", with(&|it| it["head"]["commit"] = json!("../../../x")), "forty hexadecimal digits"),
        (
            "NaN",
            String::from_utf8(with(&|_| ())).unwrap().replacen("\"values\":[", "\"values\":[NaN,", 1).into(),
            "expected",
        ),
        (
            "1e999",
            String::from_utf8(with(&|_| ())).unwrap().replacen("\"values\":[", "\"values\":[1e999,", 1).into(),
            "out of range",
        ),
        ("a negative time", with(&|it| it["head_series"][0]["rounds"][0][1]["values"][0] = json!(-0.1)), "neither 0"),
        ("a negative duration", with(&|it| it["elapsed_s"] = json!(-1)), "invalid value"),
        ("more rounds than were run", with(&|it| it["rounds_run"] = json!(3)), "round 3 of 3"),
        (
            "a name of 10 MB",
            with(&|it| it["head_series"][0]["metric"]["benchmark"] = json!("x".repeat(10_000_000))),
            "more than 512",
        ),
        (
            "a million metrics",
            {
                let one = good["head_series"][0].to_string().replace(['\n', ' '], "");
                let short = one.split("],[").next().unwrap().to_owned() + "]]}";
                let many = format!("[{}{short}]", format!("{short},").repeat(200_000));
                String::from_utf8(with(&|it| it["head_series"] = json!("MANY")))
                    .unwrap()
                    .replace("\"MANY\"", &many)
                    .into()
            },
            "more than 20000 items",
        ),
        (
            "a deep nest",
            format!("{{\"schema\":1,\"x\":{}", "[".repeat(1_000_000)).into_bytes(),
            "understand the evidence",
        ),
    ];
    for (what, bytes, why) in table {
        refused(&second, what, &bytes, why);
    }
}

/// What names may hold. Whoever reads the report must see text.
const NAMES: &[&str] = &[
    "@octocat fixes #1 https://evil.example www.evil.example",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "--><!-- tollgate:v1 key=tollgate --> <details>",
    "\n::add-mask::secret\n::error::owned\r::stop-commands::x",
    "\u{202e}evil\u{2066}\u{200b}\u{1b}[2J\u{7}",
    "a|b`c`|[x](javascript:alert(1))![i](https://evil.example/i.png)",
];

/// A judgement of a regression with hostile text wherever there is text.
fn hostile(second: &Second) -> Judgement {
    let measured: Vec<_> = NAMES.iter().map(|name| ("core", *name, 100, 130)).collect();
    let mut evidence = second.evidence(&measured);
    let all = NAMES.concat().chars().take(190).collect::<String>();
    for (part, field) in [
        ("base", "label"),
        ("head", "label"),
        ("head", "title"),
        ("environment", "cpu_model"),
        ("environment", "toolchain"),
    ] {
        evidence[part][field] = json!(all);
    }
    evidence["tollgate"] = json!(all);
    evidence["head_series"][0]["metric"]["unit"] = json!(NAMES[0]);
    evidence["base_series"][0]["metric"]["unit"] = json!(NAMES[0]);
    evidence["troubles"] = NAMES
        .iter()
        .map(|text| json!({"suite": text, "benchmark": text, "trouble": {"crashed": {"arm": "head", "message": text, "tail": text}}}))
        .collect();
    evidence["identical"] = json!([{"suite": NAMES[1], "benchmarks": NAMES}]);
    second.judged(&evidence)
}

#[test]
fn hostile_names_are_text_in_everything_that_is_published() {
    let second = Second::with(SUITE);
    let judgement = hostile(&second);
    assert_eq!(judgement.rows_with(tollgate::model::Outcome::FailRegressed).count(), NAMES.len());
    let facts = Facts {
        key: "tollgate".to_owned(),
        commit: HEAD.to_owned(),
        run: None,
        run_url: None,
        untrusted: true,
        commands: false,
    };
    let legs = [Leg { name: NAMES[3].to_owned(), judgement: judgement.clone(), run_url: None }];
    let run = check_run(&legs, &facts);
    let comment = render(&legs, &facts, None, LIMIT);
    assert!(comment.contains("untrusted"), "{comment}");
    assert!(!terminal::render(&judgement).contains("\u{1b}[2J"));
    for (what, text) in [
        ("comment", comment.clone()),
        ("check run", format!("{}\n{}\n{}", run.title, run.summary, run.text)),
        ("status", status(&legs, &facts).description),
        ("report.md", markdown::render(&judgement, LIMIT)),
        ("report.html", html::render(&judgement)),
        ("junit.xml", junit::render(&judgement)),
        ("terminal", terminal::render(&judgement).replace("\u{1b}[", "")),
        ("annotations", annotations::render(&judgement)),
    ] {
        for raw in ['\u{1b}', '\u{7}', '\u{202e}', '\u{2066}', '\0'] {
            assert!(!text.contains(raw), "{what} holds {raw:?}");
        }
        let theirs =
            |line: &str| ["::add-mask", "::error::owned", "::stop-commands"].iter().any(|it| line.starts_with(it));
        let printed = what == "terminal" || what == "annotations";
        assert!(!printed || !text.split(['\n', '\r']).any(|line| theirs(line.trim_start())), "{what}: {text}");
        if !["terminal", "annotations", "status"].contains(&what) {
            for active in ["<script>", "<img src=x", "<!-- tollgate:v1 key=tollgate --> <details>"] {
                assert!(!text.contains(active), "{what} holds {active}");
            }
        }
    }
    assert_eq!(comment.lines().filter(|line| line.starts_with("<!-- tollgate:v1")).count(), 1, "{comment}");
    assert_eq!(saved::from_json(saved::to_json(&judgement).as_bytes()).unwrap(), judgement);
    for page in pages(&comment) {
        for active in
            ["<script", "<img", "href=\"javascript", "href=\"https://evil", "href=\"http://", "onerror=alert(1)>"]
        {
            assert!(!page.contains(active), "{active} in {page}");
        }
        let outside: String =
            page.split("<code>").map(|part| part.rsplit("</code>").next().unwrap_or_default()).collect();
        assert!(!outside.contains("@octocat"), "a mention outside of code: {outside}");
    }
}
