// What a person does with clipboards: select, copy, cut, drag, paste elsewhere; and our window that holds a copy back. Clipboards are read in
// the browser's own process, as any other program would find them: the ordinary one and the selection (PRIMARY).

import { EXTENSION_UUID } from './firefox.mjs';
import { sleep, until } from './wait.mjs';

const COPY_PAGE = `moz-extension://${EXTENSION_UUID}/ui/copy.html`;
const CTRL = '\uE009';

/** Text of a clipboard: {flavour: text}. which: "global" or "selection". */
export function clipboardOf(firefox, which = 'global') {
  return firefox.chrome((name) => {
    const where = name === 'global' ? Services.clipboard.kGlobalClipboard : Services.clipboard.kSelectionClipboard;
    const out = {};
    for (const flavour of ['text/plain', 'text/html', 'application/x-moz-custom-clipdata']) {
      if (!Services.clipboard.hasDataMatchingFlavors([flavour], where)) continue;
      const transfer = Components.classes['@mozilla.org/widget/transferable;1'].createInstance(Components.interfaces.nsITransferable);
      transfer.init(null);
      transfer.addDataFlavor(flavour);
      try {
        Services.clipboard.getData(transfer, where);
        const data = {};
        transfer.getTransferData(flavour, data);
        out[flavour] = data.value.QueryInterface(Components.interfaces.nsISupportsString).data;
      } catch (e) {
        out[flavour] = `(${e.name ?? e})`;
      }
    }
    return out;
  }, which);
}

/** Puts text on a clipboard, as another program would. */
export function fillClipboard(firefox, text, which = 'global') {
  return firefox.chrome((value, name) => {
    const where = name === 'global' ? Services.clipboard.kGlobalClipboard : Services.clipboard.kSelectionClipboard;
    const string = Components.classes['@mozilla.org/supports-string;1'].createInstance(Components.interfaces.nsISupportsString);
    string.data = value;
    const transfer = Components.classes['@mozilla.org/widget/transferable;1'].createInstance(Components.interfaces.nsITransferable);
    transfer.init(null);
    transfer.addDataFlavor('text/plain');
    transfer.setTransferData('text/plain', string);
    Services.clipboard.setData(transfer, null, where);
  }, text, which);
}

export const textOn = async (firefox, which) => (await clipboardOf(firefox, which))['text/plain'] ?? '';

/** Ctrl and a letter, in that tab. */
export async function press(tab, letter) {
  await tab.firefox.send('input.performActions', { context: tab.id, actions: [{ type: 'key', id: 'keyboard', actions: [
    { type: 'keyDown', value: CTRL }, { type: 'keyDown', value: letter }, { type: 'keyUp', value: letter }, { type: 'keyUp', value: CTRL },
  ] }] });
}

/** Selects an element's content, as dragging over it would. */
export const select = (tab, selector) => tab.eval((s) => {
  const element = document.querySelector(s);
  element.focus?.();
  if ('select' in element) return void element.select();
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  return undefined;
}, selector);

/** Our window, as a test reads and uses it; null when there is none. */
export async function copyWindow(firefox) {
  const found = [];
  for (const tab of await firefox.tabs()) {
    const address = await tab.now(() => document.documentURI).catch(() => '');
    if (address.startsWith(COPY_PAGE)) found.push(tab);
  }
  return found.length ? new CopyWindow(found.at(-1)) : null;
}

export class CopyWindow {
  constructor(tab) { this.tab = tab; }

  /** {phase, how, problem, reason, verdict, whynot, …, text} of the window. */
  state() {
    return this.tab.now(() => ({ ...document.getElementById('page').dataset, text: document.body.innerText }));
  }

  /** Waits for a window of ours in one of these phases. */
  static async wait(firefox, phases = ['held'], { limit = 10000 } = {}) {
    return until(async () => {
      const window = await copyWindow(firefox);
      const state = window && await window.state();
      return state && phases.includes(state.phase) && Object.assign(window, { last: state });
    }, { limit, what: `our window that is ${phases.join(' or ')}` });
  }

  press(id) { return this.tab.click(`#${id}`); }
  has(id) { return this.tab.now((i) => Boolean(document.getElementById(i)), id); }
  async close() { await this.tab.close(); await sleep(50); }
}
