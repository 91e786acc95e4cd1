// The certificate page: shows what the background page tells of this check, and sends clicks back. It decides nothing.
// What it needs after a reload is its id in the address; the site's address is kept in the history entry, so that
// "load the site again" works even when nobody remembers the check.

import { t, language, dressDocument, connectPage, leave } from '../platform/page.js';
import { h, clicked } from './dom.js';
import { body } from './view.js';
import { progress, refreshProgress } from './progress.js';
import { diagram } from './diagram.js';
import { titleOf } from './words.js';

dressDocument();

const page = document.getElementById('page');
const announce = document.getElementById('announce');
let shown = null;       // the view on the page
let circuits = null;    // answer to "what would a new circuit interrupt", while the question is open

const say = (text) => {
  if (announce.textContent !== text) announce.textContent = text;
};

const actions = {
  start: clicked(() => link.send({ kind: 'start' })),
  retry: clicked(() => link.send({ kind: 'retry' })),
  sameCountry: clicked(() => link.send({ kind: 'retry', sameCountry: true })),
  proceed: clicked(() => link.send({ kind: 'proceed' })),
  again: clicked(() => link.send({ kind: 'again', url: history.state?.url })),
  askCircuits: clicked(() => link.send({ kind: 'circuits' })),
  newCircuit: clicked(() => {
    circuits = null;
    link.send({ kind: 'newcircuit' });
  }),
  keepCircuit: clicked(() => {
    circuits = null;
    render(shown);
    document.getElementById('ask-circuits')?.focus();
  }),
  report: clicked(() => link.send({ kind: 'report' })),
  leave: clicked(leave),
};

// The same picture as a moment ago, but for what moves: nothing is rebuilt under the reader's hands.
const isSamePicture = (a, b) => a && a.phase === 'checking' && b.phase === 'checking' && a.host === b.host && a.k === b.k;

function render(view) {
  if (isSamePicture(shown, view)) {
    shown = view;
    return refreshProgress(t, language(), view, say);
  }
  const isNews = !shown || shown.phase !== view.phase || shown.verdict !== view.verdict;
  const hadFocus = document.activeElement && document.activeElement !== document.body ? document.activeElement.id : '';
  const open = new Set([...page.querySelectorAll('details[open]')].map((d) => d.id));
  shown = view;
  if (isNews) circuits = null;
  const children = body({ t, language: language(), view, actions, circuits, hasUrl: Boolean(history.state?.url), progress });
  page.replaceChildren(...children.filter(Boolean));
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  page.setAttribute('aria-busy', String(view.phase === 'checking'));
  mark(view);
  const title = titleOf(t, view);
  document.title = title;
  drawPaths();
  if (view.phase === 'checking') refreshProgress(t, language(), view, say);
  else say(title);
  const again = hadFocus && document.getElementById(hadFocus);
  if (again) again.focus();
  else if (isNews && view.phase !== 'checking') page.querySelector('h1').focus({ preventScroll: false });
  return undefined;
}

// Which state stands here, for styles and for tests; the words say the same.
function mark({ phase, verdict, result, problem, way, edition }) {
  const error = problem?.error ?? result?.error;
  Object.assign(page.dataset, {
    phase, question: shown?.question ?? '', verdict: phase === 'done' ? verdict : '', reason: result?.reason ?? '', problem: problem?.code ?? '', error: error?.code ?? '',
    way: way ?? '', elapsed: result?.elapsed_ms ?? '', edition: edition ?? '',
  });
}

function drawPaths() {
  const place = document.getElementById('diagram');
  if (!place || !shown?.result) return;
  const width = Math.floor(place.clientWidth) || 600;
  place.replaceChildren(diagram(t, language(), shown.result, shown.host, width, document.documentElement.dir === 'rtl'));
}

const link = connectPage((message) => {
  if (message.kind === 'state') {
    if (message.view.url) history.replaceState({ url: message.view.url }, '');
    render(message.view);
  }
  if (message.kind === 'circuits' && shown) {
    circuits = message;
    render(shown);
    document.getElementById('confirm-circuit')?.focus();
  }
});

page.replaceChildren(h('p', { class: 'soon' }, t('loading')));
let lastWidth = window.innerWidth;
window.addEventListener('resize', () => {
  if (window.innerWidth === lastWidth) return;
  lastWidth = window.innerWidth;
  drawPaths();
});
