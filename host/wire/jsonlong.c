/* Long strings (contract in wire/jsonlong.h). */
#include "wire/jsonlong.h"
#include "base/limits.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

void json_longs_begin(struct json_longs *l)
{
	uint8_t bytes[16];

	l->n = 0;
	randombytes_buf(bytes, sizeof bytes);
	sodium_bin2hex(l->mark, sizeof l->mark, bytes, sizeof bytes);
}

bool json_longs_take(struct json_longs *l, struct rd inside, struct buf *reduced)
{
	if (l->n == JSON_LONG_MAX)
		return false;
	buf_printf(reduced, "\"%s%02zu\"", l->mark, l->n);
	l->string[l->n++] = inside;
	return true;
}

/* Which one stands behind this string; -1 for none. */
static int long_index(const struct json_longs *l, const json_t *value)
{
	const char *s = json_string_value(value);

	if (s == NULL || json_string_length(value) != sizeof l->mark + 1 || memcmp(s, l->mark, sizeof l->mark - 1) != 0)
		return -1;
	int i = (s[sizeof l->mark - 1] - '0') * 10 + (s[sizeof l->mark] - '0');
	return i >= 0 && (size_t)i < l->n ? i : -1;
}

/* ---- one string ---- */

static unsigned hex4(struct rd *r)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		uint8_t c = rd_u8(r), low = c | 32;
		if (c >= '0' && c <= '9')
			v = v * 16 + (unsigned)(c - '0');
		else if (low >= 'a' && low <= 'f')
			v = v * 16 + (unsigned)(low - 'a' + 10);
		else
			r->bad = true;
	}
	return v;
}

/* What is decoded. No escape is shorter than what it stands for: a text's own length is room enough. */
struct decoded { uint8_t *bytes; size_t n; };

static void put_utf8(struct decoded *out, uint32_t c)
{
	static const uint8_t heads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
	uint8_t *to = out->bytes + out->n;

	for (size_t i = n; i-- > 1; c >>= 6)
		to[i] = (uint8_t)(0x80 | (c & 0x3f));
	to[0] = (uint8_t)(n > 1 ? heads[n] | c : c);
	out->n += n;
}

/* Behind "\u". */
static void take_unicode(struct rd *r, struct decoded *out)
{
	uint32_t c = hex4(r);

	if (c >= 0xd800 && c < 0xdc00) {
		if (rd_u8(r) != '\\' || rd_u8(r) != 'u')
			r->bad = true;
		uint32_t low = hex4(r);
		if (low < 0xdc00 || low > 0xdfff)
			r->bad = true;
		c = 0x10000 + ((c - 0xd800) << 10) + (low & 0x3ff);
	} else if (c == 0 || (c >= 0xdc00 && c < 0xe000)) {
		r->bad = true;
	}
	if (!r->bad)
		put_utf8(out, c);
}

/* Backslashes and what stands behind them, as long as they follow each other. */
static void take_escapes(struct rd *r, struct decoded *out)
{
	static const uint8_t means[256] = {
		['"'] = '"', ['\\'] = '\\', ['/'] = '/', ['b'] = '\b', ['f'] = '\f', ['n'] = '\n', ['r'] = '\r', ['t'] = '\t',
	};

	while (r->left >= 2 && r->at[0] == '\\') {
		uint8_t c = r->at[1], meant = means[c];
		r->at += 2;
		r->left -= 2;
		if (meant != 0)
			out->bytes[out->n++] = meant;
		else if (c == 'u')
			take_unicode(r, out);
		else
			r->bad = true;
		if (r->bad)
			return;
	}
	/* One alone at the end. */
	r->bad |= r->left == 1 && r->at[0] == '\\';
}

