/* Reading the consensus and microdescriptors line by line (dir-spec 3.4.1, 3.3) into the arrays of relays.c. Lines come from tor, but what
 * stands in them was written by relay operators: every count is bounded, and what can't be read leaves the relay
 * without that knowledge, which makes it less eligible, never more. */
#include "engine/relays_table.h"
#include "engine/words.h"
#include <arpa/inet.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WORD_MAX 64

enum err relays_grow(void *array, size_t *room, size_t n, size_t most, size_t size)
{
	void **p = array;

	if (n < *room)
		return OK;
	if (n >= most)
		return ERR_TOO_BIG;
	size_t more = *room == 0 ? 64 : *room + *room / 2;
	if (more > most)
		more = most;
	void *bigger = realloc(*p, more * size);
	if (bigger == NULL)
		return ERR_NOMEM;
	*p = bigger;
	*room = more;
	return OK;
}

/* ---- consensus ---- */

static bool read_nickname(char out[NICKNAME_MAX], const char *word, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		char c = word[i];
		bool is_fine = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
		if (!is_fine)
			return false;
	}
	return word_copy(out, NICKNAME_MAX, word, n);
}

/* "r nickname identity [digest] date time IP ORPort DirPort": the digest is missing in the microdescriptor flavour. */
static enum err r_line(struct relays *r, const char *at, const char *end)
{
	const char *word[10];
	size_t len[10], n = 0, got;
	struct relay x = { 0 };
	struct in_addr ip;
	char text[WORD_MAX];

	r->in_entry = false;
	while (n < 10 && (len[n] = word_next(&at, end, &word[n])) > 0)
		n++;
	if (n != 7 && n != 8)
		return OK;
	if (!read_nickname(x.nickname, word[0], len[0]) || len[1] != 27)
		return OK;
	if (sodium_base642bin(x.fp, FP_LEN, word[1], 27, NULL, &got, NULL, sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0 ||
	    got != FP_LEN)
		return OK;
	if (!word_copy(text, sizeof text, word[n - 3], len[n - 3]) || inet_pton(AF_INET, text, &ip) != 1)
		return OK;
	x.ip4 = ntohl(ip.s_addr);
	enum err err = relays_grow(&r->relay, &r->room, r->n, RELAYS_MAX, sizeof r->relay[0]);
	if (err != OK)
		return err;
	r->relay[r->n++] = x;
	r->in_entry = true;
	return OK;
}

static void s_line(struct relay *x, const char *at, const char *end)
{
	const char *word;
	size_t n;

	while ((n = word_next(&at, end, &word)) > 0)
		for (unsigned bit = 0; bit < 16; bit++) {
			const char *name = relay_flag_name(bit);
			if (name != NULL && word_is(word, n, name))
				x->flags = (uint16_t)(x->flags | 1u << bit);
		}
}

static void w_line(struct relay *x, const char *at, const char *end)
{
	const char *word;
	size_t n;
	uint64_t v;

	while ((n = word_next(&at, end, &word)) > 0)
		if (n > 10 && memcmp(word, "Bandwidth=", 10) == 0 && word_number(word + 10, n - 10, UINT32_MAX, &v))
			x->weight = (uint32_t)v;
}

/* "[2001:db8::1]:9001"; the first IPv6 one counts. */
static void a_line(struct relay *x, const char *at, const char *end)
{
	static const uint8_t none[16];
	const char *word;
	char text[INET6_ADDRSTRLEN];
	size_t n = word_next(&at, end, &word);
	const char *close_at = n > 0 ? memchr(word, ']', n) : NULL;

	if (n < 4 || word[0] != '[' || close_at == NULL || memcmp(x->ip6, none, 16) != 0)
		return;
	if (word_copy(text, sizeof text, word + 1, (size_t)(close_at - word) - 1)) {
		struct in6_addr ip;
		if (inet_pton(AF_INET6, text, &ip) == 1)
			memcpy(x->ip6, &ip, 16);
	}
}

static void weights_line(struct relays *r, const char *at, const char *end)
{
	const char *word;
	size_t n;
	uint64_t v;

	while ((n = word_next(&at, end, &word)) > 0) {
		if (n <= 4 || word[3] != '=' || !word_number(word + 4, n - 4, 10000, &v))
			continue;
		if (memcmp(word, "Wee", 3) == 0)
			r->wee = (uint32_t)v;
		else if (memcmp(word, "Wed", 3) == 0)
			r->wed = (uint32_t)v;
	}
}

enum err relays_ns_line(struct relays *r, const char *line, size_t len)
{
	const char *at = line, *end = line + len, *key;
	size_t n = word_next(&at, end, &key);

