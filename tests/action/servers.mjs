// What the action talks to, on loopback: a server of releases, and a GitHub that keeps comments and counts requests.
import { createServer } from "node:http";

/** Begins to listen. A test that fails before it closes its server must end all the same. */
async function listening(server) {
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

/** Serves files by path. `files` may change while it runs. */
export async function releases(files) {
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url);
    const file = files[request.url];
    response.writeHead(file ? 200 : 404).end(file);
  });
  return { url: await listening(server), asked, files, close: () => server.close() };
}

/** A GitHub with one pull request. `allowed` says whether the token may write. */
export async function hub({ repository, pull, allowed = true }) {
  const comments = [];
  const requests = [];
  const server = createServer((request, response) => {
    let text = "";
    request.on("data", (part) => (text += part));
    request.on("end", () => {
      const path = new URL(request.url, "http://hub").pathname;
      requests.push({ method: request.method, path, token: request.headers.authorization ?? "" });
      const answer = (status, body) =>
        response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(body));
      const body = text ? JSON.parse(text) : {};
      const one = /\/issues\/comments\/(\d+)$/.exec(path);
      const all = path === `/repos/${repository}/issues/${pull.number}/comments`;
      if (request.method !== "GET" && !allowed) {
        answer(403, { message: "Resource not accessible by integration" });
      } else if (request.method === "GET" && all) {
        answer(200, comments);
      } else if (request.method === "POST" && all) {
        const user = { login: "github-actions[bot]", type: "Bot", id: 41898282 };
        const app = { slug: "github-actions" };
        const url = `https://github.example/${repository}/pull/${pull.number}#issuecomment-${comments.length + 1}`;
        const comment = { id: comments.length + 1, user, performed_via_github_app: app, html_url: url, body: body.body };
        comments.push(comment);
        answer(201, comment);
      } else if (request.method === "PATCH" && one) {
        const comment = comments.find((known) => known.id === Number(one[1]));
        comment.body = body.body;
        answer(200, comment);
      } else if (request.method === "GET" && path === `/repos/${repository}/pulls/${pull.number}`) {
        answer(200, pull);
      } else if (request.method === "GET" && path === `/repos/${repository}/pulls`) {
        answer(200, [pull]);
      } else {
        answer(404, { message: "Not Found" });
      }
    });
  });
  return { url: await listening(server), comments, requests, close: () => server.close() };
}
