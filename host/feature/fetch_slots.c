/* Exits asked about one site (contract in fetch_slots.h). */
#include "feature/fetch_slots.h"
#include "feature/url.h"
#include "priv/fetchmsg.h"
#include <assert.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- sites ---- */

static bool key_is(const struct site_key *a, const struct site_key *b)
{
	return a->port == b->port && a->private_id == b->private_id && a->container == b->container && strcmp(a->host, b->host) == 0 &&
	       strcmp(a->first_party, b->first_party) == 0;
}

static void site_free(struct fetch_site *site, size_t size)
{
	assert(site->users == 0);
	sodium_memzero(site, size);
	free(site);
}

/* The one unused for longest. */
static bool evict(struct fetch_sites *s, size_t size)
{
	struct fetch_site **oldest = NULL;

	for (struct fetch_site **at = &s->first; *at; at = &(*at)->next)
		if (!(*at)->users && !(*at)->is_kept && (!oldest || (*at)->used < (*oldest)->used))
			oldest = at;
	if (!oldest)
		return false;
	struct fetch_site *site = *oldest;
	*oldest = site->next;
	site_free(site, size);
	s->n--;
	return true;
}

enum err fetch_site_get(struct fetch_sites *s, const struct site_key *key, size_t size, struct fetch_site **out)
{
	struct fetch_site *site = s->first;

	assert(size >= sizeof *site);
	while (site && !key_is(&site->key, key))
		site = site->next;
	if (!site) {
		if (s->n >= FETCH_SITES_MAX && !evict(s, size))
			return ERR_TOO_BIG;
		site = calloc(1, size);
		if (!site)
			return ERR_NOMEM;
		site->key = *key;
		site->next = s->first;
		s->first = site;
		s->n++;
	}
	site->used = ++s->clock;
	*out = site;
	return OK;
}

void fetch_sites_wipe(struct fetch_sites *s, size_t size)
{
	while (s->first) {
		struct fetch_site *site = s->first;
		s->first = site->next;
		site_free(site, size);
	}
	s->n = 0;
}

static bool has_fp(const uint8_t (*list)[FP_LEN], size_t n, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < n; i++)
		if (memcmp(list[i], fp, FP_LEN) == 0)
			return true;
	return false;
}

void fetch_site_gave(struct fetch_site *site, const uint8_t fp[FP_LEN])
{
	if (!has_fp(site->exits, site->n_exits, fp) && site->n_exits < K_MAX)
		memcpy(site->exits[site->n_exits++], fp, FP_LEN);
}

void fetch_site_failed(struct fetch_site *site, const uint8_t fp[FP_LEN])
{
	for (size_t i = 0; i < site->n_exits; i++)
		if (memcmp(site->exits[i], fp, FP_LEN) == 0) {
			memmove(site->exits + i, site->exits + i + 1, (--site->n_exits - i) * sizeof *site->exits);
			break;
		}
	if (has_fp(site->failed, site->n_failed, fp))
		return;
	if (site->n_failed == FETCH_SITE_FAILED_MAX)
		memmove(site->failed, site->failed + 1, --site->n_failed * sizeof *site->failed);
	memcpy(site->failed[site->n_failed++], fp, FP_LEN);
}

/* ---- chains ---- */

static bool is_onion(const char *url)
{
	size_t scheme = strcspn(url, ":") + 3, n = strlen(url) > scheme ? strcspn(url + scheme, "/?#:") : 0;

	return n > 6 && strncasecmp(url + scheme + n - 6, ".onion", 6) == 0;
}

void fetch_via_add(struct fetch_via *v, const struct site_key *key, const char *url)
{
	struct target t = { 0 };
	uint16_t port = 0;

	if (is_onion(url))
		return;
	if (url_target(url, &t, &port) != OK) {
		v->is_odd = true;
		return;
	}
	bool is_known = port == key->port && strcmp(t.host, key->host) == 0;
	for (size_t i = 0; i < v->n_hops && !is_known; i++)
		is_known = v->hop[i].port == port && strcmp(v->hop[i].host, t.host) == 0;
	if (is_known)
		return;
	if (v->n_hops == DL_CHAIN_MAX) {
		v->is_odd = true;
		return;
	}
	v->hop[v->n_hops].port = port;
	memcpy(v->hop[v->n_hops++].host, t.host, sizeof t.host);
}

