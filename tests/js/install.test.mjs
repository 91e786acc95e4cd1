// `secondexit install` and `uninstall` in made-up homes: what is written, what is left alone, what is not created.
import test from 'node:test';
import assert from 'node:assert/strict';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const PROGRAM = path.resolve(ROOT, process.env.SECONDEXIT ?? 'build/secondexit');
const FILE = 'org.secondexit.host.json';
const TOR_HOME = 'Browser/TorBrowser/Data/Browser';
const HOSTS = '.mozilla/native-messaging-hosts';

function home(t, ...dirs) {
  const dir = fs.mkdtempSync(path.join(os.tmpdir(), 'secondexit-home-'));
  t.after(() => {
    spawnSync('chmod', ['-R', 'u+rwx', dir]);
    fs.rmSync(dir, { recursive: true });
  });
  for (const d of dirs) fs.mkdirSync(path.join(dir, d), { recursive: true });
  return dir;
}

function run(dir, verb, args = [], env = {}) {
  const r = spawnSync(PROGRAM, [verb, ...args], {
    encoding: 'utf8',
    env: { HOME: dir, PATH: process.env.PATH, ...env },
  });
  return { status: r.status, out: r.stdout, err: r.stderr };
}

function json(dir, verb, args = [], env = {}) {
  const r = run(dir, verb, [...args, '--json'], env);
  return { ...r, lines: r.out.split('\n').filter(Boolean).map((l) => JSON.parse(l)) };
}

// Every file and folder below dir, folders with a final slash.
function tree(dir, below = '') {
  return fs.readdirSync(path.join(dir, below), { withFileTypes: true }).flatMap((e) => {
    const name = path.join(below, e.name);
    return e.isDirectory() ? [`${name}/`, ...tree(dir, name)] : [name];
  }).sort();
}

function manifest(dir, ...at) {
  return JSON.parse(fs.readFileSync(path.join(dir, ...at, FILE), 'utf8'));
}

test('Firefox: the manifest, nothing else, and back', (t) => {
  const dir = home(t, '.mozilla/firefox/x.default');
  const before = tree(dir);
  const r = json(dir, 'install');
  assert.equal(r.status, 0, r.err);
  assert.equal(r.lines.length, 1);
  assert.equal(r.lines[0].outcome, 'written');
  assert.deepEqual(manifest(dir, HOSTS), {
    name: 'org.secondexit.host',
    description: 'SecondExit: looks again through other Tor exits',
    path: PROGRAM,
    type: 'stdio',
    allowed_extensions: ['secondexit@secondexit.org'],
  });
  assert.deepEqual(tree(dir).filter((f) => !before.includes(f)), [`${HOSTS}/`, `${HOSTS}/${FILE}`]);
  assert.equal(fs.statSync(path.join(dir, HOSTS, FILE)).mode & 0o777, 0o644);
  assert.equal(run(dir, 'uninstall').status, 0);
  assert.deepEqual(tree(dir), before);
});

test('the written text is the template with the program in it', (t) => {
  const dir = home(t, '.mozilla');
  run(dir, 'install');
  const template = fs.readFileSync(path.join(ROOT, 'manifests', `${FILE}.in`), 'utf8');
  assert.equal(fs.readFileSync(path.join(dir, HOSTS, FILE), 'utf8'), template.replace('@PROGRAM@', PROGRAM));
});

test('twice is once: the second time writes nothing', (t) => {
  const dir = home(t, '.mozilla');
  run(dir, 'install');
  const at = path.join(dir, HOSTS, FILE);
  const { mtimeNs, ino } = fs.statSync(at, { bigint: true });
  const r = json(dir, 'install');
  assert.equal(r.status, 0);
  assert.equal(r.lines[0].outcome, 'unchanged');
  const now = fs.statSync(at, { bigint: true });
  assert.deepEqual([now.mtimeNs, now.ino], [mtimeNs, ino]);
  assert.deepEqual(fs.readdirSync(path.join(dir, HOSTS)), [FILE]);
});

