// The report form. Every field as it will be sent; what may be left out has a box. It decides nothing but what the person ticks; what is kept,
// mailed or sent is the text that stands at "exactly as it will be sent".

import { t, language, dressDocument, connectPage, reportId, saveFile } from '../platform/page.js';
import { groupsOf, composed, cleanPath, textOf, mailOf, fileNameOf, readReport } from '../core/report.js';
import { h, ltr, clicked } from './dom.js';
import { problemText } from './words.js';

dressDocument();
const page = document.getElementById('page');
const announce = document.getElementById('announce');
const left = new Set();     // ids of rows and groups that are left out
let view = null;
let report = null;
let sending = null;

const now = () => composed(report, left, document.getElementById('path')?.value ?? '');
const say = (text) => {
  if (announce.textContent !== text) announce.textContent = text;
};

function toggle(id, isIn) {
  if (isIn) left.delete(id);
  else left.add(id);
  refresh();
}

const box = (id, label) => h('input', { type: 'checkbox', id: `in-${id}`, checked: !left.has(id), 'aria-label': label, onchange: (e) => toggle(id, e.target.checked) });

function row({ id, name, value, isOptional, isLong }) {
  return h('div', { class: 'field', 'data-row': id },
    h('span', {}, isOptional ? box(id, t('report_include', name)) : null),
    ltr(name, { class: 'name' }),
    h('span', { class: 'value' }, h('code', { dir: 'ltr', class: isLong ? 'long' : null, tabindex: isLong ? 0 : null }, value)));
}

function group({ id, kind, n, isOptional, rows }) {
  const title = { what: 'report_what', first: 'report_first', other: 'report_other', software: 'report_software' }[kind];
  return h('fieldset', { 'data-group': id },
    h('legend', {}, t(title, n)),
    isOptional ? h('label', { class: 'whole' }, h('input', { type: 'checkbox', id: `in-${id}`, checked: !left.has(id), onchange: (e) => toggle(id, e.target.checked) }), t('report_whole')) : null,
    rows.map(row),
    kind === 'what' ? pathField() : null);
}

const pathField = () => h('div', { class: 'path' },
  h('label', { for: 'path' }, t('report_path')),
  h('input', { id: 'path', type: 'text', dir: 'ltr', maxlength: 2047, autocomplete: 'off', spellcheck: 'false', value: report.path ?? '', 'aria-describedby': 'path-note', oninput: refresh }),
  h('p', { class: 'small', id: 'path-note' }, t('report_path_note')));

function ways() {
  const { onion, key, mail } = view.options;
  const canSend = onion && key;
  return h('div', { class: 'ways' },
    h('button', { id: 'send', type: 'button', class: 'primary', disabled: !canSend, 'aria-describedby': 'send-note', onclick: clicked(() => link.send({ kind: 'send', text: textOf(now()) })) }, t('report_send')),
    h('p', { class: 'small', id: 'send-note' }, canSend ? [t('report_send_note'), ' ', ltr(onion)] : t('report_no_collector')),
    h('div', { id: 'sending', role: 'status' }),
    h('button', { id: 'save', type: 'button', 'aria-describedby': 'save-note', onclick: clicked(() => saveFile(fileNameOf(now()), textOf(now()))) }, t('report_save')),
    h('p', { class: 'small', id: 'save-note' }, t('report_save_note')),
    h('a', { id: 'mail', class: 'button', 'aria-describedby': 'mail-note' }, t('report_mail')),
    h('p', { class: 'small', id: 'mail-note' }, t('report_mail_note'), ' ', ltr(mail), '. ', h('span', { id: 'mail-long' })));
}

