// Makes a network's keys and consensus once ("bake"), so that later starts take a second or two instead of twelve:
// the authorities vote one time for a consensus that is valid for days, everything is stopped, the data directories are
// kept. A bake belongs to one plan (bed number included) and is made again after BAKE_LIFE_MS or when the plan changes.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdir, writeFile, readFile, rename, rm, mkdtemp, copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { OR_PORT, DIR_PORT, relayTorrc, votingLines, votingOffset, VOTING_INTERVAL, clientTorrc, bandwidthText, exitsOf } from './plan.mjs';
import { start, end, until } from './proc.mjs';
import { Control } from './control.mjs';

const run = promisify(execFile);
const BAKE_LIFE_MS = 12 * 3600 * 1000;
// On a machine that builds and tests at the same time, a tor may take many seconds to start.
const PATIENCE = 60000;

async function parallel(items, width, fn) {
  const queue = [...items];
  await Promise.all(Array.from({ length: width }, async () => {
    for (let item; (item = queue.shift()) !== undefined;) await fn(item);
  }));
}

async function makeIdentity(dir, relay) {
  await mkdir(path.join(dir, 'keys'), { recursive: true, mode: 0o700 });
  const { stdout } = await run('tor', ['-f', '/dev/null', '--ignore-missing-torrc', '--defaults-torrc', '/dev/null', '--list-fingerprint',
    '--DataDirectory', dir, '--ORPort', `${relay.address}:${OR_PORT}`, '--Nickname', relay.nickname, '--Log', 'err stderr']);
  relay.fingerprint = stdout.trim().split('\n').pop().replace(/^\S+ /, '').replace(/ /g, '');
  if (!/^[0-9A-F]{40}$/.test(relay.fingerprint)) throw new Error(`no fingerprint for ${relay.nickname}: ${stdout}`);
}

async function makeAuthority(dir, relay) {
  const keys = path.join(dir, 'keys');
  const child = execFile('tor-gencert', ['--create-identity-key', '-m', '12', '-a', `${relay.address}:${DIR_PORT}`,
    '-i', 'authority_identity_key', '-s', 'authority_signing_key', '-c', 'authority_certificate', '--passphrase-fd', '0'], { cwd: keys });
  child.stdin.end('bed\n');
  await new Promise((resolve, reject) => child.on('exit', (code) => (code ? reject(new Error(`tor-gencert: ${code}`)) : resolve())));
  const text = await readFile(path.join(keys, 'authority_certificate'), 'latin1');
  relay.v3ident = /^fingerprint ([0-9A-F]{40})/m.exec(text)[1];
}

async function makeFamilies(dir, plan, dirOf) {
  const exits = exitsOf(plan);
  for (const [number, family] of plan.families.entries()) {
    const members = family.exits.map((i) => exits[i]);
    if (family.kind === 'ids') {
      const name = `family${number}`;
      await run('tor', ['-f', '/dev/null', '--ignore-missing-torrc', '--defaults-torrc', '/dev/null', '--keygen-family', name], { cwd: dir });
      const id = (await readFile(path.join(dir, `${name}.public_family_id`), 'latin1')).trim();
      for (const m of members) {
        m.familyId = id;
        await copyFile(path.join(dir, `${name}.secret_family_key`), path.join(dirOf(m), 'keys', `${name}.secret_family_key`));
      }
      continue;
    }
    const declaring = family.kind === 'one-sided' ? members.slice(0, 1) : members;
    for (const m of declaring)
      m.declare = [...(m.declare ?? []), ...members.filter((o) => o !== m).map((o) => o.fingerprint)];
  }
}

export function dirAuthorityLines(plan) {
  return plan.relays.filter((r) => r.role === 'auth').map((r) => `DirAuthority ${r.nickname} orport=${OR_PORT} no-v2 ` +
    `v3ident=${r.v3ident} ${r.address}:${DIR_PORT} ${r.fingerprint}`);
}

// A torrc for one relay inside `dir`; voting only while baking.
export async function writeRelay(dir, plan, relay, voting = null) {
  const own = path.join(dir, relay.nickname);
  const resolvConf = path.join(own, 'resolv.conf');
  const lines = voting && relay.role === 'auth' ? [...voting, `DirPort ${relay.address}:${DIR_PORT}`] : null;
  await writeFile(path.join(own, 'torrc'), relayTorrc(plan, relay, {
    dir: own, dirAuthorities: dirAuthorityLines(plan), declare: relay.declare, familyId: relay.familyId,
    voting: lines, resolvConf: relay.role === 'exit' && !voting ? resolvConf : null,
  }));
  return path.join(own, 'torrc');
}

export const startTor = (torrc) => start('tor', ['-f', torrc, '--defaults-torrc', '/dev/null', '--quiet', '--__OwningControllerProcess', String(process.pid)]);

const now = () => Math.floor(Date.now() / 1000);

async function withControl(socket, cookieFile, fn) {
  const c = await Control.open({ path: socket }, { cookieFile });
  try {
    if (!cookieFile) await c.command('AUTHENTICATE');
    return await fn(c);
  } finally { c.close(); }
}

