/* The bytes of netmsg.h's structs: what main and the net role send each other inside frames. Both ends are
 * ours, but the net role talks to tor and to servers, so main reads it as strictly as it reads a stranger. */
#include "priv/netmsg.h"

#include <assert.h>
#include <string.h>

/* A payload that is read field by field; one wrong field makes it stay bad (rd.bad), as with rd itself. */
static void refuse(struct rd *r)
{
	*r = (struct rd){ .bad = true };
}

static uint8_t get_bool(struct rd *r)
{
	uint8_t v = rd_u8(r);

	if (v > 1)
		refuse(r);
	return v;
}

static uint8_t get_count(struct rd *r, size_t max)
{
	uint8_t n = rd_u8(r);

	if (n <= max)
		return n;
	refuse(r);
	return 0;
}

static uint16_t get_port(struct rd *r)
{
	uint16_t port = rd_u16(r);

	if (port == 0)
		refuse(r);
	return port;
}

static void get_host(struct rd *r, char host[HOST_MAX])
{
	rd_str(r, host, HOST_MAX);
	if (host[0] == '\0')
		refuse(r);
}

/* "" or two characters: "DE", "??". */
static void get_country(struct rd *r, char country[3])
{
	rd_str(r, country, 3);
	if (country[0] != '\0' && country[1] == '\0')
		refuse(r);
}

static bool is_known_err(uint32_t v)
{
	switch (v) {
#define CASE(name, number, cls, text) case number:
	ERR_TABLE(CASE)
#undef CASE
		return true;
	default:
		return false;
	}
}

/* 0 is OK here: a result may carry "no error". */
static uint32_t get_err(struct rd *r)
{
	uint32_t v = rd_u32(r);

	if (v != OK && !is_known_err(v))
		refuse(r);
	return v;
}

static void put_relay(struct buf *b, const struct relay_info *m)
{
	buf_put(b, m->fp, FP_LEN);
	buf_str(b, m->nickname);
	buf_str(b, m->address);
	buf_str(b, m->country);
	buf_str(b, m->family);
	buf_u32(b, m->weight);
	buf_u16(b, m->flags);
}

static void get_relay(struct rd *r, struct relay_info *m)
{
	rd_copy(r, m->fp, FP_LEN);
	rd_str(r, m->nickname, sizeof m->nickname);
	rd_str(r, m->address, sizeof m->address);
	get_country(r, m->country);
	rd_str(r, m->family, sizeof m->family);
	m->weight = rd_u32(r);
	m->flags = rd_u16(r);
}

static void put_config(struct buf *b, const struct net_config *m)
{
	buf_str(b, m->control);
	buf_str(b, m->socks);
	buf_str(b, m->cookie);
	buf_str(b, m->password_file);
	buf_u8(b, m->no_mapaddress);
}

static void get_config(struct rd *r, struct net_config *m)
{
	rd_str(r, m->control, sizeof m->control);
	rd_str(r, m->socks, sizeof m->socks);
	rd_str(r, m->cookie, sizeof m->cookie);
	rd_str(r, m->password_file, sizeof m->password_file);
	m->no_mapaddress = get_bool(r);
}

static void put_first(struct buf *b, const struct net_first *m)
{
	buf_str(b, m->host);
	buf_u16(b, m->port);
	buf_str(b, m->first_party);
	buf_str(b, m->socks_username);
	buf_str(b, m->socks_password);
	buf_u8(b, m->is_exact);
	buf_u8(b, m->is_dry);
}

static void get_first(struct rd *r, struct net_first *m)
{
	get_host(r, m->host);
	m->port = get_port(r);
	rd_str(r, m->first_party, sizeof m->first_party);
	rd_str(r, m->socks_username, sizeof m->socks_username);
	rd_str(r, m->socks_password, sizeof m->socks_password);
	m->is_exact = get_bool(r);
	m->is_dry = get_bool(r);
}

static void put_path(struct buf *b, const struct net_path *m)
{
	assert(m->n <= HOPS_MAX);
	buf_u32(b, m->circuit);
	buf_u8(b, m->is_onion);
	buf_u8(b, m->n);
	for (size_t i = 0; i < m->n; i++)
		put_relay(b, &m->hop[i]);
}

static void get_path(struct rd *r, struct net_path *m)
{
	m->circuit = rd_u32(r);
	m->is_onion = get_bool(r);
	m->n = get_count(r, HOPS_MAX);
	for (size_t i = 0; i < m->n; i++)
		get_relay(r, &m->hop[i]);
}

static void put_first_r(struct buf *b, const struct net_first_r *m)
{
	assert(m->n <= CANDIDATES_MAX);
	buf_u8(b, m->n);
	for (size_t i = 0; i < m->n; i++)
		put_path(b, &m->path[i]);
}

