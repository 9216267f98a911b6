//! Results and disks that are too big, too small or too deep: refused with a word, and nothing that was measured is lost.

use super::project::{BENCH, CONFIG, Project};

/// Many benchmarks from one program; one of every `slow` is slower by a tenth, as `slow.txt` says.
const MANY: &str = r#"
n=0
[ -f .round ] && read -r n < .round
n=$((n + 1))
echo $n > .round
read -r slow < slow.txt
case $PWD in */base) x=$((n * 2)) ;; *) x=$((n * 2 + 1)) ;; esac
exec awk -v x=$x -v slow=$slow 'BEGIN {
  srand(x)
  printf "{\"schema\":1,\"benchmarks\":["
  for (i = 0; i < COUNT; i++) {
    v = 100 + rand()
    if (i % slow == slow - 1) v *= 1.1
    printf "%s{\"name\":\"group%d/bench%d\",\"metrics\":[{\"name\":\"time\",\"unit\":\"ms\",\"samples\":[%f]}]}", i ? "," : "", i % 100, i, v
  }
  printf "]}"
}'
"#;

#[test]
fn a_thousand_benchmarks_of_which_a_third_is_slower_fit_into_the_reports() {
    let project = Project::with("[gate]\nmax-rounds = 26\n");
    project.repo.write("slow.txt", "100000000\n");
    project.commit("bench.sh", MANY.replace("COUNT", "1000"));
    project.land();
    project.commit("slow.txt", "3\n");
    let checked = project.check(&[]);
    checked.ends(10, &["333 regressions", "1,000 benchmarks expected, 1,000 measured, 1,000 compared"]);
    assert!(project.report("report.md").chars().count() < 65_536, "GitHub refuses a longer comment");
    let annotations = checked.stdout.lines().filter(|line| line.starts_with("::error")).count();
    assert!(annotations <= 10, "{annotations}");
}

#[test]
fn a_result_of_a_hundred_mebibytes_is_refused() {
    let project = Project::new();
    project.commit("bench.sh", "head -c 104857600 /dev/zero | tr '\\0' ' '\n");
    project.check(&["--time-limit", "30 s"]).ends(6, &["104857600 bytes on standard output, more than 67108864"]);
    project.commit("bench.sh", "head -c 104857600 /dev/zero > \"$1\"\n");
    project.change("tollgate.toml", "\"bench.sh\"]", "\"bench.sh\", \"{output}\"]");
    project.check(&["--time-limit", "30 s"]).ends(6, &["more than 67108864"]);
}

#[test]
fn results_that_are_nested_too_deep_are_refused() {
    let project = Project::new();
    project.commit("bench.sh", "head -c 1000000 /dev/zero | tr '\\0' '['\n");
    project.check(&[]).ends(6, &["failed on head", "recursion limit"]);
}

#[test]
fn more_processes_output_than_anyone_reads_fills_no_memory_and_no_report() {
    let project = Project::new();
    project.commit("bench.sh", format!("head -c 50000000 /dev/zero | tr '\\0' 'x' >&2\n{BENCH}"));
    project.check(&["--time-limit", "30 s"]).ends(0, &[]);
    project.commit("bench.sh", "head -c 50000000 /dev/zero | tr '\\0' 'x' >&2\nexit 1\n");
    let checked = project.check(&["--time-limit", "30 s"]);
    checked.ends(6, &["failed on head"]);
    assert!(checked.stdout.len() < 20_000, "{}", checked.stdout.len());
}

#[test]
fn a_baseline_of_a_newer_schema_is_refused() {
    let project = Project::new();
    project.commit("baselines/any/core.json", "{\"schema\": 99}\n");
    project.land();
    project.check(&["--base", "main"]).ends(5, &["error: no verdict", "baselines/any/core.json", "99", "hint: "]);
    project.commit("baselines/any/core.json", "{\"schema\": 1,\n");
    project.land();
    project.check(&["--base", "main"]).ends(5, &["baselines/any/core.json", "hint: "]);
}

#[test]
fn a_file_where_a_folder_should_be_is_named() {
    let project = Project::new();
    project.repo.write(".gitignore", ".tollgate\n");
    project.repo.commit("Ignore it");
    project.repo.write(".tollgate", "mine");
    project.check(&[]).ends(2, &["it is not a folder of Tollgate's", "move it away"]);
    assert_eq!(project.repo.read(".tollgate"), "mine");
}

#[test]
fn a_report_that_cannot_be_written_costs_no_rounds() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    project.repo.write(".tollgate/.gitignore", "*\n");
    project.repo.write(".tollgate/report", "in the way");
    let checked = project.check(&[]);
    checked.ends(1, &["error: report not written", "hint: ", "--resume"]);
    std::fs::remove_file(project.path(".tollgate/report")).expect("it is there");
    project.check(&["--resume"]).ends(10, &["going on after 26 measured pairs"]);
}

#[test]
fn a_folder_of_ours_that_cannot_be_made_is_an_error_of_the_machine() {
    let project = Project::new();
    project.commit("README.md", "words");
    project.repo.write(".tollgate/.gitignore", "*\n");
    project.repo.write(".tollgate/target", "in the way");
    project.check(&[]).ends(1, &["error: nothing measured", "hint: check the permissions and the free space"]);
}

/// A disk that is full, as the shell can play it: no file may grow beyond some blocks of 512 bytes.
#[cfg(unix)]
#[test]
fn a_full_disk_loses_nothing_that_was_measured() {
    let project = Project::new();
    project.change("benchmarks.txt", "search 300", "search 330");
    let script = format!("trap '' XFSZ; ulimit -f 12; exec '{}' check", env!("CARGO_BIN_EXE_tollgate"));
    let output = project.repo.run(project.repo.command("sh", project.repo.root()).args(["-c", &script]));
    let full = project.checked(output);
    full.ends(1, &["error: no verdict: write", "journal.jsonl", "hint: free some space", "--resume"]);
    assert_eq!(project.processes(), Vec::<String>::new());
    project.check(&["--resume"]).ends(10, &["going on after", "`core/search` is"]);
}

#[test]
fn a_config_that_is_too_big_is_refused() {
    let project = Project::new();
    project.commit("tollgate.toml", format!("{CONFIG}# {}\n", "x".repeat(2 << 20)));
    project.check(&[]).ends(2, &["tollgate.toml", "at most"]);
}
