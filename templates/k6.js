// From here on the script is the same for every scenario: it does what the text above says.

const addresses = __ENV.TARGET ? __ENV.TARGET.split(',').map((url) => ({ url: url.trim().replace(/\/+$/, ''), weight: 1 })) : scenario.addresses;
if (addresses.length === 0) {
  throw new Error('say where the service is: k6 run -e TARGET=http://host:port …');
}

const flows = scenario.flows.map((flow, index) => ({
  weight: flow.weight,
  records: flow.data === null ? null : new SharedArray(`data of flow ${index}`, () => records(flow.data, open(flow.data))),
  steps: flow.steps.map(ready),
}));

// A step with everything that can be had before the load begins.
function ready(step) {
  const body = step.body;
  return Object.assign({}, step, {
    authorization: authorization(step.credentials),
    file: body.kind === 'file' ? open(body.path, 'b') : null,
    parts: (body.parts || []).map((part) => (part.file === null ? part : Object.assign({}, part, { data: open(part.file.path, 'b') }))),
    extract: step.extract.map((one) => (one.kind === 'regex' ? Object.assign({}, one, { regex: regex(one.of) }) : one)),
    expected: step.statuses.length > 0 ? http.expectedStatuses(...step.statuses) : http.expectedStatuses({ min: 100, max: 399 }),
  });
}

function authorization(credentials) {
  if (credentials === null) return null;
  const secret = __ENV[credentials.variable];
  if (!secret) throw new Error(`the variable ${credentials.variable} of the credentials is not set`);
  return credentials.user === null ? `Bearer ${secret}` : `Basic ${encoding.b64encode(`${credentials.user}:${secret}`)}`;
}

function regex(text) {
  const flags = /^\(\?([ims]+)\)/.exec(text);
  const pattern = (flags ? text.slice(flags[0].length) : text).replace(/\(\?P</g, '(?<');
  return new RegExp(pattern, flags ? flags[1] : '');
}

// The records of a data file, each a list of pairs of name and text.
function records(path, text) {
  if (/\.json$/i.test(path)) {
    const word = (value) => (value === null ? '' : typeof value === 'string' ? value : JSON.stringify(value));
    return JSON.parse(text).map((record) => Object.keys(record).map((name) => [name, word(record[name])]));
  }
  const [names, ...rows] = table(text);
  return rows.map((row) => names.map((name, index) => [name, row[index]]));
}

function table(text) {
  const rows = [];
  let row = [];
  let field = '';
  let quoted = false;
  const end = () => {
    row.push(field);
    field = '';
  };
  const endRow = () => {
    if (row.length > 0 || field !== '') {
      end();
      rows.push(row);
    }
    row = [];
  };
  for (let at = 0; at < text.length; at += 1) {
    const c = text[at];
    if (quoted) {
      if (c !== '"') field += c;
      else if (text[at + 1] === '"') {
        field += '"';
        at += 1;
      } else quoted = false;
    } else if (c === '"' && field === '') quoted = true;
    else if (c === ',') end();
    else if (c === '\n') endRow();
    else if (c !== '\r') field += c;
  }
  endRow();
  return rows;
}

// An even number in [0, 1) that depends on seed, iteration and purpose alone.
function drawn(iteration, purpose) {
  let x = (scenario.seed ^ Math.imul(iteration + 1, 0x9e3779b1) ^ Math.imul(purpose + 1, 0x85ebca6b)) | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return ((x ^ (x >>> 15)) >>> 0) / 4294967296;
}

function chosen(list, share) {
  let left = share * list.reduce((sum, one) => sum + one.weight, 0);
  for (const one of list) {
    left -= one.weight;
    if (left < 0) return one;
  }
  return list[list.length - 1];
}

const percent = (text) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
const escapes = {
  plain: (text) => text,
  percent,
  json: (text) => JSON.stringify(text).slice(1, -1),
  header: (text) => {
    if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)) throw new Error('a header cannot hold a control character');
    return text;
  },
};

// A list of texts and of names of values, as one text.
function filled(template, values, escape, first) {
  return template
    .map((piece, index) => {
      if (piece.text !== undefined) return piece.text;
      if (!values.has(piece.value)) throw new Error(`{${piece.value}} has no value`);
      return escapes[index === 0 ? first : escape](values.get(piece.value));
    })
    .join('');
}

