// uses: host/engine/pathpick.c host/engine/continent.c host/engine/relays.c host/engine/relays_load.c host/engine/relays_policy.c host/engine/relays_group.c host/engine/words.c host/engine/torctl.c host/base/buf.c host/base/err.c
// libs: -lsodium
/* Loading 10,000 relays and drawing one exit. The consensus is made up after the real one's shape: a fifth are exits, some 400
 * different policies, families from two relays to 300, family ids, IPv6 for a third; everything arrives as bytes of the control port.
 * Prints one JSON object; ends non-zero when a limit of the design is not kept. */
#include "base/limits.h"
#include "engine/pathpick.h"
#include "engine/torctl.h"
#include <malloc.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define RELAYS 10000
#define EXITS 2000
#define DRAWS 400
#define LOAD_MS_MAX 100.0
#define CHOICE_MS_MAX 5.0
#define BYTES_MAX (24u * 1024 * 1024)

struct text { char *bytes; size_t n, room; };

static void put(struct text *t, const char *format, ...)
{
	va_list args;

	if (t->room - t->n < 8192) {
		t->room = t->room * 2 + 65536;
		t->bytes = realloc(t->bytes, t->room);
		if (t->bytes == NULL)
			abort();
	}
	va_start(args, format);
	t->n += (size_t)vsnprintf(t->bytes + t->n, t->room - t->n, format, args);
	va_end(args);
}

/* Our own time: nothing here waits for anybody, and other programs on the machine are not what is measured. */
static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
	return (double)t.tv_sec * 1000 + (double)t.tv_nsec / 1e6;
}

/* The same numbers on every run. */
static uint32_t chance(uint32_t i, uint32_t what)
{
	uint64_t x = ((uint64_t)i << 32 | what) * 0x9e3779b97f4a7c15u;

	x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
	x = (x ^ x >> 27) * 0x94d049bb133111ebu;
	return (uint32_t)(x >> 32);
}

static void fingerprint(uint32_t i, uint8_t out[FP_LEN])
{
	for (uint32_t k = 0; k < FP_LEN / 4; k++) {
		uint32_t v = chance(i, k);
		memcpy(out + 4 * k, &v, 4);
	}
}

/* Exits are the relays whose number ends in 0 or 5. Families are runs of exits, the largest of 300. */
static uint32_t family_of(uint32_t exit, uint32_t *first, uint32_t *n)
{
	static const uint32_t sizes[] = { 300, 150, 100, 80, 60, 40, 30, 20, 10, 10 };
	uint32_t at = 0;

	for (uint32_t k = 0;; k++) {
		uint32_t size = k < 10 ? sizes[k] : 1 + k % 3;
		if (exit < at + size) {
			*first = at;
			*n = size;
			return k;
		}
		at += size;
	}
}

