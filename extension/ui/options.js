// The options page: the user's word, what is done with downloads, what is found, what is missing, and how to mend it.

import { t, language, dressDocument, ask, requestHosts } from '../platform/page.js';
import { h, ltr, clicked } from './dom.js';
import { overviewLines } from './overview.js';
import { downloadOptions } from './dloptions.js';
import { cleanReportOptions } from '../core/report.js';

dressDocument();
const page = document.getElementById('page');

const yesNo = (value) => t(value ? 'yes' : 'no');

function statusTable({ status }) {
  if (!status) return null;
  const { tor, roots, version } = status;
  const rows = [
    ['status_version', version], ['status_tor', tor.version], ['status_control', tor.control], ['status_auth', tor.auth],
    ['status_relays', tor.relays], ['status_exits', tor.exits], ['status_geoip', yesNo(tor.geoip)],
    ['status_mapaddress', yesNo(tor.mapaddress)], ['status_streams', yesNo(tor.streams)], ['status_roots', `${t(`roots_${roots.source}`)} (${roots.count})`],
  ];
  return h('dl', {}, rows.flatMap(([key, text]) => [h('dt', {}, t(key)), h('dd', {}, ltr(String(text)))]));
}

function wordForm({ word }) {
  return h('form', { onsubmit: setWord },
    h('h2', {}, h('label', { for: 'word' }, t('options_word'))),
    h('p', { class: 'small', id: 'word-note' }, t('options_word_note')),
    h('div', { class: 'actions' }, h('input', { id: 'word', type: 'text', maxlength: 40, autocomplete: 'off', spellcheck: 'false', value: word, 'aria-describedby': 'word-note' }),
      h('button', { id: 'set-word', type: 'submit' }, t('copy_word_set'))));
}

function exclusionsForm({ exclusions }) {
  const listed = exclusions.map((host) => h('li', {}, ltr(host),
    h('button', { type: 'button', 'data-host': host, 'aria-label': t('options_include_label', host), onclick: clicked(() => include(host)) }, t('options_include'))));
  return h('form', { onsubmit: exclude },
    h('h2', {}, h('label', { for: 'exclusion' }, t('options_exclusions'))),
    h('p', { class: 'small', id: 'exclusion-note' }, t('options_exclusions_note')),
    listed.length ? h('ul', { id: 'exclusions', class: 'rows' }, listed) : null,
    h('div', { class: 'actions' }, h('input', { id: 'exclusion', type: 'text', dir: 'ltr', maxlength: 300, autocomplete: 'off', autocapitalize: 'off', spellcheck: 'false', 'aria-describedby': 'exclusion-note exclusion-why' }),
      h('button', { id: 'exclude', type: 'submit' }, t('options_exclude'))),
    h('p', { id: 'exclusion-why', role: 'alert', class: 'small' }));
}

async function exclude(event) {
  event.preventDefault();
  if (!event.isTrusted) return;
  const { why } = await ask({ kind: 'exclude', host: document.getElementById('exclusion').value });
  if (!why) await show();
  document.getElementById('exclusion-why').textContent = why ? t(`options_exclusion_${why}`) : '';
  document.getElementById('exclusion').focus();
}

async function include(host) {
  await ask({ kind: 'include', host });
  await show();
  document.getElementById('exclusion').focus();
}

async function setWord(event) {
  event.preventDefault();
  if (!event.isTrusted) return;
  await ask({ kind: 'word', word: document.getElementById('word').value });
  show();
}

function reportForm({ report }) {
  const field = (id, name, value, max) => h('p', {}, h('label', { for: id }, t(name)),
    h('input', { id, type: 'text', dir: 'ltr', maxlength: max, autocomplete: 'off', spellcheck: 'false', value }));
  return h('form', { id: 'report-options', onsubmit: setReport },
    h('h2', {}, t('options_report')),
    h('p', { class: 'small' }, t('options_report_note')),
    field('report-mail', 'options_mail', report?.mail ?? '', 320), field('report-onion', 'options_onion', report?.onion ?? '', 62), field('report-key', 'options_key', report?.key ?? '', 64),
    h('p', { id: 'report-wrong', role: 'alert' }),
    h('div', { class: 'actions' }, h('button', { id: 'set-report', type: 'submit' }, t('options_report_save'))));
}

async function setReport(event) {
  event.preventDefault();
  if (!event.isTrusted) return;
  const value = Object.fromEntries(['mail', 'onion', 'key'].map((name) => [name, document.getElementById(`report-${name}`).value.trim()]));
  const kept = cleanReportOptions(value);
  const wrong = ['mail', 'onion', 'key'].find((name) => value[name] !== '' && kept[name].toLowerCase() !== value[name].toLowerCase());
  const isHalf = (value.onion === '') !== (value.key === '');
  if (wrong || isHalf) {
    document.getElementById('report-wrong').textContent = t('options_report_wrong');
    document.getElementById(`report-${wrong ?? (value.onion ? 'key' : 'onion')}`).focus();
    return;
  }
  await ask({ kind: 'reportoptions', value: kept });
  show();
}

async function show() {
  page.setAttribute('aria-busy', 'true');
  const found = await ask({ kind: 'diagnose' });
  page.setAttribute('aria-busy', 'false');
  page.replaceChildren(
    h('h1', {}, t('options_title')),
    wordForm(found),
    exclusionsForm(found),
    found.options ? downloadOptions(t, language(), found.options, (changes) => ask({ kind: 'options', changes })) : '',
    ...overviewLines(t, found, clicked(async () => {
      await requestHosts();
      show();
    })).filter(Boolean),
    reportForm(found),
    statusTable(found) ?? '',
    h('div', { class: 'actions' }, h('button', { type: 'button', class: 'primary', onclick: clicked(show) }, t('options_again'))),
    h('p', { class: 'small' }, t(found.edition === 'privileged' ? 'edition_privileged' : 'edition_standard')));
}

document.title = t('options_title');
show();
