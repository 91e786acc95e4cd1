// The toolbar's popup: are host and tor there, and how did the last check of this tab end.

import { t, dressDocument, ask, activeTab, requestHosts } from '../platform/page.js';
import { h, clicked } from './dom.js';
import { overviewLines, line } from './overview.js';
import { titleOf, toneOf } from './words.js';

const TONES = { calm: 'good', alarm: 'bad', unsure: 'idle', wait: 'idle' };

const copyLine = ({ word, held }) => (held ? line('bad', t('popup_held')) : word ? line('good', t('popup_copies')) : line('idle', t('popup_word_missing')));

dressDocument();
const page = document.getElementById('page');

async function show() {
  const tab = await activeTab();
  const overview = await ask({ kind: 'overview', tabId: tab?.id });
  const last = overview.last && overview.last.phase !== 'over' ? overview.last : null;
  page.replaceChildren(
    h('h1', {}, t('extension_name')),
    ...overviewLines(t, overview, clicked(async () => {
      await requestHosts();
      show();
    })).filter(Boolean),
    last ? line(TONES[toneOf(last)], titleOf(t, last)) : line('idle', t('popup_no_check')),
    copyLine(overview),
    h('p', { class: 'small' }, t(overview.edition === 'privileged' ? 'edition_privileged' : 'edition_standard')));
}

show();
