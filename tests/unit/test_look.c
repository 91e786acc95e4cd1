// One look against a scripted tor: its SOCKS port is a real socket, its events are text lines, its TLS server is in memory.
// uses: host/engine/look.c host/engine/look_run.c host/engine/look_wire.c host/engine/describe.c host/engine/circs.c host/engine/circs_ask.c host/engine/circs_event.c host/engine/socks.c host/engine/tls.c host/engine/tls_openssl.c host/engine/target.c host/engine/torctl.c host/engine/words.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c host/base/clock.c
// libs: -lssl -lcrypto -lsodium -levent_core
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "engine/look.h"
#include "engine/pathpick.h"
#include "engine/torlink.h"
#include "tlspeer.h"

#include <arpa/inet.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#define FP_A "A000000000000000000000000000000000000001"
#define FP_B "B000000000000000000000000000000000000002"
#define FP_GUARD "C000000000000000000000000000000000000003"

/* ---- the scripted tor ---- */

enum serve { SERVE_NOTHING, SERVE_TLS, SERVE_GARBAGE, SERVE_CLOSE };

static struct {
	struct event_base *base;
	struct circs *circs;
	struct looks *looks;
	struct tor_addr socks;
	int listener, fd;
	struct event *on_accept, *on_read;
	uint8_t in[8192];
	uint8_t early[4096];      /* TLS bytes that came before the exit was connected */
	size_t n_in, n_early, n_connections;
	char username[256], password[256], host[256];
	bool is_connected;                 /* CONNECT was read */
	bool is_replied;                   /* success was sent */
	size_t n_tls;                      /* bytes that came behind our SOCKS reply, or before it beyond the request */
	enum serve serve;
	SSL_CTX *tls;
	struct peer peer;
	bool has_peer;
	/* what the engine asked of the link */
	bool is_up, has_streams, has_mapaddress, map_fails;
	char mapped[128], mapped_host[256], unmapped[128];
	size_t n_map, n_unmap;
	torlink_fn *map_done;
	void *map_arg;
	bool (*suits)(const uint8_t *fp);
	/* what came out */
	size_t n_done, n_steps;
	enum net_step steps[32];
	struct net_look_r result;
	uint8_t leaf[2048];
	size_t n_opened;
	struct net_open_r opened;
	int open_fd;
} bed;

bool torlink_is_up(const struct torlink *l) { (void)l; return bed.is_up; }
bool torlink_has_streams(const struct torlink *l) { (void)l; return bed.has_streams; }
bool torlink_has_mapaddress(const struct torlink *l) { (void)l; return bed.has_mapaddress; }
const struct tor_addr *torlink_socks(const struct torlink *l) { (void)l; return &bed.socks; }
struct circs *torlink_circs(struct torlink *l) { (void)l; return bed.circs; }
const struct relays *torlink_relays(const struct torlink *l) { (void)l; return (const struct relays *)&bed; }

enum err torlink_map(struct torlink *l, const char *name, const char *host, const uint8_t fp[FP_LEN], torlink_fn *done,
                     void *arg)
{
	(void)l;
	(void)fp;
	if (bed.map_fails)
		return ERR_TOR_LOST;
	bed.n_map++;
	snprintf(bed.mapped, sizeof bed.mapped, "%s", name);
	snprintf(bed.mapped_host, sizeof bed.mapped_host, "%s", host);
	bed.map_done = done;
	bed.map_arg = arg;
	return OK;
}

void torlink_unmap(struct torlink *l, const char *name)
{
	(void)l;
	bed.n_unmap++;
	snprintf(bed.unmapped, sizeof bed.unmapped, "%s", name);
}

enum err torlink_countries(struct torlink *l, const uint8_t (*fp)[FP_LEN], size_t n, torlink_fn *done, void *arg)
{
	(void)l;
	(void)fp;
	(void)n;
	(void)done;
	(void)arg;
	return ERR_TOR_LOST;
}

const struct relay *relays_find(const struct relays *r, const uint8_t fp[FP_LEN])
{
	static struct relay relay;

	(void)r;
	memcpy(relay.fp, fp, FP_LEN);
	return &relay;
}

void relay_address(const struct relay *a, char out[46]) { (void)a; strcpy(out, "192.0.2.1"); }
void relay_family(const struct relays *r, const struct relay *a, char out[64]) { (void)r; (void)a; out[0] = '\0'; }

bool pathpick_suits(const struct relays *r, const struct pathpick *want, const struct relay *a)
{
	(void)r;
	(void)want;
	return bed.suits(a->fp);
}

static void on_step(void *arg, uint32_t id, enum net_step step, const uint8_t *exit)
{
	(void)arg;
	(void)id;
	(void)exit;
	assert_true(bed.n_steps < 32);
	bed.steps[bed.n_steps++] = step;
}

static void on_done(void *arg, uint32_t id, const struct net_look_r *r)
{
	(void)arg;
	(void)id;
	bed.n_done++;
	bed.result = *r;
	if (r->n_certs > 0) {
		assert_true(r->cert[0].len <= sizeof bed.leaf);
		memcpy(bed.leaf, r->cert[0].der, r->cert[0].len);
	}
}

static void on_opened(void *arg, uint32_t id, const struct net_open_r *r, int fd)
{
	(void)arg;
	(void)id;
	assert_int_equal(r->err == OK, fd >= 0);
	bed.n_opened++;
	bed.opened = *r;
	bed.open_fd = fd;
}

static const struct look_hooks test_hooks = { on_step, on_done, on_opened };

/* ---- its SOCKS port ---- */

