// Lets Node 20 import JSON as the language service does, without an import attribute.
import { readFile } from "node:fs/promises";
import { register } from "node:module";
import { isMainThread } from "node:worker_threads";
import { fileURLToPath } from "node:url";

if (isMainThread) register(import.meta.url);

export async function load(url, context, next) {
  if (!url.endsWith(".json")) return next(url, context);
  const text = await readFile(fileURLToPath(url), "utf8");
  return { format: "module", source: `export default ${text};`, shortCircuit: true };
}
