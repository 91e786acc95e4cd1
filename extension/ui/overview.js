// Host and tor in a few lines, for the popup and the options page alike.

import { h } from './dom.js';
import { problemText, problemRemedy, KNOWN_ERRORS } from './words.js';

const MARKS = { good: '✓', bad: '!', idle: '–' };

export const line = (tone, text, remedy = '') =>
  h('div', { class: `state ${tone}` }, h('span', { class: 'lamp', 'aria-hidden': 'true' }, MARKS[tone]),
    h('div', {}, h('p', {}, text), remedy ? h('p', { class: 'small' }, remedy) : null));

function hostLine(t, { phase, problem }) {
  if (phase === 'up') return line('good', t('host_up'));
  if (phase === 'down' && problem) return line('bad', problemText(t, problem), problemRemedy(t, problem));
  return line('idle', t('host_idle'));
}

function torLine(t, { phase, tor }) {
  if (phase !== 'up') return null;
  if (tor?.up) return line('good', t('tor_up'));
  const code = tor?.error?.code;
  const isKnown = KNOWN_ERRORS.includes(code);
  return tor ? line('bad', t(isKnown ? `error_${code}` : 'tor_down'), isKnown ? t(`error_${code}_do`) : '') : line('idle', t('tor_unknown'));
}

/** Lines for session.js's overview; grant: what the "allow" button does. */
export function overviewLines(t, { host, access }, grant) {
  const lines = [hostLine(t, host), torLine(t, host)];
  if (!access.hosts) lines.push(line('bad', t('access_hosts')), h('div', { class: 'actions' }, h('button', { type: 'button', class: 'primary', onclick: grant }, t('access_allow'))));
  if (!access.privateWindows) lines.push(line('bad', t('access_private'), t('access_private_do')));
  return lines;
}
