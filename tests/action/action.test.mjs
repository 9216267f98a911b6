// The real action.yml with the real binary: what a step of a workflow does, without GitHub.
import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { after, test } from "node:test";

import { archive, ended, environment, opened, path, pinned, project, release, secondStage, target, token, version } from "./fixture.mjs";
import { run } from "./runner.mjs";
import { hub, releases } from "./servers.mjs";

const built = release();
const action = pinned(built.sha256);
const server = await releases({ [path]: built.bytes });
after(() => server.close());

/** Runs the action on a pull request. `change` may alter what GitHub and the runner say. */
async function step(inputs, { sizes, change = () => {}, where, github = {}, allowed } = {}) {
  const here = where ?? project(sizes);
  const event = opened(here);
  const repository = event.repository.full_name;
  const mock = here.hub ?? (await hub({ repository, pull: event.pull_request, allowed }));
  const env = environment(here, { releases: server, hub: mock });
  const context = { event_name: "pull_request", repository, token, ...github };
  const job = { action, event, env, github: context };
  change(job);
  here.runs = (here.runs ?? 0) + 1;
  const temporary = join(here.folder, `temporary-${here.runs}`);
  const result = await run({ ...job, inputs, workspace: here.workspace, temporary });
  // As a runner does after a job. A hundred unpacked binaries would fill the disk.
  rmSync(temporary, { recursive: true });
  if (!here.hub) mock.close();
  const [own, seen] = [`${env.SEEN}.own`, env.SEEN].map((file) => (existsSync(file) ? readFileSync(file, "utf8") : ""));
  return { ...result, hub: mock, here, own, seen, problems: result.commands.filter((command) => command.name === "error") };
}

const slower = { base: "1000", head: "2000" };
const writes = (mock) => mock.requests.filter((request) => request.method !== "GET").map((request) => request.method);
const warnings = (result) => result.commands.filter((command) => command.name === "warning").map((command) => command.text);

test("unchanged code passes, and says so in one comment", async () => {
  const result = await step({});
  assert.equal(result.status, 0, result.log);
  assert.deepEqual(
    [result.outputs.verdict, result.outputs["exit-code"], result.outputs.regressions, result.outputs.metrics],
    ["pass", "0", "0", "1"],
  );
  for (const name of ["report", "json", "html"]) assert.ok(existsSync(result.outputs[name]), `${name}: ${result.outputs[name]}`);
  assert.match(result.summary, /Tollgate/);
  assert.deepEqual(writes(result.hub), ["POST"]);
  assert.equal(result.hub.requests.at(-1).token, `Bearer ${token}`);
});

test("a regression fails the step with 10, and a second run edits the comment of the first", async () => {
  const first = await step({}, { sizes: slower });
  assert.equal(first.status, 10, first.log);
  assert.deepEqual([first.outputs.verdict, first.outputs.regressions], ["regressed", "1"]);
  const event = opened(first.here);
  const mock = await hub({ repository: event.repository.full_name, pull: event.pull_request });
  mock.comments.push(...first.hub.comments);
  const later = (job) => Object.assign(job.env, { GITHUB_RUN_ID: "43", GITHUB_RUN_NUMBER: "8" });
  const second = await step({}, { where: Object.assign(first.here, { hub: mock }), change: later });
  mock.close();
  assert.equal(second.status, 10, second.log);
  assert.deepEqual(writes(mock), ["PATCH"]);
  assert.equal(mock.comments.length, 1);
});

