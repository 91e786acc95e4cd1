// What is done with downloads over insecure connections: the part of the options page where the user chooses.

import { h } from './dom.js';
import { bytes } from './downloadview.js';
import { CHOICES, WHOLE_MIB, BUDGET_MIB } from '../core/dlpolicy.js';

const MIB = 1 << 20;

const select = (name, label, options, value, change) => h('p', { class: 'choice' }, h('label', { for: `dl-${name}` }, label),
  h('select', { id: `dl-${name}`, onchange: change, disabled: options.length < 2 }, options.map(([key, text]) => h('option', { value: key, selected: String(key) === String(value) }, text))));

/** options: as core/dlpolicy.js cleans them; set(changes). */
export function downloadOptions(t, language, options, set) {
  const onChange = (name, read) => (event) => {
    if (event.isTrusted) set({ [name]: read(event.target) });
  };
  const rows = Object.entries(CHOICES).map(([name, choices]) =>
    select(name, t(`options_${name}`), choices.map((c) => [c, t(`options_${c}`)]), options[name], onChange(name, (e) => e.value)));
  const size = (name, list) => select(name, t(`options_${name}`), list.map((n) => [n, bytes(language, n * MIB)]), options[name], onChange(name, (e) => Number(e.value)));
  return h('section', { class: 'choices' },
    h('h2', {}, t('options_downloads')),
    h('p', { class: 'small' }, t('options_downloads_note')),
    rows, size('whole', WHOLE_MIB), size('budget', BUDGET_MIB));
}
