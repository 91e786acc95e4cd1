/* Replies and events (contract in message/encode.h). json_pack's "o" takes a reference and, given NULL, fails
 * and releases what it was given: one failed part makes the whole NULL without a leak. */
#include "message/encode_in.h"
#include "engine/relays.h"
#include "message/decode.h"
#include <sodium.h>
#include <string.h>

/* Longest field name that an error repeats. */
#define FIELD_NAME_MAX 32

json_t *encode_text(const char *s)
{
	json_t *text = json_string(s);

	if (text != NULL)
		return text;
	char ascii[2048];
	size_t n = 0;
	for (; n < sizeof ascii - 1 && s[n] != '\0'; n++)
		ascii[n] = (unsigned char)s[n] < 0x80 ? s[n] : '?';
	ascii[n] = '\0';
	return json_string(ascii);
}

json_t *encode_hex(const uint8_t *bytes, size_t n, bool is_upper)
{
	char hex[2 * 32 + 1];

	sodium_bin2hex(hex, sizeof hex, bytes, n);
	for (char *p = hex; is_upper && *p != '\0'; p++)
		if (*p >= 'a' && *p <= 'f')
			*p = (char)(*p - 'a' + 'A');
	return json_string(hex);
}

json_t *encode_err(enum err err)
{
	if (err == OK)
		return json_null();
	return json_pack("{s:i,s:s,s:s}", "code", (int)err, "name", err_name(err), "text", err_text(err));
}

/* A list of n entries, each made by one call. */
json_t *encode_list(const void *entries, size_t n, json_t *(*encode)(const void *entries, size_t i))
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < n; i++)
		if (json_array_append_new(list, encode(entries, i)) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

/* The names tor itself uses. engine/relays.c has them too, but main does not link it. */
#define FLAG(bit, name) { bit, name },
static const struct { uint16_t bit; const char *name; } relay_flags[] = { RELAY_FLAG_TABLE(FLAG) };
#undef FLAG

static json_t *encode_flags(uint16_t flags)
{
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < sizeof relay_flags / sizeof *relay_flags; i++)
		if ((flags & relay_flags[i].bit) != 0 && json_array_append_new(list, json_string(relay_flags[i].name)) != 0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

json_t *encode_relay(const struct relay_info *r)
{
	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:o,s:I}", "fingerprint", encode_hex(r->fp, sizeof r->fp, true),
	                 "nickname", encode_text(r->nickname), "address", encode_text(r->address),
	                 "country", encode_text(r->country[0] != '\0' ? r->country : "??"),
	                 "family", encode_text(r->family), "flags", encode_flags(r->flags),
	                 "weight", (json_int_t)r->weight);
}

static json_t *encode_hop(const void *hops, size_t i)
{
	return encode_relay((const struct relay_info *)hops + i);
}

static json_t *encode_path(const void *paths, size_t i)
{
	const struct net_path *p = (const struct net_path *)paths + i;

	return encode_list(p->hop, p->n, encode_hop);
}

static json_t *encode_cert(const struct cert_answer *a)
{
	const struct cert_words *w = &a->words;

	return json_pack("{s:o,s:o,s:o,s:o,s:o,s:i,s:o,s:I,s:I,s:o,s:o,s:b}",
	                 "sha256", encode_hex(a->leaf, sizeof a->leaf, false),
	                 "spki_sha256", encode_hex(a->spki, sizeof a->spki, false),
	                 "subject", encode_text(w->subject), "issuer", encode_text(w->issuer),
	                 "names", encode_text(w->names), "names_left_out", (int)w->n_names_left_out,
	                 "serial", encode_text(w->serial),
	                 "not_before", (json_int_t)w->not_before, "not_after", (json_int_t)w->not_after,
	                 "key", encode_text(w->key), "signature", encode_text(w->signature),
	                 "self_signed", (int)w->is_self_signed);
}

static json_t *encode_agrees(enum cert_agrees a)
{
	switch (a) {
	case CERT_AGREES_CERT: return json_string("same_certificate");
	case CERT_AGREES_KEY: return json_string("same_key");
	case CERT_AGREES_NOT: return json_string("differs");
	case CERT_AGREES_UNKNOWN: break;
	}
	return json_null();
}

static const char *tls_name(uint16_t version)
{
	switch (version) {
	case 0x0301: return "1.0";
	case 0x0302: return "1.1";
	case 0x0303: return "1.2";
	case 0x0304: return "1.3";
	default: return "";
	}
}