function pointer(body, path) {
  let at;
  try {
    at = JSON.parse(body);
  } catch (_) {
    return undefined;
  }
  if (path === '') return at;
  for (const part of path.slice(1).split('/')) {
    const key = part.replace(/~1/g, '/').replace(/~0/g, '~');
    if (at === null || typeof at !== 'object' || !Object.prototype.hasOwnProperty.call(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

function header(response, name) {
  const found = Object.keys(response.headers).find((key) => key.toLowerCase() === name.toLowerCase());
  return found === undefined ? undefined : response.headers[found];
}

// The JSON of a value with the keys of objects in order, to compare by.
function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${canonical(value[key])}`).join(',')}}`;
}

function found(response, one) {
  if (one.kind === 'header') return header(response, one.of);
  if (one.kind === 'regex') {
    const match = one.regex.exec(response.body || '');
    return match === null ? undefined : match[1];
  }
  const value = pointer(response.body || '', one.of);
  return value === undefined || typeof value === 'string' ? value : JSON.stringify(value);
}

function passes(response, one) {
  if (one.kind === 'contains') return (response.body || '').includes(one.of);
  if (one.kind === 'header') {
    const value = header(response, one.of);
    return value !== undefined && (one.value === null || value === one.value);
  }
  const value = pointer(response.body || '', one.of);
  return value !== undefined && canonical(value) === canonical(one.value);
}

function bodyOf(step, values) {
  const body = step.body;
  if (body.kind === 'empty') return null;
  if (body.kind === 'file') return step.file;
  if (body.kind === 'text') return filled(body.template, values, body.escape, body.escape);
  const form = {};
  for (const part of step.parts) {
    form[part.name] = part.file === null ? filled(part.template, values, 'plain', 'plain') : http.file(part.data, part.file.name, part.file.type);
  }
  return form;
}

// Sends one step. Whether the flow goes on: a reply that is not what it must be ends it, as in Tollgate.
function send(step, base, values) {
  const headers = {};
  for (const [name, template] of step.headers) headers[name] = filled(template, values, 'header', 'header');
  if (step.authorization !== null) headers.Authorization = step.authorization;
  const looks = step.checks.some((one) => one.kind !== 'header') || step.extract.some((one) => one.kind !== 'header');
  const response = http.request(step.method, base + filled(step.path, values, 'percent', 'plain'), bodyOf(step, values), {
    headers,
    redirects: step.redirects,
    timeout: `${step.timeout_ms}ms`,
    tags: { name: step.name },
    responseType: looks ? 'text' : 'none',
    responseCallback: step.expected,
  });
  const tags = { name: step.name };
  const right = step.statuses.length > 0 ? step.statuses.includes(response.status) : response.status > 0 && response.status < 400;
  let whole = check(response, { status: () => right }, tags);
  if (!whole) return false;
  for (const one of step.checks) whole = check(response, { [one.label]: (response) => passes(response, one) }, tags) && whole;
  for (const one of step.extract) {
    const value = found(response, one);
    whole = check(response, { [one.label]: () => value !== undefined }, tags) && whole;
    if (value !== undefined) values.set(one.name, value);
  }
  return whole;
}

export default function () {
  const iteration = exec.scenario.iterationInTest;
  const flow = chosen(flows, drawn(iteration, 0));
  const base = addresses.length === 1 ? addresses[0].url : chosen(addresses, drawn(iteration, 1)).url;
  const values = new Map(flow.records === null ? [] : flow.records[iteration % flow.records.length]);
  let purpose = 2;
  for (const step of flow.steps) {
    const [low, high] = step.think_s;
    purpose += 1;
    if (high > 0) sleep(low + (high - low) * drawn(iteration, purpose));
    let goes = false;
    try {
      goes = send(step, base, values);
    } catch (error) {
      // What cannot be filled in came out of an earlier reply: a failed check, as in Tollgate.
      check(null, { 'request can be made': () => false }, { name: step.name });
      console.warn(`${step.name}: ${error.message}`);
    }
    if (!goes) return;
  }
}
