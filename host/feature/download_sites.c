/* What a session remembers of downloads beside the exits (download_in.h). In memory only; wiped with the session. A file found false stays so. */
#include "feature/download_in.h"
#include <string.h>

void dl_sites_wipe(struct downloads *o)
{
	fetch_sites_wipe(&o->sites, sizeof (struct fetch_site));
	sodium_memzero(o->was_false, sizeof o->was_false);
	o->n_false = 0;
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
