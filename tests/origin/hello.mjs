// Reads a ClientHello far enough to know the server name: the origin must know for whom to play before it answers.

// → null while more bytes are needed, else {name, bytes, isTls}.
export function readHello(bytes) {
  if (!bytes.length) return null;
  if (bytes[0] !== 0x16) return { isTls: false, name: null, bytes };
  const { body, at, isWhole } = handshake(bytes);
  if (isWhole) return { isTls: true, name: serverName(body), bytes: bytes.subarray(0, at) };
  return bytes.length > 65536 ? { isTls: false, name: null, bytes } : null;
}

// The first handshake message, of one record or several.
function handshake(bytes) {
  let body = Buffer.alloc(0);
  for (let at = 0; at + 5 <= bytes.length; ) {
    const size = bytes.readUInt16BE(at + 3);
    if (bytes[at] !== 0x16 || at + 5 + size > bytes.length) break;
    body = Buffer.concat([body, bytes.subarray(at + 5, at + 5 + size)]);
    at += 5 + size;
    if (body.length >= 4 && body.length >= 4 + body.readUIntBE(1, 3)) return { body, at, isWhole: true };
  }
  return { body, at: 0, isWhole: false };
}

// The extensions' types and bodies, in order. Throws on a short hello.
function extensions(body) {
  const found = [];
  let at = 4 + 2 + 32;
  at += 1 + body[at];
  at += 2 + body.readUInt16BE(at);
  at += 1 + body[at];
  const end = at + 2 + body.readUInt16BE(at);
  for (at += 2; at + 4 <= end; at += 4 + body.readUInt16BE(at + 2))
    found.push({ type: body.readUInt16BE(at), body: body.subarray(at + 4, at + 4 + body.readUInt16BE(at + 2)) });
  return found;
}

function serverName(body) {
  try {
    const sni = extensions(body).find(({ type }) => type === 0);
    return sni ? sni.body.toString('latin1', 5, 5 + sni.body.readUInt16BE(3)).toLowerCase() : null;
  } catch { /* a short hello has no name */ }
  return null;
}

/** Whether the browser has sent it: NSS offers record_size_limit (RFC 8449), OpenSSL does not know it. */
export function isBrowsers(hello) {
  try {
    return extensions(handshake(hello).body).some(({ type }) => type === 28);
  } catch { /* a short hello is nobody's */ }
  return false;
}
