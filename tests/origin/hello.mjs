// Reads a ClientHello far enough to know the server name: the origin must know for whom to play before it answers.

// → null while more bytes are needed, else {name, bytes, isTls}.
export function readHello(bytes) {
  if (!bytes.length) return null;
  if (bytes[0] !== 0x16) return { isTls: false, name: null, bytes };
  let body = Buffer.alloc(0);
  for (let at = 0; at + 5 <= bytes.length; ) {
    const size = bytes.readUInt16BE(at + 3);
    if (bytes[at] !== 0x16 || at + 5 + size > bytes.length) break;
    body = Buffer.concat([body, bytes.subarray(at + 5, at + 5 + size)]);
    at += 5 + size;
    if (body.length >= 4 && body.length >= 4 + body.readUIntBE(1, 3))
      return { isTls: true, name: serverName(body), bytes: bytes.subarray(0, at) };
  }
  return bytes.length > 65536 ? { isTls: false, name: null, bytes } : null;
}

function serverName(body) {
  try {
    let at = 4 + 2 + 32;
    at += 1 + body[at];
    at += 2 + body.readUInt16BE(at);
    at += 1 + body[at];
    const end = at + 2 + body.readUInt16BE(at);
    for (at += 2; at + 4 <= end; at += 4 + body.readUInt16BE(at + 2))
      if (body.readUInt16BE(at) === 0) return body.toString('latin1', at + 9, at + 9 + body.readUInt16BE(at + 7)).toLowerCase();
  } catch { /* a short hello has no name */ }
  return null;
}