static void get_first_r(struct rd *r, struct net_first_r *m)
{
	m->n = get_count(r, CANDIDATES_MAX);
	for (size_t i = 0; i < m->n; i++)
		get_path(r, &m->path[i]);
}

static void put_draw(struct buf *b, const struct net_draw *m)
{
	assert(m->n_indep <= AVOID_MAX && m->n_not <= AVOID_MAX);
	buf_u16(b, m->port);
	buf_u8(b, m->n_indep);
	buf_put(b, m->indep, (size_t)m->n_indep * FP_LEN);
	buf_u8(b, m->n_not);
	buf_put(b, m->not_these, (size_t)m->n_not * FP_LEN);
	buf_str(b, m->country);
	buf_str(b, m->not_continent_of);
	buf_u8(b, m->is_ipv6);
	buf_u8(b, m->left);
	buf_put(b, m->only, FP_LEN);
}

static void get_draw(struct rd *r, struct net_draw *m)
{
	m->port = get_port(r);
	m->n_indep = get_count(r, AVOID_MAX);
	rd_copy(r, m->indep, (size_t)m->n_indep * FP_LEN);
	m->n_not = get_count(r, AVOID_MAX);
	rd_copy(r, m->not_these, (size_t)m->n_not * FP_LEN);
	get_country(r, m->country);
	get_country(r, m->not_continent_of);
	m->is_ipv6 = get_bool(r);
	m->left = rd_u8(r);
	rd_copy(r, m->only, FP_LEN);
}

static void put_draw_r(struct buf *b, const struct net_draw_r *m)
{
	buf_u8(b, m->is_clean);
	buf_u8(b, m->is_free);
	buf_u16(b, m->groups);
	put_relay(b, &m->exit);
}

static void get_draw_r(struct rd *r, struct net_draw_r *m)
{
	m->is_clean = get_bool(r);
	m->is_free = get_bool(r);
	m->groups = rd_u16(r);
	get_relay(r, &m->exit);
}

enum { LOOK_EXACT, LOOK_FREE, LOOK_TO_ONION };

static void put_look(struct buf *b, const struct net_look *m)
{
	buf_str(b, m->host);
	buf_u16(b, m->port);
	buf_u32(b, m->deadline_ms);
	buf_u8(b, m->is_onion ? LOOK_TO_ONION : m->is_free ? LOOK_FREE : LOOK_EXACT);
	buf_put(b, m->exit, FP_LEN);
	if (m->is_free && !m->is_onion)
		put_draw(b, &m->avoid);
}

static void get_look(struct rd *r, struct net_look *m)
{
	get_host(r, m->host);
	m->port = get_port(r);
	m->deadline_ms = rd_u32(r);
	const uint8_t how = get_count(r, LOOK_TO_ONION);
	m->is_free = how == LOOK_FREE;
	m->is_onion = how == LOOK_TO_ONION;
	rd_copy(r, m->exit, FP_LEN);
	if (m->is_free)
		get_draw(r, &m->avoid);
}

static void put_step_r(struct buf *b, const struct net_step_r *m)
{
	buf_u8(b, m->step);
	put_relay(b, &m->exit);
}

static void get_step_r(struct rd *r, struct net_step_r *m)
{
	m->step = get_count(r, STEP_DONE);
	get_relay(r, &m->exit);
}

static void put_look_r(struct buf *b, const struct net_look_r *m)
{
	assert(m->n_certs <= CHAIN_MAX);
	buf_u32(b, m->err);
	buf_u8(b, m->is_signed);
	buf_u8(b, m->was_clean);
	buf_u16(b, m->tls_version);
	buf_str(b, m->cipher);
	buf_str(b, m->alpn);
	buf_u32(b, m->elapsed_ms);
	put_path(b, &m->path);
	buf_u8(b, m->n_certs);
	for (size_t i = 0; i < m->n_certs; i++)
		buf_blob(b, m->cert[i].der, m->cert[i].len);
	buf_blob(b, m->staple.der, m->staple.len);
}

static struct net_cert get_cert(struct rd *r, size_t max)
{
	struct rd blob = rd_blob(r, max);

	if (blob.bad || blob.left == 0)
		return (struct net_cert){ 0 };
	return (struct net_cert){ (uint32_t)blob.left, blob.at };
}

