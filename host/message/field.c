/* Decoding by table (contract in message/field.h). */
#include "message/field.h"
#include <assert.h>
#include <string.h>

static bool field_put_int(const struct field *f, int64_t v, void *to)
{
	if (v < f->min || v > f->max)
		return false;
	switch (f->size) {
	case 2: { uint16_t u = (uint16_t)v; memcpy(to, &u, sizeof u); return true; }
	case 4: { uint32_t u = (uint32_t)v; memcpy(to, &u, sizeof u); return true; }
	case 8: { uint64_t u = (uint64_t)v; memcpy(to, &u, sizeof u); return true; }
	default: assert(f->size == 4); return false;   /* a table of ours is wrong */
	}
}

/* Jansson has checked the UTF-8. C1 controls are U+0080 to U+009F: C2 80 to C2 9F. */
static bool field_is_clean(const struct field *f, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)s[i], next = i + 1 < n ? (unsigned char)s[i + 1] : 0;
		if (c < 0x20 || c == 0x7f || (c == 0xc2 && next >= 0x80 && next <= 0x9f))
			return false;
		if ((f->type != FIELD_TEXT && c > 0x7e) || (f->type == FIELD_NAME && c == ' '))
			return false;
	}
	return f->type != FIELD_LINE || n == 0 || (s[0] != ' ' && s[n - 1] != ' ');
}

bool field_text_is_right(const struct field *f, const json_t *string)
{
	size_t n = json_string_length(string);

	return n >= (size_t)f->min && n <= (size_t)f->max && field_is_clean(f, json_string_value(string), n);
}

static bool field_put_text(const struct field *f, const json_t *value, char *to)
{
	size_t n = json_string_length(value);
	const char *s = json_string_value(value);

	assert((size_t)f->max < f->size);
	if (!field_text_is_right(f, value))
		return false;
	memcpy(to, s, n);
	to[n] = '\0';
	return true;
}

static bool field_put_choice(const struct field *f, const char *s, void *to)
{
	for (unsigned i = 0; f->choices[i] != NULL; i++)
		if (strcmp(f->choices[i], s) == 0) {
			assert(f->size == sizeof i);
			memcpy(to, &i, sizeof i);
			return true;
		}
	return false;
}

static bool field_decode(const struct field *f, const json_t *value, void *out)
{
	char *to = (char *)out + f->offset;

	switch (f->type) {
	case FIELD_BOOL: {
		bool b = json_is_true(value);
		if (!json_is_boolean(value))
			return false;
		memcpy(to, &b, sizeof b);
		return true;
	}
	case FIELD_INT:
		return json_is_integer(value) && field_put_int(f, json_integer_value(value), to);
	case FIELD_NAME:
	case FIELD_TEXT:
	case FIELD_LINE:
		return json_is_string(value) && field_put_text(f, value, to);
	case FIELD_CHOICE:
		return json_is_string(value) && field_put_choice(f, json_string_value(value), to);
	case FIELD_LONG:
		if (!json_is_string(value) || json_string_length(value) < (size_t)f->min || json_string_length(value) > (size_t)f->max)
			return false;
		memcpy(to, &value, sizeof value);
		return true;
	case FIELD_LIST:
		if (!json_is_array(value) || json_array_size(value) < (size_t)f->min ||
		    json_array_size(value) > (size_t)f->max)
			return false;
		memcpy(to, &value, sizeof value);
		return true;
	case FIELD_OBJECT:
		if (!json_is_object(value))
			return false;
		memcpy(to, &value, sizeof value);
		return true;
	}
	return false;
}

static bool field_is_known(const char *key, const struct field *table, size_t n)
{
	if (strcmp(key, "id") == 0 || strcmp(key, "kind") == 0)
		return true;
	for (size_t i = 0; i < n; i++)
		if (strcmp(key, table[i].name) == 0)
			return true;
	return false;
}

enum err fields_decode(const json_t *object, const struct field *table, size_t n, void *out, const char **wrong)
{
	const char *key;
	json_t *value;

	for (size_t i = 0; i < n; i++) {
		value = json_object_get(object, table[i].name);
		if (value == NULL ? table[i].is_optional
		                  : (table[i].is_nullable && json_is_null(value)) || field_decode(&table[i], value, out))
			continue;
		*wrong = table[i].name;
		return ERR_MSG_FIELD;
	}
	/* Jansson's iterator takes a pointer to non-const, and changes nothing. */
	json_object_foreach((json_t *)(uintptr_t)object, key, value) {
		if (field_is_known(key, table, n))
			continue;
		*wrong = key;
		return ERR_MSG_FIELD;
	}
	return OK;
}