static void serve_bytes(const uint8_t *bytes, size_t n)
{
	uint8_t answer[16384];

	bed.n_tls += n;
	if (bed.serve == SERVE_TLS) {
		if (!bed.has_peer)
			bed.peer = peer_new(bed.tls);
		bed.has_peer = true;
		size_t m = peer_run(&bed.peer, bytes, n, answer, sizeof answer);
		assert_int_equal(write(bed.fd, answer, m), (ssize_t)m);
	} else if (bed.serve == SERVE_GARBAGE) {
		assert_int_equal(write(bed.fd, "SSH-2.0-nonsense\r\n", 18), 18);
	} else if (bed.serve == SERVE_CLOSE) {
		event_del(bed.on_read);
		close(bed.fd);
		bed.fd = -1;
	}
}

/* As an exit does: what comes before it is connected waits. */
static void serve_or_keep(const uint8_t *bytes, size_t n)
{
	if (bed.is_replied) {
		serve_bytes(bytes, n);
		return;
	}
	assert_true(bed.n_early + n <= sizeof bed.early);
	memcpy(bed.early + bed.n_early, bytes, n);
	bed.n_early += n;
}

static void serve_socks(void)
{
	const uint8_t *b = bed.in;
	size_t n = bed.n_in;

	if (n == 3) {
		assert_memory_equal(b, "\x05\x01\x02", 3);
		assert_int_equal(write(bed.fd, "\x05\x02", 2), 2);
	}
	if (n <= 5 || n < 5u + b[4] + 1)
		return;
	size_t auth = 3 + 2 + (size_t)b[4] + 1 + b[5 + b[4]];
	if (n == auth) {
		memset(bed.username, 0, sizeof bed.username);
		memset(bed.password, 0, sizeof bed.password);
		memcpy(bed.username, b + 5, b[4]);
		memcpy(bed.password, b + 6 + b[4], b[5 + b[4]]);
		assert_int_equal(write(bed.fd, "\x01\x00", 2), 2);
	}
	if (n > auth + 5 && !bed.is_connected) {
		const uint8_t *c = b + auth;
		assert_memory_equal(c, "\x05\x01\x00", 3);
		memset(bed.host, 0, sizeof bed.host);
		if (c[3] == 3)
			memcpy(bed.host, c + 5, c[4]);
		else
			inet_ntop(c[3] == 1 ? AF_INET : AF_INET6, c + 4, bed.host, sizeof bed.host);
		bed.is_connected = true;
		size_t request = 4 + (c[3] == 3 ? 1u + c[4] : c[3] == 1 ? 4 : 16) + 2;
		bed.n_tls += n - auth - request;
	}
}

static void on_read(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	uint8_t bytes[4096];
	ssize_t n = read(fd, bytes, sizeof bytes);
	if (n <= 0) {
		event_del(bed.on_read);
		close(bed.fd);
		bed.fd = -1;
		return;
	}
	if (bed.is_connected) {
		serve_or_keep(bytes, (size_t)n);
		return;
	}
	assert_true(bed.n_in + (size_t)n <= sizeof bed.in);
	memcpy(bed.in + bed.n_in, bytes, (size_t)n);
	bed.n_in += (size_t)n;
	serve_socks();
}

static void on_accept(evutil_socket_t fd, short what, void *arg)
{
	(void)what;
	(void)arg;
	if (bed.on_read != NULL)
		event_free(bed.on_read);
	if (bed.fd >= 0)
		close(bed.fd);
	bed.fd = accept(fd, NULL, NULL);
	assert_true(bed.fd >= 0);
	bed.n_connections++;
	bed.n_in = bed.n_early = 0;
	bed.is_connected = bed.is_replied = false;
	bed.on_read = event_new(bed.base, bed.fd, EV_READ | EV_PERSIST, on_read, NULL);
	event_add(bed.on_read, NULL);
}

static void socks_reply(uint8_t code)
{
	const uint8_t reply[] = { 5, code, 0, 1, 0, 0, 0, 0, 0, 0 };

	bed.is_replied = code == 0;
	assert_int_equal(write(bed.fd, reply, sizeof reply), sizeof reply);
	if (bed.is_replied && bed.n_early > 0)
		serve_bytes(bed.early, bed.n_early);
	bed.n_early = 0;
}

/* ---- its events ---- */

static void circ(const char *text)
{
	assert_true(circs_on_circ(bed.circs, text, clock_ms()));
	looks_on_circuit(bed.looks, (uint32_t)atoi(text));
}

static void circuit(unsigned id, const char *last)
{
	char text[512];

	snprintf(text, sizeof text, "%u BUILT $" FP_GUARD "~g,$D000000000000000000000000000000000000004~m,$%s~e "
	         "BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL", id, last);
	circ(text);
}

/* status: "NEW 0", "SENTCONNECT 7"; more: "REASON=END REMOTE_REASON=MISC" or "" */
static void stream(unsigned id, const char *status, const char *more)
{
	char text[1024];
	struct stream_seen seen;

	snprintf(text, sizeof text, "%u %s %s:443 %s PURPOSE=USER SOCKS_USERNAME=\"%s\" SOCKS_PASSWORD=\"%s\"", id, status,
	         bed.host, more, bed.username, bed.password);
	assert_true(circs_on_stream(bed.circs, text, clock_ms(), &seen));
	looks_on_stream(bed.looks, &seen);
}

/* ---- driving ---- */

static void turn(uint64_t ms)
{
	const struct timeval tv = { 0, (suseconds_t)(ms * 1000) };

	event_base_loopexit(bed.base, &tv);
	event_base_dispatch(bed.base);
}

#define UNTIL(condition) \
	do { \
		uint64_t end_ = clock_ms() + 30000; \
		while (!(condition)) { \
			assert_true(clock_ms() < end_); \
			turn(2); \
		} \
	} while (0)

static EVP_PKEY *key;
static X509 *cert;

