/* Makes the table of address rows (build/gen/currencies.h) of shared/currencies.json at build time; host/parse/addr/rows.c includes it.
 * Refuses a row with unknown, missing or contradicting fields. Use: gen_currencies IN.json OUT.h
 *
 * The JSON is { "rows": [ ROW, … ] }. In a ROW:
 *   coin, ticker, form, network ("main", "test", …), check, checksum_bits, source: always. The check's name X stands for addr_check_X.
 *   also           tickers whose addresses look the same; the first row of the table is the one that is reported
 *   prefix, suffix what the address begins and ends with; optional_prefix: it may be missing
 *   first          characters that may follow the prefix
 *   length         [least, most] characters, prefix and suffix included; computed for base58check and bech32 when not given
 *   alphabet       base58, ripple, bech32, hex, alnum, digits, base32 (a-z2-7), base32upper, or [ "its letters" ]
 *   inside, not_beside, context, caseless, join, param, number: see host/parse/addr/row.h
 *   version        hexadecimal bytes before the payload; payload: its bytes, a number or [least, most]; hash: sha256d, blake256d, …
 */
#include "parse/addr/base58.h"
#include "parse/addr/row.h"
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROWS_MAX 4096

/* Lengths up to this have a list of their own for each first letter; longer ones share one. It is above BASE58_TEXT_MAX. */
#define LENGTHS 258

struct heads { unsigned long low[LENGTHS], high[LENGTHS]; };

/* What is computed of a row for the index. */
static struct made {
	unsigned long long first[2];
	int bits;
	const char *inside, *rest; /* rest: the prefix behind its lead */
	size_t lead, suffix;
	bool caseless;
	long long length[2];
	unsigned long low, high;
	/* Base58 of any length: for each, the range of the first five digits. */
	struct heads *heads;
} made[ROWS_MAX];

static const char *at_row = "";

static void die(const char *what, const char *name)
{
	fprintf(stderr, "gen_currencies: %s: %s%s%s\n", at_row, what, name ? ": " : "", name ? name : "");
	exit(1);
}

static const char *text(const json_t *o, const char *key, bool must)
{
	const json_t *v = json_object_get(o, key);
	if (!v && !must)
		return "";
	const char *s = json_string_value(v);
	if (!s || (must && !*s))
		die("no text", key);
	for (const char *c = s; *c; c++)
		if ((unsigned char)*c < 32 || (unsigned char)*c > 126)
			die("not printable ASCII", key);
	return s;
}

static long long number(const json_t *v, long long low, long long high, const char *key)
{
	if (!json_is_integer(v) || json_integer_value(v) < low || json_integer_value(v) > high)
		die("no number, or out of its range", key);
	return json_integer_value(v);
}

/* A number or [least, most]. False when there is none. */
static bool range(const json_t *o, const char *key, long long most, long long out[2])
{
	const json_t *v = json_object_get(o, key);
	if (!v)
		return false;
	bool pair = json_is_array(v);
	if (pair && json_array_size(v) != 2)
		die("not [least, most]", key);
	out[0] = number(pair ? json_array_get(v, 0) : v, 0, most, key);
	out[1] = number(pair ? json_array_get(v, 1) : v, 0, most, key);
	if (out[0] > out[1])
		die("least above most", key);
	return true;
}

static bool flag(const json_t *o, const char *key, bool otherwise)
{
	const json_t *v = json_object_get(o, key);
	if (v && !json_is_boolean(v))
		die("neither true nor false", key);
	return v ? json_is_true(v) : otherwise;
}

/* A list of words as one string; the caller frees it. */
static char *words(const json_t *o, const char *key)
{
	const json_t *list = json_object_get(o, key);
	char *all = calloc(1, 4096);
	size_t i;
	json_t *v;
	if (list && !json_is_array(list))
		die("not a list", key);
	json_array_foreach(list, i, v) {
		const char *s = json_string_value(v);
		if (!s || !*s || strlen(all) + strlen(s) + 2 > 4096)
			die("bad word", key);
		if (i)
			strcat(all, " ");
		strcat(all, s);
	}
	return all;
}

