/* Rates (contract in collector/rate.h). Relays stand in a table of sets: a relay's place is drawn by a hash that nobody else knows, and the longest
 * silent of its set makes room. */
#include "collector/rate.h"
#include "base/limits_collector.h"
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#define WAYS 8
#define SETS (INTAKE_RELAYS_MAX / WAYS)

/* left: in thousandths of a report, so that filling needs no fractions. */
struct bucket { uint64_t left, last_ms; };
struct entry { uint8_t fp[FP_LEN]; struct bucket bucket; };

struct rate {
	uint64_t most, per_ms_num, per_ms_den;             /* of all */
	uint64_t relay_most, relay_num, relay_den;
	struct bucket all;
	uint8_t key[crypto_shorthash_KEYBYTES];
	struct entry entry[SETS][WAYS];
};

struct rate *rate_new(unsigned per_minute, unsigned per_relay_hour)
{
	struct rate *r = calloc(1, sizeof *r);

	if (r == NULL)
		return NULL;
	/* thousandths a millisecond: n * 1000 / 60,000 and n * 1000 / 3,600,000 */
	r->most = (uint64_t)per_minute * 1000;
	r->per_ms_num = per_minute;
	r->per_ms_den = 60;
	r->relay_most = (uint64_t)per_relay_hour * 1000;
	r->relay_num = per_relay_hour;
	r->relay_den = 3600;
	r->all.left = r->most;
	randombytes_buf(r->key, sizeof r->key);
	return r;
}

void rate_free(struct rate *r)
{
	free(r);
}

static void fill(struct bucket *b, uint64_t now, uint64_t most, uint64_t num, uint64_t den)
{
	uint64_t passed = now > b->last_ms ? now - b->last_ms : 0;

	/* A day fills every bucket; so nothing overflows. */
	if (passed > UINT64_C(86400000))
		passed = UINT64_C(86400000);
	uint64_t more = passed * num / den;
	if (more == 0)
		return;   /* the time goes on counting */
	b->left = b->left + more > most ? most : b->left + more;
	b->last_ms = now;
}

static struct entry *entry_of(struct rate *r, uint64_t now, const uint8_t fp[FP_LEN])
{
	uint8_t hash[crypto_shorthash_BYTES];
	uint64_t h;

	crypto_shorthash(hash, fp, FP_LEN, r->key);
	memcpy(&h, hash, sizeof h);
	struct entry *set = r->entry[h % SETS], *oldest = set;
	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].bucket.last_ms != 0 && memcmp(set[i].fp, fp, FP_LEN) == 0)
			return &set[i];
		if (set[i].bucket.last_ms < oldest->bucket.last_ms)
			oldest = &set[i];
	}
	memcpy(oldest->fp, fp, FP_LEN);
	oldest->bucket = (struct bucket){ r->relay_most, now > 0 ? now : 1 };
	return oldest;
}

enum err rate_take(struct rate *r, uint64_t now_ms, const uint8_t (*fp)[FP_LEN], size_t n)
{
	if (r->most > 0) {
		fill(&r->all, now_ms, r->most, r->per_ms_num, r->per_ms_den);
		if (r->all.left < 1000)
			return ERR_REPORT_RATE;
	}
	for (size_t i = 0; r->relay_most > 0 && i < n; i++) {
		struct bucket *b = &entry_of(r, now_ms, fp[i])->bucket;
		fill(b, now_ms, r->relay_most, r->relay_num, r->relay_den);
		if (b->left < 1000)
			return ERR_REPORT_RELAY_RATE;
	}
	if (r->most > 0)
		r->all.left -= 1000;
	for (size_t i = 0; r->relay_most > 0 && i < n; i++) {
		struct bucket *b = &entry_of(r, now_ms, fp[i])->bucket;
		b->left -= b->left < 1000 ? b->left : 1000;   /* the same relay twice in one report */
	}
	return OK;
}
