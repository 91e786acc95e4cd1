// A server that sends 4 GiB, in a real browser, both editions: what the user sees, what the host keeps in memory, that the file is whole. Through a
// private Tor network on two processors that is more than twenty minutes for each, so it runs when it is asked for: `make e2e-large`.

import test from 'node:test';
import assert from 'node:assert/strict';
import { open, readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { freshName, until, withEditions } from './harness.mjs';
import { DownloadPage, PLAIN, downloadFolder } from './downloadpage.mjs';
import { generated } from '../origin/fileserver.mjs';

const SIZE = Number(process.env.SECONDEXIT_LARGE ?? 0) * 2 ** 30;
const HTTP = 18080, NAME = 'large.exe', LIMIT = 2400000, DIRTY_MAX_KIB = 32 * 1024;
// Tor writes every 10 ms otherwise; over four relays of one machine nothing else limits what comes through.
const FAST = 'KISTSchedRunInterval 2 msec';

/** Whether the file is what the server made, all of it. */
async function isWhole(file, body) {
  const handle = await open(file), piece = Buffer.alloc(2 ** 20);
  try {
    for (let at = 0; at < body.size; at += piece.length) {
      const { bytesRead } = await handle.read(piece, 0, piece.length, at);
      if (!piece.subarray(0, bytesRead).equals(body.at(at, piece.length))) return false;
    }
    return (await handle.stat()).size === body.size;
  } finally {
    await handle.close();
  }
}

/** What lies in the folder: {name: size}. */
const sizes = async (folder) => Object.fromEntries(await Promise.all((await readdir(folder)).map(async (name) => [name, (await stat(path.join(folder, name)).catch(() => ({ size: 0 }))).size])));

if (!SIZE) test('a server that sends 4 GiB', { skip: 'three quarters of an hour: make e2e-large' }, () => {});
else withEditions((edition, its) => {
  test(`a server that sends ${SIZE / 2 ** 30} GiB: sampled, whole under its name, little memory`, { timeout: LIMIT + 60000 }, async () => {
    const { firefox, origin, host } = its();
    // A program of Windows, as far as one looks.
    const body = generated(SIZE, { patched: { 0: 0x4d, 1: 0x5a, 0x3c: 0x80, 0x3d: 0, 0x3e: 0, 0x3f: 0, 0x80: 0x50, 0x81: 0x45, 0x82: 0, 0x83: 0 } });
    const site = freshName('large'), spec = { body, etag: '"large"' };
    origin.site(site, { files: { [`/${NAME}`]: spec } });
    const page = new DownloadPage(firefox);
    await page.forget();
    const folder = await downloadFolder(firefox);
    let most = 0;
    const shown = new Set();
    const watch = setInterval(async () => { most = Math.max(most, await host.privateDirty(firefox.pid).catch(() => 0)); }, 500);
    const began = Date.now();
    let entry, early = null;
    try {
      await firefox.open(`http://${site}:${HTTP}/${NAME}`);
      entry = await until(async () => {
        const now = (await page.entries()).find((e) => e.name === NAME && !page.known.has(e.id));
        if (now?.why === 'click') await page.press(now, 'start');
        if (!now) return null;
        if (now.phase === 'done') return now;
        shown.add(now.text);
        // Before the verdict nothing but a part: Firefox keeps an empty file under the final name as its place.
        const there = await sizes(folder);
        if (there[NAME]) early ??= there;
        return null;
      }, { limit: LIMIT, step: 2000, what: 'the verdict' });
    } finally {
      clearInterval(watch);
    }
    const seconds = Math.round((Date.now() - began) / 1000);
    process.stderr.write(`${edition}: ${entry.verdict} by ${entry.method} after ${seconds} s; at most ${(most / 1024).toFixed(1)} MiB private and dirty; ${shown.size} different texts; `
      + `${spec.served.map((s) => `${s.role}:${s.range || 'all'}`).join(' ').slice(0, 600)}\n`);
    assert.deepEqual([entry.verdict, entry.method], ['match', 'ranges'], entry.text);
    assert.match(entry.text, /%/, 'the probability of having missed something');
    assert.equal(early, null, 'bytes under the final name before the verdict');
    assert.ok(shown.size > 3, [...shown].join('\n'));
    assert.ok(most > 0 && most < DIRTY_MAX_KIB, `${most} KiB`);
    await until(async () => (await sizes(folder))[NAME] === SIZE, { what: 'the file under its name' });
    assert.deepEqual(Object.keys(await sizes(folder)), [NAME]);
    assert.ok(await isWhole(path.join(folder, NAME), body), 'every byte is the server’s');
  });
}, { net: { clientOptions: ['ConfluxEnabled 0', FAST], relayOptions: [FAST] }, firefox: { prefs: PLAIN } });