static void get_look_r(struct rd *r, struct net_look_r *m)
{
	size_t bytes = 0;

	m->err = get_err(r);
	m->is_signed = get_bool(r);
	m->was_clean = get_bool(r);
	m->tls_version = rd_u16(r);
	rd_str(r, m->cipher, sizeof m->cipher);
	rd_str(r, m->alpn, sizeof m->alpn);
	m->elapsed_ms = rd_u32(r);
	get_path(r, &m->path);
	m->n_certs = get_count(r, CHAIN_MAX);
	for (size_t i = 0; i < m->n_certs; i++) {
		m->cert[i] = get_cert(r, CERT_MAX);
		bytes += m->cert[i].len;
		if (m->cert[i].len == 0 || bytes > CHAIN_BYTES_MAX)
			refuse(r);
	}
	m->staple = get_cert(r, STAPLE_MAX);
	/* A handshake can't have been signed, nor succeeded, without a certificate. */
	if (m->n_certs == 0 && (m->is_signed || m->err == OK))
		refuse(r);
}

static void put_open_r(struct buf *b, const struct net_open_r *m)
{
	buf_u32(b, m->err);
	buf_u8(b, m->was_clean);
	buf_u32(b, m->elapsed_ms);
	put_path(b, &m->path);
	buf_u8(b, m->is_onion);
}

static void get_open_r(struct rd *r, struct net_open_r *m)
{
	m->err = get_err(r);
	m->was_clean = get_bool(r);
	m->elapsed_ms = rd_u32(r);
	get_path(r, &m->path);
	m->is_onion = get_bool(r);
	/* Nothing is handed over whose exit was not seen; of an onion service there is none. */
	if (m->is_onion ? m->path.n > 0 : m->err == OK && m->path.n == 0)
		refuse(r);
}

static void put_close_r(struct buf *b, const struct net_close_r *m)
{
	buf_u16(b, m->circuits);
	buf_u16(b, m->streams);
}

static void get_close_r(struct rd *r, struct net_close_r *m)
{
	m->circuits = rd_u16(r);
	m->streams = rd_u16(r);
}

static void put_state(struct buf *b, const struct net_state *m)
{
	buf_u8(b, m->is_up);
	buf_u32(b, m->err);
}

static void get_state(struct rd *r, struct net_state *m)
{
	m->is_up = get_bool(r);
	m->err = get_err(r);
}

static void put_status(struct buf *b, const struct net_status *m)
{
	put_state(b, &m->state);
	buf_str(b, m->tor_version);
	buf_str(b, m->control);
	buf_str(b, m->socks);
	buf_str(b, m->auth);
	buf_u32(b, m->relays);
	buf_u32(b, m->exits);
	buf_u8(b, m->has_geoip);
	buf_u8(b, m->has_mapaddress);
	buf_u8(b, m->has_streams);
	buf_u32(b, m->relay_bytes);
}

static void get_status(struct rd *r, struct net_status *m)
{
	get_state(r, &m->state);
	rd_str(r, m->tor_version, sizeof m->tor_version);
	rd_str(r, m->control, sizeof m->control);
	rd_str(r, m->socks, sizeof m->socks);
	rd_str(r, m->auth, sizeof m->auth);
	m->relays = rd_u32(r);
	m->exits = rd_u32(r);
	m->has_geoip = get_bool(r);
	m->has_mapaddress = get_bool(r);
	m->has_streams = get_bool(r);
	m->relay_bytes = rd_u32(r);
}

static void put_warm(struct buf *b, const struct net_warm *m)
{
	assert(m->n <= K_MAX + 1);
	buf_u16(b, m->port);
	buf_u8(b, m->n);
}

static void get_warm(struct rd *r, struct net_warm *m)
{
	m->port = get_port(r);
	m->n = get_count(r, K_MAX + 1);
}

static void put_exits(struct buf *b, const struct net_exits *m)
{
	buf_put(b, m->fp, FP_LEN);
	buf_u16(b, m->port);
}

static void get_exits(struct rd *r, struct net_exits *m)
{
	rd_copy(r, m->fp, FP_LEN);
	m->port = rd_u16(r);
}

#define DEFINE(name, type) \
	void netmsg_put_##name(struct buf *b, const struct type *m) \
	{ \
		put_##name(b, m); \
	} \
	enum err netmsg_get_##name(struct rd in, struct type *out) \
	{ \
		struct type m = { 0 }; \
		get_##name(&in, &m); \
		bool is_good = rd_done(&in); \
		if (is_good) \
			*out = m; \
		explicit_bzero(&m, sizeof m); /* net_first holds the browser's SOCKS password */ \
		return is_good ? OK : ERR_FORMAT; \
	}
NETMSG_TABLE(DEFINE)

void netmsg_put_error(struct buf *b, enum err e)
{
	assert(e != OK);
	buf_u32(b, e);
}

enum err netmsg_get_error(struct rd in, enum err *out)
{
	uint32_t v = rd_u32(&in);

	if (!rd_done(&in) || !is_known_err(v))
		return ERR_FORMAT;
	*out = (enum err)v;
	return OK;
}
