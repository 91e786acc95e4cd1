/* See session.h. A list: at most SESSION_SITES_MAX sites, looked up a few times for each check. */
#include "feature/session.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

struct session { struct site *sites; size_t n; uint64_t clock; };

struct session *session_new(void)
{
	return calloc(1, sizeof(struct session));
}

static void site_free(struct site *site)
{
	struct memory *m = site->memories;
	while (m) {
		struct memory *next = m->next;
		sodium_memzero(m, sizeof *m);
		free(m);
		m = next;
	}
	sodium_memzero(site, sizeof *site);
	free(site);
}

void session_wipe(struct session *s)
{
	while (s->sites) {
		struct site *site = s->sites;
		assert(site->users == 0);
		s->sites = site->next;
		site_free(site);
	}
	s->n = 0;
}

void session_free(struct session *s)
{
	if (!s)
		return;
	session_wipe(s);
	free(s);
}

size_t session_sites(const struct session *s)
{
	return s->n;
}

static bool key_is(const struct site_key *a, const struct site_key *b)
{
	return a->port == b->port && a->is_https == b->is_https && a->is_plain == b->is_plain && a->private_id == b->private_id && a->container == b->container &&
	       strcmp(a->host, b->host) == 0 && strcmp(a->first_party, b->first_party) == 0;
}

struct site *session_find(struct session *s, const struct site_key *key)
{
	for (struct site *site = s->sites; site; site = site->next)
		if (key_is(&site->key, key)) {
			site->used = ++s->clock;
			return site;
		}
	return NULL;
}

static bool evict(struct session *s)
{
	struct site **oldest = NULL;
	for (struct site **at = &s->sites; *at; at = &(*at)->next)
		if (!(*at)->users && !site_must_stay(*at) && (!oldest || (*at)->used < (*oldest)->used))
			oldest = at;
	if (!oldest)
		return false;
	struct site *site = *oldest;
	*oldest = site->next;
	site_free(site);
	s->n--;
	return true;
}

enum err session_get(struct session *s, const struct site_key *key, struct site **out)
{
	struct site *site = session_find(s, key);
	if (!site) {
		if (s->n >= SESSION_SITES_MAX && !evict(s))
			return ERR_TOO_BIG;
		site = calloc(1, sizeof *site);
		if (!site)
			return ERR_NOMEM;
		site->key = *key;
		site->used = ++s->clock;
		site->next = s->sites;
		s->sites = site;
		s->n++;
	}
	*out = site;
	return OK;
}

bool session_was_automatic(const struct session *s, const struct site_key *key)
{
	for (const struct site *site = s->sites; site; site = site->next)
		if (site->was_automatic && site->key.is_https == key->is_https && site->key.private_id == key->private_id && site->key.container == key->container &&
		    strcmp(site->key.host, key->host) == 0 && strcmp(site->key.first_party, key->first_party) == 0)
			return true;
	return false;
}

/* The same certificate again, of the same exit. */
static bool replaces(const struct memory *m, const struct cert_answer *a, bool was_first)
{
	if (m->was_first != was_first || memcmp(m->answer.leaf, a->leaf, sizeof a->leaf) != 0)
		return false;
	return m->answer.source == a->source && m->answer.has_exit == a->has_exit &&
	       memcmp(m->answer.exit.fp, a->exit.fp, FP_LEN) == 0;
}

enum err site_remember(struct site *site, const struct cert_answer *a, bool was_first, bool never_counts)
{
	assert(a->has_cert || a->is_none);
	struct memory **at = &site->memories;
	for (; *at; at = &(*at)->next)
		if (replaces(*at, a, was_first)) {
			/* what was once seen valid or signed stays so */
			bool was_valid = (*at)->answer.is_valid, was_signed = (*at)->answer.is_signed;
			(*at)->answer = *a;
			(*at)->answer.is_valid |= was_valid;
			(*at)->answer.is_signed |= was_signed;
			return OK;
		}
	if (site->n_memories >= SITE_MEMORIES_MAX)
		return ERR_TOO_BIG;
	struct memory *m = calloc(1, sizeof *m);
	if (!m)
		return ERR_NOMEM;
	m->was_first = was_first;
	m->never_counts = never_counts;
	m->answer = *a;
	*at = m;
	site->n_memories++;
	return OK;
}

static bool is_in(const uint8_t (*list)[32], size_t n, const uint8_t leaf[32])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i], leaf, 32) == 0)
			return true;
	return false;
}

bool site_is_false(const struct site *site, const uint8_t leaf[32])
{
	return is_in(site->false_leaf, site->n_false, leaf);
}

bool site_is_true(const struct site *site, const uint8_t leaf[32])
{
	return is_in(site->true_leaf, site->n_true, leaf);
}

enum err site_convict(struct site *site, const uint8_t leaf[32])
{
	for (size_t i = 0; i < site->n_true; i++)
		if (memcmp(site->true_leaf[i], leaf, 32) == 0)
			memcpy(site->true_leaf[i], site->true_leaf[--site->n_true], 32);
	if (site_is_false(site, leaf))
		return OK;
	if (site->n_false >= CERT_FIRST_ANSWERS_MAX)
		return ERR_TOO_BIG;
	memcpy(site->false_leaf[site->n_false++], leaf, 32);
	return OK;
}

void site_verify(struct site *site, const uint8_t leaf[32])
{
	/* full: the leaf is verified anew when it is met again */
	if (!site_is_false(site, leaf) && !site_is_true(site, leaf) && site->n_true < CERT_FINGERPRINTS_MAX)
		memcpy(site->true_leaf[site->n_true++], leaf, 32);
}

bool site_must_stay(const struct site *site)
{
	if (site->n_false)
		return true;
	for (const struct memory *m = site->memories; m; m = m->next) {
		struct answer a = cert_answer_plain(&m->answer);
		for (const struct memory *o = m->next; o; o = o->next) {
			struct answer b = cert_answer_plain(&o->answer);
			if (!answer_is_equal(&a, &b))
				return true;
		}
	}
	return false;
}

struct answer cert_answer_plain(const struct cert_answer *a)
{
	struct answer out = { .is_signed = a->is_signed, .is_valid = a->is_valid, .counts = a->counts,
	                      .is_offer = a->source == CERT_SOURCE_BROWSER };
	memcpy(out.leaf, a->leaf, sizeof out.leaf);
	memcpy(out.spki, a->spki, sizeof out.spki);
	return out;
}
