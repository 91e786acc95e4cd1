// Pictures of the collector's page: node tests/ui/collector.mjs URL FOLDER PATH…   (paths of the page: / /finding/1 …)
// At 320, 800 and 1400 pixels, light and dark, in a real Firefox with scripts of pages turned off. Says what is wider than the window, which contrast is too low,
// and whether anything was loaded beside the page and its style sheet.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';

const WIDTHS = [320, 800, 1400];

// Runs in the page, by the debugger: pages' own scripts are off.
function faults() {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth + 1) found.push(`wider than the window: ${root.scrollWidth} > ${root.clientWidth}`);
  if (/\bnull\b|undefined|\[object/.test(document.body.innerText)) found.push('a hole in the text');
  if (!document.querySelector('h1') || document.documentElement.lang !== 'en') found.push('no heading, or no language');
  if (document.scripts.length) found.push('a script');
  const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (let n = e; n; n = n.parentElement) {
      const c = parse(getComputedStyle(n).backgroundColor);
      if (c.length === 3 || c[3] > 0.99) return c;
    }
    return [255, 255, 255];
  };
  for (const e of document.querySelectorAll('body *')) {
    if (![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(`contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}: ${e.textContent.slice(0, 40)}`);
  }
  return found;
}

// → list of faults; pictures NAME-SCHEME-WIDTH.png in folder (null: none).
export async function shoot(url, folder, paths) {
  if (folder) await mkdir(folder, { recursive: true });
  const bad = [];
  for (const [scheme, override] of [['light', 1], ['dark', 0]]) {
    const browser = await puppeteer.launch({ browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', headless: true,
      extraPrefsFirefox: { 'javascript.enabled': false, 'layout.css.prefers-color-scheme.content-override': override } });
    try {
      const page = await browser.newPage();
      const asked = [];
      page.on('request', (r) => asked.push(r.url()));
      for (const path of paths) {
        for (const width of WIDTHS) {
          // page.setViewport also turns the screen, which Firefox 140 can't.
          await browser.connection.send('browsingContext.setViewport', { context: page.mainFrame()._id, viewport: { width, height: 900 } });
          await page.goto(url + path);
          const name = path === '/' ? 'queue' : path.slice(1, 16).replace(/\W/g, '-');
          for (const f of await page.evaluate(faults)) bad.push(`${path} ${scheme} ${width}: ${f}`);
          if (folder) await writeFile(join(folder, `${name}-${scheme}-${width}.png`), await page.screenshot({ fullPage: true }));
        }
      }
      // ESR 140 tells of a font of its own, which comes from nowhere.
      for (const u of new Set(asked)) if (!u.startsWith(url) && !u.startsWith('data:font/')) bad.push(`loaded ${u}`);
    } finally { await browser.close(); }
  }
  return bad;
}

if (process.argv[1]?.endsWith('ui/collector.mjs')) {
  const [, , url, folder, ...paths] = process.argv;
  const bad = await shoot(url, folder, paths.length ? paths : ['/']);
  process.stdout.write(bad.map((b) => `${b}\n`).join('') || 'no faults\n');
  process.exitCode = bad.length ? 1 : 0;
}