static json_t *encode_answer(const void *answers, size_t i)
{
	const struct cert_answer *a = (const struct cert_answer *)answers + i;

	return json_pack("{s:i,s:s,s:o,s:o,s:s,s:o,s:o,s:b,s:b,s:o,s:b,s:o,s:s,s:I}", "slot", (int)a->slot,
	                 "source", a->source == CERT_SOURCE_BROWSER ? "browser" : "probe",
	                 "exit", a->has_exit ? encode_relay(&a->exit) : json_null(),
	                 "path", encode_path(&a->path, 0), "status", a->has_cert ? "certificate" : "failed",
	                 "error", encode_err(a->has_cert ? OK : a->error != OK ? a->error : ERR_BUG),
	                 "agrees", encode_agrees(a->agrees), "counts", (int)a->counts, "valid", (int)a->is_valid,
	                 "why", encode_text(a->why), "signed", (int)a->is_signed,
	                 "certificate", a->has_cert ? encode_cert(a) : json_null(),
	                 "tls", tls_name(a->tls_version), "elapsed_ms", (json_int_t)a->elapsed_ms);
}

static json_t *encode_fingerprint(const void *fingerprints, size_t i)
{
	return encode_hex((const uint8_t *)fingerprints + 32 * i, 32, false);
}

json_t *encode_chance(const void *chances, size_t i)
{
	return json_real(((const double *)chances)[i]);
}

static json_t *encode_still_same(enum cert_still_same s)
{
	return s == STILL_SAME_UNKNOWN ? json_null() : json_boolean(s == STILL_SAME_YES);
}

static const char *roots_name(unsigned source)
{
	return source == ROOTS_BROWSER ? "browser" : source == ROOTS_SYSTEM ? "system" : "none";
}

json_t *encode_hello(uint32_t id)
{
	return json_pack("{s:I,s:s,s:i,s:s,s:[s,s,s,s,s,s,s,s,s],s:i,s:i}", "id", (json_int_t)id, "kind", "hello",
	                 "protocol", MESSAGE_PROTOCOL, "version", SECONDEXIT_VERSION,
	                 "capabilities", "cert.check", "circuit.new", "classify", "clip.check", "clip.compare", "download.fetch",
	                 "download.verify", "https.check", "report", "k", K_DEFAULT,
	                 "deadline_ms", CHECK_DEADLINE_MS);
}

json_t *encode_ok(uint32_t id)
{
	return json_pack("{s:I,s:s}", "id", (json_int_t)id, "kind", "ok");
}

static bool field_is_printable(const char *field)
{
	size_t n = strlen(field);

	for (size_t i = 0; i < n; i++)
		if (field[i] <= ' ' || field[i] > '~')
			return false;
	return n > 0 && n <= FIELD_NAME_MAX;
}

json_t *encode_error(uint32_t id, enum err err, const char *field)
{
	json_t *e = json_pack("{s:o,s:s,s:i,s:s,s:s}", "id", id != 0 ? json_integer(id) : json_null(), "kind", "error",
	                      "code", (int)err, "name", err_name(err), "text", err_text(err));

	/* Only a help for people: when it can't be added, the error is still true. */
	if (e != NULL && field != NULL && field_is_printable(field))
		(void)json_object_set_new(e, "field", json_string(field));
	return e;
}

json_t *encode_progress(uint32_t id, const struct cert_progress *p)
{
	return json_pack("{s:I,s:s,s:i,s:s,s:o,s:I}", "id", (json_int_t)id,
	                 "kind", p->question == QUESTION_HTTPS ? "https.progress" : "cert.progress", "slot", (int)p->slot,
	                 "step", cert_step_name(p->step), "exit", p->exit != NULL ? encode_relay(p->exit) : json_null(),
	                 "elapsed_ms", (json_int_t)p->elapsed_ms);
}

/* What an exit saw of HTTPS; null where it gave no answer. */
/* What the plain address of a page gave at this exit. */
static json_t *encode_way(const struct cert_answer *a)
{
	static const char *const names[] = {
		[HTTPS_WAY_PAGE] = "page", [HTTPS_WAY_ENCRYPTED] = "redirect", [HTTPS_WAY_NOTHING] = "none", [HTTPS_WAY_ELSEWHERE] = "elsewhere",
	};

	return a->has_way ? json_string(names[a->way]) : json_null();
}

static json_t *encode_https_answer(const void *answers, size_t i)
{
	const struct cert_answer *a = (const struct cert_answer *)answers + i;
	json_t *answer = encode_answer(answers, i);
	json_t *saw = a->is_none ? json_string("none") : !a->has_cert ? json_null() : json_string(a->is_valid ? "valid" : "invalid");

	/* set_new takes saw whatever comes of it. */
	bool has_saw = json_object_set_new(answer, "saw", saw) == 0;
	if (!has_saw || json_object_set_new(answer, "plain", encode_way(a)) != 0) {
		json_decref(answer);
		return NULL;
	}
	return answer;
}