static int setup(void **state)
{
	(void)state;
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	memset(&bed, 0, sizeof bed);
	bed.base = event_base_new();
	bed.circs = circs_new();
	bed.fd = bed.open_fd = -1;
	bed.listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
	if (bind(bed.listener, (struct sockaddr *)&at, sizeof at) != 0 || listen(bed.listener, 16) != 0)
		return 1;
	bed.socks.len = sizeof at;
	getsockname(bed.listener, (struct sockaddr *)&bed.socks.sa, &bed.socks.len);
	bed.on_accept = event_new(bed.base, bed.listener, EV_READ | EV_PERSIST, on_accept, NULL);
	event_add(bed.on_accept, NULL);
	bed.is_up = bed.has_streams = bed.has_mapaddress = true;
	bed.serve = SERVE_TLS;
	bed.tls = peer_context(cert, key, 0);
	bed.looks = looks_new(bed.base, NULL, &tls_openssl, &test_hooks, NULL);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	looks_free(bed.looks);
	circs_free(bed.circs);
	if (bed.on_read != NULL)
		event_free(bed.on_read);
	event_free(bed.on_accept);
	close(bed.listener);
	if (bed.fd >= 0)
		close(bed.fd);
	if (bed.open_fd >= 0)
		close(bed.open_fd);
	if (bed.has_peer)
		peer_free(&bed.peer);
	SSL_CTX_free(bed.tls);
	event_base_free(bed.base);
	return 0;
}

static struct net_look ask(void)
{
	struct net_look m = { .host = "site.test", .port = 443, .deadline_ms = 5000 };

	assert_true(fp_parse(FP_A, m.exit));
	return m;
}

/* relays.c is not linked: only this of it is needed. */
bool fp_parse(const char *hex, uint8_t out[FP_LEN])
{
	for (size_t i = 0; i < FP_LEN; i++) {
		unsigned v;
		if (sscanf(hex + 2 * i, "%2x", &v) != 1)
			return false;
		out[i] = (uint8_t)v;
	}
	return true;
}

static void start(const struct net_look *m)
{
	assert_int_equal(looks_start(bed.looks, 1, m), OK);
	if (!m->is_free) {
		assert_int_equal(bed.n_map, 1);
		bed.map_done(bed.map_arg, OK);
		bed.map_done = NULL;
	}
}

static void start_and_connect(void)
{
	const struct net_look m = ask();

	start(&m);
	UNTIL(bed.is_connected);
	assert_string_equal(bed.host, bed.mapped);
	stream(141, "NEW 0", "");
}

static void expect(enum err err)
{
	UNTIL(bed.n_done > 0);
	turn(20);
	assert_int_equal(bed.n_done, 1);
	assert_int_equal(bed.result.err, err);
	assert_int_equal(looks_count(bed.looks), 0);
	assert_int_equal(looks_mappings(bed.looks), 0);
	/* Whatever was mapped was removed, once, by its name. */
	assert_int_equal(bed.n_map, bed.n_unmap);
	assert_string_equal(bed.mapped, bed.unmapped);
	if (bed.fd >= 0)
		turn(20);
	assert_int_equal(bed.fd, -1);    /* our side has closed the connection */
}

/* ---- tests ---- */

static void test_good(void **state)
{
	(void)state;
	start_and_connect();
	assert_string_equal(bed.mapped_host, "site.test");
	assert_non_null(strstr(bed.mapped, ".virtual"));
	assert_int_equal(bed.n_unmap, 0);
	circuit(7, FP_A);
	stream(141, "SENTCONNECT 7", "");
	/* Attached: the mapping has done its work. */
	assert_int_equal(bed.n_unmap, 1);
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	expect(OK);
	assert_true(bed.result.is_signed);
	assert_false(bed.result.was_clean);
	assert_int_equal(bed.result.n_certs, 1);
	assert_int_equal(bed.result.path.circuit, 7);
	assert_int_equal(bed.result.path.n, 3);
	uint8_t fp[FP_LEN];
	fp_parse(FP_A, fp);
	assert_memory_equal(bed.result.path.hop[2].fp, fp, FP_LEN);
	unsigned char *der = NULL;
	int n = i2d_X509(cert, &der);
	assert_int_equal(bed.result.cert[0].len, n);
	assert_memory_equal(bed.leaf, der, (size_t)n);
	OPENSSL_free(der);
	const enum net_step want[] = { STEP_BUILDING, STEP_CONNECTING, STEP_HANDSHAKING, STEP_DONE };
	assert_int_equal(bed.n_steps, 4);
	assert_memory_equal(bed.steps, want, sizeof want);
}

/* The reply and the event come in any order; TLS waits for both. */
static void test_reply_before_event(void **state)
{
	(void)state;
	start_and_connect();
	socks_reply(0);
	turn(100);
	assert_int_equal(bed.n_tls, 0);
	circuit(7, FP_A);
	stream(141, "SENTCONNECT 7", "");
	turn(50);
	assert_int_equal(bed.n_tls, 0);     /* SENTCONNECT is not yet SUCCEEDED */
	stream(141, "SUCCEEDED 7", "");
	expect(OK);
}

static void test_path_known_last(void **state)
{
	(void)state;
	start_and_connect();
	stream(141, "SENTCONNECT 7", "");
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	turn(100);
	assert_int_equal(bed.n_tls, 0);
	circuit(7, FP_A);
	expect(OK);
}

/* The text of the event says the right exit; the circuit does not. */
static void test_wrong_exit(void **state)
{
	(void)state;
	start_and_connect();
	snprintf(bed.host, sizeof bed.host, "site.test.%s.exit", FP_A);
	circuit(7, FP_B);
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	expect(ERR_EXIT_WRONG);
	assert_int_equal(bed.n_tls, 0);
	assert_int_equal(bed.result.n_certs, 0);
}

