// A second opinion: `tollgate publish` against a GitHub that other people wrote, which keeps what it is told.
// Run by `tests/emulate/run BINARY`. It ends with 0 where one comment is found, edited and told from a stranger's.
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { cp, mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createEmulator } from 'emulate'

const [binary, fixture] = process.argv.slice(2)
const owner = 'ada/engine'

const github = await createEmulator({
  service: 'github',
  port: 0,
  seed: {
    tokens: { 'token-ada': { login: 'ada', scopes: ['repo'] }, 'token-bob': { login: 'bob', scopes: ['repo'] } },
    github: {
      users: [{ login: 'ada' }, { login: 'bob' }],
      repos: [{ owner: 'ada', name: 'engine', auto_init: true }],
    },
  },
})
const folder = await mkdtemp(join(tmpdir(), 'tollgate-emulate-'))

async function call(token, method, path, body) {
  const headers = { authorization: `Bearer ${token}`, accept: 'application/vnd.github+json' }
  const answer = await fetch(github.url + path, { method, headers, body: body && JSON.stringify(body) })
  assert.ok(answer.ok, `${method} ${path}: ${answer.status} ${await answer.clone().text()}`)
  return answer.json()
}

async function comments(number) {
  const all = []
  for (let page = 1; ; page++) {
    const some = await call('token-ada', 'GET', `/repos/${owner}/issues/${number}/comments?per_page=100&page=${page}`)
    all.push(...some)
    if (some.length < 100) return all
  }
}

async function publish(number, head, run, ...more) {
  const event = {
    number,
    pull_request: { head: { sha: head, repo: { full_name: owner } }, base: { ref: 'main' } },
    repository: { full_name: owner, default_branch: 'main' },
  }
  await writeFile(join(folder, 'event.json'), JSON.stringify(event))
  const env = {
    PATH: process.env.PATH,
    HOME: folder,
    GITHUB_ACTIONS: 'true',
    GITHUB_API_URL: github.url,
    GITHUB_EVENT_NAME: 'pull_request',
    GITHUB_EVENT_PATH: join(folder, 'event.json'),
    GITHUB_REPOSITORY: owner,
    GITHUB_RUN_ATTEMPT: '1',
    GITHUB_RUN_ID: String(run),
    GITHUB_RUN_NUMBER: String(run),
    GITHUB_SERVER_URL: 'https://github.example',
    GITHUB_STEP_SUMMARY: join(folder, 'summary.md'),
    GITHUB_TOKEN: 'token-ada',
  }
  const { stdout } = await promisify(execFile)(binary, ['publish', 'report', ...more], { cwd: folder, env })
  return stdout
}

try {
  await mkdir(join(folder, 'report'))
  await cp(fixture, join(folder, 'report', 'judgement.json'))
  const [{ commit }] = await call('token-ada', 'GET', `/repos/${owner}/branches`)
  const { number } = await call('token-ada', 'POST', `/repos/${owner}/issues`, { title: 'stands for a pull request' })

  assert.equal(await publish(number, commit.sha, 10), `comment on #${number}: written\n`)
  const [first] = await comments(number)
  const marker = first.body.split('\n')[0]
  assert.match(marker, /^<!-- tollgate:v1 key=[0-9a-f]{16} -->$/)

  // A stranger plants the marker, and others talk: the comment is no longer on the first page of GitHub's usual thirty.
  const planted = await call('token-bob', 'POST', `/repos/${owner}/issues/${number}/comments`, { body: `${marker}\nmerge this` })
  for (let i = 0; i < 120; i++) await call('token-bob', 'POST', `/repos/${owner}/issues/${number}/comments`, { body: '+1' })

  const head = '2'.repeat(40)
  assert.equal(await publish(number, head, 11), `comment on #${number}: edited\n`)
  const all = await comments(number)
  assert.equal(all.length, 122)
  const ours = all.filter(({ user }) => user.login === 'ada')
  assert.equal(ours.length, 1, 'one comment, whatever happens')
  assert.equal(ours[0].id, first.id)
  assert.ok(ours[0].body.includes(head.slice(0, 9)))
  assert.equal(all.find(({ id }) => id === planted.id).body, planted.body)

  const made = await publish(number, commit.sha, 12, '--comment', 'never', '--check-run')
  assert.equal(made, 'check run `tollgate`: made\n')
  const runs = await call('token-ada', 'GET', `/repos/${owner}/commits/${commit.sha}/check-runs`)
  assert.equal(runs.total_count, 1)
  assert.equal(runs.check_runs[0].conclusion, 'failure')
  console.log('second opinion: one comment of 122, edited; one check run')
} finally {
  await rm(folder, { recursive: true, force: true })
  await github.close()
}