// The authorities hold every relay's descriptor; then all vote at a moment `delay` seconds of voting away.
async function callVote(dir, plan, delay) {
  const sockets = plan.relays.filter((r) => r.role === 'auth').map((r) => path.join(dir, r.nickname, 'control'));
  const known = (c) => c.info('desc/all-recent').then((t) => (t.match(/^router /gm) ?? []).length);
  for (const s of sockets)
    await until(() => withControl(s, null, async (c) => (await known(c)) === plan.relays.length), { limit: PATIENCE, every: 250, what: 'every descriptor at the authorities' });
  const offset = votingOffset(now() + 2 * delay + 3);
  await Promise.all(sockets.map((s) => withControl(s, null, (c) => c.command(`SETCONF TestingV3AuthInitialVoteDelay=${delay} ` +
    `TestingV3AuthInitialDistDelay=${delay} TestingV3AuthVotingStartOffset=${offset}`))));
  await until(() => withControl(sockets[0], null, (c) => c.info('consensus/valid-after')), { limit: PATIENCE, every: 250, what: 'a consensus' });
}

// The client knows every relay by its microdescriptor.
async function clientKnowsAll(client, plan) {
  const ask = (fn) => withControl(path.join(client, 'control'), path.join(client, 'control_auth_cookie'), fn);
  await until(() => ask(async (c) => /PROGRESS=100/.test(await c.info('status/bootstrap-phase'))), { limit: PATIENCE, what: 'client bootstrap' });
  const listed = await ask(async (c) => ((await c.info('ns/all')).match(/^r /gm) ?? []).length);
  if (listed !== plan.relays.length) throw new Error(`consensus lists ${listed} of ${plan.relays.length} relays`);
  await until(() => ask(async (c) => {
    for (const r of plan.relays) await c.info(`md/id/${r.fingerprint}`);
    return true;
  }), { limit: PATIENCE, what: 'all microdescriptors' });
}

async function vote(dir, plan, delay) {
  const bandwidths = path.join(dir, 'bandwidths');
  await writeFile(bandwidths, bandwidthText(plan, now()));
  const voting = votingLines(plan, bandwidths, votingOffset(now() + VOTING_INTERVAL / 2));
  const client = path.join(dir, 'client');
  await mkdir(client, { recursive: true, mode: 0o700 });
  await writeFile(path.join(client, 'torrc'), clientTorrc(client, {
    dirAuthorities: dirAuthorityLines(plan), socks: 0, control: 0, socksSocket: path.join(client, 'socks'), controlSocket: path.join(client, 'control'),
  }).replace('SocksPort 0\n', '').replace('ControlPort 0\n', ''));
  const children = [];
  try {
    for (const relay of plan.relays) children.push(startTor(await writeRelay(dir, plan, relay, voting)));
    await callVote(dir, plan, delay);
    children.push(startTor(path.join(client, 'torrc')));
    await clientKnowsAll(client, plan);
    // Every relay keeps the consensus too, so that none has to ask for it later.
    const kept = (r) => readdir(path.join(dir, r.nickname)).then((files) => files.includes('cached-microdesc-consensus') || files.includes('cached-consensus'));
    await until(async () => (await Promise.all(plan.relays.map(kept))).every(Boolean), { limit: 8000, what: 'consensus at every relay' }).catch(() => {});
  } finally { await Promise.all(children.map((c) => end(c))); }
}

async function makeKeys(dir, plan) {
  const dirOf = (r) => path.join(dir, r.nickname);
  await parallel(plan.relays, 3, (r) => makeIdentity(dirOf(r), r));
  await parallel(plan.relays.filter((r) => r.role === 'auth'), 3, (r) => makeAuthority(dirOf(r), r));
  await makeFamilies(dir, plan, dirOf);
}

// What a vote that came too early left behind; the keys stay.
async function forgetConsensus(dir, plan) {
  for (const name of [...plan.relays.map((r) => r.nickname), 'client']) {
    for (const file of await readdir(path.join(dir, name)).catch(() => []))
      if (/^(cached|unverified|v3-status|router-stability|state|diff-cache)/.test(file)) await rm(path.join(dir, name, file), { recursive: true, force: true });
  }
}

export async function bakedPlan(folder) {
  try {
    const made = JSON.parse(await readFile(path.join(folder, 'plan.json'), 'utf8'));
    return Date.now() - made.time < BAKE_LIFE_MS && made.time <= Date.now() ? made.plan : null;
  } catch { return null; }
}

// A vote counts only if the consensus lists every relay; on a busy machine the next try gives the authorities more time.
async function voteUntilAllAreListed(dir, plan, log) {
  for (let delay = 2, attempt = 1; ; delay *= 2, attempt++) {
    try { return await vote(dir, plan, delay); } catch (e) {
      if (attempt === 4) throw e;
      log(`bake: ${e.message}; trying again`);
      await forgetConsensus(dir, plan);
    }
  }
}

// Bakes `plan` into `folder` (made whole, then renamed into place); returns the plan with fingerprints filled in. `alone`
// calls a function while no other bake does.
export async function bake(wanted, folder, { log = () => {}, alone = (fn) => fn() } = {}) {
  await mkdir(path.dirname(folder), { recursive: true });
  const plan = structuredClone(wanted);
  const dir = await mkdtemp(folder + '.');
  try {
    log(`baking bed ${plan.n} (${plan.relays.length} relays)`);
    await makeKeys(dir, plan);
    await alone(() => voteUntilAllAreListed(dir, plan, log));
    await writeFile(path.join(dir, 'plan.json'), JSON.stringify({ time: Date.now(), plan }));
    await rm(folder, { recursive: true, force: true });
    await rename(dir, folder);
    return plan;
  } finally {
    if (!process.env.SECONDEXIT_BED_KEEP) await rm(dir, { recursive: true, force: true });
  }
}