function form() {
  return [
    head('unsure', '!', t('report_title')),
    h('div', { class: 'lead' }, h('p', {}, t('report_lead')), h('p', {}, t('report_never')), h('p', { class: 'small' }, t('report_boxes'))),
    h('form', { id: 'form', autocomplete: 'off', onsubmit: (e) => e.preventDefault() }, groupsOf(report).map(group)),
    h('details', { id: 'exact' }, h('summary', {}, t('report_exact')), h('pre', { class: 'exact', id: 'text', dir: 'ltr', tabindex: 0 })),
    ways(),
  ];
}

const head = (tone, sign, title) => h('header', { class: `head ${tone}` }, h('span', { class: 'sign', 'aria-hidden': 'true' }, sign), h('div', {}, h('h1', { tabindex: '-1' }, title)));

// What follows from the boxes: the text, the mail's address, and rows that are out are struck through.
function refresh() {
  const path = document.getElementById('path');
  if (path) path.setAttribute('aria-invalid', String(path.value !== '' && !cleanPath(path.value)));
  const chosen = now();
  document.getElementById('text').textContent = textOf(chosen);
  // The path that was typed stands in the command, too.
  const command = page.querySelector('[data-row="reproduce"] code');
  if (command && chosen.reproduce) command.textContent = chosen.reproduce;
  const { href, isLong } = mailOf(view.options.mail, chosen);
  document.getElementById('mail').setAttribute('href', href);
  document.getElementById('mail-long').textContent = isLong ? t('report_mail_long') : '';
  for (const field of page.querySelectorAll('[data-row]')) {
    const inGroup = field.closest('[data-group]').dataset.group;
    field.classList.toggle('out', left.has(field.dataset.row) || left.has(inGroup));
  }
  showSending();
}

const ENDS = { stored: 'report_stored', known: 'report_known', failed: 'report_failed', stopped: 'report_stopped' };

function showSending() {
  const place = document.getElementById('sending');
  const send = document.getElementById('send');
  if (!place || !send) return;
  const isRunning = sending && !(sending.state in ENDS);
  send.disabled = Boolean(isRunning || sending?.state === 'stored' || sending?.state === 'known' || !view.options.onion || !view.options.key);
  page.dataset.sending = sending?.state ?? '';
  page.dataset.error = sending?.problem?.error?.code ?? '';
  if (!sending) return place.replaceChildren();
  const text = isRunning ? t(sending.state === 'waiting' ? 'report_waiting' : 'report_sending', sending.state === 'waiting' ? Math.ceil(sending.waitMs / 1000) : sending.attempt) : t(ENDS[sending.state]);
  say(text);
  return place.replaceChildren(h('p', { class: 'hint' }, text, sending.problem ? [' ', problemText(t, sending.problem)] : null,
    sending.problem?.error ? [' ', ltr(`${sending.problem.error.name} (${sending.problem.error.code})`)] : null),
  isRunning ? h('button', { id: 'stop', type: 'button', onclick: clicked(() => link.send({ kind: 'stop' })) }, t('report_stop')) : '');
}

function show(next) {
  // What a person has left out stays so when the background page was restarted.
  if (view?.phase === 'ready' && next.phase === 'ready' && next.text === view.text) {
    view = next;
    return refresh();
  }
  view = next;
  report = next.phase === 'ready' ? readReport(next.text) : null;
  page.setAttribute('aria-busy', 'false');
  page.dataset.phase = report ? 'ready' : next.phase;
  document.title = t('report_title');
  if (!report) {
    page.replaceChildren(head('unsure', '?', t('report_title')), h('div', { class: 'lead' }, h('p', {}, next.problem ? problemText(t, next.problem) : t('report_over'))));
    return undefined;
  }
  page.replaceChildren(...form());
  refresh();
  return page.querySelector('h1').focus();
}

const link = connectPage((message) => {
  if (message.kind === 'state') {
    sending = message.view.sending ?? sending;
    show(message.view);
  }
  if (message.kind === 'sending') {
    sending = message.view;
    showSending();
  }
}, 'report');

page.lang = language();
page.dataset.id = reportId();
page.replaceChildren(h('p', { class: 'soon' }, t('loading')));
