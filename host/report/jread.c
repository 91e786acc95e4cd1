/* The reader (contract in report/jread.h). RFC 8259, less what no canonical text has. */
#include "report/jread.h"
#include <stdio.h>
#include <string.h>

static void jread_fail(struct jread *j, enum err err)
{
	if (j->err == OK)
		j->err = err;
	j->in = (struct rd){ .at = j->in.at, .left = 0, .bad = true };
}

void jread_wrong(struct jread *j)
{
	jread_fail(j, ERR_REPORT_FIELD);
}

static void jread_name(struct jread *j, const char *field)
{
	if (j->err == OK)
		snprintf(j->field, sizeof j->field, "%s", field);
}

void jread_wrong_field(struct jread *j, const char *field)
{
	jread_name(j, field);
	jread_wrong(j);
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* The next byte that is no white space, not taken; 0 at the end (a NUL is no JSON either). */
static uint8_t jread_peek(struct jread *j)
{
	while (!j->is_tight && j->in.left > 0 && is_space(j->in.at[0]))
		(void)rd_u8(&j->in);
	return j->in.left > 0 ? j->in.at[0] : 0;
}

static bool jread_is(struct jread *j, char c)
{
	if (jread_peek(j) != (uint8_t)c)
		return false;
	(void)rd_u8(&j->in);
	return true;
}

static void jread_need(struct jread *j, char c)
{
	if (!jread_is(j, c))
		jread_fail(j, ERR_REPORT_JSON);
}

/* A value of another type is a wrong field; what begins no value at all is no JSON. */
static void jread_other(struct jread *j)
{
	uint8_t c = jread_peek(j);

	jread_fail(j, c != 0 && strchr("{[\"tfn-0123456789", c) != NULL ? ERR_REPORT_FIELD : ERR_REPORT_JSON);
}

/* Bytes of one UTF-8 character at the front (RFC 3629 section 4); 0: none. Its first byte is 0x80 or more. */
static size_t utf8_length(struct rd in)
{
	const uint8_t a = in.at[0];
	const size_t n = a >= 0xc2 && a <= 0xdf ? 2 : a >= 0xe0 && a <= 0xef ? 3 : a >= 0xf0 && a <= 0xf4 ? 4 : 0;

	if (n == 0 || in.left < n)
		return 0;
	const uint8_t b = in.at[1];
	const uint8_t low = a == 0xe0 ? 0xa0 : a == 0xf0 ? 0x90 : 0x80, high = a == 0xed ? 0x9f : a == 0xf4 ? 0x8f : 0xbf;
	if (b < low || b > high)
		return 0;
	for (size_t i = 2; i < n; i++)
		if ((in.at[i] & 0xc0) != 0x80)
			return 0;
	return n;
}

struct rd jread_raw(struct jread *j)
{
	const struct rd none = { .at = j->in.at, .left = 0, .bad = true };

	if (!jread_is(j, '"')) {
		jread_other(j);
		return none;
	}
	struct rd from = j->in;
	for (;;) {
		const uint8_t c = j->in.left > 0 ? j->in.at[0] : 0;
		size_t n = 1;
		if (c == '"')
			break;
		if (c < 0x20)          /* the end, too */
			n = 0;
		else if (c == '\\')
			n = j->in.left > 1 && (j->in.at[1] == '"' || j->in.at[1] == '\\') ? 2 : 0;
		else if (c >= 0x80)
			n = utf8_length(j->in);
		if (n == 0) {
			jread_fail(j, ERR_REPORT_JSON);
			return none;
		}
		(void)rd_take(&j->in, n);
	}
	struct rd inside = rd_take(&from, from.left - j->in.left);
	(void)rd_u8(&j->in);
	return inside;
}

void jread_object(struct jread *j, struct jobject *o, const char *const *names)
{
	*o = (struct jobject){ .names = names, .is_first = true };
	if (!jread_is(j, '{'))
		jread_other(j);
}

/* Reads the next member's name, unless it has been. */
static void jread_key(struct jread *j, struct jobject *o)
{
	if (o->has_key || j->err != OK || jread_peek(j) == '}')
		return;
	if (!o->is_first)
		jread_need(j, ',');
	o->is_first = false;
	if (jread_peek(j) != '"') {
		jread_fail(j, ERR_REPORT_JSON);
		return;
	}
	struct rd key = jread_raw(j);
	jread_need(j, ':');
	if (j->err != OK)
		return;
	o->has_key = true;
	o->key[0] = '\0';   /* a name that none of ours is long enough for is unknown */
	if (key.left < sizeof o->key) {
		memcpy(o->key, key.at, key.left);
		o->key[key.left] = '\0';
	}
}

static size_t name_index(const struct jobject *o, const char *name)
{
	size_t i = 0;

	while (o->names[i] != NULL && strcmp(o->names[i], name) != 0)
		i++;
	return i;
}

bool jread_member(struct jread *j, struct jobject *o, const char *name, bool is_needed)
{
	jread_key(j, o);
	if (j->err != OK)
		return false;
	o->at = name_index(o, name) + 1;
	if (o->has_key && strcmp(o->key, name) == 0) {
		o->has_key = false;
		jread_name(j, name);
		return true;
	}
	if (is_needed) {
		/* Something else stands here: is it a later member (then this one is missing), or one that is out of place? */
		size_t i = o->has_key ? name_index(o, o->key) : o->at;
		bool is_later = !o->has_key || (i >= o->at && o->names[i] != NULL);
		jread_wrong_field(j, is_later ? name : o->key);
	}
	return false;
}

void jread_object_end(struct jread *j, struct jobject *o)
{
	jread_key(j, o);
	if (j->err == OK && o->has_key)
		jread_wrong_field(j, o->key);
	jread_need(j, '}');
}

void jread_array(struct jread *j)
{
	if (!jread_is(j, '['))
		jread_other(j);
}

bool jread_entry(struct jread *j, size_t n)
{
	if (j->err != OK || jread_is(j, ']'))
		return false;
	if (n > 0)
		jread_need(j, ',');
	return j->err == OK;
}

void jread_text(struct jread *j, char *out, size_t min, size_t cap, bool (*is_right)(unsigned char c))
{
	struct rd raw = jread_raw(j);
	size_t n = 0;

	while (j->err == OK && raw.left > 0) {
		uint8_t c = rd_u8(&raw);
		if (c == '\\')
			c = rd_u8(&raw);
		/* DEL; C1 controls are U+0080 to U+009F: C2 80 to C2 9F. */
		const bool is_control = c == 0x7f || (c == 0xc2 && raw.left > 0 && raw.at[0] <= 0x9f);
		if (n + 1 >= cap || is_control || (is_right != NULL && !is_right(c))) {
			jread_wrong(j);
			break;
		}
		out[n++] = (char)c;
	}
	if (n < min)
		jread_wrong(j);
	out[j->err == OK ? n : 0] = '\0';
}

unsigned jread_choice(struct jread *j, const char *const *names, size_t n)
{
	struct rd raw = jread_raw(j);

	for (unsigned i = 0; j->err == OK && i < n; i++)
		if (names[i] != NULL && strlen(names[i]) == raw.left && memcmp(names[i], raw.at, raw.left) == 0)
			return i;
	jread_wrong(j);
	return 0;
}

uint64_t jread_number(struct jread *j, uint64_t min, uint64_t max)
{
	const uint8_t first = jread_peek(j);
	uint64_t v = 0;

	if (first < '0' || first > '9') {
		jread_other(j);
		return min;
	}
	for (size_t n = 0; j->in.left > 0 && j->in.at[0] >= '0' && j->in.at[0] <= '9'; n++) {
		if (n > 0 && first == '0') {
			jread_fail(j, ERR_REPORT_JSON);
			return min;
		}
		const unsigned digit = (unsigned)rd_u8(&j->in) - '0';
		v = v > (UINT64_MAX - digit) / 10 ? UINT64_MAX : v * 10 + digit;
	}
	const bool is_whole = j->in.left == 0 || (j->in.at[0] != '.' && j->in.at[0] != 'e' && j->in.at[0] != 'E');
	if (v < min || v > max || !is_whole) {
		jread_wrong(j);
		return min;
	}
	return v;
}

bool jread_bool(struct jread *j)
{
	const char *word = jread_peek(j) == 't' ? "true" : "false";
	const size_t n = strlen(word);

	if (j->in.left >= n && memcmp(j->in.at, word, n) == 0) {
		(void)rd_take(&j->in, n);
		return n == 4;
	}
	jread_other(j);
	return false;
}

void jread_end(struct jread *j)
{
	if (jread_peek(j) != 0 || j->in.left > 0)
		jread_fail(j, ERR_REPORT_JSON);
}