static void test_wrong_exit_after_the_reply(void **state)
{
	(void)state;
	start_and_connect();
	circuit(7, FP_B);
	socks_reply(0);
	turn(50);
	stream(141, "SUCCEEDED 7", "");
	expect(ERR_EXIT_WRONG);
	assert_int_equal(bed.n_tls, 0);
}

/* The exit asked for stands in the path, but not at its end. */
static void test_exit_in_the_middle(void **state)
{
	(void)state;
	start_and_connect();
	circ("7 BUILT $" FP_GUARD "~g,$" FP_A "~a,$" FP_B "~b PURPOSE=GENERAL");
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	expect(ERR_EXIT_WRONG);
	assert_int_equal(bed.n_tls, 0);
}

static void test_attached_right_but_opened_elsewhere(void **state)
{
	(void)state;
	start_and_connect();
	circuit(7, FP_A);
	circuit(8, FP_B);
	stream(141, "SENTCONNECT 7", "");
	stream(141, "SUCCEEDED 8", "");
	expect(ERR_EXIT_WRONG);
	assert_int_equal(bed.result.n_certs, 0);
}

/* The ClientHello follows the request as soon as tor has named a circuit with the right end, and no sooner. */
static void test_hello_before_the_reply(void **state)
{
	(void)state;
	start_and_connect();
	turn(20);
	assert_int_equal(bed.n_early, 0);
	circuit(7, FP_A);
	stream(141, "SENTCONNECT 7", "");
	UNTIL(bed.n_early > 0);
	assert_int_equal(bed.early[0], 22);          /* a handshake record */
	size_t hello = bed.n_early;
	/* tor tries another circuit, and sends what it has once more by itself: nothing is said twice. */
	stream(141, "DETACHED 7", "REASON=TIMEOUT");
	circuit(8, FP_A);
	stream(141, "SENTCONNECT 8", "");
	turn(20);
	assert_int_equal(bed.n_early, hello);
	stream(141, "SUCCEEDED 8", "");
	socks_reply(0);
	expect(OK);
	assert_true(bed.result.is_signed);
	assert_int_equal(bed.result.path.circuit, 8);
}

static void test_no_hello_to_a_wrong_end(void **state)
{
	(void)state;
	start_and_connect();
	stream(141, "SENTCONNECT 7", "");            /* a circuit nobody knows */
	turn(20);
	assert_int_equal(bed.n_early, 0);
	circuit(7, FP_B);                            /* and now it is known */
	turn(20);
	assert_int_equal(bed.n_early, 0);
	expect(ERR_EXIT_WRONG);
}

/* Somebody else's stream through the right exit proves nothing about ours. */
static void test_events_of_another_stream(void **state)
{
	(void)state;
	start_and_connect();
	circuit(7, FP_A);
	char kept[256];
	memcpy(kept, bed.password, sizeof kept);
	bed.password[0] = bed.password[0] == 'f' ? '0' : 'f';
	stream(142, "NEW 0", "");
	stream(142, "SUCCEEDED 7", "");
	memcpy(bed.password, kept, sizeof kept);
	socks_reply(0);
	turn(100);
	assert_int_equal(bed.n_tls, 0);
	expect(ERR_CIRCUIT);      /* tor never said over which circuit */
	assert_int_equal(bed.n_tls, 0);
}

/* After NEWNYM credentials are forgotten: the stream is known by its id. */
static void test_newnym_in_between(void **state)
{
	(void)state;
	start_and_connect();
	circuit(7, FP_A);
	circs_forget_targets(bed.circs);
	bed.username[0] = bed.password[0] = '\0';
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	expect(OK);
}

static void test_was_clean(void **state)
{
	(void)state;
	circuit(7, FP_A);
	start_and_connect();
	stream(141, "SENTCONNECT 7", "");
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	expect(OK);
	assert_true(bed.result.was_clean);
}

/* A circuit that was there, but had to be extended for us. */
static void test_cannibalized_is_not_clean(void **state)
{
	(void)state;
	circuit(6, FP_A);
	circuit(7, FP_B);
	start_and_connect();
	circuit(7, FP_A);
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	expect(OK);
	assert_false(bed.result.was_clean);
}

static void test_failures_are_named(void **state)
{
	const struct { const char *event, *more; uint8_t reply; enum err err; } cases[] = {
		{ "FAILED 0", "REASON=CANT_ATTACH", 1, ERR_EXIT_POLICY },
		{ "CLOSED 7", "REASON=END REMOTE_REASON=RESOLVEFAILED", 4, ERR_SOCKS_HOST },
		{ "FAILED 7", "REASON=END REMOTE_REASON=CONNECTREFUSED", 5, ERR_SOCKS_CONN },
		{ "FAILED 7", "REASON=END REMOTE_REASON=EXITPOLICY", 2, ERR_EXIT_POLICY },
		{ "FAILED 7", "REASON=END REMOTE_REASON=TIMEOUT", 6, ERR_SOCKS_TTL },
		{ "FAILED 7", "REASON=END REMOTE_REASON=NOROUTE", 3, ERR_SOCKS_NET },
		{ "FAILED 7", "REASON=DESTROY", 1, ERR_CIRCUIT },
		{ "FAILED 7", "REASON=END REMOTE_REASON=MISC", 5, ERR_SOCKS_CONN },   /* SOCKS says more */
		{ "FAILED 7", "REASON=END REMOTE_REASON=MISC", 1, ERR_SOCKS_CONN },   /* measured: what refused looks like */
		{ "CLOSED 7", "REASON=END REMOTE_REASON=MISC", 1, ERR_SOCKS_GENERAL },
		{ "FAILED 7", "REASON=SOMETHINGNEW", 1, ERR_SOCKS_GENERAL },
		{ NULL, NULL, 1, ERR_SOCKS_GENERAL },
		{ NULL, NULL, 0xf2, ERR_ONION_INTRO },
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		for (int event_first = 0; event_first < 2; event_first++) {
			teardown(state);
			setup(state);
			start_and_connect();
			circuit(7, FP_A);
			if (event_first && cases[i].event != NULL)
				stream(141, cases[i].event, cases[i].more);
			socks_reply(cases[i].reply);
			turn(30);
			if (!event_first && cases[i].event != NULL)
				stream(141, cases[i].event, cases[i].more);
			expect(cases[i].err);
			assert_int_equal(bed.n_tls, 0);
		}
	}
}