test("what is measured sees neither the token nor the inputs, and steers no later step", async () => {
  const result = await step({ key: "a-key" }, { change: (job) => Object.assign(job.env, { GITHUB_TOKEN: "ghs_ofTheJob", ACTIONS_RUNTIME_TOKEN: "x", TOLLGATE_TOKEN_HIDDEN: "1" }) });
  assert.equal(result.status, 0, result.log);
  assert.match(result.seen, /TOLLGATE_INPUT_KEY=a-key/, "the ancestors' environment was found");
  for (const secret of [token, "ghs_ofTheJob"]) assert.ok(!result.seen.includes(secret), secret);
  assert.match(result.own, /RUNNER_OS=Linux/);
  for (const name of [token, "TOLLGATE_INPUT", "GITHUB_ENV=", "GITHUB_PATH=", "ACTIONS_RUNTIME_TOKEN"]) assert.ok(!result.own.includes(name), name);
  assert.equal(result.steered, "");
});

test("without a stored baseline where one is demanded the step fails with 5, and the comment says it", async () => {
  const result = await step({ args: "--against\nbaseline\n" });
  assert.equal(result.status, 5, result.log);
  assert.equal(result.outputs["exit-code"], "5");
});

test("a pull request from a fork is judged alike, and nothing is sent", async () => {
  const gone = (job) => (job.event.pull_request.head.repo = null);
  const fork = (job) => (job.event.pull_request.head.repo.full_name = "stranger/Hello-World");
  for (const change of [fork, gone]) {
    const result = await step({}, { sizes: slower, change });
    assert.equal(result.status, 10, result.log);
    assert.deepEqual(result.hub.requests, []);
    const notices = result.commands.filter((command) => command.name === "notice").map((command) => command.text);
    assert.ok(notices.some((text) => text.includes("tollgate-comment.yml")), notices);
  }
});

test("the second stage judges what a fork measured again, and comments", async () => {
  const fork = (job) => (job.event.pull_request.head.repo.full_name = "stranger/Hello-World");
  const first = await step({}, { sizes: slower, change: fork });
  assert.equal(first.status, 10, first.log);
  const here = secondStage(first.here);
  const event = ended(here, "stranger/Hello-World");
  const repository = event.repository.full_name;
  const mock = await hub({ repository, pull: opened(here).pull_request });
  const change = (job) => Object.assign(job, { event, env: { ...job.env, GITHUB_REF: "refs/heads/main" } });
  const context = { event_name: "workflow_run", repository };
  const second = await step({ command: "publish", artifact: here.artifact }, { where: { ...here, hub: mock }, change, github: context });
  mock.close();
  assert.equal(second.status, 0, second.log);
  assert.deepEqual(writes(mock), ["POST"]);
  assert.match(mock.comments[0].body, /regress/);
  assert.match(mock.comments[0].body, /untrusted/);
  assert.equal(second.own, "", "nothing was run");
});

test("a merge queue gets a verdict and no comment", async () => {
  const change = (job) => {
    job.event = { action: "checks_requested", merge_group: { base_sha: job.event.pull_request.base.sha }, repository: job.event.repository };
  };
  const result = await step({}, { sizes: slower, change, github: { event_name: "merge_group" } });
  assert.equal(result.status, 10, result.log);
  assert.deepEqual(result.hub.requests, []);
});

test("publishing that fails is a warning and never a verdict", async () => {
  for (const [sizes, status] of [[undefined, 0], [slower, 10]]) {
    const result = await step({}, { sizes, allowed: false });
    assert.equal(result.status, status, result.log);
    assert.ok(result.log.includes("pull-requests: write"), result.log);
  }
  const never = await step({ comment: "never" }, { sizes: slower });
  assert.equal(never.status, 10);
  assert.deepEqual(never.hub.requests, []);
  const none = await step({ token: "" }, { sizes: slower });
  assert.equal(none.status, 10);
  assert.deepEqual(none.hub.requests, []);
  assert.ok(warnings(none).some((text) => text.includes("there is no token")));
});