	if (r->is_sorted)
		return ERR_BUG;
	if (word_is(key, n, "r"))
		return r_line(r, at, end);
	if (word_is(key, n, "bandwidth-weights")) {
		weights_line(r, at, end);
		return OK;
	}
	if (word_is(key, n, "directory-footer"))
		r->in_entry = false;
	if (!r->in_entry)
		return OK;
	struct relay *x = &r->relay[r->n - 1];
	if (word_is(key, n, "s"))
		s_line(x, at, end);
	else if (word_is(key, n, "w"))
		w_line(x, at, end);
	else if (word_is(key, n, "a"))
		a_line(x, at, end);
	return OK;
}

/* The consensus and canonical family lines come sorted; then looking once is all. */
static void sort_unless_sorted(void *array, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	const char *at = array;

	for (size_t i = 1; i < n; i++)
		if (compare(at + (i - 1) * size, at + i * size) > 0) {
			qsort(array, n, size, compare);
			return;
		}
}

static int compare_fp(const void *a, const void *b)
{
	return memcmp(((const struct relay *)a)->fp, ((const struct relay *)b)->fp, FP_LEN);
}

static int compare_nick(const void *a, const void *b, void *arg)
{
	const struct relay *relay = arg;

	return strcasecmp(relay[*(const uint32_t *)a].nickname, relay[*(const uint32_t *)b].nickname);
}

/* Equal nicknames get one class; by_nick lists a class's relays side by side. */
static enum err sort_nicknames(struct relays *r)
{
	r->by_nick = malloc((r->n + 1) * sizeof r->by_nick[0]);
	if (r->by_nick == NULL)
		return ERR_NOMEM;
	for (size_t i = 0; i < r->n; i++)
		r->by_nick[i] = (uint32_t)i;
	qsort_r(r->by_nick, r->n, sizeof r->by_nick[0], compare_nick, r->relay);
	uint32_t nick_class = 0;
	for (size_t i = 0; i < r->n; i++) {
		if (i > 0 && compare_nick(&r->by_nick[i - 1], &r->by_nick[i], r->relay) != 0)
			nick_class = (uint32_t)i;
		r->relay[r->by_nick[i]].nick_class = nick_class;
	}
	return OK;
}

static enum err index_fingerprints(struct relays *r)
{
	size_t n = 64;

