#!/usr/bin/env node
// `make bench-copy`: how long a copy is held in a real Firefox, both editions. Held until answered: from the copy event in an insecure page,
// before any listener, to the copy that the content script makes because the host found nothing. Beside it, until the clipboard has it: what
// the browser itself does with a megabyte included. 1 MiB of prose with one ticket number (it can't be told from an
// address without asking), the same in German, the ticket alone; and, for comparison, 1 MiB that the browser copies by itself. Medians of
// several runs; the figure to be kept under is printed beside, never a test that fails by time. build/bench/copy.txt, copy.json.
//   node tests/bench/copy.mjs [--out build/bench] [--runs 11]

import { mkdirSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { EDITIONS, freshName, startBed, startBrowser, until } from '../e2e/harness.mjs';
import { press } from '../e2e/clipboard.mjs';
import { HTTP, PREFS, pageOf } from '../e2e/copypages.mjs';

const ROOT = path.resolve(path.dirname(new URL(import.meta.url).pathname), '../..');
const args = process.argv.slice(2);
const option = (name, otherwise) => { const at = args.indexOf(name); return at >= 0 ? args[at + 1] : otherwise; };
const OUT = option('--out', path.join(ROOT, 'build/bench')), RUNS = Number(option('--runs', 11));
const AIM_MS = 50, MIB = 1 << 20;
const TICKET = '9f3c8a52b1d04e6790aa12cd34ef56ab7788';
const filled = (sentence, end) => sentence.repeat(Math.ceil(MIB / sentence.length)).slice(0, MIB - end.length) + end;
const HELD = '1 MiB of prose with a ticket number', ALONE = '1 MiB that is not held';
const TEXTS = {
  [HELD]: filled('The quick brown fox of 2019 jumps over the lazy dogs, again and again. ', ` ${TICKET}`),
  '1 MiB of German prose with one': filled('Übergänge im Jahr 2019 – “so” heißt es… – sind für viele schöne Städte wie München üblich. ', ` ${TICKET}`),
  'the ticket number alone': TICKET,
  [ALONE]: filled('The quick brown fox jumps over the lazy dogs, again and again. ', ''),
};

// In the browser's own process: the clipboard is emptied; then watched for text, and the clock read when it is there.
const watchClipboard = (firefox) => firefox.chrome(() => {
  const empty = Components.classes['@mozilla.org/widget/transferable;1'].createInstance(Components.interfaces.nsITransferable);
  empty.init(null);
  empty.addDataFlavor('text/html');
  const string = Components.classes['@mozilla.org/supports-string;1'].createInstance(Components.interfaces.nsISupportsString);
  string.data = 'x';
  empty.setTransferData('text/html', string);
  Services.clipboard.setData(empty, null, Services.clipboard.kGlobalClipboard);
  const timer = Components.classes['@mozilla.org/timer;1'].createInstance(Components.interfaces.nsITimer);
  Services.secondexitBench = { timer, at: 0 };
  timer.initWithCallback({ notify: () => {
    if (!Services.clipboard.hasDataMatchingFlavors(['text/plain'], Services.clipboard.kGlobalClipboard)) return;
    Services.secondexitBench.at = Date.now();
    timer.cancel();
  } }, 1, Components.interfaces.nsITimer.TYPE_REPEATING_SLACK);
});
const seenAt = (firefox) => firefox.chrome(() => Services.secondexitBench.at);

// Sees each of the tab's copies before every listener of page and extension: the person's first, then the one with which it is let go.
const watchCopies = (firefox) => firefox.chrome(() => {
  const { messageManager } = Services.wm.getMostRecentWindow('navigator:browser').gBrowser.selectedBrowser;
  const script = 'addEventListener("copy", (e) => { if (e.isTrusted) sendAsyncMessage("bench:copy", Date.now()); }, true);';
  Services.secondexitCopies = [];
  messageManager.addMessageListener('bench:copy', ({ data }) => Services.secondexitCopies.push(data));
  messageManager.loadFrameScript(`data:,${encodeURIComponent(script)}`, false);
});
const copiesSeen = (firefox) => firefox.chrome(() => Services.secondexitCopies);

// The page copies the text by its own listener, so that the browser has no megabyte to draw. {answered (null: it wasn't held), filled}: ms
async function measure(firefox, tab, text) {
  await tab.eval((t) => { document.oncopy = (e) => { e.preventDefault(); e.clipboardData.setData('text/plain', t); }; }, text);
  await watchClipboard(firefox);
  await firefox.chrome(() => { Services.secondexitCopies.length = 0; });
  await press(tab, 'c');
  const at = await until(() => seenAt(firefox), { limit: 60000, what: 'the copy' });
  const [began, again] = await copiesSeen(firefox);
  return { answered: again ? again - began : null, filled: at - began };
}

const median = (list) => [...list].sort((a, b) => a - b)[list.length >> 1];
const spread = (list) => `${median(list)} (${Math.min(...list)} to ${Math.max(...list)})`;
const out = [], data = { load: os.loadavg(), cpus: os.cpus().length, runs: RUNS, aim: AIM_MS, editions: {} };
const say = (line) => { out.push(line); console.log(line); };

const bed = await startBed();
try {
  say(`held copies, ${os.cpus().length} processors, load ${os.loadavg()[0].toFixed(1)}, ${RUNS} runs each: median (least to most), ms; aim: answered in under ${AIM_MS}`);
  for (const edition of EDITIONS) {
    const browser = await startBrowser(bed, edition, { prefs: { ...PREFS, 'privacy.reduceTimerPrecision': false } });
    try {
      const { firefox } = browser;
      const name = freshName('bench');
      bed.origin.site(name, { pages: { '/': () => ['text/html; charset=utf-8', pageOf('<p id="p">some words</p>')] } });
      const tab = await firefox.open(`http://${name}:${HTTP}/`);
      await tab.wait(() => document.readyState === 'complete' && Boolean(document.getElementById('end')), { what: 'the page' });
      await watchCopies(firefox);
      data.editions[edition] = {};
      for (const [what, text] of Object.entries(TEXTS)) {
        await measure(firefox, tab, text);
        const took = [];
        for (let i = 0; i < RUNS; i++) took.push(await measure(firefox, tab, text));
        const answered = took.map((t) => t.answered).filter((t) => t !== null), filled = took.map((t) => t.filled);
        if (answered.length !== (what === ALONE ? 0 : RUNS)) throw new Error(`${what}: held ${answered.length} times of ${RUNS}`);
        data.editions[edition][what] = { answered, filled };
        const held = answered.length ? `held until answered ${spread(answered)}  ${median(answered) < AIM_MS ? 'ok' : 'ABOVE'} ${AIM_MS};` : 'not held;';
        say(`${edition.padEnd(11)} ${what.padEnd(36)} ${held} in the clipboard ${spread(filled)}`);
      }
    } finally {
      await browser.stop();
    }
  }
} finally {
  await bed.stop();
}
mkdirSync(OUT, { recursive: true });
writeFileSync(path.join(OUT, 'copy.txt'), out.join('\n') + '\n');
writeFileSync(path.join(OUT, 'copy.json'), JSON.stringify(data, null, 1) + '\n');
