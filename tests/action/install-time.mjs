// How long the action takes from nothing until Tollgate runs, against a file server on this machine: `tests/action/install-time.sh BINARY`.
import { join } from "node:path";

import { environment, opened, path, pinned, project, release } from "./fixture.mjs";
import { run } from "./runner.mjs";
import { releases } from "./servers.mjs";

const RUNS = 15;
const built = release("gzip");
const action = pinned(built.sha256);
const server = await releases({ [path]: built.bytes });

/** Seconds of one step that only lists what it would run. */
async function step(here, number) {
  const event = opened(here);
  const began = performance.now();
  const result = await run({
    action,
    inputs: { args: "--list", comment: "never" },
    github: { event_name: "pull_request", repository: event.repository.full_name, token: "" },
    event,
    env: environment(here, { releases: server, hub: server }),
    workspace: here.workspace,
    temporary: join(here.folder, `temporary-${number}`),
  });
  if (result.status !== 0) throw new Error(result.log);
  return (performance.now() - began) / 1000;
}

const median = (values) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)].toFixed(2);
const [fresh, cached] = [[], []];
for (let at = 0; at < RUNS; at++) {
  const here = project();
  fresh.push(await step(here, 1));
  cached.push(await step(here, 2));
}
server.close();
console.log(`archive: ${built.bytes.length} bytes`);
console.log(`from nothing: ${median(fresh)} s; with the archive in the tool cache: ${median(cached)} s (medians of ${RUNS}, with \`check --list\`)`);
