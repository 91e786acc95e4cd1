// The toolbar's popup: are host and tor there, how did the last check of this tab end, and is the plain page that it shows really
// only http (asked by a click alone).

import { t, language, dressDocument, ask, activeTab, requestHosts } from '../platform/page.js';
import { h, clicked } from './dom.js';
import { overviewLines, line } from './overview.js';
import { plainSection } from './plain.js';
import { titleOf, toneOf } from './words.js';

const TONES = { calm: 'good', alarm: 'bad', unsure: 'idle', wait: 'idle' };
// While a question is being asked.
const AGAIN_MS = 400;

const copyLine = ({ word, held }) => (held ? line('bad', t('popup_held')) : word ? line('good', t('popup_copies')) : line('idle', t('popup_word_missing')));

// What is held, or differs, and the way to it.
function downloadLines({ downloads }) {
  if (!downloads) return [];
  const { held, mismatches } = downloads;
  return [
    mismatches ? line('bad', t('popup_downloads_mismatch')) : held ? line('idle', t('popup_downloads', held)) : null,
    h('div', { class: 'actions' }, h('button', { id: 'downloads', type: 'button', onclick: clicked(() => ask({ kind: 'downloads' })) }, t('popup_downloads_show'))),
  ].filter(Boolean);
}

dressDocument();
const page = document.getElementById('page');
let shown = '';

function render(overview) {
  const last = overview.last && overview.last.phase !== 'over' ? overview.last : null;
  const act = (kind) => clicked(async () => show({ kind, tabId: (await activeTab())?.id }));
  page.replaceChildren(
    h('h1', {}, t('extension_name')),
    ...overviewLines(t, overview, clicked(async () => {
      await requestHosts();
      show();
    })).filter(Boolean),
    ...(overview.plain ? plainSection(t, language(), overview.plain, { ask: act('plain'), open: act('plainopen') }) : []).filter(Boolean),
    last ? line(TONES[toneOf(last)], titleOf(t, last)) : overview.plain ? '' : line('idle', t('popup_no_check')),
    copyLine(overview),
    ...downloadLines(overview),
    h('p', { class: 'small' }, t(overview.edition === 'privileged' ? 'edition_privileged' : 'edition_standard')));
}

// Drawn anew only when something changed: nothing moves under the reader's hands.
async function show(message) {
  const overview = await ask(message ?? { kind: 'overview', tabId: (await activeTab())?.id });
  const { elapsedMs, ...view } = overview.plain?.view ?? {};
  const now = JSON.stringify({ ...overview, plain: overview.plain && { ...overview.plain, view } });
  if (now !== shown) {
    const focused = document.activeElement?.id;
    render(overview);
    if (focused) document.getElementById(focused)?.focus();
  }
  shown = now;
  if (overview.plain?.view?.phase === 'checking') setTimeout(show, AGAIN_MS);
}

show();