/* With another first party than the last answer's, perhaps: a redirect of a tab is a step to another site. So any of the browser's streams there. */
bool fetch_via_next(const struct fetch_via *v, struct net_first *m)
{
	*m = (struct net_first){ 0 };
	if (v->n_known == v->n_hops)
		return false;
	m->port = v->hop[v->n_known].port;
	memcpy(m->host, v->hop[v->n_known].host, sizeof m->host);
	return true;
}

bool fetch_via_has(const struct fetch_via *v, const uint8_t fp[FP_LEN])
{
	return has_fp(v->exit, v->n, fp);
}

bool fetch_via_take(struct fetch_via *v, const struct net_first_r *r)
{
	if (r->n == 0 || r->n > CANDIDATES_MAX)
		return false;
	for (size_t i = 0; i < r->n; i++) {
		const struct net_path *p = &r->path[i];
		if (p->is_onion || (p->n > 0 && p->n <= HOPS_MAX && fetch_via_has(v, p->hop[p->n - 1].fp)))
			continue;
		if (p->n == 0 || p->n > HOPS_MAX || v->n == CANDIDATES_MAX)
			return false;
		memcpy(v->exit[v->n++], p->hop[p->n - 1].fp, FP_LEN);
	}
	v->n_known++;
	return true;
}

void fetch_via_avoid(const struct fetch_via *v, struct net_draw *m)
{
	for (size_t i = 0; i < v->n; i++)
		fetch_avoid(m->indep, &m->n_indep, v->exit[i]);
}

/* ---- turns ---- */

void fetch_avoid(uint8_t list[][FP_LEN], uint8_t *n, const uint8_t fp[FP_LEN])
{
	for (uint8_t i = 0; i < *n; i++)
		if (memcmp(list[i], fp, FP_LEN) == 0)
			return;
	if (*n < AVOID_MAX)
		memcpy(list[(*n)++], fp, FP_LEN);
}

void fetch_turn_take(struct fetch_turns *t, const struct fetch_site *site, bool may_again, struct net_draw *m)
{
	t->is_again = may_again && t->at < site->n_exits;
	if (t->is_again) {
		m->n_not = 0;
		memcpy(m->only, site->exits[t->at++], FP_LEN);
		return;
	}
	for (size_t i = site->n_failed; !t->took_failed && i-- > 0; )
		fetch_avoid(m->not_these, &m->n_not, site->failed[i]);
}

enum fetch_turn fetch_turn_failed(struct fetch_turns *t, const struct fetch_site *site, enum err err)
{
	if (fetch_err_is_local(err) || err == ERR_TIMEOUT || err == ERR_ROLE_DIED) {
		t->at -= t->is_again;
		return FETCH_TURN_LATER;
	}
	if (t->is_again)
		return FETCH_TURN_NEXT;   /* that one is not independent any more, or gone */
	if (err == ERR_EXIT_NONE && site->n_failed && !t->took_failed) {
		t->took_failed = true;    /* better one that failed earlier than none */
		return FETCH_TURN_NEXT;
	}
	t->is_out = true;
	t->no_exit_err = err;
	return FETCH_TURN_OUT;
}

bool fetch_err_is_local(enum err e)
{
	switch (e) {
	case ERR_EXIT_NONE: case ERR_EXIT_UNKNOWN: case ERR_FIRST_UNKNOWN: case ERR_TARGET_PRIVATE: case ERR_TOR_FILTERED:
	case ERR_USAGE: case ERR_ROLE_DIED: case ERR_DL_PATH: case ERR_DL_DISK: case ERR_DL_CHANGED: case ERR_DL_UNKNOWN: case ERR_DL_CLASS:
		return false;
	case ERR_MSG_BUSY:
		return true;
	default:
		return err_class(e) == ERR_CLASS_LOCAL;
	}
}
