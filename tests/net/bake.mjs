// Makes a network's keys and consensus once ("bake"), so that later starts take a second or two instead of twelve:
// the authorities vote one time for a consensus that is valid for days, everything is stopped, the data directories are
// kept. A bake belongs to one plan (bed number included) and is made again after BAKE_LIFE_MS or when the plan changes.

import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { mkdir, writeFile, readFile, rename, rm, mkdtemp, copyFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import { OR_PORT, DIR_PORT, relayTorrc, votingLines, clientTorrc, bandwidthText, exitsOf } from './plan.mjs';
import { start, end, until, sleep } from './proc.mjs';
import { Control } from './control.mjs';

const run = promisify(execFile);
const BAKE_LIFE_MS = 12 * 3600 * 1000;
const INTERVAL = 60;

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

async function vote(dir, plan, lead) {
  const midnight = Math.floor(Date.now() / 86400000) * 86400;
  const validAfter = Math.floor(Date.now() / 1000) + lead;
  const bandwidths = path.join(dir, 'bandwidths');
  await writeFile(bandwidths, bandwidthText(plan, validAfter - lead));
  const voting = votingLines(plan, bandwidths, (validAfter - midnight) % INTERVAL, INTERVAL);
  const client = path.join(dir, 'client');
  await mkdir(client, { recursive: true, mode: 0o700 });
  const controlSocket = path.join(client, 'control');
  await writeFile(path.join(client, 'torrc'), clientTorrc(client, {
    dirAuthorities: dirAuthorityLines(plan), socks: 0, control: 0, socksSocket: path.join(client, 'socks'), controlSocket,
  }).replace('SocksPort 0\n', '').replace('ControlPort 0\n', ''));
  const children = [];
  let control;
  try {
    for (const relay of plan.relays) children.push(startTor(await writeRelay(dir, plan, relay, voting)));
    await sleep(Math.max(0, validAfter * 1000 - Date.now() - 500));
    children.push(startTor(path.join(client, 'torrc')));
    control = await until(() => Control.open({ path: controlSocket }, { cookieFile: path.join(client, 'control_auth_cookie') }), { what: 'client control' });
    await until(async () => /PROGRESS=100/.test(await control.info('status/bootstrap-phase')), { limit: 15000, what: 'client bootstrap' });
    const listed = ((await control.info('ns/all')).match(/^r /gm) ?? []).length;
    if (listed !== plan.relays.length) throw new Error(`consensus lists ${listed} of ${plan.relays.length} relays`);
    await until(async () => {
      for (const r of plan.relays) await control.info(`md/id/${r.fingerprint}`);
      return true;
    }, { what: 'all microdescriptors' });
    // Every relay keeps the consensus too, so that none asks for it later.
    await until(async () => (await Promise.all(plan.relays.map((r) => readFile(path.join(dir, r.nickname, 'cached-microdesc-consensus')).catch(() =>
      readFile(path.join(dir, r.nickname, 'cached-consensus')))))).length, { limit: 8000, what: 'consensus at every relay' }).catch(() => {});
  } finally {
    control?.close();
    await Promise.all(children.map((c) => end(c)));
  }
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
      if (/^(cached|unverified|v3-status|router-stability|state)/.test(file)) await rm(path.join(dir, name, file), { force: true });
  }
}

export async function bakedPlan(folder) {
  try {
    const made = JSON.parse(await readFile(path.join(folder, 'plan.json'), 'utf8'));
    return Date.now() - made.time < BAKE_LIFE_MS && made.time <= Date.now() ? made.plan : null;
  } catch { return null; }
}

// Bakes `plan` into `folder` (made whole, then renamed into place); returns the plan with fingerprints filled in.
// A vote counts only if the consensus lists every relay; on a busy machine the next try waits longer for them.
export async function bake(wanted, folder, log = () => {}) {
  await mkdir(path.dirname(folder), { recursive: true });
  const plan = structuredClone(wanted);
  const dir = await mkdtemp(folder + '.');
  try {
    log(`baking bed ${plan.n} (${plan.relays.length} relays)`);
    await makeKeys(dir, plan);
    for (let lead = 9 + Math.ceil(plan.relays.length / 6), attempt = 1; ; lead += 8, attempt++) {
      try { await vote(dir, plan, lead); break; } catch (e) {
        if (attempt === 5) throw e;
        log(`bake: ${e.message}; trying again`);
        await forgetConsensus(dir, plan);
      }
    }
    await writeFile(path.join(dir, 'plan.json'), JSON.stringify({ time: Date.now(), plan }));
    await rm(folder, { recursive: true, force: true });
    await rename(dir, folder);
    return plan;
  } finally {
    if (!process.env.SECONDEXIT_BED_KEEP) await rm(dir, { recursive: true, force: true });
  }
}