/* The same head for both questions; what follows it has no meaning for this one, or another. */
static json_t *encode_https_result(uint32_t id, const struct cert_result *r)
{
	const struct site_key *key = r->key;

	return json_pack("{s:I,s:s,s:s,s:s,s:o,s:o,s:i,s:o,s:I,s:I,s:i,s:i,s:i,s:I,s:b,s:o,s:o,s:o,s:o,s:o,s:s}",
	                 "id", (json_int_t)id, "kind", "https.result", "verdict", verdict_name(r->verdict),
	                 "reason", reason_name(r->reason), "error", encode_err(r->error), "host", encode_text(key->host),
	                 "port", (int)key->port, "first_party", encode_text(key->first_party),
	                 "private", (json_int_t)key->private_id, "container", (json_int_t)key->container,
	                 "k", (int)r->k, "asked", (int)r->asked, "answered", (int)r->answered,
	                 "elapsed_ms", (json_int_t)r->elapsed_ms, "retry_useful", (int)r->retry_useful,
	                 "still_same", encode_still_same(r->still_same),
	                 "first", encode_list(r->first, r->n_first, encode_https_answer),
	                 "others", encode_list(r->others, r->n_others, encode_https_answer),
	                 "browser_paths", encode_list(r->paths, r->n_paths, encode_path),
	                 "chance", encode_list(r->chance, r->n_chance, encode_chance), "roots", roots_name(r->roots));
}

json_t *encode_result(uint32_t id, const struct cert_result *r)
{
	if (r->question == QUESTION_HTTPS)
		return encode_https_result(id, r);
	const struct site_key *key = r->key;
	json_t *head = json_pack("{s:I,s:s,s:s,s:s,s:o,s:o,s:i,s:o,s:I,s:I}", "id", (json_int_t)id,
	                         "kind", "cert.result", "verdict", verdict_name(r->verdict), "reason", reason_name(r->reason),
	                         "error", encode_err(r->error), "host", encode_text(key->host), "port", (int)key->port,
	                         "first_party", encode_text(key->first_party), "private", (json_int_t)key->private_id,
	                         "container", (json_int_t)key->container);
	json_t *rest = json_pack("{s:i,s:i,s:i,s:I,s:b,s:b,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "k", (int)r->k,
	                         "asked", (int)r->asked, "answered", (int)r->answered,
	                         "elapsed_ms", (json_int_t)r->elapsed_ms, "weaker", (int)r->weaker,
	                         "same_country_possible", (int)r->same_country_possible,
	                         "retry_useful", (int)r->retry_useful, "still_same", encode_still_same(r->still_same),
	                         "fingerprints", encode_list(r->fingerprints, r->n_fingerprints, encode_fingerprint),
	                         "first", encode_list(r->first, r->n_first, encode_answer),
	                         "others", encode_list(r->others, r->n_others, encode_answer),
	                         "browser_paths", encode_list(r->paths, r->n_paths, encode_path),
	                         "chance", encode_list(r->chance, r->n_chance, encode_chance),
	                         "roots", roots_name(r->roots));
	bool is_whole = head != NULL && rest != NULL && json_object_update(head, rest) == 0;

	json_decref(rest);
	if (is_whole)
		return head;
	json_decref(head);
	return NULL;
}

json_t *encode_circuit(uint32_t id, const struct circuit_result *r)
{
	if (r->error != OK)
		return encode_error(id, r->error, NULL);
	return json_pack("{s:I,s:s,s:i,s:i,s:o}", "id", (json_int_t)id, "kind", "circuit.result",
	                 "circuits", (int)r->circuits, "streams", (int)r->streams,
	                 "still_same", encode_still_same(r->still_same));
}

json_t *encode_status(uint32_t id, const struct cert_status *s)
{
	const struct net_status *n = &s->net;
	bool is_up = s->error == OK && n->state.is_up != 0;
	/* Not up and no reason: tor was never asked. */
	enum err why = s->error != OK ? s->error : is_up ? OK : n->state.err != OK ? (enum err)n->state.err : ERR_TOR_ABSENT;

	return json_pack("{s:I,s:s,s:{s:b,s:o,s:o,s:o,s:o,s:I,s:I,s:b,s:b,s:b},s:{s:s,s:I},s:{s:i,s:i,s:i},s:s}",
	                 "id", (json_int_t)id, "kind", "status",
	                 "tor", "up", (int)is_up, "error", encode_err(why), "version", encode_text(n->tor_version),
	                 "control", encode_text(n->control), "auth", encode_text(n->auth),
	                 "relays", (json_int_t)n->relays, "exits", (json_int_t)n->exits, "geoip", (int)n->has_geoip,
	                 "mapaddress", (int)n->has_mapaddress, "streams", (int)n->has_streams,
	                 "roots", "source", roots_name(s->roots.source), "count", (json_int_t)s->roots.n,
	                 "checks", "running", (int)s->running, "waiting", (int)s->waiting, "hosts", (int)s->hosts,
	                 "version", SECONDEXIT_VERSION);
}

