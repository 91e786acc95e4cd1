/* What a session remembers of comparisons (compare.h). In memory only; wiped with the session. Asking again must not
 * draw other exits until some agree, and an address found false stays so. */
#include "feature/compare.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

static bool key_is(const struct site_key *a, const struct site_key *b)
{
	return a->port == b->port && a->private_id == b->private_id && a->container == b->container &&
	       strcmp(a->host, b->host) == 0 && strcmp(a->first_party, b->first_party) == 0;
}

static void site_free(struct clip_site *site)
{
	assert(site->users == 0);
	sodium_memzero(site, sizeof *site);
	free(site);
}

/* The one unused for longest, but none with users and none with a mismatch. */
static bool evict(struct clip *c)
{
	struct clip_site **oldest = NULL;
	for (struct clip_site **at = &c->sites; *at; at = &(*at)->next)
		if (!(*at)->users && !(*at)->n_false && (!oldest || (*at)->used < (*oldest)->used))
			oldest = at;
	if (!oldest)
		return false;
	struct clip_site *site = *oldest;
	*oldest = site->next;
	site_free(site);
	c->n_sites--;
	return true;
}

enum err clip_site_get(struct clip *c, const struct site_key *key, struct clip_site **out)
{
	struct clip_site *site = c->sites;
	while (site && !key_is(&site->key, key))
		site = site->next;
	if (!site) {
		if (c->n_sites >= CLIP_SITES_MAX && !evict(c))
			return ERR_TOO_BIG;
		site = calloc(1, sizeof *site);
		if (!site)
			return ERR_NOMEM;
		site->key = *key;
		site->next = c->sites;
		c->sites = site;
		c->n_sites++;
	}
	site->used = ++c->clock;
	*out = site;
	return OK;
}

void clip_sites_wipe(struct clip *c)
{
	while (c->sites) {
		struct clip_site *site = c->sites;
		c->sites = site->next;
		site_free(site);
	}
	c->n_sites = 0;
}

static void digest(const char *address, uint8_t out[32])
{
	crypto_hash_sha256(out, (const uint8_t *)address, strlen(address));
}

bool clip_site_is_false(const struct clip_site *site, const char *address)
{
	uint8_t d[32];
	digest(address, d);
	for (size_t i = 0; i < site->n_false; i++)
		if (memcmp(site->false_address[i], d, sizeof d) == 0)
			return true;
	return false;
}

void clip_site_convict(struct clip_site *site, const char *address)
{
	if (clip_site_is_false(site, address))
		return;
	/* Full: the oldest goes; a site that has so many shows a new one each time. */
	if (site->n_false == CLIP_FALSE_MAX)
		memmove(site->false_address, site->false_address + 1, --site->n_false * sizeof *site->false_address);
	digest(address, site->false_address[site->n_false++]);
}

static bool has_fp(const uint8_t (*list)[FP_LEN], size_t n, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i], fp, FP_LEN) == 0)
			return true;
	return false;
}

void clip_site_gave(struct clip_site *site, const uint8_t fp[FP_LEN])
{
	if (!has_fp(site->exits, site->n_exits, fp) && site->n_exits < K_MAX)
		memcpy(site->exits[site->n_exits++], fp, FP_LEN);
}

void clip_site_failed(struct clip_site *site, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < site->n_exits; i++)
		if (memcmp(site->exits[i], fp, FP_LEN) == 0) {
			memmove(site->exits + i, site->exits + i + 1, (--site->n_exits - i) * sizeof *site->exits);
			break;
		}
	if (has_fp(site->failed, site->n_failed, fp))
		return;
	if (site->n_failed == CLIP_FAILED_MAX)
		memmove(site->failed, site->failed + 1, --site->n_failed * sizeof *site->failed);
	memcpy(site->failed[site->n_failed++], fp, FP_LEN);
}