/* The SOCKS reply may overtake the events. That the exit was asked is still told, if it was the right one. */
static void test_reply_before_the_events(void **state)
{
	static const char *const last[] = { FP_A, FP_B };

	for (int i = 0; i < 2; i++) {
		teardown(state);
		setup(state);
		start_and_connect();
		circuit(7, last[i]);
		socks_reply(1);
		turn(30);
		stream(141, "SENTCONNECT 7", "");
		stream(141, "FAILED 7", "REASON=END REMOTE_REASON=MISC");
		expect(ERR_SOCKS_CONN);
		bool is_told = false;
		for (size_t k = 0; k < bed.n_steps; k++)
			is_told |= bed.steps[k] == STEP_CONNECTING;
		assert_int_equal(is_told, i == 0);
	}
}

static void test_garbage_and_closing(void **state)
{
	(void)state;
	start_and_connect();
	bed.serve = SERVE_GARBAGE;
	circuit(7, FP_A);
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	expect(ERR_TLS_PROTOCOL);
	assert_int_equal(bed.result.path.n, 3);
}

static void test_closed_in_the_handshake(void **state)
{
	for (int i = 0; i < 2; i++) {
		teardown(state);
		setup(state);
		start_and_connect();
		bed.serve = SERVE_CLOSE;
		circuit(7, FP_A);
		stream(141, "SUCCEEDED 7", "");
		socks_reply(0);
		UNTIL(bed.fd < 0);
		if (i == 1)
			stream(141, "CLOSED 7", "REASON=DESTROY");
		expect(i == 1 ? ERR_CIRCUIT : ERR_CLOSED);
	}
}

/* A server that speaks before us, in the very packet of the SOCKS reply: kept back until the exit is known. */
static void test_server_speaks_first(void **state)
{
	(void)state;
	start_and_connect();
	const uint8_t both[] = { 5, 0, 0, 1, 0, 0, 0, 0, 0, 0, 'S', 'S', 'H', '-', '2', '.', '0' };
	assert_int_equal(write(bed.fd, both, sizeof both), sizeof both);
	turn(50);
	assert_int_equal(bed.n_done, 0);
	circuit(7, FP_A);
	stream(141, "SUCCEEDED 7", "");
	expect(ERR_TLS_PROTOCOL);
}

static void test_deadline_in_each_state(void **state)
{
	for (int at = 0; at < 4; at++) {
		teardown(state);
		setup(state);
		struct net_look m = ask();
		m.deadline_ms = 200;
		assert_int_equal(looks_start(bed.looks, 1, &m), OK);
		if (at >= 1) {
			bed.map_done(bed.map_arg, OK);
			UNTIL(bed.is_connected);
		}
		if (at >= 2) {
			stream(141, "NEW 0", "");
			socks_reply(0);
		}
		if (at >= 3) {
			bed.serve = SERVE_NOTHING;
			circuit(7, FP_A);
			stream(141, "SUCCEEDED 7", "");
		}
		uint64_t begin = clock_ms();
		UNTIL(bed.n_done > 0);
		assert_true(clock_ms() - begin < 5000);   /* nothing else would end it */
		if (at == 0)
			bed.map_done(bed.map_arg, ERR_TOR_LOST);    /* the late answer finds a look that is over */
		expect(ERR_TIMEOUT);
	}
}

static void test_cancel_in_each_state(void **state)
{
	for (int at = 0; at < 4; at++) {
		teardown(state);
		setup(state);
		const struct net_look m = ask();
		assert_int_equal(looks_start(bed.looks, 1, &m), OK);
		if (at >= 1) {
			bed.map_done(bed.map_arg, OK);
			UNTIL(bed.is_connected);
		}
		if (at >= 2) {
			stream(141, "NEW 0", "");
			socks_reply(0);
			turn(20);
		}
		if (at >= 3) {
			bed.serve = SERVE_NOTHING;
			circuit(7, FP_A);
			stream(141, "SUCCEEDED 7", "");
			UNTIL(bed.n_tls > 0);
		}
		assert_true(looks_cancel(bed.looks, 1));
		assert_int_equal(bed.n_done, 0);       /* never from within */
		UNTIL(bed.n_done > 0);
		assert_false(looks_cancel(bed.looks, 1));
		if (at == 0)
			bed.map_done(bed.map_arg, OK);
		expect(ERR_CANCELLED);
	}
}

static void test_link_lost(void **state)
{
	(void)state;
	start_and_connect();
	looks_on_link_lost(bed.looks, ERR_TOR_LOST);
	expect(ERR_TOR_LOST);
}

/* Once the exit is checked tor's word is no longer needed. */
static void test_link_lost_in_the_handshake(void **state)
{
	(void)state;
	start_and_connect();
	circuit(7, FP_A);
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	UNTIL(bed.n_steps >= 3);
	looks_on_link_lost(bed.looks, ERR_TOR_LOST);
	expect(OK);
}

