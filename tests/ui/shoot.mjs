// Pictures of every page in every state: node tests/ui/shoot.mjs FOLDER [STATE…]
// At 320, 800 and 1400 pixels, light and dark, left-to-right and right-to-left, in a real Firefox. Also says what is
// wider than the window, what has no name for a screen reader, and which contrast is too low.

import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import puppeteer from 'puppeteer-core';
import { serve } from './serve.mjs';
import { COPY_STATES, PLAIN_STATES, REPORT_STATES, STATES } from './states.mjs';
import { DOWNLOAD_STATES } from './downloadstates.mjs';

const WIDTHS = [320, 800, 1400];
const [, , folder = 'build/ui', ...only] = process.argv;
const SCHEMES = { light: 1, dark: 0 };

// Runs in the page: faults that no picture shows.
function faults() {
  const found = [];
  const root = document.documentElement;
  if (root.scrollWidth > root.clientWidth + 1) found.push(`wider than the window: ${root.scrollWidth} > ${root.clientWidth}`);
  for (const e of document.querySelectorAll('button, [role=progressbar], summary')) {
    if (!(e.textContent.trim() || e.getAttribute('aria-label'))) found.push(`no name: ${e.outerHTML.slice(0, 80)}`);
  }
  for (const e of document.querySelectorAll('button:not(:disabled), summary')) {
    const { height, width } = e.getBoundingClientRect();
    if (width && (height < 24 || width < 24)) found.push(`small target: ${e.textContent}`);
  }
  if (/\bnull\b|undefined|\[object/.test(document.body.innerText)) found.push('a hole in the text');
  const parse = (c) => (c.match(/[\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((v) => v / 255).map((v) => (v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)).reduce((s, v, i) => s + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = (e) => {
    for (let n = e; n; n = n.parentElement) {
      const c = parse(getComputedStyle(n).backgroundColor);
      if (c.length === 3 || c[3] > 0.99) return c;
    }
    return [255, 255, 255];
  };
  for (const e of document.querySelectorAll('main *')) {
    if (e.closest('svg') || ![...e.childNodes].some((n) => n.nodeType === 3 && n.data.trim()) || !e.getClientRects().length) continue;
    const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) found.push(`contrast ${((a + 0.05) / (b + 0.05)).toFixed(2)}: ${e.textContent.slice(0, 40)}`);
  }
  return found;
}

const { server, origin } = await serve();
await mkdir(folder, { recursive: true });
let bad = 0;
for (const [scheme, override] of Object.entries(SCHEMES)) {
  const browser = await puppeteer.launch({ browser: 'firefox', executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr', headless: true,
    extraPrefsFirefox: { 'layout.css.prefers-color-scheme.content-override': override, 'ui.prefersReducedMotion': 1 } });
  const page = await browser.newPage();
  const shots = Object.keys(STATES).filter((s) => !only.length || only.includes(s)).map((state) => ({ name: state, path: `/certificate?state=${state}` }));
  shots.push(...Object.keys(COPY_STATES).filter((s) => !only.length || only.includes(s)).map((state) => ({ name: state, path: `/copy?state=${state}` })));
  shots.push(...Object.keys(DOWNLOAD_STATES).filter((s) => !only.length || only.includes(s)).map((state) => ({ name: state, path: `/download?state=${state}` })));
  shots.push(...Object.keys(REPORT_STATES).filter((s) => !only.length || only.includes(s)).map((state) => ({ name: state, path: `/report?state=${state}` })));
  shots.push(...['good', 'bad'].flatMap((o) => [{ name: `popup-${o}`, path: `/popup?overview=${o}` }, { name: `options-${o}`, path: `/options?overview=${o}` }]).filter(({ name }) => !only.length || only.includes(name)));
  shots.push(...Object.keys(PLAIN_STATES).filter((s) => !only.length || only.includes(s)).map((s) => ({ name: `popup-${s}`, path: `/popup?overview=${s}` })));
  for (const { name, path } of shots) {
    for (const language of ['en', 'ar', 'de']) {
      for (const width of WIDTHS) {
        if (name.startsWith('popup') && width > 800) continue;
        await page.setViewport({ width, height: 900 });
        await page.goto(`${origin}${path}&lang=${language}`);
        await page.waitForSelector('h1, form');
        const closed = await page.evaluate(faults);
        const file = join(folder, `${name}-${language}-${scheme}-${width}`);
        if (language !== 'de') await writeFile(`${file}.png`, await page.screenshot({ fullPage: true }));
        await page.evaluate(() => document.querySelectorAll('details').forEach((d) => d.setAttribute('open', '')));
        const open = await page.evaluate(faults);
        if (language !== 'de' && /^(mismatch|popup-plain|https-withheld)/.test(name)) await writeFile(`${file}-open.png`, await page.screenshot({ fullPage: true }));
        for (const fault of new Set([...closed, ...open])) {
          bad++;
          process.stdout.write(`${name} ${language} ${scheme} ${width}: ${fault}\n`);
        }
      }
    }
  }
  await browser.close();
}
server.close();
process.stdout.write(bad ? `${bad} faults\n` : 'no faults\n');
process.exitCode = bad ? 1 : 0;