static void put_text(FILE *out, const char *key, const char *s)
{
	fprintf(out, ".%s = \"", key);
	for (; *s; s++)
		fprintf(out, *s == '"' || *s == '\\' ? "\\%c" : "%c", *s);
	fprintf(out, "\", ");
}

static const struct { const char *name, *letters; } alphabets[] = {
	{ "base58", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz" },
	{ "bech32", "qpzry9x8gf2tvdw0s3jn54khce6mua7lQPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" },
	{ "hex", "0123456789abcdefABCDEF" },
	{ "digits", "0123456789" },
	{ "base32", "abcdefghijklmnopqrstuvwxyz234567" },
	{ "base32upper", "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567" },
	{ "alnum", "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" },
	/* The same letters as base58, in another order. */
	{ "ripple", "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz" },
};

static void add(unsigned long long set[2], const char *letters, bool caseless)
{
	for (; *letters; letters++) {
		unsigned char c = (unsigned char)*letters, d = (unsigned char)(caseless ? toupper(c) : c);
		unsigned char e = (unsigned char)(caseless ? tolower(c) : c);
		set[d >> 6] |= 1ull << (d & 63);
		set[e >> 6] |= 1ull << (e & 63);
	}
}

static void alphabet_of(const json_t *o, const char *check, bool caseless, unsigned long long set[2])
{
	const json_t *v = json_object_get(o, "alphabet");
	const char *name = json_string_value(v), *otherwise = strcmp(check, "base58check") == 0 ? "base58" : "bech32";
	set[0] = set[1] = 0;
	if (json_is_array(v)) {
		const char *own = json_string_value(json_array_get(v, 0));
		if (json_array_size(v) != 1 || !own || !*own)
			die("bad field", "alphabet");
		add(set, own, caseless);
		return;
	}
	if (!v && (strcmp(check, "base58check") == 0 || strstr(check, "bech32") || strcmp(check, "segwit") == 0))
		name = otherwise;
	if (!name)
		die("missing", "alphabet");
	for (size_t i = 0; i < sizeof alphabets / sizeof *alphabets; i++)
		if (strcmp(alphabets[i].name, name) == 0) {
			add(set, alphabets[i].letters, caseless);
			return;
		}
	die("unknown alphabet", name);
}

static size_t hex(const char *s, uint8_t out[ADDR_VERSION_MAX])
{
	size_t n = strlen(s);
	if (n % 2 || n / 2 > ADDR_VERSION_MAX || strspn(s, "0123456789abcdef") != n)
		die("not hexadecimal", "version");
	for (size_t i = 0; i < n / 2; i++) {
		char pair[3] = { s[i * 2], s[i * 2 + 1], 0 };
		out[i] = (uint8_t)strtoul(pair, NULL, 16);
	}
	return n / 2;
}

static unsigned long head(const char *s)
{
	unsigned long v = 0;
	for (size_t i = 0; i < 5; i++)
		v = v * 58 + (unsigned long)base58_value(base58_bitcoin, s[i]);
	return v;
}

struct span { char low[BASE58_TEXT_MAX + 1], high[BASE58_TEXT_MAX + 1]; };

/* The least and the greatest text that such a row can have: its payload and checksum all zeros, all ones. */
static void base58_span(const uint8_t *version, size_t n, long long payload, struct span *out)
{
	uint8_t bytes[BASE58_BYTES_MAX];
	size_t all = n + (size_t)payload + 4;
	if (all > sizeof bytes)
		die("too long", "payload");
	memcpy(bytes, version, n);
	memset(bytes + n, 0, all - n);
	out->low[base58_encode(base58_bitcoin, bytes, all, out->low, BASE58_TEXT_MAX)] = 0;
	memset(bytes + n, 0xff, all - n);
	out->high[base58_encode(base58_bitcoin, bytes, all, out->high, BASE58_TEXT_MAX)] = 0;
}

/* Lengths, first letters and the range of the first five letters, from what the bytes can be. */
static void base58_row(const json_t *o, struct made *m, long long length[2], const char *prefix)
{
	uint8_t version[ADDR_VERSION_MAX];
	size_t n = hex(text(o, "version", true), version);
	long long payload[2], said[2];
	struct span s;
	if (!range(o, "payload", BASE58_BYTES_MAX, payload) || payload[0] != payload[1])
		die("one number is needed", "payload");
	base58_span(version, n, payload[0], &s);
	length[0] = (long long)strlen(s.low);
	length[1] = (long long)strlen(s.high);
	if (length[0] > length[1]) {
		long long least = length[1];
		length[1] = length[0];
		length[0] = least;
	}
	if (version[0] == 0) {
		/* Zero bytes of the payload make the text shorter; that many are not met by chance, and no checksum is. */
		m->first[0] = 1ull << '1';
		m->first[1] = 0;
	} else if (strlen(s.low) == strlen(s.high)) {
		char between[64] = "";
		for (int v = base58_value(base58_bitcoin, s.low[0]); v <= base58_value(base58_bitcoin, s.high[0]); v++)
			strncat(between, &base58_bitcoin[v], 1);
		m->first[0] = m->first[1] = 0;
		add(m->first, between, false);
	}
	if (strncmp(s.low, prefix, strlen(prefix)) != 0 || strncmp(s.high, prefix, strlen(prefix)) != 0)
		die("no such address begins with the prefix given", prefix);
	if (range(o, "length", 2047, said) && (said[0] > length[0] + 1 || said[1] < length[1]))
		die("lengths other than the version's and payload's", "length");
	m->low = head(s.low);
	m->high = head(s.high);
}

/* Payloads of payload[0]..payload[1] bytes: what the texts of each length begin with. Low is above high where there is none. */
static void base58_heads(const uint8_t *version, size_t n, const long long payload[2], struct made *m)
{
	const unsigned long most = 58ul * 58 * 58 * 58 * 58 - 1;
	m->heads = malloc(sizeof *m->heads);
	if (!m->heads)
		die("out of memory", NULL);
	for (size_t len = 0; len < LENGTHS; len++) {
		m->heads->low[len] = most;
		m->heads->high[len] = 0;
	}
	for (long long bytes = payload[0]; bytes <= payload[1] && n + (size_t)bytes + 4 <= BASE58_BYTES_MAX; bytes++) {
		struct span s;
		base58_span(version, n, bytes, &s);
		for (size_t len = strlen(s.low); len <= strlen(s.high); len++) {
			unsigned long low = len == strlen(s.low) ? head(s.low) : 0, high = len == strlen(s.high) ? head(s.high) : most;
			m->heads->low[len] = low < m->heads->low[len] ? low : m->heads->low[len];
			m->heads->high[len] = high > m->heads->high[len] ? high : m->heads->high[len];
		}
	}
}

static void bech32_length(const json_t *o, const char *prefix, long long length[2], int version_groups)
{
	long long payload[2];
	if (!range(o, "payload", 1000, payload))
		die("missing", "payload");
	for (int i = 0; i < 2; i++)
		length[i] = (long long)strlen(prefix) + version_groups + (payload[i] * 8 + 4) / 5 + 6;
}

static void known_fields(const json_t *o)
{
	static const char *const known[] = { "coin", "ticker", "form", "network", "also", "check", "length", "prefix", "suffix",
		"optional_prefix", "first", "alphabet", "inside", "not_beside", "context", "caseless", "join", "param", "number",
		"version", "payload", "hash", "checksum_bits", "source" };
	const char *key;
	json_t *v;
	json_object_foreach((json_t *)o, key, v) {
		size_t i = 0;
		while (i < sizeof known / sizeof *known && strcmp(known[i], key) != 0)
			i++;
		if (i == sizeof known / sizeof *known)
			die("unknown field", key);
	}
}

static const char *hash_of(const json_t *o)
{
	const char *name = text(o, "hash", false);
	if (!*name || strcmp(name, "sha256d") == 0)
		return "SHA256D";
	if (strcmp(name, "blake256d") == 0)
		return "BLAKE256D";
	if (strcmp(name, "keccak256") == 0)
		return "KECCAK256";
	if (strcmp(name, "sha256ripe") == 0)
		return "SHA256_RIPE";
	die("unknown hash", name);
	return NULL;
}

static void row(const json_t *o, size_t i, FILE *out)
{
	struct made *m = &made[i];
	known_fields(o);
	const char *check = text(o, "check", true), *prefix = text(o, "prefix", false), *suffix = text(o, "suffix", false);
	const char *inside = text(o, "inside", false), *first = text(o, "first", false);
	bool based = strcmp(check, "base58check") == 0, segwit = strcmp(check, "segwit") == 0;
	bool bech = segwit || strstr(check, "bech32") || strstr(check, "cashaddr") || strcmp(check, "kaspa") == 0;
	bool caseless = flag(o, "caseless", bech);
	long long bits = number(json_object_get(o, "checksum_bits"), 0, 256, "checksum_bits"), length[2], payload[2] = { 0, 0 };
	bool join = flag(o, "join", bits >= 24 && !*inside);
	if (join && (bits == 0 || *inside))
		die("not without a checksum, nor with punctuation inside", "join");
	m->bits = (int)bits;
	m->inside = inside;
	text(o, "source", true);

	fprintf(out, "\t{ ");
	static const char *const names[] = { "coin", "ticker", "form", "network" };
	for (size_t k = 0; k < 4; k++)
		put_text(out, names[k], text(o, names[k], true));
	char *also = words(o, "also"), *context = words(o, "context");
	put_text(out, "also", also);
	put_text(out, "context", context);
	free(also);
	free(context);
	put_text(out, "prefix", prefix);
	put_text(out, "suffix", suffix);
	if (strlen(prefix) > 255 || strlen(suffix) > 255)
		die("too long", "prefix or suffix");
	put_text(out, "inside", inside);
	put_text(out, "not_beside", text(o, "not_beside", false));
	put_text(out, "param", text(o, "param", false));

	alphabet_of(o, check, caseless, m->first);
	fprintf(out, ".alphabet = alphabet_%zu, ", i);
	unsigned long long all[2] = { m->first[0], m->first[1] };
	/* What the search looks up is the first letter behind the prefix's last punctuation mark. */
	size_t lead = strlen(prefix);
	while (lead && isalnum((unsigned char)prefix[lead - 1]))
		lead--;
	fprintf(out, ".prefix_len = %zu, .suffix_len = %zu, .lead_len = %zu, ", strlen(prefix), strlen(suffix), lead);
	m->rest = prefix + lead;
	m->lead = lead;
	m->suffix = strlen(suffix);
	m->caseless = caseless;
	m->high = 0xffffffff;
	if (prefix[lead] || *first) {
		char one[2] = { prefix[lead], 0 };
		m->first[0] = m->first[1] = 0;
		add(m->first, prefix[lead] ? one : first, caseless);
	}
	if (based)
		base58_row(o, m, length, prefix);
	else if (!range(o, "length", 2047, length)) {
		if (!bech)
			die("missing", "length");
		bech32_length(o, prefix, length, segwit ? 1 : 0);
	}
	memcpy(m->length, length, sizeof m->length);
	range(o, "payload", 255, payload);
	uint8_t version[ADDR_VERSION_MAX];
	size_t n = hex(text(o, "version", false), version);
	if (strcmp(check, "base58_sum") == 0 && n && !json_object_get(o, "number") && payload[0] == payload[1] && length[0] == length[1]) {
		struct span s;
		base58_span(version, n, payload[0], &s);
		if (strlen(s.low) == (size_t)length[0] && strlen(s.high) == (size_t)length[0]) {
			m->low = head(s.low);
			m->high = head(s.high);
		}
	}
	if (strcmp(check, "base58_sum") == 0 && n && version[0] && !prefix[0] && !json_object_get(o, "number") && payload[0] != payload[1])
		base58_heads(version, n, payload, m);
	fprintf(out, ".version = { ");
	for (size_t k = 0; k < n || k == 0; k++)
		fprintf(out, "0x%02x, ", n ? version[k] : 0);
	const json_t *num = json_object_get(o, "number");
	fprintf(out, "}, .version_len = %zu, .payload_min = %lld, .payload_max = %lld, .hash = ADDR_HASH_%s, .number = %lldu, ", n,
	        payload[0], payload[1], hash_of(o), num ? number(num, 0, 0xffffffff, "number") : 0);
	fprintf(out, ".len_min = %lld, .len_max = %lld, .checksum_bits = %lld, .caseless = %d, .join = %d, .optional = %d, "
	        ".check = addr_check_%s },\n", length[0], length[1], bits, caseless, join, flag(o, "optional_prefix", false), check);
	printf("static const uint64_t alphabet_%zu[2] = { 0x%llxu, 0x%llxu };\n", i, all[0], all[1]);
}

/* Each set of punctuation marks inside once, letters and digits with it, the least and greatest length of its rows, and the rows. */
static void inside_out(size_t rows, FILE *out)
{
	char *sets = NULL;
	size_t sets_size = 0, n = 0, listed = 0;
	FILE *later = open_memstream(&sets, &sets_size);
	if (!later)
		die("out of memory", NULL);
	fprintf(out, "static const uint16_t inside_rows[] = { ");
	for (size_t i = 0; i < rows; i++) {
		bool seen = !made[i].inside[0];
		for (size_t k = 0; k < i; k++)
			seen |= strcmp(made[k].inside, made[i].inside) == 0;
		if (seen)
			continue;
		long long length[2] = { 65535, 0 };
		size_t from = listed;
		for (size_t k = i; k < rows; k++)
			if (strcmp(made[k].inside, made[i].inside) == 0) {
				length[0] = made[k].length[0] < length[0] ? made[k].length[0] : length[0];
				length[1] = made[k].length[1] > length[1] ? made[k].length[1] : length[1];
				fprintf(out, "%zu, ", k);
				listed++;
			}
		unsigned long long set[2] = { 0, 0 };
		add(set, "abcdefghijklmnopqrstuvwxyz0123456789", true);
		add(set, made[i].inside, false);
		fprintf(later, "\n\t{ { 0x%llxu, 0x%llxu }, %lld, %lld, %zu, %zu },", set[0], set[1], length[0], length[1], from, listed);
		n++;
	}
	fclose(later);
	fprintf(out, "%s};\nconst struct addr_inside rows_inside[] = {%s\n};\nconst size_t rows_inside_n = %zu;\n", listed ? "" : "0 ",
	        n ? sets : " { { 0, 0 }, 0, 0, 0, 0 }", n);
	free(sets);
}

/* A row in the index, or what is only for one length of it. Letters are a bit for each character, as in struct made. */
struct slot { size_t row; unsigned long low, high; long long least, most; unsigned long long first[2]; };

/* What the look-up compares before it goes to the row: see struct entry in host/parse/addr/rows.c. */
static void entry_out(const struct slot *e, FILE *out)
{
	const struct made *m = &made[e->row];
	unsigned long head_bits = 0, mask = 0;
	for (size_t k = 0; k < 4 && m->rest[k]; k++) {
		head_bits |= (unsigned long)(unsigned char)m->rest[k] << k * 8;
		mask |= 0xfful << k * 8;
	}
	fprintf(out, "\n\t{ 0x%08lxu, 0x%08lxu, 0x%08xu, %luu, %luu, %lld, %lld, %zu },", head_bits, mask,
	        m->caseless ? 0x20202020u : 0u, e->low, e->high, e->least, e->most, e->row);
}

/* The slots of a row; returns how many. */
static size_t slots_of(size_t row, struct slot out[static LENGTHS])
{
	const struct made *m = &made[row];
	long long around = (long long)(m->lead + m->suffix);
	size_t n = 0;
	if (!m->heads) {
		out[0] = (struct slot){ row, m->low, m->high, m->length[0] - around, m->length[1] - around, { m->first[0], m->first[1] } };
		return 1;
	}
	for (long long len = m->length[0]; len <= m->length[1] && len < LENGTHS; len++) {
		unsigned long low = m->heads->low[len], high = m->heads->high[len], fifth = 58ul * 58 * 58 * 58;
		if (low > high)
			continue;
		struct slot *e = &out[n++];
		*e = (struct slot){ row, low, high, len, len, { 0, 0 } };
		for (unsigned long v = low / fifth; v <= high / fifth; v++)
			add(e->first, (const char[]){ base58_bitcoin[v], 0 }, false);
	}
	return n;
}

static bool may_begin(const struct slot *e, size_t c, size_t n)
{
	if (made[e->row].inside[0] || !(e->first[c >> 6] >> (c & 63) & 1))
		return false;
	return n < LENGTHS - 1 ? (long long)n >= e->least && (long long)n <= e->most : e->most >= LENGTHS - 1;
}

/* For each first letter and length the rows that it may begin, strongest checksum first, else in the order of the table. */
static void index_out(size_t rows, FILE *out)
{
	size_t n = 0, slots = 0;
	struct slot *slot = malloc((rows + 1) * LENGTHS * sizeof *slot);
	unsigned *from = calloc(128 * LENGTHS + 1, sizeof *from);
	if (!from || !slot)
		die("out of memory", NULL);
	for (int bits = 256; bits >= 0; bits--)
		for (size_t i = 0; i < rows; i++)
			if (made[i].bits == bits)
				slots += slots_of(i, slot + slots);
	fprintf(out, "static const struct entry entries[] = {");
	for (size_t k = 0; k < slots; k++)
		entry_out(&slot[k], out);
	fprintf(out, "\n};\n#define LENGTHS %d\nstatic const uint16_t listed[] = {", LENGTHS);
	for (size_t c = 0; c < 128; c++)
		for (size_t len = 0; len < LENGTHS; len++) {
			from[c * LENGTHS + len] = (unsigned)n;
			for (size_t k = 0; k < slots; k++)
				if (may_begin(&slot[k], c, len))
					fprintf(out, "%s%zu,", n++ % 20 ? " " : "\n\t", k);
		}
	from[128 * LENGTHS] = (unsigned)n;
	fprintf(out, "\n};\nstatic const uint32_t listed_from[] = {");
	for (size_t k = 0; k <= 128 * LENGTHS; k++)
		fprintf(out, "%s%u,", k % 20 ? " " : "\n\t", from[k]);
	fprintf(out, "\n};\n");
	free(from);
	free(slot);
	inside_out(rows, out);
}

int main(int argc, char **argv)
{
	json_error_t why;
	if (argc != 3)
		die("two arguments, please", NULL);
	json_t *all = json_load_file(argv[1], JSON_REJECT_DUPLICATES, &why);
	if (!all)
		die(argv[1], why.text);
	const json_t *list = json_object_get(all, "rows");
	if (json_array_size(list) == 0 || json_array_size(list) > ROWS_MAX)
		die("no rows, or too many", argv[1]);
	char *rows = NULL;
	size_t rows_n = 0, i;
	FILE *later = open_memstream(&rows, &rows_n);
	if (!later || !freopen(argv[2], "w", stdout))
		die("can't write", argv[2]);
	printf("/* Made by tools/gen_currencies.c of shared/currencies.json. */\n"
	       "#ifndef GEN_CURRENCIES_H\n#define GEN_CURRENCIES_H\n\n");
	json_t *o;
	json_array_foreach(list, i, o) {
		char place[256];
		const char *coin = json_string_value(json_object_get(o, "coin")), *form = json_string_value(json_object_get(o, "form"));
		snprintf(place, sizeof place, "row %zu (%s %s)", i, coin ? coin : "?", form ? form : "?");
		at_row = place;
		row(o, i, later);
	}
	at_row = argv[1];
	index_out(json_array_size(list), later);
	fclose(later);
	/* The rows are in pieces: what stands before the index's first line is the array. */
	char *index = strstr(rows, "static const struct entry entries");
	printf("const struct addr_row addr_rows[] = {\n%.*s};\nconst size_t addr_rows_n = %zu;\n%s\n#endif\n", (int)(index - rows), rows,
	       json_array_size(list), index);
	free(rows);
	if (fclose(stdout) != 0)
		die("can't write", argv[2]);
	json_decref(all);
	return 0;
}