/* Tor died: its sockets close, in any order. No site's fault. */
static void test_tor_died_in_the_handshake(void **state)
{
	(void)state;
	for (int link_first = 0; link_first < 2; link_first++) {
		bed.serve = SERVE_NOTHING;
		start_and_connect();
		circuit(7, FP_A);
		stream(141, "SUCCEEDED 7", "");
		socks_reply(0);
		UNTIL(bed.n_steps >= 2);
		if (link_first) {
			bed.is_up = false;
			looks_on_link_lost(bed.looks, ERR_TOR_LOST);
			turn(10);
			assert_int_equal(bed.n_done, 0);
		}
		event_del(bed.on_read);
		close(bed.fd);
		bed.fd = -1;
		turn(30);
		if (!link_first) {
			bed.is_up = false;
			looks_on_link_lost(bed.looks, ERR_TOR_LOST);
		}
		expect(ERR_TOR_LOST);
		teardown(NULL);
		setup(NULL);
	}
}

static void test_mapping_refused(void **state)
{
	const enum err refusals[] = { ERR_TOR_COMMAND, ERR_TOR_FILTERED, ERR_TOR_LOST };
	for (size_t i = 0; i < 3; i++) {
		teardown(state);
		setup(state);
		const struct net_look m = ask();
		assert_int_equal(looks_start(bed.looks, 1, &m), OK);
		bed.map_done(bed.map_arg, refusals[i]);
		expect(refusals[i]);
		assert_int_equal(bed.n_connections, 0);
	}
}

static void test_stop_removes_mappings(void **state)
{
	(void)state;
	const struct net_look m = ask();
	assert_int_equal(looks_start(bed.looks, 1, &m), OK);
	looks_stop(bed.looks);
	assert_int_equal(bed.n_unmap, 1);
	assert_string_equal(bed.mapped, bed.unmapped);
	bed.map_done(bed.map_arg, ERR_CANCELLED);
	turn(20);
	assert_int_equal(bed.n_done, 0);
	assert_int_equal(looks_start(bed.looks, 2, &m), ERR_TOR_LOST);
}

static void test_refused_at_once(void **state)
{
	(void)state;
	const struct { const char *host; enum err err; } hosts[] = {
		{ "127.0.0.1", ERR_TARGET_PRIVATE }, { "::1", ERR_TARGET_PRIVATE }, { "192.168.1.1", ERR_TARGET_PRIVATE },
		{ "abcdefghijklmnop.onion", ERR_TARGET_PRIVATE }, { "x.virtual", ERR_TARGET_NAME },
		{ "2606:4700::1111", ERR_EXIT_LITERAL },
	};
	struct net_look m = ask();
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		snprintf(m.host, sizeof m.host, "%s", hosts[i].host);
		assert_int_equal(looks_start(bed.looks, 1, &m), hosts[i].err);
	}
	m = ask();
	bed.is_up = false;
	assert_int_equal(looks_start(bed.looks, 1, &m), ERR_TOR_LOST);
	bed.is_up = true;
	bed.has_streams = false;
	assert_int_equal(looks_start(bed.looks, 1, &m), ERR_TOR_FILTERED);
	bed.has_streams = true;
	bed.has_mapaddress = false;
	assert_int_equal(looks_start(bed.looks, 1, &m), ERR_TOR_FILTERED);
	bed.has_mapaddress = true;
	bed.map_fails = true;
	assert_int_equal(looks_start(bed.looks, 1, &m), ERR_TOR_LOST);
	bed.map_fails = false;
	assert_int_equal(looks_start(bed.looks, 1, &m), OK);
	assert_int_equal(looks_start(bed.looks, 1, &m), ERR_MSG_BUSY);
	assert_int_equal(bed.n_map, 1);
	looks_stop(bed.looks);
}

static void test_socks_port_is_gone(void **state)
{
	(void)state;
	const struct net_look m = ask();
	event_del(bed.on_accept);
	close(bed.listener);
	bed.listener = dup(0);
	start(&m);
	expect(ERR_SOCKS_REFUSED);
}

/* ---- where tor chooses ---- */

static bool suits_a(const uint8_t *fp)
{
	return fp[0] == 0xa0;
}

static bool suits_none(const uint8_t *fp)
{
	(void)fp;
	return false;
}

static struct net_look ask_free(void)
{
	struct net_look m = ask();

	memset(m.exit, 0, FP_LEN);
	m.is_free = 1;
	m.avoid.port = 443;
	return m;
}

static void test_free_takes_what_suits(void **state)
{
	(void)state;
	const struct net_look m = ask_free();
	char first[256];
	bed.suits = suits_a;
	start(&m);
	UNTIL(bed.is_connected);
	assert_string_equal(bed.host, "site.test");
	memcpy(first, bed.username, sizeof first);
	circuit(7, FP_B);
	stream(141, "NEW 0", "");
	stream(141, "SENTCONNECT 7", "");
	/* Does not suit: closed at once, and again with other credentials. */
	UNTIL(bed.n_connections == 2 && bed.is_connected);
	assert_string_not_equal(first, bed.username);
	assert_int_equal(bed.n_tls, 0);
	circuit(8, FP_A);
	stream(142, "NEW 0", "");
	stream(142, "SENTCONNECT 8", "");
	stream(142, "SUCCEEDED 8", "");
	socks_reply(0);
	expect(OK);
	assert_int_equal(bed.result.path.circuit, 8);
	assert_int_equal(bed.n_map, 0);
}

static void test_free_gives_up(void **state)
{
	(void)state;
	const struct net_look m = ask_free();
	bed.suits = suits_none;
	start(&m);
	for (unsigned i = 0; i < LOOK_FREE_TRIES; i++) {
		UNTIL(bed.n_connections == i + 1 && bed.is_connected);
		circuit(10 + i, FP_A);
		stream(100 + i, "NEW 0", "");
		/* Now and then only SUCCEEDED is seen, with the reply already there. */
		if (i % 2 == 0) {
			stream(100 + i, "SENTCONNECT 0", "");
			char status[32];
			snprintf(status, sizeof status, "SUCCEEDED %u", 10 + i);
			socks_reply(0);
			turn(5);
			stream(100 + i, status, "");
		} else {
			char status[32];
			snprintf(status, sizeof status, "SENTCONNECT %u", 10 + i);
			stream(100 + i, status, "");
		}
	}
	expect(ERR_EXIT_NONE);
	assert_int_equal(bed.n_connections, LOOK_FREE_TRIES);
	assert_int_equal(bed.n_tls, 0);
}

