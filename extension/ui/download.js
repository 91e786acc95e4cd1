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

const picture = (e) => [e.phase, e.verdict, e.why, e.cls, e.name, e.evidence, e.note, e.isRemoved, e.isGone, e.result?.elapsed_ms].join();

/* What is the same stays where it is, and only what changed is built anew: nothing is taken from under the reader's hands, no click is lost. */
function place(elements, isSame) {
  let at = page.firstElementChild;
  for (const element of elements) {
    const old = element.id ? isSame(element.id) && document.getElementById(element.id) : at?.isEqualNode(element) && at;
    const isAhead = old && at && (old === at || at.compareDocumentPosition(old) & Node.DOCUMENT_POSITION_FOLLOWING);
    if (!isAhead) {
      if (old) old.remove();
      page.insertBefore(element, at);
      continue;
    }
    while (at !== old) {
      const gone = at;
      at = at.nextElementSibling;
      gone.remove();
    }
    at = old.nextElementSibling;
  }
  while (at) {
    const gone = at;
    at = at.nextElementSibling;
    gone.remove();
  }
}

function render(view) {
  const before = new Map((shown?.entries ?? []).map((e) => [e.id, e]));
  const same = new Set(view.entries.filter((e) => before.has(e.id) && picture(before.get(e.id)) === picture(e)).map((e) => `file-${e.id}`));
  shown = view;
  const hadFocus = document.activeElement?.id ?? '';
  const open = [...page.querySelectorAll('details[open]')].map((d) => d.id);
  place(downloadsBody({ t, language: language(), view, act }).filter(Boolean), (id) => same.has(id));
  for (const id of open) document.getElementById(id)?.setAttribute('open', '');
  for (const entry of view.entries) refreshFile(t, language(), entry);
  if (hadFocus && document.activeElement?.id !== hadFocus) document.getElementById(hadFocus)?.focus();
  const news = view.entries.filter((e) => e.phase !== 'checking' && before.get(e.id)?.phase !== e.phase);
  if (news.length) say(news.map((e) => `${e.name}: ${titleOf(t, e)}`).join('. '));
}

const link = connectPage((message) => {
  if (message.kind === 'state') render(message.view);
}, 'download');

document.title = t('downloads_title');
