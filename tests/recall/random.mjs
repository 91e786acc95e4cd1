// The same numbers on every run, from a seed of words: xoshiro128** (Blackman, Vigna), seeded through splitmix32.

export class Random {
  #s;

  constructor(seed) {
    let h = 0x9e3779b9;
    for (const c of seed) h = Math.imul(h ^ c.codePointAt(0), 0x01000193) >>> 0;
    this.#s = new Uint32Array(4).map(() => {
      h = (h + 0x9e3779b9) >>> 0;
      let z = Math.imul(h ^ (h >>> 16), 0x21f0aaad);
      z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
      return z ^ (z >>> 15);
    });
  }

  next() {
    const s = this.#s, x = Math.imul(s[1], 5), result = Math.imul((x << 7) | (x >>> 25), 9) >>> 0, t = s[1] << 9;
    s[2] ^= s[0]; s[3] ^= s[1]; s[1] ^= s[2]; s[0] ^= s[3]; s[2] ^= t;
    s[3] = (s[3] << 11) | (s[3] >>> 21);
    return result;
  }

  below(n) { return Math.floor(this.next() / 0x100000000 * n); }
  pick(list) { return list[this.below(list.length)]; }
  chance(p) { return this.next() / 0x100000000 < p; }

  bytes(n) {
    const out = new Uint8Array(n);
    for (let i = 0; i < n; i += 4) {
      const x = this.next();
      for (let j = i; j < n && j < i + 4; j++) out[j] = x >>> (8 * (j - i));
    }
    return out;
  }

  hex(n) { return Buffer.from(this.bytes(n)).toString('hex'); }
}