static void test_free_ipv6_literal(void **state)
{
	(void)state;
	struct net_look m = ask_free();
	strcpy(m.host, "2606:4700::1111");
	bed.suits = suits_a;
	start(&m);
	UNTIL(bed.is_connected);
	assert_string_equal(bed.host, "2606:4700::1111");
	circuit(7, FP_A);
	stream(141, "NEW 0", "");
	stream(141, "SUCCEEDED 7", "");
	socks_reply(0);
	expect(OK);
}

/* ---- the stream itself is wanted ---- */

static size_t descriptors(void)
{
	size_t n = 0;

	for (int fd = 0; fd < 256; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

static void open_and_connect(void)
{
	const struct net_look m = ask();

	bed.serve = SERVE_NOTHING;
	bed.is_connected = false;
	assert_int_equal(looks_open(bed.looks, 1, &m), OK);
	bed.map_done(bed.map_arg, OK);
	UNTIL(bed.is_connected);
	stream(141, "NEW 0", "");
}

static void expect_open(enum err err)
{
	UNTIL(bed.n_opened > 0);
	turn(20);
	assert_int_equal(bed.n_opened, 1);
	assert_int_equal(bed.n_done, 0);
	assert_int_equal(bed.opened.err, err);
	assert_int_equal(looks_count(bed.looks), 0);
	assert_int_equal(bed.n_map, bed.n_unmap);
	if (err != OK) {
		assert_int_equal(bed.open_fd, -1);
		UNTIL(bed.fd == -1);
	}
}

/* Connected, nothing sent, nothing read: whoever gets it has all of it. */
static void test_open(void **state)
{
	(void)state;
	char text[16] = "";
	open_and_connect();
	circuit(7, FP_A);
	stream(141, "SENTCONNECT 7", "");
	turn(20);
	assert_int_equal(bed.n_tls, 0);     /* no early hello */
	socks_reply(0);
	turn(20);
	assert_int_equal(bed.n_opened, 0);  /* not before the circuit is sure */
	stream(141, "SUCCEEDED 7", "");
	expect_open(OK);
	assert_int_equal(bed.n_tls, 0);
	assert_int_equal(bed.opened.path.n, 3);
	assert_int_equal(bed.opened.path.circuit, 7);
	assert_int_equal(write(bed.fd, "hello", 5), 5);
	UNTIL(recv(bed.open_fd, text, 5, 0) == 5);
	assert_string_equal(text, "hello");
	assert_int_equal(send(bed.open_fd, "there", 5, 0), 5);
	UNTIL(bed.n_tls == 5);
	const enum net_step want[] = { STEP_BUILDING, STEP_CONNECTING };
	assert_int_equal(bed.n_steps, 2);
	assert_memory_equal(bed.steps, want, sizeof want);
}

static void test_open_of_a_wrong_exit(void **state)
{
	(void)state;
	open_and_connect();
	circuit(7, FP_B);
	stream(141, "SENTCONNECT 7", "");
	stream(141, "SUCCEEDED 7", "");
	expect_open(ERR_EXIT_WRONG);
}

#define ONION "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscryd.onion"

/* No mapping, credentials of its own, no exit to wait for: open when tor says so. */
static void test_open_of_an_onion_service(void **state)
{
	(void)state;
	struct net_look m = { .host = ONION, .port = 80, .deadline_ms = 50000, .is_onion = 1 };
	bed.serve = SERVE_NOTHING;
	bed.is_connected = false;
	/* Neither is needed. */
	bed.has_streams = bed.has_mapaddress = false;
	assert_int_equal(looks_open(bed.looks, 1, &m), OK);
	assert_int_equal(bed.n_map, 0);
	UNTIL(bed.is_connected);
	assert_string_equal(bed.host, ONION);
	assert_true(strlen(bed.username) > 8 && strlen(bed.password) > 8);
	stream(141, "NEW 0", "");
	circuit(7, FP_B);
	stream(141, "SENTCONNECT 7", "");
	turn(20);
	assert_int_equal(bed.n_opened, 0);
	socks_reply(0);
	expect_open(OK);
	assert_int_equal(bed.opened.is_onion, 1);
	assert_int_equal(bed.opened.path.n, 0);
	assert_true(bed.open_fd >= 0);
}

static void test_open_of_no_onion_service(void **state)
{
	(void)state;
	static const char *const hosts[] = { "site.test", "127.0.0.1", "example.onion", "pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscrya.onion",
		"sub." ONION, "PG6MMJIYJMCRSSLVYKFWNNTLARU7P5SVN6Y2YMMJU6NUBXNDF4PSCRYD.onion", ONION ".", ONION ".exit",
		"pg6mmjiyjmcrsslvykfwnntlaru7p5svn6y2ymmju6nubxndf4pscry1d.onion", "" };
	struct net_look m = { .port = 80, .deadline_ms = 5000, .is_onion = 1 };
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++) {
		snprintf(m.host, sizeof m.host, "%s", hosts[i]);
		assert_int_equal(looks_open(bed.looks, 1, &m), ERR_ONION_ADDRESS);
	}
	/* A look is never one at an onion service; an opening is one only when it says so. */
	snprintf(m.host, sizeof m.host, "%s", ONION);
	assert_int_equal(looks_start(bed.looks, 1, &m), ERR_TARGET_PRIVATE);
	m.is_onion = 0;
	m.exit[0] = 0xa0;
	assert_int_equal(looks_open(bed.looks, 1, &m), ERR_TARGET_PRIVATE);
	assert_int_equal(bed.n_connections, 0);
}

static void test_open_attached_elsewhere(void **state)
{
	(void)state;
	open_and_connect();
	circuit(7, FP_A);
	circuit(8, FP_B);
	stream(141, "SENTCONNECT 7", "");
	socks_reply(0);
	stream(141, "SUCCEEDED 8", "");
	expect_open(ERR_EXIT_WRONG);
}

static void test_open_of_a_server_that_speaks_first(void **state)
{
	(void)state;
	open_and_connect();
	assert_int_equal(write(bed.fd, "\x05\0\0\x01\0\0\0\0\0\0HTTP/1.1 200 OK\r\n", 27), 27);
	turn(20);
	circuit(7, FP_A);
	stream(141, "SUCCEEDED 7", "");
	expect_open(ERR_HTTP_PROTOCOL);
}

static void test_open_fails_as_a_look_does(void **state)
{
	(void)state;
	open_and_connect();
	circuit(7, FP_A);
	stream(141, "SENTCONNECT 7", "");
	socks_reply(4);
	stream(141, "FAILED 7", "REASON=END REMOTE_REASON=RESOLVEFAILED");
	expect_open(ERR_SOCKS_HOST);
}

/* Cancelled, stopped or forgotten in any state, also between the open stream and its handing out: nothing stays open. */
static void test_open_leaks_nothing(void **state)
{
	(void)state;
	size_t before = descriptors();
	for (int when = 0; when < 4; when++) {
		for (int how = 0; how < 3; how++) {
			bed.n_map = bed.n_unmap = bed.n_opened = 0;
			open_and_connect();
			circuit(7, FP_A);
			if (when > 0)
				stream(141, "SENTCONNECT 7", "");
			if (when > 1)
				socks_reply(0);
			turn(10);
			if (when > 2)
				stream(141, "SUCCEEDED 7", "");
			if (how == 0)
				assert_true(looks_cancel(bed.looks, 1));
			else if (how == 1)
				looks_stop(bed.looks);
			else
				looks_on_link_lost(bed.looks, ERR_TOR_LOST);
			turn(20);
			assert_int_equal(bed.n_opened, how == 1 ? 0 : 1);
			if (bed.open_fd >= 0) {
				/* It had happened already. */
				assert_int_equal(when, 3);
				close(bed.open_fd);
				bed.open_fd = -1;
			}
			UNTIL(bed.fd == -1);
			looks_free(bed.looks);
			bed.looks = looks_new(bed.base, NULL, &tls_openssl, &test_hooks, NULL);
			circs_free(bed.circs);
			bed.circs = circs_new();
		}
	}
	assert_int_equal(descriptors(), before);
}

/* ---- many ---- */

static void test_bound(void **state)
{
	(void)state;
	const struct net_look m = ask();
	for (uint32_t i = 1; i <= LOOKS_MAX; i++)
		assert_int_equal(looks_start(bed.looks, i, &m), OK);
	assert_int_equal(looks_start(bed.looks, LOOKS_MAX + 1, &m), ERR_MSG_BUSY);
	assert_int_equal(looks_mappings(bed.looks), LOOKS_MAX);
	looks_stop(bed.looks);
	assert_int_equal(bed.n_unmap, LOOKS_MAX);
}

#define LOOK_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LOOK_TEST(test_good), LOOK_TEST(test_reply_before_event), LOOK_TEST(test_path_known_last),
		LOOK_TEST(test_wrong_exit), LOOK_TEST(test_wrong_exit_after_the_reply), LOOK_TEST(test_exit_in_the_middle),
		LOOK_TEST(test_attached_right_but_opened_elsewhere), LOOK_TEST(test_events_of_another_stream),
		LOOK_TEST(test_hello_before_the_reply), LOOK_TEST(test_no_hello_to_a_wrong_end),
		LOOK_TEST(test_newnym_in_between), LOOK_TEST(test_was_clean), LOOK_TEST(test_cannibalized_is_not_clean),
		LOOK_TEST(test_failures_are_named), LOOK_TEST(test_reply_before_the_events), LOOK_TEST(test_garbage_and_closing), LOOK_TEST(test_closed_in_the_handshake),
		LOOK_TEST(test_server_speaks_first), LOOK_TEST(test_deadline_in_each_state), LOOK_TEST(test_cancel_in_each_state),
		LOOK_TEST(test_link_lost), LOOK_TEST(test_link_lost_in_the_handshake), LOOK_TEST(test_tor_died_in_the_handshake),
		LOOK_TEST(test_mapping_refused),
		LOOK_TEST(test_stop_removes_mappings), LOOK_TEST(test_refused_at_once), LOOK_TEST(test_socks_port_is_gone),
		LOOK_TEST(test_free_takes_what_suits), LOOK_TEST(test_free_gives_up), LOOK_TEST(test_free_ipv6_literal),
		LOOK_TEST(test_open), LOOK_TEST(test_open_of_an_onion_service), LOOK_TEST(test_open_of_no_onion_service), LOOK_TEST(test_open_of_a_wrong_exit), LOOK_TEST(test_open_attached_elsewhere),
		LOOK_TEST(test_open_of_a_server_that_speaks_first), LOOK_TEST(test_open_fails_as_a_look_does),
		LOOK_TEST(test_open_leaks_nothing), LOOK_TEST(test_bound),
	};

	key = peer_key_ec("P-256");
	cert = peer_cert(key, EVP_sha256(), "site.test", 0);
	int failed = cmocka_run_group_tests(tests, NULL, NULL);
	X509_free(cert);
	EVP_PKEY_free(key);
	return failed;
}