test('Firefox with profiles in ~/.config only reads ~/.mozilla all the same', (t) => {
  const dir = home(t, '.config/mozilla/firefox/x.default');
  const before = tree(dir);
  assert.equal(run(dir, 'install').status, 0);
  assert.equal(manifest(dir, HOSTS).path, PROGRAM);
  run(dir, 'uninstall');
  assert.deepEqual(tree(dir), before);
});

test('… and XDG_CONFIG_HOME is honoured', (t) => {
  const dir = home(t, 'conf/mozilla/firefox');
  assert.equal(run(dir, 'install').status, 1);
  assert.equal(run(dir, 'install', [], { XDG_CONFIG_HOME: path.join(dir, 'conf') }).status, 0);
});

for (const place of [
  '.local/share/torbrowser/tbb/x86_64/tor-browser',
  '.local/share/torbrowser/tbb/x86_64/tor-browser_en-US',
  'tor-browser',
  'tor-browser_de',
  'tor-browser-linux-x86_64-15.0/tor-browser',
  'Desktop/tor-browser',
  'Downloads/tor-browser',
  'Downloads/tor-browser (2)',
  '.tb/tor-browser',
  '.tor-browser/app',
  '.local/opt/tor-browser/app',
]) {
  test(`Tor Browser in ${place}`, (t) => {
    const dir = home(t, `${place}/${TOR_HOME}/profile.default`);
    const before = tree(dir);
    const r = json(dir, 'install');
    assert.equal(r.status, 0, r.err);
    assert.deepEqual(r.lines.map((l) => [l.browser, l.outcome]), [['Tor Browser', 'written']]);
    assert.equal(manifest(dir, place, TOR_HOME, HOSTS).path, PROGRAM);
    assert.deepEqual(tree(dir).filter((f) => !before.includes(f)).length, 3);
    assert.equal(run(dir, 'uninstall').status, 0);
    assert.deepEqual(tree(dir), before);
  });
}

test('Desktop and Downloads by their names in other languages', (t) => {
  const dir = home(t, `Schreibtisch/tor-browser/${TOR_HOME}`, '.config');
  fs.writeFileSync(path.join(dir, '.config/user-dirs.dirs'), '# x\nXDG_DESKTOP_DIR="$HOME/Schreibtisch"\nXDG_MUSIC_DIR="/etc"\n');
  assert.equal(run(dir, 'install').status, 0);
  assert.equal(manifest(dir, 'Schreibtisch/tor-browser', TOR_HOME, HOSTS).name, 'org.secondexit.host');
});

test('Tor Browser whose home has a .mozilla: both places', (t) => {
  const dir = home(t, `tor-browser/${TOR_HOME}`, 'tor-browser/Browser/.mozilla');
  const before = tree(dir);
  assert.equal(json(dir, 'install').lines.length, 2);
  assert.equal(manifest(dir, 'tor-browser', TOR_HOME, HOSTS).path, PROGRAM);
  assert.equal(manifest(dir, 'tor-browser/Browser', HOSTS).path, PROGRAM);
  run(dir, 'uninstall');
  // The empty .mozilla that was there is a browser's, but empty: it may go or stay; nothing else may differ.
  assert.deepEqual(tree(dir).filter((f) => !before.includes(f)), []);
});

test('several at once, each once', (t) => {
  const dir = home(t, '.mozilla', `tor-browser/${TOR_HOME}`, `Desktop/tor-browser/${TOR_HOME}`);
  fs.symlinkSync(path.join(dir, 'tor-browser'), path.join(dir, 'Downloads-link'));
  fs.mkdirSync(path.join(dir, 'Downloads'));
  fs.symlinkSync('../tor-browser', path.join(dir, 'Downloads/tor-browser'));
  const r = json(dir, 'install');
  assert.equal(r.status, 0);
  assert.equal(r.lines.length, 3);
});