	while (n < 2 * r->n)
		n *= 2;
	r->fp_slot = calloc(n, sizeof r->fp_slot[0]);
	if (r->fp_slot == NULL)
		return ERR_NOMEM;
	r->n_fp_slots = n;
	randombytes_buf(&r->fp_key, sizeof r->fp_key);
	for (size_t i = 0; i < r->n; i++) {
		size_t at = relays_fp_slot(r, r->relay[i].fp);
		while (r->fp_slot[at] != 0)
			at = (at + 1) & (n - 1);
		r->fp_slot[at] = (uint32_t)i + 1;
	}
	return OK;
}

enum err relays_sort(struct relays *r)
{
	if (r->is_sorted)
		return ERR_BUG;
	sort_unless_sorted(r->relay, r->n, sizeof r->relay[0], compare_fp);
	size_t kept = 0;
	for (size_t i = 0; i < r->n; i++)   /* of two entries of one identity the first stays */
		if (kept == 0 || compare_fp(&r->relay[kept - 1], &r->relay[i]) != 0)
			r->relay[kept++] = r->relay[i];
	r->n = kept;
	r->in_entry = false;
	r->is_sorted = true;
	enum err err = index_fingerprints(r);
	return err == OK ? sort_nicknames(r) : err;
}

/* ---- families ---- */

static bool class_of_nickname(const struct relays *r, const char *nickname, uint32_t *out)
{
	size_t low = 0, high = r->n;

	while (low < high) {
		size_t mid = (low + high) / 2;
		if (strcasecmp(r->relay[r->by_nick[mid]].nickname, nickname) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == r->n || strcasecmp(r->relay[r->by_nick[low]].nickname, nickname) != 0)
		return false;
	*out = FAMILY_NICK | r->relay[r->by_nick[low]].nick_class;
	return true;
}

/* "$FP", "$FP=name", "$FP~name", or a nickname, which names every relay that bears it, as in tor itself; being a family
 * takes two, so that this makes nobody a member against his will. Names of relays that are gone name nobody. */
static bool family_entry(const struct relays *r, const char *word, size_t n, uint32_t *out)
{
	char text[WORD_MAX + 1];
	uint8_t fp[FP_LEN];

	if (!word_copy(text, sizeof text, word, n))
		return false;
	if (text[0] != '$')
		return class_of_nickname(r, text, out);
	text[strcspn(text, "=~")] = '\0';
	const struct relay *x = fp_parse(text, fp) ? relays_find(r, fp) : NULL;
	if (x == NULL)
		return false;
	*out = (uint32_t)(x - r->relay);
	return true;
}

static enum err family_line(struct relays *r, const char *at, const char *end)
{
	const char *word;
	size_t n;
	uint32_t entry;

	while ((n = word_next(&at, end, &word)) > 0) {
		if (!family_entry(r, word, n, &entry))
			continue;
		enum err err = relays_grow(&r->family, &r->room_family, r->n_family, FAMILY_ENTRIES_MAX, sizeof entry);
		if (err != OK)
			return err;
		r->family[r->n_family++] = entry;
		r->md->family_n++;
	}
	return OK;
}

/* Ids are compared by hash; the text is for people alone and may be cut. */
static enum err family_ids_line(struct relays *r, const char *at, const char *end)
{
	const char *word;
	size_t n;

	while ((n = word_next(&at, end, &word)) > 0) {
		struct family_id id = { 0 };
		enum err err = relays_grow(&r->id, &r->room_ids, r->n_ids, FAMILY_ENTRIES_MAX, sizeof id);
		if (err != OK)
			return err;
		crypto_generichash(id.hash, sizeof id.hash, (const uint8_t *)word, n, NULL, 0);
		memcpy(id.text, word, n < sizeof id.text ? n : sizeof id.text - 1);
		r->id[r->n_ids++] = id;
		r->md->ids_n++;
	}
	return OK;
}

/* ---- microdescriptors ---- */

static int compare_u32(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static int compare_id(const void *a, const void *b)
{
	return memcmp(((const struct family_id *)a)->hash, ((const struct family_id *)b)->hash, sizeof ((struct family_id *)0)->hash);
}

static void md_end(struct relays *r)
{
	struct relay *x = r->md;

	if (x == NULL)
		return;
	if (x->family_n > 1)
		sort_unless_sorted(&r->family[x->family_at], x->family_n, sizeof r->family[0], compare_u32);
	if (x->ids_n > 1)
		sort_unless_sorted(&r->id[x->ids_at], x->ids_n, sizeof r->id[0], compare_id);
	r->md = NULL;
}

enum err relays_md_begin(struct relays *r, const uint8_t fp[FP_LEN])
{
	if (!r->is_sorted)
		return ERR_BUG;
	md_end(r);
	const struct relay *x = relays_find(r, fp);
	if (x == NULL)
		return ERR_EXIT_UNKNOWN;
	r->md = &r->relay[x - r->relay];
	r->is_joined = false;
	r->md->family_at = (uint32_t)r->n_family;
	r->md->ids_at = (uint32_t)r->n_ids;
	r->md->family_n = r->md->ids_n = 0;
	r->md->policy4 = r->md->policy6 = POLICY_NONE;
	r->md->has_md = false;
	return OK;
}

enum err relays_md_line(struct relays *r, const char *line, size_t len)
{
	const char *at = line, *end = line + len, *key;
	size_t n = word_next(&at, end, &key);

	if (r->md == NULL)
		return OK;
	if (word_is(key, n, "family"))
		return family_line(r, at, end);
	if (word_is(key, n, "family-ids"))
		return family_ids_line(r, at, end);
	if (word_is(key, n, "p"))
		return relays_policy_line(r, at, end, &r->md->policy4);
	if (word_is(key, n, "p6"))
		return relays_policy_line(r, at, end, &r->md->policy6);
	if (word_is(key, n, "onion-key") || word_is(key, n, "ntor-onion-key"))
		r->md->has_md = true;
	return OK;
}

enum err relays_finish(struct relays *r)
{
	if (!r->is_sorted)
		return ERR_BUG;
	md_end(r);
	r->usable = 0;
	for (size_t i = 0; i < r->n; i++)
		r->usable += relay_is_usable_exit(&r->relay[i]);
	return relays_join_families(r);
}

void relays_inherit(struct relays *r, const struct relays *old)
{
	for (size_t i = 0; old != NULL && i < r->n; i++) {
		struct relay *x = &r->relay[i];
		const struct relay *before = relays_find(old, x->fp);
		if (before != NULL && before->ip4 == x->ip4 && memcmp(before->ip6, x->ip6, sizeof x->ip6) == 0)
			memcpy(x->country, before->country, sizeof x->country);
	}
}
