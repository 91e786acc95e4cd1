/* What a session remembers of downloads (download_in.h). In memory only; wiped with the session. Asking again must not draw other exits until one
 * agrees, and a file found false stays so. */
#include "feature/download_in.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

static bool key_is(const struct site_key *a, const struct site_key *b)
{
	return a->port == b->port && a->private_id == b->private_id && a->container == b->container && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->first_party, b->first_party) == 0;
}

static void site_free(struct dl_site *site)
{
	assert(site->users == 0);
	sodium_memzero(site, sizeof *site);
	free(site);
}

/* The one unused for longest. */
static bool evict(struct downloads *o)
{
	struct dl_site **oldest = NULL;

	for (struct dl_site **at = &o->sites; *at; at = &(*at)->next)
		if (!(*at)->users && (!oldest || (*at)->used < (*oldest)->used))
			oldest = at;
	if (!oldest)
		return false;
	struct dl_site *site = *oldest;
	*oldest = site->next;
	site_free(site);
	o->n_sites--;
	return true;
}

enum err dl_site_get(struct downloads *o, const struct site_key *key, struct dl_site **out)
{
	struct dl_site *site = o->sites;

	while (site && !key_is(&site->key, key))
		site = site->next;
	if (!site) {
		if (o->n_sites >= DL_SITES_MAX && !evict(o))
			return ERR_TOO_BIG;
		site = calloc(1, sizeof *site);
		if (!site)
			return ERR_NOMEM;
		site->key = *key;
		site->next = o->sites;
		o->sites = site;
		o->n_sites++;
	}
	site->used = ++o->clock;
	*out = site;
	return OK;
}

void dl_sites_wipe(struct downloads *o)
{
	while (o->sites) {
		struct dl_site *site = o->sites;
		o->sites = site->next;
		site_free(site);
	}
	o->n_sites = 0;
	sodium_memzero(o->was_false, sizeof o->was_false);
	o->n_false = 0;
}

static bool has_fp(const uint8_t (*list)[FP_LEN], size_t n, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i], fp, FP_LEN) == 0)
			return true;
	return false;
}

void dl_site_gave(struct dl_site *site, const uint8_t fp[FP_LEN])
{
	if (!has_fp(site->exits, site->n_exits, fp) && site->n_exits < K_MAX)
		memcpy(site->exits[site->n_exits++], fp, FP_LEN);
}

void dl_site_failed(struct dl_site *site, const uint8_t fp[FP_LEN])
{
	size_t max = sizeof site->failed / sizeof *site->failed;

	for (size_t i = 0; i < site->n_exits; i++)
		if (memcmp(site->exits[i], fp, FP_LEN) == 0) {
			memmove(site->exits + i, site->exits + i + 1, (--site->n_exits - i) * sizeof *site->exits);
			break;
		}
	if (has_fp(site->failed, site->n_failed, fp))
		return;
	if (site->n_failed == max)
		memmove(site->failed, site->failed + 1, --site->n_failed * sizeof *site->failed);
	memcpy(site->failed[site->n_failed++], fp, FP_LEN);
}

static void digest(const char *url, uint8_t out[32])
{
	crypto_hash_sha256(out, (const uint8_t *)url, strlen(url));
}

bool dl_url_was_false(const struct downloads *o, const char *url)
{
	uint8_t d[32];

	digest(url, d);
	for (size_t i = 0; i < o->n_false; i++)
		if (memcmp(o->was_false[i].url, d, sizeof d) == 0)
			return true;
	return false;
}

bool dl_file_was_false(const struct downloads *o, const char *url, const uint8_t file[32])
{
	uint8_t d[32];

	digest(url, d);
	for (size_t i = 0; i < o->n_false; i++)
		if (memcmp(o->was_false[i].url, d, sizeof d) == 0 && memcmp(o->was_false[i].file, file, 32) == 0)
			return true;
	return false;
}

void dl_convict(struct downloads *o, const char *url, const uint8_t file[32])
{
	if (dl_file_was_false(o, url, file))
		return;
	/* Full: the oldest goes. */
	if (o->n_false == DL_FALSE_MAX)
		memmove(o->was_false, o->was_false + 1, --o->n_false * sizeof *o->was_false);
	struct dl_false *f = &o->was_false[o->n_false++];
	digest(url, f->url);
	memcpy(f->file, file, sizeof f->file);
}
