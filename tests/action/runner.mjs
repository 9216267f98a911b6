// Runs a composite action as GitHub's runner would: expressions by GitHub's own evaluator, files for outputs, commands in the log.
import { data, Evaluator, Lexer, Parser, wellKnownFunctions } from "@actions/expressions";
import { spawn } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parse } from "yaml";

/** A plain value as the evaluator wants it. */
function wrapped(value) {
  if (value === null || value === undefined) return new data.Null();
  if (Array.isArray(value)) return new data.Array(...value.map(wrapped));
  if (typeof value === "object") {
    return new data.Dictionary(...Object.entries(value).map(([key, inner]) => ({ key, value: wrapped(inner) })));
  }
  if (typeof value === "number") return new data.NumberData(value);
  if (typeof value === "boolean") return new data.BooleanData(value);
  return new data.StringData(String(value));
}

/** A text with its `${{ … }}` replaced. */
export function evaluated(text, contexts) {
  return String(text ?? "").replace(/\$\{\{(.*?)\}\}/gs, (_, expression) => {
    const tokens = new Lexer(expression.trim()).lex().tokens;
    const tree = new Parser(tokens, Object.keys(contexts), Object.values(wellKnownFunctions)).parse();
    return new Evaluator(tree, wrapped(contexts)).evaluate().coerceString();
  });
}

/** What a step wrote into its file of outputs. Throws where the runner would. */
export function outputs(text) {
  const values = {};
  const lines = text.split(/\r?\n/);
  for (let at = 0; at < lines.length; at++) {
    const heredoc = /^([^=]+?)<<(.+)$/.exec(lines[at]);
    if (heredoc) {
      const end = lines.indexOf(heredoc[2], at + 1);
      if (end < 0) throw new Error(`no end of ${heredoc[1]}`);
      values[heredoc[1]] = lines.slice(at + 1, end).join("\n");
      at = end;
    } else if (lines[at].includes("=")) {
      values[lines[at].split("=", 1)[0]] = lines[at].slice(lines[at].indexOf("=") + 1);
    } else if (lines[at] !== "") {
      throw new Error(`invalid format: ${lines[at]}`);
    }
  }
  return values;
}

/** The commands that the runner obeys in a log, in their order. */
export function commands(log) {
  const found = [];
  let stopped = null;
  for (const line of log.split(/\r?\n/)) {
    const match = /^\s*::([a-zA-Z-]+)(?: ([^:]*))?::(.*)$/.exec(line);
    if (stopped !== null) {
      if (line.trim() === `::${stopped}::`) stopped = null;
    } else if (match?.[1] === "stop-commands") {
      stopped = match[3];
    } else if (match) {
      const text = match[3].replaceAll("%0A", "\n").replaceAll("%0D", "\r").replaceAll("%25", "%");
      found.push({ name: match[1], text });
    }
  }
  return found;
}

/** Runs a program to its end, and gives back its status and all that it said. */
function ended(program, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    let log = "";
    child.stdout.on("data", (part) => (log += part));
    child.stderr.on("data", (part) => (log += part));
    child.on("error", reject);
    child.on("close", (status) => resolve({ status, log }));
  });
}

/**
 * Runs the action in `action` with `inputs`.
 * `github` is the context, `event` the payload, `env` what the job's environment holds beside.
 */
export async function run({ action, inputs, github, event, env, workspace, temporary }) {
  const definition = parse(readFileSync(join(action, "action.yml"), "utf8"));
  const contexts = { github: { ...github, event }, inputs: {}, steps: {}, runner: { temp: temporary } };
  for (const name of Object.keys(inputs)) {
    if (!(name in definition.inputs)) throw new Error(`unexpected input ${name}`);
  }
  for (const [name, input] of Object.entries(definition.inputs)) {
    contexts.inputs[name] = inputs[name] ?? evaluated(input.default, contexts);
  }
  mkdirSync(temporary, { recursive: true });
  const result = { status: 0, log: "", outputs: {}, summary: "" };
  for (const [at, step] of definition.runs.steps.entries()) {
    if (step.if !== undefined || step.shell !== "bash") throw new Error("this harness knows steps of bash without a condition");
    const file = (kind) => join(temporary, `${kind}-${at}`);
    for (const kind of ["output", "summary", "env", "path", "state", "event"]) writeFileSync(file(kind), "");
    writeFileSync(file("event"), JSON.stringify(event));
    writeFileSync(file("script"), evaluated(step.run, contexts));
    const own = Object.entries(step.env ?? {}).map(([name, value]) => [name, evaluated(value, contexts)]);
    const ran = await ended("bash", ["--noprofile", "--norc", "-e", "-o", "pipefail", file("script")], {
      cwd: workspace,
      env: {
        ...env,
        CI: "true",
        GITHUB_ACTIONS: "true",
        GITHUB_ACTION_PATH: action,
        GITHUB_EVENT_NAME: github.event_name,
        GITHUB_EVENT_PATH: file("event"),
        GITHUB_OUTPUT: file("output"),
        GITHUB_STEP_SUMMARY: file("summary"),
        GITHUB_ENV: file("env"),
        GITHUB_PATH: file("path"),
        GITHUB_STATE: file("state"),
        GITHUB_REPOSITORY: github.repository,
        GITHUB_WORKSPACE: workspace,
        RUNNER_TEMP: temporary,
        ...Object.fromEntries(own),
      },
    });
    result.status = ran.status;
    result.log += ran.log;
    result.summary += readFileSync(file("summary"), "utf8");
    result.steered = ["env", "path", "state"].map((kind) => readFileSync(file(kind), "utf8")).join("");
    contexts.steps[step.id] = { outputs: outputs(readFileSync(file("output"), "utf8")) };
    if (ran.status !== 0) break;
  }
  for (const [name, output] of Object.entries(definition.outputs)) {
    result.outputs[name] = evaluated(output.value, contexts);
  }
  result.commands = commands(result.log);
  return result;
}
