// Pages that hold addresses, for the tests of copying.

export const HTTP = 18080;
export const ADDRESS = '1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa';       // Bitcoin's first block
export const OTHER = '1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2';         // Bitcoin wiki's example

/** http stays http; nothing asks a person. */
export const PREFS = {
  'dom.security.https_only_mode': false,
  'dom.security.https_first': false,
  'dom.security.https_first_pbm': false,
  'browser.download.alwaysOpenPanel': false,
};

export const pageOf = (body) => `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>donate</title></head><body>${body}<p id="end"></p></body></html>`;

export const hostilePage = () => `
<p id="prose">Ordinary <b>rich</b> prose with <a href="/x">a link</a>, written in 2019.</p>
<p id="address">Please send to ${ADDRESS} now.</p>
<p id="token">Your <b>ticket</b> is 9f3c8a52b1d04e6790aa12cd34ef56ab7788 today.</p>
<p id="grouped">${ADDRESS.replace(/(.{4})/g, '$1 ')}</p>
<p id="zero">${[...ADDRESS].join('\u200b')}</p>
<p id="inlines">${ADDRESS.slice(0, 9)}<b>${ADDRESS.slice(9, 20)}</b><i>${ADDRESS.slice(20)}</i></p>
<textarea id="area">${ADDRESS}</textarea> <input id="field" value="${ADDRESS}"> <textarea id="harmless">Some harmless words of a note</textarea>
<p id="unselectable" style="user-select:none">${ADDRESS}</p>
<div id="open"></div><div id="closed"></div>
<p><a id="pay" href="bitcoin:${ADDRESS}?amount=1">Pay with a wallet</a></p>
<p>NEAR: <code id="near">4f1bc2b0a7e3d5968172635445362718090a1b2c3d4e5f60718293a4b5c6d7e8</code></p>
<hr><p>Sums of our releases, as everybody has them, for everybody to compare them with; SHA-256: <code id="digest">9c56cc51b374c3ba189210d5b6d4bf57790d351c96c47c02190ecf1e430635ab</code></p>
<hr><p id="draggable" draggable="true">drag me, please, I am harmless</p>
<button id="go">go</button>
<script>
document.getElementById('open').attachShadow({ mode: 'open' }).innerHTML = '<p>In an open tree: ${ADDRESS} there</p>';
window.closedRoot = document.getElementById('closed').attachShadow({ mode: 'closed' });
window.closedRoot.innerHTML = '<textarea>${ADDRESS}</textarea>';
</script>`;
