// The browser's own "Save … As", as a person uses it: the entry of the context menu on an element, and the command of the File menu. The
// system's window that asks for a name can't be shown headless: one that answers at once stands in for it.

import { until } from './wait.mjs';

/** From now on whoever is asked where to save answers this file. Answers a function that ends that. */
export async function pickFile(firefox, file) {
  await firefox.chrome((path) => {
    const { interfaces: I, classes: C, manager } = Components;
    const registrar = manager.QueryInterface(I.nsIComponentRegistrar);
    const picker = {
      QueryInterface: ChromeUtils.generateQI(['nsIFilePicker']),
      init() {}, appendFilters() {}, appendFilter() {}, appendRawFilter() {}, isModeSupported: async () => true,
      defaultString: '', defaultExtension: '', displayDirectory: null, displaySpecialDirectory: '', filterIndex: 1, addToRecentDocs: false, okButtonLabel: '', mode: 1, capture: 0,
      get file() {
        const f = C['@mozilla.org/file/local;1'].createInstance(I.nsIFile);
        f.initWithPath(path);
        return f;
      },
      get fileURL() { return Services.io.newFileURI(this.file); },
      open(done) { Services.tm.dispatchToMainThread(() => done.done(I.nsIFilePicker.returnOK)); },
    };
    const factory = { QueryInterface: ChromeUtils.generateQI(['nsIFactory']), createInstance: (iid) => picker.QueryInterface(iid) };
    const id = Services.uuid.generateUUID();
    const old = registrar.contractIDToCID('@mozilla.org/filepicker;1');
    registrar.registerFactory(id, '', '@mozilla.org/filepicker;1', factory);
    // Kept where the next call finds it.
    Services.wm.getMostRecentWindow('navigator:browser').filePickerOfTests = { registrar, factory, id, old };
  }, file);
  return () => firefox.chrome(() => {
    for (const w of Services.wm.getEnumerator('navigator:browser')) {
      if (!w.filePickerOfTests) continue;
      const { registrar, factory, id, old } = w.filePickerOfTests;
      delete w.filePickerOfTests;
      registrar.unregisterFactory(id, factory);
      registrar.registerFactory(old, '', '@mozilla.org/filepicker;1', null);
    }
  });
}

/** Right-clicks the element and presses that entry of the context menu. */
export async function pressMenu(firefox, tab, selector, entry) {
  await tab.front();
  const at = await tab.eval((s) => {
    const r = document.querySelector(s).getBoundingClientRect();
    return { x: Math.round(r.x + r.width / 2), y: Math.round(r.y + r.height / 2) };
  }, selector);
  await firefox.send('input.performActions', { context: tab.id, actions: [{ type: 'pointer', id: 'mouse', actions: [
    { type: 'pointerMove', ...at }, { type: 'pointerDown', button: 2 }, { type: 'pointerUp', button: 2 },
  ] }] });
  await until(() => firefox.chrome((id) => {
    const win = Services.wm.getMostRecentWindow('navigator:browser');
    const menu = win.document.getElementById('contentAreaContextMenu');
    const item = win.document.getElementById(id);
    if (menu.state !== 'open' || item.hidden || item.disabled) return false;
    menu.activateItem(item);
    return true;
  }, entry), { what: `the menu's ${entry}` });
}

/** File, "Save Page As…". */
export const savePage = (firefox) => firefox.chrome(() => {
  Services.wm.getMostRecentWindow('navigator:browser').document.getElementById('Browser:SavePage').doCommand();
});
