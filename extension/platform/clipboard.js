// The clipboard as the background page writes it: every flavour at once, in one go. Through a copy of our own first, because
// that takes types of any name; the clipboard API, which knows three, where the browser refuses.

/** Writes [{type, text}]. Resolves whether it was done. */
export async function writeClipboard(flavours) {
  if (flavours.length === 0) return false;
  if (copyNow(flavours)) return true;
  try {
    const known = flavours.filter(({ type }) => type === 'text/plain' || type === 'text/html');
    await navigator.clipboard.write([new ClipboardItem(Object.fromEntries(known.map(({ type, text }) => [type, new Blob([text], { type })])))]);
    return true;
  } catch {
    return false;
  }
}

function copyNow(flavours) {
  let isSet = false;
  const listener = (event) => {
    event.preventDefault();
    event.stopImmediatePropagation();
    for (const { type, text } of flavours) event.clipboardData.setData(type, text);
    isSet = true;
  };
  document.addEventListener('copy', listener, true);
  try {
    return document.execCommand('copy') && isSet;
  } catch {
    return false;
  } finally {
    document.removeEventListener('copy', listener, true);
  }
}

/** Overwrites what was selected last (X11, Wayland) with a blank: selecting something of our own is the only way an extension has. */
export function blankSelection() {
  const field = document.createElement('textarea');
  field.value = '\u00a0';
  document.body.append(field);
  field.focus();
  field.select();
  document.execCommand('selectAll');
  field.remove();
}
