// Stands in for k6: runs some iterations of a script that `tollgate export k6` wrote, one after the other, with real requests.
// node k6-stub.mjs SCRIPT ITERATIONS; the folder of the script is where its files are. Prints what k6 would count, as JSON.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

const [script, iterations] = process.argv.slice(2);
const folder = dirname(script);
const counted = { checks: {}, requests: [], slept_s: 0, warnings: [] };
let jar = new Map();

// k6's requests wait for their reply and those of node do not: another node makes each of them.
const CLIENT = `
const { method, url, headers, body } = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const sent = require('http').request(url, { method, headers, timeout: 5000 }, (reply) => {
  const parts = [];
  reply.on('data', (part) => parts.push(part));
  reply.on('end', () => console.log(JSON.stringify({ status: reply.statusCode, headers: reply.rawHeaders, body: Buffer.concat(parts).toString() })));
});
sent.on('error', () => console.log(JSON.stringify({ status: 0, headers: [], body: '' })));
sent.end(body === null ? undefined : Buffer.from(body, 'base64'));
`;

function canonical(name) {
  return name.split('-').map((part) => part.charAt(0).toUpperCase() + part.slice(1).toLowerCase()).join('-');
}

function encoded(body, headers) {
  if (body === null) return null;
  if (typeof body === 'string') return Buffer.from(body);
  if (Buffer.isBuffer(body)) return body;
  const files = Object.values(body).some((part) => part.isFile);
  const type = files ? 'multipart/form-data; boundary=stub' : 'application/x-www-form-urlencoded';
  headers['Content-Type'] = type;
  if (!files) return Buffer.from(new URLSearchParams(body).toString());
  const parts = Object.entries(body).flatMap(([name, part]) => {
    const file = part.isFile ? `; filename="${part.name}"\r\nContent-Type: ${part.type}` : '';
    return [`--stub\r\nContent-Disposition: form-data; name="${name}"${file}\r\n\r\n`, part.isFile ? part.data : part, '\r\n'];
  });
  return Buffer.concat([...parts, '--stub--\r\n'].map((part) => Buffer.from(part)));
}

const http = {
  expectedStatuses: (...these) => (status) => these.some((one) => (typeof one === 'number' ? one === status : status >= one.min && status <= one.max)),
  file: (data, name, type) => ({ isFile: true, data, name, type }),
  request(method, url, body, params) {
    for (const key of ['headers', 'redirects', 'timeout', 'tags', 'responseType', 'responseCallback']) {
      if (!(key in params)) throw new Error(`no ${key}`);
    }
    const headers = Object.assign({}, params.headers);
    const sent = encoded(body, headers);
    if (jar.size > 0) headers.Cookie = [...jar].map(([name, value]) => `${name}=${value}`).join('; ');
    const input = JSON.stringify({ method, url, headers, body: sent === null ? null : sent.toString('base64') });
    const reply = JSON.parse(spawnSync(process.execPath, ['-e', CLIENT], { input, encoding: 'utf8', timeout: 20000 }).stdout);
    const response = { status: reply.status, headers: {}, body: params.responseType === 'none' ? null : reply.body };
    for (let at = 0; at < reply.headers.length; at += 2) {
      response.headers[canonical(reply.headers[at])] = reply.headers[at + 1];
      const cookie = /^set-cookie$/i.test(reply.headers[at]) && /^([^=]+)=([^;]*)/.exec(reply.headers[at + 1]);
      if (cookie) jar.set(cookie[1], cookie[2]);
    }
    counted.requests.push({ name: params.tags.name, failed: !params.responseCallback(reply.status), timeout: params.timeout });
    return response;
  },
};

const state = { iterationInTest: 0 };
const parts = {
  encoding: { b64encode: (text) => Buffer.from(text).toString('base64') },
  exec: { scenario: state },
  http,
  SharedArray: class {
    constructor(_, make) {
      return make();
    }
  },
  check(value, these, tags) {
    let all = true;
    for (const [label, passes] of Object.entries(these)) {
      const right = Boolean(passes(value));
      const key = `${tags.name}: ${label}`;
      counted.checks[key] = counted.checks[key] || [0, 0];
      counted.checks[key][right ? 0 : 1] += 1;
      all = all && right;
    }
    return all;
  },
  sleep: (seconds) => {
    counted.slept_s += seconds;
  },
  __ENV: process.env,
  open: (path, mode) => readFileSync(join(folder, path), mode === 'b' ? null : 'utf8'),
  console: Object.assign({}, console, { warn: (text) => counted.warnings.push(text) }),
};

const text = readFileSync(script, 'utf8')
  .replace(/^import .*$/gm, '')
  .replace(/^export default function \(\)/m, 'const main = function ()')
  .replace(/^export const/gm, 'const');
const made = new Function(...Object.keys(parts), `'use strict';\n${text}\nreturn { options, main };`)(...Object.values(parts));
for (let iteration = 0; iteration < Number(iterations); iteration += 1) {
  state.iterationInTest = iteration;
  jar = new Map();
  made.main();
}
console.log(JSON.stringify(Object.assign(counted, { options: made.options })));
