// make demo: what SecondExit does, to look at. A private Tor network, a real Firefox ESR behind an exit that intercepts: the
// verdict as text, pictures in build/demo/. With a display the browser stays open to play with; --headless otherwise.
//
//   node tests/e2e/demo.mjs [--headless] [--edition standard|privileged]

import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { CertPage } from './certpage.mjs';
import { BUILD, PORT, freshName, startBed, startBrowser, until, urlOf } from './harness.mjs';

const args = process.argv.slice(2);
const isHeadless = args.includes('--headless') || !(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
const edition = args[args.indexOf('--edition') + 1] === 'standard' ? 'standard' : 'privileged';
const OUT = path.join(BUILD, 'demo');
const SIZES = { wide: [1280, 1000], narrow: [340, 900] };
const THEMES = { light: 1, dark: 0 };

const say = (text = '') => process.stdout.write(`${text}\n`);

async function visit({ firefox, origin }, name, site) {
  origin.site(name, site);
  const tab = await firefox.open(urlOf(name));
  const page = new CertPage(tab, { name, port: PORT, edition, origin });
  await page.begin();
  return page;
}

async function pictures({ firefox }, page, what) {
  for (const [theme, value] of Object.entries(THEMES)) {
    await firefox.chrome((v) => Services.prefs.setIntPref('layout.css.prefers-color-scheme.content-override', v), value ? 1 : 0);
    for (const [size, [width, height]] of Object.entries(SIZES)) {
      await page.tab.size(width, height);
      await page.tab.eval(() => new Promise((resolve) => { requestAnimationFrame(() => requestAnimationFrame(resolve)); }));
      await page.tab.screenshot(path.join(OUT, `${what}-${theme}-${size}.png`), { isWhole: true });
    }
  }
  await page.tab.size(...SIZES.wide);
}

async function tell(page, { verdict, reason, elapsed }, what, facts) {
  say(`\n── ${what}`);
  say(`   verdict: ${verdict} (${reason}), after ${elapsed} ms`);
  for (const fact of facts) say(`   ${fact}`);
  const lines = await page.tab.eval(() => [...document.querySelectorAll('h1, .lead p')].map((e) => e.textContent));
  say(`   the page: ${lines.join('\n             ')}`);
}

const whoSaw = (origin, name) => origin.connections(name).map((c) =>
  `${c.role === 0 ? 'first exit ' : 'other exit '} ${c.exit}: ${c.intercepts ? 'INTERCEPTS' : 'honest'} (${c.behaviour})`);

async function show(bed, browser) {
  const { origin } = bed;
  const scene = { origin, firefox: browser.firefox };

  // Silent corroborators keep the check under way long enough for a picture.
  const slow = await visit(scene, freshName('bank'), { first: 'forged', others: ['valid', 'stall', 'stall'] });
  await slow.phase('checking');
  await until(async () => (await slow.tab.eval(() => document.querySelectorAll('#bar ~ ul .exit:not(:empty)').length)) > 1, { limit: 5000 }).catch(() => {});
  await pictures(scene, slow, 'checking');
  await slow.tab.close();

  const bank = freshName('bank');
  const bad = await visit(scene, bank, { first: 'forged', others: 'valid' });
  const mismatch = await bad.done();
  await pictures(scene, bad, 'mismatch');
  await tell(bad, mismatch, `https://${bank}: the exit intercepts, the site has a valid certificate`, [...whoSaw(origin, bank),
    `the interceptor got: ${origin.leaks(bank).length === 0 ? 'nothing (no cookie, no body)' : 'SOMETHING'}`]);

  const blog = freshName('blog');
  const good = await visit(scene, blog, { first: 'self-signed', others: 'self-signed' });
  const match = await good.done();
  await pictures(scene, good, 'match');
  await tell(good, match, `https://${blog}: the exit is honest, the site signed its own certificate`, whoSaw(origin, blog));
  await good.goOn();
  say(`   the way on led to the page, served by: ${await good.site()}`);

  say(`\npictures: ${OUT}/`);
  if (mismatch.verdict !== 'mismatch' || match.verdict !== 'match') throw new Error('the demo did not end as it must');
  return { bank, blog };
}

async function stay({ bank, blog }, browser) {
  say(`\nThe browser stays open. Try ${urlOf(bank)} (intercepted), ${urlOf(blog)} (honest), or any name under .test with port ${PORT}.`);
  say('Close it, or press Ctrl-C, to end.');
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
    browser.firefox.exited.then(resolve);
  });
}

say('starting a private Tor network (3 authorities, 2 middles, 8 exits, 1 client) …');
await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const bed = await startBed();
let browser = null;
try {
  say(`starting Firefox with the ${edition} edition …`);
  browser = await startBrowser(bed, edition, { headless: isHeadless });
  const names = await show(bed, browser);
  if (!isHeadless) await stay(names, browser);
} catch (e) {
  process.exitCode = 1;
  say(`\ndemo failed: ${e.message}`);
} finally {
  await browser?.stop();
  await bed.stop();
}
process.exit();