static void make_consensus(struct text *t)
{
	put(t, "250+dir/status-vote/current/consensus-microdesc=\r\nnetwork-status-version 3 microdesc\r\n");
	for (uint32_t i = 0; i < RELAYS; i++) {
		uint8_t fp[FP_LEN];
		char id[48];
		bool is_exit = i % 5 == 0;
		fingerprint(i, fp);
		sodium_bin2base64(id, sizeof id, fp, sizeof fp, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
		put(t, "r relay%u %s 2038-01-01 00:00:00 %u.%u.%u.%u 9001 0\r\n", i % 7000, id, 1 + chance(i, 10) % 220, chance(i, 11) % 256, chance(i, 12) % 256, i % 256);
		if (i % 3 == 0)
			put(t, "a [2a%02x:%x::%x]:9001\r\n", chance(i, 13) % 32, chance(i, 14) % 4096, i);
		put(t, "m ogG184bpl5sLJGihDVEXMLvi+c1L4I8OFAn75NJePuw\r\ns %sFast %sRunning Stable V2Dir Valid\r\nv Tor 0.4.8.17\r\n", is_exit ? "Exit " : "", i % 2 ? "Guard HSDir " : "");
		put(t, "pr Conflux=1 Cons=1-2 Desc=1-2 DirCache=2 FlowCtrl=1-2 HSDir=2 HSIntro=4-5 HSRend=1-2 Link=1-5 LinkAuth=1,3 Microdesc=1-2 Padding=2 Relay=1-4\r\nw Bandwidth=%u\r\n", chance(i, 15) % 60000);
	}
	put(t, "directory-footer\r\nbandwidth-weights Wbd=0 Wbe=0 Wed=10000 Wee=10000\r\n.\r\n250 OK\r\n");
}

static void make_descriptors(struct text *t)
{
	for (uint32_t e = 0; e < EXITS; e++) {
		uint8_t fp[FP_LEN];
		char hex[41];
		uint32_t first, n, family = family_of(e, &first, &n);
		fingerprint(e * 5, fp);
		fp_print(fp, hex);
		put(t, "250+md/id/%s=\r\nonion-key\r\n-----BEGIN RSA PUBLIC KEY-----\r\nMIGJAoGBAOhd9wjyktfSLwcNPNDVHSWHsdFbQlIEjIaHkO4s1kooTdqDh3WvAE54\r\n"
		       "wfL0u7UhQ42pOHwyILoFlE4g45bGAhxiEr7MhVHXrLtiFj6kRXaGc0FLdtu5dhCW\r\n9DfIJtsGdz/qAxPEDn2xIElLNERRjl55txs+yFy/Ga5jo+vV1bOfAgMBAAE=\r\n"
		       "-----END RSA PUBLIC KEY-----\r\nntor-onion-key Kgz4vaUEkXVszNdz4bBRTF6s5m3OXDz7u/vc9OLgrEk\r\n", hex);
		if (n > 1) {
			put(t, "family");
			for (uint32_t k = 0; k < n; k++) {
				fingerprint((first + k) * 5, fp);
				fp_print(fp, hex);
				put(t, " $%s", hex);
			}
			put(t, "\r\n");
		}
		if (family % 4 == 0)
			put(t, "family-ids ed25519:eylqBLNtN71i6rY53a8g6+kkM7di74yyJfdAEg%05u\r\n", family);
		if (e % 5 != 0)
			put(t, "p accept 20-23,43,53,79-81,88,110,143,194,220,389,443,464-465,531,543-544,554,563,587,636,706,749,873,902-904,981,989-995,1194,%u\r\n", 10000 + chance(e, 20) % 400);
		else
			put(t, "p accept 80,443\r\np6 accept 80,443\r\n");
		put(t, "id ed25519 levOfr2kxQMYDgmkaxcEzOvl8SzoXutnhKIO2ILVXvA\r\n.\r\n");
	}
	put(t, "250 OK\r\n");
}

struct reading { struct relays *r; enum err err; };

static void ns_line(void *arg, const struct torctl_line *line)
{
	struct reading *x = arg;

	if (line->is_data && x->err == OK)
		x->err = relays_ns_line(x->r, line->text, line->len);
}

static void md_line(void *arg, const struct torctl_line *line)
{
	struct reading *x = arg;
	uint8_t fp[FP_LEN];
	char hex[41] = "";

	if (line->is_data) {
		if (x->err == OK)
			x->err = relays_md_line(x->r, line->text, line->len);
	} else if (line->len > 46) {
		memcpy(hex, line->text + 6, 40);
		if (fp_parse(hex, fp) && x->err == OK)
			x->err = relays_md_begin(x->r, fp);
	}
}

static void feed(struct torctl *c, struct reading *x, void (*line)(void *, const struct torctl_line *), const struct text *t)
{
	static const char *const words[] = { "GETINFO", "x", NULL };
	struct torctl_ask ask = { .line = line, .arg = x };

	if (torctl_send(c, words, &ask) != OK)
		abort();
	for (size_t at = 0; at < t->n; at += 65536)
		if (torctl_feed(c, t->bytes + at, t->n - at < 65536 ? t->n - at : 65536) != OK)
			abort();
	if (torctl_waiting(c) != 0)
		abort();
}

static struct relays *load(const struct text *consensus, const struct text *descriptors)
{
	struct reading x = { relays_new(), OK };
	struct torctl *c = torctl_new(NULL, NULL);

	if (x.r == NULL || c == NULL)
		abort();
	feed(c, &x, ns_line, consensus);
	if (x.err != OK || relays_sort(x.r) != OK)
		abort();
	feed(c, &x, md_line, descriptors);
	if (x.err != OK || relays_finish(x.r) != OK)
		abort();
	torctl_free(c, ERR_TOR_LOST);
	return x.r;
}

static int by_size(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

int main(void)
{
	struct text consensus = { 0 }, descriptors = { 0 };
	double loads[9], choices[DRAWS];
	uint8_t indep[AVOID_MAX][FP_LEN], clean[8][FP_LEN];
	struct relays *r = NULL;

	if (sodium_init() < 0)
		return 1;
	make_consensus(&consensus);
	make_descriptors(&descriptors);
	size_t heap = 0;
	for (int i = 0; i < 9; i++) {
		relays_free(r);
		size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
		double start = now_ms();
		r = load(&consensus, &descriptors);
		loads[i] = now_ms() - start;
		heap = mallinfo2().uordblks + mallinfo2().hblkhd - before;
	}
	qsort(loads, 9, sizeof loads[0], by_size);
	/* The dearest question: as many to be independent of as one may name, of the largest families. */
	for (uint32_t i = 0; i < AVOID_MAX; i++)
		fingerprint(i * 30, indep[i]);
	for (uint32_t i = 0; i < 8; i++)
		fingerprint(9000 + i * 5, clean[i]);
	struct pathpick want = { .port = 443, .indep = (const uint8_t (*)[FP_LEN])indep, .clean = (const uint8_t (*)[FP_LEN])clean };
	size_t groups = 0;
	for (int i = 0; i < DRAWS; i++) {
		struct pick p;
		want.n_indep = AVOID_MAX;
		want.n_clean = i % 4 < 2 ? 0 : 8;
		double start = now_ms();
		enum err err = pathpick(r, &want, &p);
		choices[i] = now_ms() - start;
		if (err != OK)
			return 1;
		groups = p.groups;
	}
	qsort(choices, DRAWS, sizeof choices[0], by_size);
	double choice = choices[DRAWS / 2];
	bool is_good = loads[4] < LOAD_MS_MAX && choice < CHOICE_MS_MAX && relays_bytes(r) < BYTES_MAX && heap < BYTES_MAX;
	printf("{\"relays\":%zu,\"exits\":%zu,\"read_bytes\":%zu,\"load_ms\":%.2f,\"load_ms_max\":%.2f,\"choice_ms\":%.3f,\"choice_ms_p99\":%.3f,"
	       "\"groups\":%zu,\"bytes\":%zu,\"heap_bytes\":%zu,\"within_limits\":%s}\n",
	       relays_count(r), relays_exits(r), consensus.n + descriptors.n, loads[4], loads[8], choice, choices[DRAWS * 99 / 100], groups, relays_bytes(r), heap,
	       is_good ? "true" : "false");
	relays_free(r);
	free(consensus.bytes);
	free(descriptors.bytes);
	return is_good ? 0 : 1;
}
