// A small project under a pull request, GitHub's event for it, and a release of the binary that is tested.
import webhooks from "@octokit/webhooks-examples";
import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The repository that is tested. */
export const root = process.env.TOLLGATE_ROOT ?? join(import.meta.dirname ?? dirname(new URL(import.meta.url).pathname), "../..");
const binary = process.env.TOLLGATE_BINARY ?? join(root, "target/debug/tollgate");
export const version = "0.0.1";
export const target = "x86_64-unknown-linux-musl";
export const archive = `tollgate-${version}-${target}.tar.gz`;
export const path = `/cli-v${version}/${archive}`;
export const token = "ghs_notARealToken0123456789";

/** Writes what it can see of its environment, and of its ancestors', beside the repository; measures one exact metric. */
const bench = `
env >>"$SEEN.own"
pid=$$
while [ "$pid" -gt 1 ] && [ "$pid" != "$HARNESS" ]; do
    tr '\\0' '\\n' <"/proc/$pid/environ" >>"$SEEN" || true
    pid=$(sed 's/.*) . \\([0-9]*\\) .*/\\1/' "/proc/$pid/stat")
done
echo '::error::from the benchmark'
read -r size <size.txt
echo '{"schema":1,"benchmarks":[{"name":"pack","metrics":[{"name":"size","unit":"B","exact":true,"samples":['"$size"']}]}]}' >"$1"
`;
const config = `[suite.files]
adapter = "json"
run = ["sh", "bench.sh", "{output}"]
`;

// All that is written, gone when the tests end, however they end.
const everything = mkdtempSync(join(tmpdir(), "tollgate-action-"));
process.on("exit", () => rmSync(everything, { recursive: true, force: true }));
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => process.exit(1));
const scratch = () => mkdtempSync(join(everything, "part-"));

/** The release as it is downloaded, stripped as it is, and its checksum. Packed quickly, unless it is to have the size of a real one. */
export function release(packer = "gzip -1") {
  const folder = scratch();
  const inner = `tollgate-${version}-${target}`;
  mkdirSync(join(folder, inner));
  execFileSync("strip", ["-o", join(folder, inner, "tollgate"), binary]);
  execFileSync("tar", ["-I", packer, "-cf", archive, inner], { cwd: folder });
  const bytes = readFileSync(join(folder, archive));
  return { bytes, sha256: createHash("sha256").update(bytes).digest("hex") };
}

/** The real action, but with the version and the checksum of `release`. */
export function pinned(sha256) {
  const folder = scratch();
  cpSync(join(root, "action.yml"), join(folder, "action.yml"));
  cpSync(join(root, "action"), join(folder, "action"), { recursive: true });
  writeFileSync(join(folder, "action/VERSION"), `${version}\n`);
  writeFileSync(join(folder, "action/checksums.txt"), `# a comment\n${sha256}  ${archive}\n`);
  return folder;
}

/** A checkout as GitHub's runner has it: detached at the merge commit of a pull request, base its first parent. */
export function project({ base = "1000", head = "1000" } = {}) {
  const folder = scratch();
  const workspace = join(folder, "workspace");
  mkdirSync(workspace);
  const git = (...args) => execFileSync("git", args, { cwd: workspace, encoding: "utf8", env: clean(folder) }).trim();
  const write = (name, text) => writeFileSync(join(workspace, name), text);
  git("init", "--quiet", "--initial-branch=main", ".");
  write("tollgate.toml", config);
  write("bench.sh", bench);
  write("size.txt", `${base}\n`);
  git("add", ".");
  git("commit", "--quiet", "--message=Base");
  git("switch", "--quiet", "--create=change");
  write("size.txt", `${head}\n`);
  write("README", "A change of the program that no suite sees.\n");
  git("add", ".");
  git("commit", "--quiet", "--message=Change");
  const tips = { head: git("rev-parse", "change"), base: git("rev-parse", "main") };
  git("switch", "--quiet", "--detach", "main");
  git("merge", "--quiet", "--no-ff", "--message=Merge", "change");
  return { folder, workspace, ...tips, merge: git("rev-parse", "HEAD") };
}

/** No config of the user's, no clock of the machine's. */
function clean(home) {
  const who = { GIT_AUTHOR_NAME: "a", GIT_AUTHOR_EMAIL: "a@example.com", GIT_COMMITTER_NAME: "a", GIT_COMMITTER_EMAIL: "a@example.com" };
  return { PATH: process.env.PATH, HOME: home, GIT_CONFIG_NOSYSTEM: "1", ...who };
}

/** GitHub's own example of an opened pull request, made to be about `project`. */
export function opened(project) {
  const examples = webhooks.find((event) => event.name === "pull_request").examples;
  const event = structuredClone(examples.find((example) => example.action === "opened"));
  event.pull_request.head.sha = project.head;
  event.pull_request.base.sha = project.base;
  event.pull_request.base.ref = "main";
  event.pull_request.head.ref = "change";
  return event;
}

/** The second stage's place: a clone of the default branch, and what the first stage handed over, as actions/download-artifact leaves it. */
export function secondStage(first) {
  const folder = scratch();
  const workspace = join(folder, "workspace");
  execFileSync("git", ["-c", "init.defaultBranch=main", "clone", "--quiet", "--branch=main", first.workspace, workspace], { env: clean(folder) });
  mkdirSync(join(folder, "artifact"));
  const evidence = join(first.workspace, ".tollgate/report/evidence.json");
  execFileSync("python3", ["-m", "zipfile", "-c", join(folder, "artifact/tollgate-evidence.zip"), evidence]);
  return { ...first, folder, workspace, artifact: join(folder, "artifact"), runs: 0 };
}

/** GitHub's own example of a workflow that has ended, made to be the first stage of a pull request from a fork. */
export function ended(project, fork) {
  const examples = webhooks.find((event) => event.name === "workflow_run").examples;
  const event = structuredClone(examples.find((example) => example.action === "completed"));
  const head = { ...event.workflow_run.head_repository, full_name: fork, owner: { login: fork.split("/")[0] } };
  const run = { event: "pull_request", head_sha: project.head, head_branch: "change", head_repository: head, pull_requests: [] };
  Object.assign(event.workflow_run, run);
  return event;
}

/** The job's environment, as far as the runner and not the step sets it. */
export function environment(project, servers) {
  return {
    ...clean(project.folder),
    TMPDIR: project.folder,
    HARNESS: String(process.pid),
    SEEN: join(project.folder, "seen"),
    RUNNER_OS: "Linux",
    RUNNER_ARCH: "X64",
    RUNNER_TOOL_CACHE: join(project.folder, "tools"),
    TOLLGATE_MIRROR: servers.releases.url,
    GITHUB_API_URL: servers.hub.url,
    GITHUB_SERVER_URL: "https://github.example",
    GITHUB_SHA: project.merge,
    GITHUB_REF: "refs/pull/2/merge",
    GITHUB_RUN_ID: "42",
    GITHUB_RUN_NUMBER: "7",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_WORKFLOW: "tollgate",
    GITHUB_JOB: "check",
  };
}