/* Bytes of a well-formed sequence of UTF-8 at p (RFC 3629 section 4), 0 for none; p[0] is not ASCII. */
static size_t sequence(const uint8_t *p, size_t left)
{
	uint8_t low = 0x80, high = 0xbf;
	size_t n = p[0] >= 0xc2 && p[0] <= 0xdf ? 2 : (p[0] & 0xf0) == 0xe0 ? 3 : p[0] >= 0xf0 && p[0] <= 0xf4 ? 4 : 0;

	if (n == 0 || n > left)
		return 0;
	switch (p[0]) {
	case 0xe0: low = 0xa0; break;
	case 0xed: high = 0x9f; break;
	case 0xf0: low = 0x90; break;
	case 0xf4: high = 0x8f; break;
	default: break;
	}
	if (p[1] < low || p[1] > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((p[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Not 0 when one of eight bytes is a control character, a backslash or no ASCII; the classical test for a byte below n,
 * which is exact for words whose bytes are all below 0x80. */
static uint64_t is_odd(uint64_t w)
{
	uint64_t backslash = w ^ EACH('\\');

	return (w | (w - EACH(0x20)) | (backslash - EACH(1))) & EACH(0x80);
}

/* Bytes that stand for themselves; *wrong when what follows them is not allowed. */
static size_t plain_run(struct rd in, bool *wrong)
{
	size_t n = 0;
	uint64_t w;

	for (;;) {
		while (in.left - n >= sizeof w) {
			memcpy(&w, in.at + n, sizeof w);
			if (is_odd(w))
				break;
			n += sizeof w;
		}
		while (n < in.left && in.at[n] >= 0x20 && in.at[n] < 0x80 && in.at[n] != '\\') {
			n++;
			if (n % sizeof w == 0)
				break;
		}
		if (n == in.left || in.at[n] == '\\')
			return n;
		if (in.at[n] >= 0x20 && in.at[n] < 0x80)
			continue;
		size_t more = in.at[n] >= 0x80 ? sequence(in.at + n, in.left - n) : 0;
		if (more == 0) {
			*wrong = true;
			return n;
		}
		n += more;
	}
}

/* False: no valid string. */
static bool decode_into(struct decoded *out, struct rd in)
{
	bool wrong = false;

	while (in.left > 0) {
		size_t n = plain_run(in, &wrong);
		if (wrong)
			return false;
		struct rd run = rd_take(&in, n);
		memcpy(out->bytes + out->n, run.at, n);
		out->n += n;
		take_escapes(&in, out);
		if (in.bad)
			return false;
	}
	return true;
}

static json_t *decode(struct rd in, enum err *err)
{
	struct decoded out = { malloc(in.left + 4), 0 };
	json_t *text = NULL;

	*err = ERR_NOMEM;
	if (out.bytes == NULL)
		return NULL;
	if (decode_into(&out, in))
		text = json_stringn_nocheck((const char *)out.bytes, out.n);
	else
		*err = ERR_MSG_JSON;
	explicit_bzero(out.bytes, in.left + 4);
	free(out.bytes);
	return text;
}

/* ---- back into the tree ---- */

static enum err put_back(const struct json_longs *l, json_t *value, size_t *done);

static enum err put_back_array(const struct json_longs *l, json_t *array, size_t *done)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		json_t *entry = json_array_get(array, i);
		int which = long_index(l, entry);
		enum err err = OK;
		if (which < 0) {
			err = put_back(l, entry, done);
		} else {
			json_t *text = decode(l->string[which], &err);
			if (text != NULL)
				err = json_array_set_new(array, i, text) == 0 ? OK : ERR_NOMEM;
			++*done;
		}
		if (err != OK)
			return err;
	}
	return OK;
}

static enum err put_back_object(const struct json_longs *l, json_t *object, size_t *done)
{
	for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
		json_t *entry = json_object_iter_value(at);
		int which = long_index(l, entry);
		enum err err = OK;
		if (which < 0) {
			err = put_back(l, entry, done);
		} else {
			json_t *text = decode(l->string[which], &err);
			if (text != NULL)
				err = json_object_iter_set_new(object, at, text) == 0 ? OK : ERR_NOMEM;
			++*done;
		}
		if (err != OK)
			return err;
	}
	return OK;
}

static enum err put_back(const struct json_longs *l, json_t *value, size_t *done)
{
	if (json_is_array(value))
		return put_back_array(l, value, done);
	return json_is_object(value) ? put_back_object(l, value, done) : OK;
}

enum err json_longs_put_back(const struct json_longs *l, json_t *root)
{
	size_t done = 0;
	enum err err = l->n > 0 ? put_back(l, root, &done) : OK;

	/* One that stood for a key, or twice for one that the other reader took for a single one. */
	return err == OK && done != l->n ? ERR_MSG_JSON : err;
}