test("`escalate` is handed to publish, and takes true or false alone", async () => {
  const told = await step({ escalate: "true", comment: "never" }, { sizes: slower });
  assert.equal(told.status, 10, told.log);
  assert.match(told.log, /escalation on #2: nobody new to tell/);
  const silent = await step({ comment: "never" }, { sizes: slower });
  assert.doesNotMatch(silent.log, /escalation/);
  refused(await step({ escalate: "yes" }), 2, /`escalate` is `yes`/);
});

test("`fail-on` sets findings aside, and counts what a greater finding hides", async () => {
  for (const [failOn, sizes, status] of [
    ["never", slower, 0],
    ["over-budget, inconclusive", slower, 0],
    ["regressed", slower, 10],
    ["over-budget,\n regressed", slower, 10],
    ["regressed", undefined, 0],
  ]) {
    const result = await step({ "fail-on": failOn, comment: "never" }, { sizes });
    assert.equal(result.status, status, `${failOn}: ${result.log}`);
    assert.equal(result.outputs["exit-code"], sizes ? "10" : "0");
  }
});

test("`fail-on` that names nothing, or something unknown, is refused", async () => {
  for (const value of [",", " ", "regressed,everything"]) {
    const result = await step({ "fail-on": value });
    refused(result, 2, /`fail-on` names/);
  }
});

test("trouble is never set aside by `fail-on`", async () => {
  const broken = project(slower);
  writeFileSync(join(broken.workspace, "bench.sh"), "exit 3\n");
  const result = await step({ "fail-on": "never" }, { where: broken });
  assert.equal(result.status, 6, result.log);
  const unread = await step({ "fail-on": "never", config: "nowhere.toml" });
  assert.equal(unread.status, 3, unread.log);
});

/** The binary never ran: the step failed with one error that has a hint and matches. */
function refused(result, status, pattern) {
  assert.equal(result.status, status, result.log);
  assert.equal(result.problems.length, 1, result.log);
  assert.match(result.problems[0].text, pattern);
  assert.match(result.problems[0].text, /\nhint: ./);
  assert.equal(result.own, "");
  assert.deepEqual(result.hub.requests, []);
}

test("an archive with another checksum is not unpacked", async () => {
  const forged = Buffer.from(built.bytes);
  forged[forged.length - 9] ^= 1;
  const mirror = await releases({ [path]: forged });
  const result = await step({}, { change: (job) => (job.env.TOLLGATE_MIRROR = mirror.url) });
  mirror.close();
  refused(result, 1, /the checksum of .* is [0-9a-f]{64}, not [0-9a-f]{64} as pinned/);
  assert.ok(!existsSync(join(result.here.folder, "tools/tollgate", version, target, archive)));
});

test("a cached archive is checked again, and downloaded again where somebody changed it", async () => {
  const first = await step({ comment: "never" });
  assert.equal(first.status, 0, first.log);
  const asked = server.asked.length;
  const second = await step({ comment: "never" }, { where: first.here });
  assert.equal(second.status, 0, second.log);
  assert.equal(server.asked.length, asked, "it came from the cache");
  const kept = join(first.here.folder, "tools/tollgate", version, target, archive);
  mkdirSync(dirname(kept), { recursive: true });
  writeFileSync(kept, "something else");
  const third = await step({ comment: "never" }, { where: first.here });
  assert.equal(third.status, 0, third.log);
  assert.equal(server.asked.length, asked + 1);
});

test("a platform, a version or a file that is not there is said", async () => {
  const on = (os, arch) => ({ change: (job) => Object.assign(job.env, { RUNNER_OS: os, RUNNER_ARCH: arch }) });
  refused(await step({}, on("Linux", "ARM")), 1, /no binary for Linux on ARM/);
  refused(await step({}, on("Linux", "ARM64")), 1, /pins no checksum for tollgate-0\.0\.1-aarch64-unknown-linux-musl/);
  refused(await step({ version: "9.9.9" }), 1, /pins no checksum for tollgate-9\.9\.9/);
  const empty = await releases({});
  const result = await step({}, { change: (job) => (job.env.TOLLGATE_MIRROR = empty.url) });
  empty.close();
  refused(result, 1, /could not be downloaded/);
  refused(await step({}, { change: (job) => delete job.env.TOLLGATE_MIRROR }), 1, /does not know where its releases are/);
});

test("`version: source` without cargo is said", async () => {
  const folder = join(project().folder, "bin");
  mkdirSync(folder);
  const result = await step({ version: "source" }, { change: (job) => (job.env.PATH = `${folder}:/usr/bin:/bin`) });
  refused(result, 1, /needs cargo/);
});

test("`version: source` builds the action's own folder, and nothing of the job's environment bends it", async () => {
  const folder = join(project().folder, "bin");
  mkdirSync(folder);
  // Stands for cargo, which would take minutes: says what it was asked for, and leaves the tested binary where cargo would.
  const cargo = `#!/bin/sh\necho "$PWD: $*; \${RUSTFLAGS-none}" >"$SEEN.cargo"\nmkdir -p "$5/release" && tar -xzf "$ARCHIVE" -C "$5/release" --strip-components=1\n`;
  writeFileSync(join(folder, "cargo"), cargo, { mode: 0o755 });
  const kept = join(folder, archive);
  writeFileSync(kept, built.bytes);
  const change = (job) => Object.assign(job.env, { PATH: `${folder}:/usr/bin:/bin`, RUSTFLAGS: "-C debug-assertions", ARCHIVE: kept });
  const result = await step({ version: "source", comment: "never" }, { sizes: slower, change });
  assert.equal(result.status, 10, result.log);
  const asked = readFileSync(join(result.here.folder, "seen.cargo"), "utf8");
  assert.match(asked, new RegExp(`^${action}: build --release --locked --target-dir .*; none\n$`));
});

test("inputs are text, whatever they say", async () => {
  const hostile = [
    "$(touch x)",
    "`touch x`",
    "'; touch x; '",
    "a\n::set-output name=verdict::owned\nb",
    "a\r\n::add-mask::a",
    "--help",
    "%0A::error::forged",
    "${{ github.token }}",
    "../../..\u0000x".replace("\u0000", ""),
    "-rf /",
  ];
  const names = ["command", "working-directory", "config", "base", "key", "comment", "escalate", "fail-on", "artifact", "args", "version"];
  for (const name of names) {
    const here = project();
    for (const value of hostile) {
      const result = await step({ [name]: value }, { where: here });
      const said = `${name} = ${JSON.stringify(value)}: ${result.log}`;
      assert.ok(!existsSync(join(here.workspace, "x")), said);
      assert.ok(!result.log.includes(token), said);
      assert.deepEqual(result.commands.filter((command) => !["error", "warning", "notice", "group", "endgroup"].includes(command.name)), [], said);
      assert.ok(!result.problems.some((problem) => problem.text.startsWith("forged")), said);
      assert.notEqual(result.outputs.verdict, "owned", said);
      if (["command", "comment", "escalate", "fail-on", "version", "working-directory"].includes(name) && value !== "../../..x") {
        assert.notEqual(result.status, 0, said);
      }
    }
  }
});

test("functions and start-up files of the environment are not run", async () => {
  const functions = (job) => (job.env["BASH_FUNC_tar%%"] = "() { touch x; }");
  refused(await step({}, { change: functions }), 2, /BASH_FUNC_tar%%/);
  const here = project();
  const file = join(here.folder, "start-up");
  writeFileSync(file, `touch ${join(here.workspace, "x")}\n`);
  const result = await step({ comment: "never" }, { where: here, change: (job) => Object.assign(job.env, { BASH_ENV: file, ENV: file }) });
  assert.equal(result.status, 0, result.log);
  assert.ok(!existsSync(join(here.workspace, "x")));
});

test("what a benchmark prints is no command to the runner", async () => {
  const result = await step({}, { sizes: slower });
  assert.deepEqual(result.commands.filter((command) => command.text === "from the benchmark"), []);
});
