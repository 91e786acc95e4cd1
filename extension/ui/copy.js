// The window of a held copy: shows what the background page tells, and sends clicks back. It decides nothing.

import { t, language, dressDocument, connectPage } from '../platform/page.js';
import { clicked } from './dom.js';
import { copyBody } from './copyview.js';
import { copyTitle } from './copywords.js';
import { refreshProgress } from './progress.js';

dressDocument();

const page = document.getElementById('page');
const announce = document.getElementById('announce');
let shown = null;
let circuits = null;

const say = (text) => {
  if (announce.textContent !== text) announce.textContent = text;
};

const actions = {
  again: clicked(() => link.send({ kind: 'again' })),
  compare: clicked(() => link.send({ kind: 'compare' })),
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
  close: clicked(() => link.send({ kind: 'close' })),
  word: (event) => {
    event.preventDefault();
    const word = document.getElementById('word').value;
    if (event.isTrusted && word.trim()) link.send({ kind: 'word', word });
  },
};

const isSamePicture = (a, b) => a && a.phase === 'comparing' && b.phase === 'comparing' && a.k === b.k && a.word === b.word;

function render(view) {
  if (isSamePicture(shown, view)) {
    shown = view;
    return refreshProgress(t, language(), { ...view, slotFrom: 1 }, say);
  }
  const isNews = !shown || shown.phase !== view.phase || shown.compare !== view.compare;
  const typed = document.getElementById('word')?.value ?? '';
  const hadFocus = document.activeElement && document.activeElement !== document.body ? document.activeElement.id : '';
  const open = new Set([...page.querySelectorAll('details[open]')].map((d) => d.id));
  shown = view;
  page.replaceChildren(...copyBody({ t, language: language(), view, actions, circuits }).filter(Boolean));
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  if (typed && document.getElementById('word')) document.getElementById('word').value = typed;
  page.setAttribute('aria-busy', String(view.phase === 'comparing' || view.phase === 'asking'));
  Object.assign(page.dataset, {
    phase: view.phase, how: view.how ?? '', problem: view.problem?.code ?? '', reason: view.compare?.reason ?? '', verdict: view.compare?.verdict ?? '',
    whynot: view.whyNot ?? '', coin: view.addresses?.[0]?.coin ?? '', written: String(view.written ?? false), compareproblem: view.compareProblem?.code ?? '',
  });
  const title = copyTitle(t, view);
  document.title = view.word ? `${view.word}: ${title}` : title;
  if (view.phase === 'comparing') refreshProgress(t, language(), { ...view, slotFrom: 1 }, say);
  else say(title);
  const again = hadFocus && document.getElementById(hadFocus);
  if (again) again.focus();
  else if (isNews && view.phase !== 'comparing') page.querySelector('h1').focus();
  return undefined;
}

const link = connectPage((message) => {
  if (message.kind === 'state') render(message.view);
  if (message.kind === 'circuits' && shown) {
    circuits = message;
    render(shown);
    document.getElementById('confirm-circuit')?.focus();
  }
}, 'copy');

document.addEventListener('keydown', (event) => {
  if (event.isTrusted && event.key === 'Escape') link.send({ kind: 'close' });
});
