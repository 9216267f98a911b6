// GitHub's own language service on action.yml and workflows: `node --import ./json.mjs lint.mjs FILE…`. Ends with 1 where it finds anything.
import { validate } from "@actions/languageservice/validate";
import { validateAction } from "@actions/languageservice/validate-action";
import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { TextDocument } from "vscode-languageserver-textdocument";

let found = 0;
for (const file of process.argv.slice(2)) {
  const action = /(^|\/)action\.ya?ml$/.test(file);
  const uri = pathToFileURL(resolve(file)).href;
  const document = TextDocument.create(uri, action ? "github-actions-action" : "yaml", 1, readFileSync(file, "utf8"));
  for (const { message, range } of await (action ? validateAction : validate)(document)) {
    console.log(`${file}:${range.start.line + 1}:${range.start.character + 1}: ${message}`);
    found += 1;
  }
}
console.log(`language service: ${process.argv.length - 2} files, ${found} findings`);
if (process.argv.length < 3 || found > 0) process.exitCode = 1;