test('an unusual place, by option; a wrong one is a usage error and nothing is written', (t) => {
  const dir = home(t, `strange/place/${TOR_HOME}`);
  assert.equal(run(dir, 'install').status, 1);
  const r = run(dir, 'install', ['--tor-browser', path.join(dir, 'strange/place')]);
  assert.equal(r.status, 0, r.err);
  assert.equal(manifest(dir, 'strange/place', TOR_HOME, HOSTS).path, PROGRAM);
  assert.equal(run(dir, 'uninstall', [`--tor-browser=${dir}/strange/place`]).status, 0);
  const before = tree(dir);
  for (const bad of [path.join(dir, 'strange'), path.join(dir, 'nowhere'), '']) {
    assert.equal(run(dir, 'install', ['--tor-browser', bad]).status, 2);
  }
  assert.equal(run(dir, 'install', ['--tor-browser']).status, 2);
  assert.equal(run(dir, 'install', ['more']).status, 2);
  assert.deepEqual(tree(dir), before);
});

test('no browser: nothing is created, and it says so', (t) => {
  const dir = home(t, 'Desktop', 'Downloads', '.local/share', '.config');
  const before = tree(dir);
  const r = run(dir, 'install');
  assert.equal(r.status, 1);
  assert.match(r.out, /Start Firefox or Tor Browser once/);
  assert.deepEqual(tree(dir), before);
  assert.equal(run(dir, 'uninstall').status, 0);
  assert.deepEqual(tree(dir), before);
});

test('a half-made Tor Browser folder is left alone: a stray folder breaks torbrowser-launcher', (t) => {
  const dir = home(t, '.local/share/torbrowser/tbb/x86_64/tor-browser', 'tor-browser/Browser/TorBrowser', 'tor-browser_x');
  const before = tree(dir);
  assert.equal(run(dir, 'install').status, 1);
  assert.deepEqual(tree(dir), before);
});

test('read-only profile: said, and the others go on', (t) => {
  if (process.getuid() === 0) {
    // Root writes everywhere: a folder that can't be made, because a file has its name, stands in for it.
    const dir = home(t, '.mozilla', `tor-browser/${TOR_HOME}`);
    fs.writeFileSync(path.join(dir, HOSTS), 'in the way');
    const r = json(dir, 'install');
    assert.equal(r.status, 1);
    assert.deepEqual(r.lines.map((l) => l.outcome), ['failed', 'written']);
    assert.ok(r.lines[0].error);
    assert.equal(fs.readFileSync(path.join(dir, HOSTS), 'utf8'), 'in the way');
    return;
  }
  const dir = home(t, '.mozilla', `tor-browser/${TOR_HOME}`);
  fs.chmodSync(path.join(dir, '.mozilla'), 0o555);
  const r = json(dir, 'install');
  assert.equal(r.status, 1);
  assert.deepEqual(r.lines.map((l) => l.outcome), ['failed', 'written']);
  assert.match(r.lines[0].error, /[Pp]ermission/);
});

test('other hosts in the folder stay, and so does the folder', (t) => {
  const dir = home(t, HOSTS);
  fs.writeFileSync(path.join(dir, HOSTS, 'org.other.json'), '{}');
  run(dir, 'install');
  assert.equal(run(dir, 'uninstall').status, 0);
  assert.deepEqual(fs.readdirSync(path.join(dir, HOSTS)), ['org.other.json']);
});

test('a file of our name that is not ours is neither replaced nor removed', (t) => {
  for (const text of ['not JSON', '{}', '{"name":"org.secondexit.host","allowed_extensions":["evil@x"]}', '', '[1]',
    '{"name":"org.secondexit.host","name":"x","allowed_extensions":["secondexit@secondexit.org"]}',
    `{"name":"org.secondexit.host","allowed_extensions":["secondexit@secondexit.org","evil@x"]}`, 'x'.repeat(10000)]) {
    const dir = home(t, HOSTS);
    fs.writeFileSync(path.join(dir, HOSTS, FILE), text);
    const r = json(dir, 'install');
    assert.equal(r.status, 1);
    assert.equal(r.lines[0].outcome, 'foreign');
    run(dir, 'uninstall');
    assert.equal(fs.readFileSync(path.join(dir, HOSTS, FILE), 'utf8'), text);
  }
});