static json_t *encode_scan_hit(const void *hits, size_t i)
{
	const struct scan_hit *h = (const struct scan_hit *)hits + i;

	return json_pack("{s:i,s:o,s:o,s:o,s:o,s:o,s:I,s:I,s:b,s:i}", "flavour", (int)h->flavour,
	                 "coin", json_stringn(h->coin.at, h->coin.n), "ticker", json_stringn(h->ticker.at, h->ticker.n),
	                 "form", json_stringn(h->form.at, h->form.n), "network", json_stringn(h->network.at, h->network.n),
	                 "address", json_stringn(h->address.at, h->address.n), "offset", (json_int_t)h->offset,
	                 "length", (json_int_t)h->length, "normalised", (int)h->is_normalised,
	                 "checksum_bits", (int)h->checksum_bits);
}

json_t *encode_clip_checked(uint32_t id, enum err err, const struct parse_scan_r *r)
{
	if (err != OK)
		return encode_error(id, err, NULL);
	return json_pack("{s:I,s:s,s:b,s:b,s:o}", "id", (json_int_t)id, "kind", "clip.result",
	                 "found", (int)(r->n > 0 || r->has_more), "more", (int)r->has_more,
	                 "hits", encode_list(r->hit, r->n, encode_scan_hit));
}

json_t *encode_clip_progress(uint32_t id, const struct clip_progress *p)
{
	return json_pack("{s:I,s:s,s:i,s:s,s:o,s:I}", "id", (json_int_t)id, "kind", "clip.progress", "slot", (int)p->slot,
	                 "step", clip_step_name(p->step), "exit", p->exit != NULL ? encode_relay(p->exit) : json_null(),
	                 "elapsed_ms", (json_int_t)p->elapsed_ms);
}

static const char *found_name(enum place_found f)
{
	return f == PLACE_SAME ? "same" : f == PLACE_OTHER ? "other" : "absent";
}

static json_t *encode_clip_answer(const void *answers, size_t i)
{
	const struct clip_answer *a = (const struct clip_answer *)answers + i;
	bool has = a->has_page;

	return json_pack("{s:i,s:o,s:s,s:o,s:o,s:o,s:b,s:b,s:i,s:o,s:I}", "slot", (int)a->slot,
	                 "exit", a->has_exit ? encode_relay(&a->exit) : json_null(), "status", has ? "page" : "failed",
	                 "error", encode_err(has ? OK : a->error != OK ? a->error : ERR_BUG),
	                 "found", has ? json_string(found_name(a->found)) : json_null(),
	                 "address", has && a->address != NULL ? encode_text(a->address) : json_null(),
	                 "family_equal", (int)(has && a->is_family_equal), "alone", (int)(has && a->is_alone),
	                 "http_status", (int)a->http_status,
	                 "url", has && a->url != NULL ? encode_text(a->url) : json_null(),
	                 "elapsed_ms", (json_int_t)a->elapsed_ms);
}

json_t *encode_relay_at(const void *relays, size_t i)
{
	return encode_relay((const struct relay_info *)relays + i);
}

json_t *encode_clip_compared(uint32_t id, const struct clip_result *r)
{
	const struct site_key *key = r->key;

	return json_pack("{s:I,s:s,s:s,s:s,s:o,s:o,s:i,s:o,s:I,s:I,s:o,s:o,s:i,s:i,s:i,s:I,s:b,s:o,s:o,s:o}",
	                 "id", (json_int_t)id, "kind", "clip.compared", "verdict", verdict_name(r->verdict),
	                 "reason", reason_name(r->reason), "error", encode_err(r->error), "host", encode_text(key->host),
	                 "port", (int)key->port, "first_party", encode_text(key->first_party),
	                 "private", (json_int_t)key->private_id, "container", (json_int_t)key->container,
	                 "address", encode_text(r->address), "ticker", encode_text(r->ticker), "k", (int)r->k,
	                 "asked", (int)r->asked, "answered", (int)r->answered, "elapsed_ms", (json_int_t)r->elapsed_ms,
	                 "retry_useful", (int)r->retry_useful, "first", encode_list(r->first, r->n_first, encode_relay_at),
	                 "others", encode_list(r->others, r->n_others, encode_clip_answer),
	                 "chance", encode_list(r->chance, r->n_chance, encode_chance));
}

json_t *encode_event_tor(bool is_up, enum err why)
{
	return json_pack("{s:s,s:s,s:b,s:o}", "kind", "event", "event", "tor", "up", (int)is_up, "error", encode_err(why));
}

json_t *encode_event_newnym(void)
{
	return json_pack("{s:s,s:s}", "kind", "event", "event", "newnym");
}
