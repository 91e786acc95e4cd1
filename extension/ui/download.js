// The page of downloads: shows what the background page tells, and sends clicks back. It decides nothing.

import { t, language, dressDocument, connectPage } from '../platform/page.js';
import { clicked } from './dom.js';
import { downloadsBody, refreshFile, titleOf } from './downloadview.js';

dressDocument();

const page = document.getElementById('page');
const announce = document.getElementById('announce');
let shown = null;

const say = (text) => {
  if (announce.textContent !== text) announce.textContent = text;
};

const act = (kind, id) => clicked(() => link.send({ kind, id }));

// The same entries in the same states: only what moves is renewed, nothing is rebuilt under the reader's hands.
const picture = (view) => view.entries.map((e) => [e.id, e.phase, e.verdict, e.why, e.evidence, e.note, e.isRemoved, e.isGone, e.result?.elapsed_ms].join()).join(';');

function render(view) {
  const isSame = shown && picture(shown) === picture(view);
  const before = new Map((shown?.entries ?? []).map((e) => [e.id, e]));
  shown = view;
  if (isSame) {
    for (const entry of view.entries) refreshFile(t, language(), entry);
    return;
  }
  const hadFocus = document.activeElement?.id ?? '';
  const open = [...page.querySelectorAll('details[open]')].map((d) => d.id);
  page.replaceChildren(...downloadsBody({ t, language: language(), view, act }).filter(Boolean));
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  for (const entry of view.entries) refreshFile(t, language(), entry);
  if (hadFocus) document.getElementById(hadFocus)?.focus();
  const news = view.entries.filter((e) => e.phase !== 'checking' && before.get(e.id)?.phase !== e.phase);
  if (news.length) say(news.map((e) => `${e.name}: ${titleOf(t, e)}`).join('. '));
}

const link = connectPage((message) => {
  if (message.kind === 'state') render(message.view);
}, 'download');

document.title = t('downloads_title');
