/* What a session remembers of comparisons beside the exits (compare.h). In memory only; wiped with the session. An address found false stays so. */
#include "feature/compare.h"
#include <sodium.h>
#include <string.h>

enum err clip_site_get(struct clip *c, const struct site_key *key, struct clip_site **out)
{
	struct fetch_site *site;
	enum err err = fetch_site_get(&c->sites, key, sizeof **out, &site);

	if (err == OK)
		*out = (struct clip_site *)site;   /* its first member */
	return err;
}

void clip_sites_wipe(struct clip *c)
{
	fetch_sites_wipe(&c->sites, sizeof (struct clip_site));
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
	site->exits.is_kept = true;
}
