// The moving part of the page while a check runs: one bar for the whole, one line for each path.

import { h } from './dom.js';
import { relayLine } from './answers.js';

const SHARES = { choosing: 0, building: 0.25, connecting: 0.5, handshaking: 0.75, fetching: 0.75, done: 1 };
// A path that failed is being replaced: it counts as being chosen again.
const shareOf = (step) => SHARES[step] ?? 0;

/** How much of the whole is done, 0 … 1. Your own path counts as one of them, unless the view leaves it out (slotFrom 1). */
export function wholeShare({ k, slots, slotFrom = 0 }) {
  const count = k + 1 - slotFrom;
  let sum = 0;
  for (let slot = slotFrom; slot <= k; slot++) sum += shareOf(slots[slot]?.step ?? 'choosing');
  return sum / count;
}

const stepText = (t, entry) => t(`step_${entry?.step ?? 'choosing'}`);

/** The empty frame; refreshProgress fills it. */
export function progress(t, view) {
  const lines = [];
  for (let slot = view.slotFrom ?? 0; slot <= view.k; slot++) {
    lines.push(h('li', { 'data-slot': slot },
      h('span', { class: 'who' }, slot === 0 ? t('slot_first') : t('slot_other', slot)),
      h('span', { class: 'step' }), h('span', { class: 'exit' })));
  }
  return h('div', { class: 'progress' },
    h('div', { id: 'bar', class: 'bar', role: 'progressbar', 'aria-label': t('progress_label'), 'aria-valuemin': 0, 'aria-valuemax': 100 }, h('div', { class: 'fill' })),
    h('ul', { class: 'slots', role: 'list' }, lines));
}

/** Brings frame and live region up to date. The live region speaks only when a path is done, not at each step. */
export function refreshProgress(t, language, view, say) {
  const bar = document.getElementById('bar');
  if (!bar) return;
  const percent = Math.round(wholeShare(view) * 100);
  bar.setAttribute('aria-valuenow', String(percent));
  bar.firstElementChild.style.inlineSize = `${Math.max(4, percent)}%`;
  for (const line of bar.parentElement.querySelectorAll('[data-slot]')) {
    const entry = view.slots[line.dataset.slot];
    line.className = entry?.step ?? 'choosing';
    line.querySelector('.step').textContent = stepText(t, entry);
    line.querySelector('.exit').replaceChildren(entry?.exit ? relayLine(t, language, entry.exit) : '');
  }
  const done = Object.values(view.slots).filter(({ step }) => step === 'done').length;
  say(t('progress_done', done, view.k + 1 - (view.slotFrom ?? 0)));
}