test('ours of an earlier place is replaced, and removed', (t) => {
  const dir = home(t, HOSTS);
  const old = JSON.stringify({ name: 'org.secondexit.host', path: '/gone', allowed_extensions: ['secondexit@secondexit.org'] });
  fs.writeFileSync(path.join(dir, HOSTS, FILE), old);
  assert.equal(json(dir, 'install').lines[0].outcome, 'written');
  assert.equal(manifest(dir, HOSTS).path, PROGRAM);
  fs.writeFileSync(path.join(dir, HOSTS, FILE), old);
  assert.equal(json(dir, 'uninstall').lines[0].outcome, 'removed');
});

test('a link of our name is replaced itself; what it points to is not written through', (t) => {
  const dir = home(t, HOSTS);
  const target = path.join(dir, 'precious');
  const ours = JSON.stringify({ name: 'org.secondexit.host', path: '/gone', allowed_extensions: ['secondexit@secondexit.org'] });
  fs.writeFileSync(target, ours);
  fs.symlinkSync(target, path.join(dir, HOSTS, FILE));
  assert.equal(run(dir, 'install').status, 0);
  assert.equal(fs.readFileSync(target, 'utf8'), ours);
  assert.equal(fs.lstatSync(path.join(dir, HOSTS, FILE)).isFile(), true);
});

test('a pipe or a folder in the manifest\'s place does not hang it', (t) => {
  const dir = home(t, `${HOSTS}/${FILE}`);
  assert.equal(run(dir, 'install').status, 1);
  fs.rmdirSync(path.join(dir, HOSTS, FILE));
  spawnSync('mkfifo', [path.join(dir, HOSTS, FILE)]);
  const r = spawnSync(PROGRAM, ['install'], { env: { HOME: dir }, timeout: 30000 });
  assert.equal(r.status, 1);
});

test('a path with quotes and spaces makes valid JSON', (t) => {
  const dir = home(t, '.mozilla', 'odd "place" \\ é');
  const copy = path.join(dir, 'odd "place" \\ é', 'secondexit');
  fs.copyFileSync(PROGRAM, copy);
  fs.chmodSync(copy, 0o755);
  const r = spawnSync(copy, ['install'], { env: { HOME: dir }, encoding: 'utf8' });
  assert.equal(r.status, 0, r.stderr);
  assert.equal(manifest(dir, HOSTS).path, copy);
});

test('macOS layouts', (t) => {
  const lib = 'Library/Application Support';
  const dir = home(t, `${lib}/Firefox/Profiles`, `${lib}/TorBrowser-Data/Browser`);
  const before = tree(dir);
  assert.equal(run(dir, 'install').status, 0);
  assert.equal(manifest(dir, lib, 'Mozilla/NativeMessagingHosts').path, PROGRAM);
  assert.equal(manifest(dir, lib, 'TorBrowser-Data/Browser/Mozilla/NativeMessagingHosts').path, PROGRAM);
  run(dir, 'uninstall');
  assert.deepEqual(tree(dir).filter((f) => !before.includes(f) && !f.endsWith('/')), []);
});

test('Flatpak: said, not tried; snap: where the portal reads it', (t) => {
  const flat = home(t, '.var/app/org.mozilla.firefox/.mozilla');
  const before = tree(flat);
  const r = json(flat, 'install');
  assert.equal(r.status, 1);
  assert.equal(r.lines[0].outcome, 'impossible');
  assert.deepEqual(tree(flat), before);
  const snap = home(t, 'snap/firefox/common/.mozilla/firefox');
  assert.equal(run(snap, 'install').status, 0);
  assert.equal(manifest(snap, HOSTS).path, PROGRAM);
});

test('a HOME that is no absolute path: refused, nothing is written', (t) => {
  const dir = home(t, 'relative/.mozilla');
  for (const odd of ['relative', '.', '']) {
    const r = spawnSync(PROGRAM, ['install'], { cwd: dir, env: { HOME: odd }, encoding: 'utf8' });
    assert.equal(r.status, 3);
    assert.match(r.stderr, /home folder/);
  }
  assert.deepEqual(tree(dir), ['relative/', 'relative/.mozilla/']);
});
