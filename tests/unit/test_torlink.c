// uses: host/engine/torlink.c host/engine/torlink_wire.c host/engine/torlink_wait.c host/engine/torlink_setup.c host/engine/torlink_load.c host/engine/torlink_geo.c host/engine/torlink_map.c host/engine/torctl.c host/engine/torauth.c host/engine/torfind.c host/engine/circs.c host/engine/circs_event.c host/engine/circs_ask.c host/engine/relays.c host/engine/relays_load.c host/engine/relays_policy.c host/engine/relays_group.c host/engine/words.c host/base/buf.c host/base/clock.c host/base/err.c host/base/log.c
// libs: -levent_core -lsodium
/* The link, to a real tor (all ways to authenticate, restart with another cookie, mappings) and to one that does what no tor should:
 * refuses, filters, lies, stops in the middle, comes back. */
#include "engine/torlink.h"
#include "base/clock.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include "torpeer.h"
#include <cmocka.h>

#define PATIENCE_MS 30000

/* ---- what the link told us ---- */

struct told {
	bool is_up;
	enum err err;
	int states, newnyms, streams, circuits, calls;
	uint32_t last_circuit;
	enum err call_err;
	char history[1024];
};

static struct event_base *base;
static struct torlink *link_;
static struct told told;
static struct fake_tor fake;

static void on_state(void *arg, bool is_up, enum err err)
{
	assert_ptr_equal(arg, &told);
	told.states++;
	told.is_up = is_up;
	told.err = err;
	snprintf(told.history + strlen(told.history), sizeof told.history - strlen(told.history), "%s:%s ", is_up ? "up" : "down", err == OK ? "OK" : err_name(err));
}

static void on_newnym(void *arg)
{
	(void)arg;
	told.newnyms++;
}

static void on_stream(void *arg, const struct stream_seen *s)
{
	(void)arg;
	told.streams++;
	told.last_circuit = s->circuit;
}

static void on_circuit(void *arg, uint32_t id)
{
	(void)arg;
	told.circuits++;
	told.last_circuit = id;
}

static void on_call(void *arg, enum err err)
{
	(void)arg;
	told.calls++;
	told.call_err = err;
}

static const struct torlink_hooks hooks = { on_state, on_newnym, on_stream, on_circuit };

static void link_to(const char *control, const char *cookie, const char *password_file, const char *socks)
{
	struct torlink_config config = { .control = control, .cookie = cookie, .password_file = password_file, .socks = socks };
	enum err err;

	memset(&told, 0, sizeof told);
	link_ = torlink_new(base, &config, &hooks, &told, &err);
	assert_non_null(link_);
	assert_int_equal(told.states, 0);
}

static void link_to_fake(void)
{
	char text[32];

	snprintf(text, sizeof text, "127.0.0.1:%d", fake.port);
	link_to(text, NULL, NULL, NULL);
}

static bool is_state(enum err err, bool up) { return told.states > 0 && told.is_up == up && told.err == err; }

/* Turns the loop until the condition holds. */
#define UNTIL(condition) do { \
	uint64_t end_ = clock_ms() + PATIENCE_MS; \
	struct timeval tick_ = { 0, 5000 }; \
	while (!(condition)) { \
		if (clock_ms() > end_) \
			fail_msg("never: %s (%s)", #condition, told.history); \
		event_base_loopexit(base, &tick_); \
		event_base_loop(base, EVLOOP_ONCE); \
	} \
} while (0)

static void turn(unsigned ms)
{
	uint64_t end = clock_ms() + ms;

	while (clock_ms() < end) {
		struct timeval tick = { 0, 5000 };
		event_base_loopexit(base, &tick);
		event_base_loop(base, EVLOOP_ONCE);
	}
}

/* ---- the made-up tor's directory ---- */

#define FP6 "14BFADDC07B070A45A6A3EAA043E25E68F2DD6F6"
#define FP0 "361A4C3DD47E91B1125F6E550C9E37CAAC21B1C7"
#define FP1 "D8448317C509B289BC0B3299D90F4DE3CE8A8410"

#define RELAYS(digest) \
	"r exit6 FL+t3AewcKRaaj6qBD4l5o8t1vY" digest " 2038-01-01 00:00:00 10.38.1.1 15001 0\r\ns Exit Running Valid\r\nw Bandwidth=1100\r\n" \
	"r exit0 NhpMPdR+kbESX25VDJ43yqwhscc" digest " 2038-01-01 00:00:00 20.32.1.1 15001 0\r\ns Exit Running Valid\r\nw Bandwidth=1000\r\n" \
	"r middle 2ESDF8UJsom8CzKZ2Q9N486KhBA" digest " 2038-01-01 00:00:00 30.33.1.1 15001 0\r\ns Running Valid\r\nw Bandwidth=900\r\n"

static int set_up(void **state)
{
	(void)state;
	base = event_base_new();
	memset(&fake, 0, sizeof fake);
	fake.base = base;
	fake.consensus = RELAYS("") "directory-footer\r\nbandwidth-weights Wed=0 Wee=6130\r\n";
	fake.ns_all = RELAYS(" X4GM6Gy8TSCqVtg6DLggblz8qzE");
	fake.valid_after = "2026-11-22 15:08:10";
	fake.socks = "\"unix:/nowhere/socks\" \"127.0.0.1:9999\"";
	fake.circuits = "1 BUILT $" FP1 "~middle,$" FP0 "~exit0 BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL\r\n"
	                "2 BUILT $" FP1 "~middle,$" FP6 "~exit6 BUILD_FLAGS=NEED_CAPACITY PURPOSE=GENERAL\r\n";
	fake.streams = "";
	fake.policy = "p accept 443";
	told.states = 0;
	return base != NULL && fake_listen(&fake) ? 0 : -1;
}

static int tear_down(void **state)
{
	(void)state;
	torlink_free(link_);
	link_ = NULL;
	fake_close(&fake);
	event_base_free(base);
	return 0;
}

static void fingerprint(const char *hex, uint8_t out[1][FP_LEN])
{
	assert_true(fp_parse(hex, out[0]));
}

/* ---- a real tor ---- */

static struct real_tor real;

static int real_down(void **state)
{
	int failed = tear_down(state);

	real_tor_end(&real);
	return failed;
}

static void real_up(const char *const *options)
{
	if (!real_tor_start(&real, options))
		fail_msg("tor does not start");
}

static const char *real_tcp(void)
{
	static char text[32];

	snprintf(text, sizeof text, "127.0.0.1:%d", real.port);
	return text;
}

static const char *real_path(const char *prefix, const char *name)
{
	static char text[2][128];
	static int at;

	snprintf(text[at = !at], sizeof text[0], "%s%s/%s", prefix, real.folder, name);
	return text[at];
}

/* One command of a connection of the test's own; the reply as text. */
static const char *real_ask(int fd, const char *command)
{
	static char reply[65536];
	size_t n = 0;

	reply[0] = '\0';
	dprintf(fd, "%s\r\n", command);
	while (n + 1 < sizeof reply) {
		ssize_t got = read(fd, reply + n, sizeof reply - 1 - n);
		if (got <= 0)
			break;
		n += (size_t)got;
		reply[n] = '\0';
		/* Ends with a line "NNN text". */
		char *last = reply;
		for (char *p = reply; (p = strstr(p, "\r\n")) != NULL && p[2] != '\0'; p += 2)
			last = p + 2;
		if (strlen(last) > 5 && last[3] == ' ' && strstr(last, "\r\n") != NULL)
			break;
	}
	return reply;
}

static void real_cookie(uint8_t cookie[32])
{
	int file = open(real_path("", "data/control_auth_cookie"), O_RDONLY);

	memset(cookie, 0, 32);
	if (file >= 0 && read(file, cookie, 32) != 32)
		memset(cookie, 0, 32);
	close(file);
}

/* tor listens a moment before it writes its cookie: so a few tries. */
static int real_control(void)
{
	uint8_t cookie[32];
	char command[96] = "AUTHENTICATE ";

	for (int tries = 0; tries < 200; tries++) {
		int fd = connect_to(real.port);
		assert_true(fd >= 0);
		real_cookie(cookie);
		for (int i = 0; i < 32; i++)
			sprintf(command + 13 + 2 * i, "%02x", cookie[i]);
		if (strncmp(real_ask(fd, command), "250", 3) == 0)
			return fd;
		close(fd);
		usleep(20000);
	}
	fail_msg("no way in");
	return -1;
}

/* Without a network tor knows no relays: authenticated and set up, that is as far as it goes. */
static void assert_authenticated(const char *method)
{
	UNTIL(is_state(ERR_TOR_BOOTSTRAP, false));
	assert_string_equal(torlink_auth(link_), method);
	assert_memory_equal(torlink_version(link_), "0.4", 3);
	assert_true(torlink_has_streams(link_));
	torlink_free(link_);
	link_ = NULL;
}

static void test_real_safecookie(void **state)
{
	(void)state;
	real_up((const char *[]){ "--CookieAuthentication", "1", NULL });
	link_to(real_tcp(), NULL, NULL, NULL);
	assert_authenticated("SAFECOOKIE");
	link_to(real_path("unix:", "control"), NULL, NULL, NULL);
	assert_authenticated("SAFECOOKIE");
	/* a cookie of somebody else's: tor can't prove that it knows it */
	FILE *f = fopen(real_path("", "other"), "w");
	fwrite("0123456789abcdef0123456789abcdef", 1, 32, f);
	fclose(f);
	link_to(real_tcp(), real_path("", "other"), NULL, NULL);
	UNTIL(is_state(ERR_TOR_AUTH_SERVER, false));
	torlink_free(link_);
	link_to(real_tcp(), "/nonexistent", NULL, NULL);
	UNTIL(is_state(ERR_TOR_AUTH, false));
	torlink_free(link_);
	link_ = NULL;
	setenv("TOR_CONTROL_COOKIE_AUTH_FILE", real_path("", "other"), 1);
	link_to(real_tcp(), NULL, NULL, NULL);
	UNTIL(is_state(ERR_TOR_AUTH_SERVER, false));
	unsetenv("TOR_CONTROL_COOKIE_AUTH_FILE");
}

static void test_real_null(void **state)
{
	(void)state;
	real_up((const char *[]){ "--CookieAuthentication", "0", NULL });
	link_to(real_path("unix:", "control"), NULL, NULL, NULL);
	assert_authenticated("NULL");
	link_to(real_tcp(), NULL, NULL, NULL);
	assert_authenticated("NULL");
}

static void test_real_password(void **state)
{
	(void)state;
	/* tor --hash-password 'pass "word' */
	char hash[128] = "";
	FILE *p = popen("tor --quiet --hash-password 'pass \"word'", "r");
	while (p != NULL && fgets(hash, sizeof hash, p) != NULL && strncmp(hash, "16:", 3) != 0)
		continue;
	pclose(p);
	hash[strcspn(hash, "\n")] = '\0';
	real_up((const char *[]){ "--HashedControlPassword", hash, NULL });
	FILE *f = fopen(real_path("", "password"), "w");
	fputs("pass \"word\n", f);
	fclose(f);
	link_to(real_tcp(), NULL, real_path("", "password"), NULL);
	assert_authenticated("HASHEDPASSWORD");
	setenv("TOR_CONTROL_PASSWD", "pass \"word", 1);
	link_to(real_path("unix:", "control"), NULL, NULL, NULL);
	assert_authenticated("HASHEDPASSWORD");
	setenv("TOR_CONTROL_PASSWD", "wrong", 1);
	link_to(real_tcp(), NULL, NULL, NULL);
	UNTIL(is_state(ERR_TOR_AUTH, false));
	torlink_free(link_);
	unsetenv("TOR_CONTROL_PASSWD");
	link_to(real_tcp(), NULL, NULL, NULL);
	UNTIL(is_state(ERR_TOR_AUTH, false));
}

/* A filter that hides SAFECOOKIE, before the real tor. */
static int filtered_fd;

static const char *hide_safecookie(struct fake_tor *t, const char *command)
{
	char *reply = (char *)real_ask(filtered_fd, command), *at = strstr(reply, ",SAFECOOKIE");

	(void)t;
	if (at != NULL)
		memmove(at, at + 11, strlen(at + 11) + 1);
	return reply;
}

static void test_real_plain_cookie(void **state)
{
	(void)state;
	real_up((const char *[]){ "--CookieAuthentication", "1", NULL });
	close(real_control());   /* the one connection below has but one try */
	filtered_fd = connect_to(real.port);
	assert_true(filtered_fd >= 0);
	fake.answer = hide_safecookie;
	link_to_fake();
	assert_authenticated("COOKIE");
	close(filtered_fd);
}

static void test_real_restart(void **state)
{
	static const char *const options[] = { "--CookieAuthentication", "1", NULL };
	uint8_t cookies[2][32] = { { 0 } };

	(void)state;
	for (int round = 0; round < 2; round++) {
		real_up(options);
		if (round == 0)
			link_to(real_tcp(), NULL, NULL, NULL);
		UNTIL(is_state(ERR_TOR_BOOTSTRAP, false));
		assert_string_equal(torlink_auth(link_), "SAFECOOKIE");
		real_cookie(cookies[round]);
		real_tor_kill(&real);
		UNTIL(is_state(ERR_TOR_REFUSED, false));
	}
	assert_memory_not_equal(cookies[0], cookies[1], 32);
}

/* Mappings: made, seen by tor, taken away; at the end none is left, not even of those nobody gave back. */
static void test_real_mappings(void **state)
{
	uint8_t fp[1][FP_LEN];

	(void)state;
	fingerprint(FP0, fp);
	real_up((const char *[]){ "--CookieAuthentication", "1", NULL });
	link_to(real_tcp(), NULL, NULL, NULL);
	UNTIL(is_state(ERR_TOR_BOOTSTRAP, false));
	int fd = real_control();
	assert_int_equal(torlink_map(link_, "aa.virtual", "shop.test", fp[0], on_call, NULL), OK);
	assert_int_equal(torlink_map(link_, "bb.virtual", "1.2.3.4", fp[0], on_call, NULL), OK);
	UNTIL(told.calls == 2);
	assert_int_equal(told.call_err, OK);
	const char *all = real_ask(fd, "GETINFO address-mappings/control");
	assert_non_null(strstr(all, "aa.virtual shop.test." FP0 ".exit"));
	assert_non_null(strstr(all, "bb.virtual 1.2.3.4." FP0 ".exit"));
	torlink_unmap(link_, "aa.virtual");
	torlink_unmap(link_, "aa.virtual");
	torlink_unmap(link_, "never.virtual");
	turn(100);
	all = real_ask(fd, "GETINFO address-mappings/control");
	assert_null(strstr(all, "aa.virtual"));
	assert_non_null(strstr(all, "bb.virtual"));
	assert_true(torlink_has_mapaddress(link_));
	/* names that are none of ours to map, or that tor would read as something else */
	static const char *const bad[] = { "", "a", "a.test", ".virtual", "a b.virtual", "a.virtual=x", "A.virtual", "a,b.virtual" };
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		assert_int_equal(torlink_map(link_, bad[i], "shop.test", fp[0], on_call, NULL), ERR_TARGET_NAME);
	static const char *const hosts[] = { "", "::1", "[::1]", "a b", "a=b", "a\r\nSIGNAL HALT", "SHOP.test", "a:1" };
	for (size_t i = 0; i < sizeof hosts / sizeof hosts[0]; i++)
		assert_int_equal(torlink_map(link_, "cc.virtual", hosts[i], fp[0], on_call, NULL), ERR_TARGET_NAME);
	torlink_free(link_);
	link_ = NULL;
	usleep(100000);
	assert_null(strstr(real_ask(fd, "GETINFO address-mappings/control"), ".virtual"));
	close(fd);
}

static void test_real_newnym_and_options(void **state)
{
	(void)state;
	real_up((const char *[]){ "--CookieAuthentication", "1", NULL });
	int fd = real_control();
	char before[65536];
	strcpy(before, real_ask(fd, "GETINFO config-text"));
	link_to(real_tcp(), NULL, NULL, NULL);
	UNTIL(is_state(ERR_TOR_BOOTSTRAP, false));
	assert_memory_equal(real_ask(fd, "SIGNAL NEWNYM"), "250", 3);
	UNTIL(told.newnyms == 1);
	assert_memory_equal(real_ask(fd, "SIGNAL DUMP"), "250", 3);
	turn(100);
	assert_int_equal(told.newnyms, 1);
	assert_int_equal(torlink_close_circuit(link_, 4711, on_call, NULL), OK);
	UNTIL(told.calls == 1);
	assert_int_equal(told.call_err, ERR_TOR_COMMAND);
	torlink_free(link_);
	link_ = NULL;
	/* A guest: not one option is another than before. */
	assert_string_equal(real_ask(fd, "GETINFO config-text"), before);
	close(fd);
}

/* ---- a tor of our own making ---- */

static void test_up(void **state)
{
	uint8_t fp[1][FP_LEN], clean[8][FP_LEN];

	(void)state;
	link_to_fake();
	assert_false(torlink_is_up(link_));
	assert_null(torlink_relays(link_));
	UNTIL(is_state(OK, true));
	assert_string_equal(told.history, "up:OK ");
	assert_true(torlink_is_up(link_) && torlink_has_streams(link_) && torlink_has_geoip(link_));
	assert_string_equal(torlink_auth(link_), "NULL");
	assert_string_equal(torlink_version(link_), "0.4.9.11");
	/* the first address that can be parsed and reached: a socket's path can't be judged, so it is it */
	assert_string_equal(torlink_socks(link_)->text, "unix:/nowhere/socks");
	const struct relays *r = torlink_relays(link_);
	assert_int_equal(relays_count(r), 3);
	assert_int_equal(relays_exits(r), 2);
	assert_int_equal(relays_wee(r), 6130);
	assert_int_equal(circs_n_circuits(torlink_circs(link_)), 2);
	assert_int_equal(circs_clean_exits(torlink_circs(link_), clock_ms(), clean, 8), 2);
	/* exactly one subscription, as narrow as it can be; nothing that changes tor */
	assert_int_equal(fake_count(&fake, "SETEVENTS STREAM CIRC SIGNAL\n"), 1);
	assert_int_equal(fake_count(&fake, "SETEVENTS"), 1);
	assert_int_equal(fake_count(&fake, "SETCONF") + fake_count(&fake, "TAKEOWNERSHIP") + fake_count(&fake, "MAPADDRESS") + fake_count(&fake, "RESETCONF"), 0);
	/* families of exits alone are asked for; another relay's when it is needed */
	assert_int_equal(fake_count(&fake, "md/id/"), 2);
	fingerprint(FP1, fp);
	assert_false(relays_find(r, fp[0])->has_md);
	assert_int_equal(torlink_fresh(link_, (const uint8_t (*)[FP_LEN])fp, 1, on_call, NULL), OK);
	assert_int_equal(told.calls, 0);      /* from the loop, not from here */
	UNTIL(told.calls == 1);
	assert_int_equal(told.call_err, OK);
	assert_true(relays_find(torlink_relays(link_), fp[0])->has_md);
	assert_int_equal(torlink_fresh(link_, (const uint8_t (*)[FP_LEN])fp, 1, on_call, NULL), OK);
	UNTIL(told.calls == 2);
	assert_int_equal(fake_count(&fake, "md/id/"), 3);
}

static void test_any_pieces(void **state)
{
	(void)state;
	for (size_t piece = 1; piece < 40; piece += 19) {
		fake.piece = piece;
		link_to_fake();
		UNTIL(is_state(OK, true));
		assert_int_equal(relays_exits(torlink_relays(link_)), 2);
		torlink_free(link_);
		link_ = NULL;
	}
}

static void test_socks_address(void **state)
{
	static const struct { const char *told, *want; } cases[] = {
		{ "\"127.0.0.1:9150\"", "127.0.0.1:9150" }, { "\"0.0.0.0:9050\"", "127.0.0.1:9050" }, { "\"[::]:9050\"", "[::1]:9050" },
		{ "\"10.1.1.1:9050\" \"127.0.0.1:1\"", "127.0.0.1:1" }, { "\"unix:/a b/\\\"c\"", "unix:/a b/\"c" }, { "nonsense \"127.0.0.1:2\"", "127.0.0.1:2" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		fake.socks = cases[i].told;
		link_to_fake();
		UNTIL(is_state(OK, true));
		assert_string_equal(torlink_socks(link_)->text, cases[i].want);
		torlink_free(link_);
		link_ = NULL;
	}
	/* given: not asked */
	char text[32];
	memset(fake.log, 0, sizeof fake.log);
	snprintf(text, sizeof text, "127.0.0.1:%d", fake.port);
	link_to(text, NULL, NULL, "127.0.0.1:7");
	UNTIL(is_state(OK, true));
	assert_string_equal(torlink_socks(link_)->text, "127.0.0.1:7");
	assert_int_equal(fake_count(&fake, "listeners"), 0);
	torlink_free(link_);
	/* none yet: not up, and asked again */
	fake.socks = "";
	link_to_fake();
	UNTIL(is_state(ERR_TOR_BOOTSTRAP, false));
	fake.socks = "\"127.0.0.1:9150\"";
	UNTIL(is_state(OK, true));
}

static void test_bootstrapping(void **state)
{
	uint8_t fp[1][FP_LEN];

	(void)state;
	fake.valid_after = "";
	link_to_fake();
	UNTIL(is_state(ERR_TOR_BOOTSTRAP, false));
	fingerprint(FP0, fp);
	assert_int_equal(torlink_fresh(link_, (const uint8_t (*)[FP_LEN])fp, 1, on_call, NULL), OK);
	UNTIL(told.calls == 1);
	assert_int_equal(told.call_err, ERR_TOR_BOOTSTRAP);
	assert_int_equal(torlink_countries(link_, NULL, 0, on_call, NULL), OK);
	UNTIL(told.calls == 2);
	assert_int_equal(told.call_err, ERR_TOR_BOOTSTRAP);
	fake.valid_after = "2026-11-22 15:08:10";
	fake.consensus = "\r\n";
	fake.ns_all = "";
	turn(2000);
	assert_string_equal(told.history, "down:ERR_TOR_BOOTSTRAP ");
	fake.consensus = RELAYS("");
	UNTIL(is_state(OK, true));
	assert_int_equal(fake.connections, 1);
}

static void test_plain_question_when_the_document_is_refused(void **state)
{
	(void)state;
	fake.consensus = NULL;
	link_to_fake();
	UNTIL(is_state(OK, true));
	assert_int_equal(relays_exits(torlink_relays(link_)), 2);
	assert_int_equal(relays_wee(torlink_relays(link_)), 10000);
}

static void test_missing_microdescriptor(void **state)
{
	uint8_t fp[1][FP_LEN];

	(void)state;
	fake.missing = FP6;
	link_to_fake();
	UNTIL(is_state(OK, true));
	assert_int_equal(relays_exits(torlink_relays(link_)), 1);
	fingerprint(FP6, fp);
	assert_false(relays_find(torlink_relays(link_), fp[0])->has_md);
	/* still not there: OK, but the relay stays without */
	assert_int_equal(torlink_fresh(link_, (const uint8_t (*)[FP_LEN])fp, 1, on_call, NULL), OK);
	UNTIL(told.calls == 1);
	assert_int_equal(told.call_err, OK);
	assert_false(relays_find(torlink_relays(link_), fp[0])->has_md);
	fake.missing = NULL;
	assert_int_equal(torlink_fresh(link_, (const uint8_t (*)[FP_LEN])fp, 1, on_call, NULL), OK);
	UNTIL(told.calls == 2);
	assert_int_equal(relays_exits(torlink_relays(link_)), 2);
}

/* A first exit that we do not know may be in a consensus that we have not read. */
static void test_newer_consensus(void **state)
{
	uint8_t fp[1][FP_LEN];

	(void)state;
	link_to_fake();
	UNTIL(is_state(OK, true));
	fake.valid_after = "2026-11-22 16:00:00";
	fake.consensus = RELAYS("") "r newexit BBBBBBBBBBBBBBBBBBBBBBBBBBA 2038-01-01 00:00:00 40.1.1.1 1 0\r\ns Exit Running Valid\r\n";
	fingerprint("0410410410410410410410410410410410410410", fp);
	turn(2200);    /* not asked more often than that */
	assert_int_equal(torlink_fresh(link_, (const uint8_t (*)[FP_LEN])fp, 1, on_call, NULL), OK);
	UNTIL(told.calls == 1);
	assert_int_equal(told.call_err, OK);
	assert_non_null(relays_find(torlink_relays(link_), fp[0]));
	assert_int_equal(relays_exits(torlink_relays(link_)), 3);
	/* one whom nobody knows: told so, soon, without another load */
	size_t loads = fake_count(&fake, "consensus-microdesc");
	fingerprint("9999999999999999999999999999999999999999", fp);
	for (int i = 0; i < 50; i++)
		assert_int_equal(torlink_fresh(link_, (const uint8_t (*)[FP_LEN])fp, 1, on_call, NULL), OK);
	UNTIL(told.calls == 51);
	assert_int_equal(told.call_err, OK);
	assert_int_equal(fake_count(&fake, "consensus-microdesc"), loads);
	assert_string_equal(told.history, "up:OK ");
}

static const char *filter(struct fake_tor *t, const char *command)
{
	(void)t;
	if (strncmp(command, "SETEVENTS STREAM", 16) == 0 || strncmp(command, "MAPADDRESS", 10) == 0)
		return "510 Command filtered\r\n";
	return NULL;
}

static void test_filtered_streams(void **state)
{
	uint8_t fp[1][FP_LEN];

	(void)state;
	fake.answer = filter;
	link_to_fake();
	UNTIL(is_state(ERR_TOR_FILTERED, true));
	assert_true(torlink_is_up(link_));
	assert_false(torlink_has_streams(link_));
	assert_int_equal(fake_count(&fake, "SETEVENTS SIGNAL\n"), 1);
	fake_send(&fake, "650 SIGNAL NEWNYM\r\n");
	UNTIL(told.newnyms == 1);
	/* MAPADDRESS is known to be refused once it was tried, and then not tried again */
	assert_true(torlink_has_mapaddress(link_));
	fingerprint(FP0, fp);
	assert_int_equal(torlink_map(link_, "a.virtual", "b.test", fp[0], on_call, NULL), OK);
	UNTIL(told.calls == 1);
	assert_int_equal(told.call_err, ERR_TOR_FILTERED);
	assert_false(torlink_has_mapaddress(link_));
	assert_int_equal(torlink_map(link_, "a.virtual", "b.test", fp[0], on_call, NULL), ERR_TOR_FILTERED);
	assert_int_equal(fake_count(&fake, "MAPADDRESS"), 1);
}

static const char *refuse_target(struct fake_tor *t, const char *command)
{
	(void)t;
	return strncmp(command, "MAPADDRESS", 10) == 0 ? "512-syntax error: invalid address\r\n512 no\r\n" : NULL;
}

static void test_refused_target_is_no_filter(void **state)
{
	uint8_t fp[1][FP_LEN];

	(void)state;
	fake.answer = refuse_target;
	link_to_fake();
	UNTIL(is_state(OK, true));
	fingerprint(FP0, fp);
	assert_int_equal(torlink_map(link_, "a.virtual", "b.test", fp[0], on_call, NULL), OK);
	UNTIL(told.calls == 1);
	assert_int_equal(told.call_err, ERR_TOR_COMMAND);
	assert_true(torlink_has_mapaddress(link_));
	torlink_unmap(link_, "a.virtual");    /* was never there */
	turn(30);
	assert_int_equal(fake_count(&fake, "MAPADDRESS"), 1);
}

static const char *refuse_descriptors(struct fake_tor *t, const char *command)
{
	(void)t;
	return strncmp(command, "GETINFO md/", 11) == 0 ? "510 Command filtered\r\n" : NULL;
}

static const char *refuse_relays(struct fake_tor *t, const char *command)
{
	(void)t;
	return strstr(command, "ns/all") != NULL || strstr(command, "consensus") != NULL ? "510 Command filtered\r\n" : NULL;
}

/* Without families nothing can be promised: down, with the reason. */
static void test_filtered_relays(void **state)
{
	(void)state;
	fake.answer = refuse_descriptors;
	link_to_fake();
	UNTIL(is_state(ERR_TOR_FILTERED, false));
	torlink_free(link_);
	fake.answer = refuse_relays;
	link_to_fake();
	UNTIL(is_state(ERR_TOR_FILTERED, false));
}

static void test_events(void **state)
{
	struct circs_wanted want = { "shop.test", 443, "shop.test", "", "", false };
	struct circs_path path[CANDIDATES_MAX];

	(void)state;
	link_to_fake();
	UNTIL(is_state(OK, true));
	fake_send(&fake, "650 STREAM 9 NEW 0 shop.test:443 PURPOSE=USER SOCKS_USERNAME=\"shop.test:0\" SOCKS_PASSWORD=\"p\"\r\n"
	                 "650 STREAM 9 SENTCONNECT 2 shop.test:443\r\n650 STREAM 9 SUCCEEDED 2 10.0.0.1:443\r\n650 CIRC 3 LAUNCHED PURPOSE=GENERAL\r\n"
	                 "650-CIRC 4 LAUNCHED\r\n650 OK\r\n650+CIRC\r\nCIRC 5 BUILT\r\n.\r\n650 OK\r\n650 STREAMS 9 NEW\r\n650 STREAM x\r\n");
	UNTIL(told.circuits == 2);
	turn(30);
	assert_int_equal(told.streams, 3);
	assert_int_equal(told.circuits, 2);
	assert_int_equal(circs_candidates(torlink_circs(link_), &want, path), 1);
	assert_int_equal(path[0].circuit, 2);
	fake_send(&fake, "650 SIGNAL NEWNYM\r\n650 SIGNAL RELOAD\r\n");
	UNTIL(told.newnyms == 1);
	assert_int_equal(circs_candidates(torlink_circs(link_), &want, path), 0);
}

static void test_countries(void **state)
{
	uint8_t fp[1][FP_LEN];

	(void)state;
	link_to_fake();
	UNTIL(is_state(OK, true));
	assert_int_equal(torlink_countries(link_, NULL, 0, on_call, NULL), OK);
	assert_int_equal(told.calls, 0);
	UNTIL(told.calls == 1);
	assert_int_equal(told.call_err, OK);
	fingerprint(FP0, fp);    /* 20.32.1.1 */
	assert_memory_equal(relays_find(torlink_relays(link_), fp[0])->country, "DE", 2);
	fingerprint(FP6, fp);
	assert_memory_equal(relays_find(torlink_relays(link_), fp[0])->country, "??", 2);
	fingerprint(FP1, fp);    /* no exit: not asked */
	assert_int_equal(relays_find(torlink_relays(link_), fp[0])->country[0], 0);
	assert_int_equal(fake_count(&fake, "ip-to-country/"), 3);
	assert_int_equal(torlink_countries(link_, NULL, 0, on_call, NULL), OK);
	UNTIL(told.calls == 2);
	assert_int_equal(fake_count(&fake, "ip-to-country/"), 3);
	assert_int_equal(torlink_countries(link_, (const uint8_t (*)[FP_LEN])fp, 1, on_call, NULL), OK);
	UNTIL(told.calls == 3);
	assert_memory_equal(relays_find(torlink_relays(link_), fp[0])->country, "??", 2);
}

static const char *no_geoip(struct fake_tor *t, const char *command)
{
	(void)t;
	return strstr(command, "ip-to-country/ipv4") == NULL && strstr(command, "ip-to-country") != NULL ? "551 GeoIP data not loaded\r\n" : NULL;
}

static void test_no_geoip(void **state)
{
	(void)state;
	fake.answer = no_geoip;
	link_to_fake();
	UNTIL(is_state(OK, true));
	for (int i = 1; i <= 2; i++) {
		assert_int_equal(torlink_countries(link_, NULL, 0, on_call, NULL), OK);
		UNTIL(told.calls == i);
		assert_int_equal(told.call_err, ERR_TOR_COMMAND);
		assert_false(torlink_has_geoip(link_));
	}
	assert_int_equal(fake_count(&fake, "GETINFO ip-to-country/"), 2);
}

/* The connection breaks at every possible moment of setting up: it comes back, and nothing is left hanging. */
static int break_at, commands;

static const char *break_once(struct fake_tor *t, const char *command)
{
	(void)t;
	(void)command;
	return ++commands == break_at ? "CLOSE" : NULL;
}

static void test_break_at_every_command(void **state)
{
	(void)state;
	fake.answer = break_once;
	for (break_at = 1; break_at < 14; break_at++) {
		commands = 0;
		link_to_fake();
		UNTIL(is_state(OK, true));
		assert_true(commands >= break_at || break_at > 10);
		torlink_free(link_);
		link_ = NULL;
	}
}

static const char *rubbish_at(struct fake_tor *t, const char *command)
{
	(void)t;
	(void)command;
	return ++commands == break_at ? "250+ok\r\nnever\r\n.\r\nrubbish\r\n" : NULL;
}

static void test_rubbish_at_every_command(void **state)
{
	(void)state;
	fake.answer = rubbish_at;
	for (break_at = 1; break_at < 11; break_at++) {
		commands = 0;
		link_to_fake();
		UNTIL(is_state(OK, true));
		/* it was told, and it went by */
		assert_non_null(strstr(told.history, "down:ERR_TOR_REPLY up:OK"));
		torlink_free(link_);
		link_ = NULL;
	}
}

static void test_lost_and_back(void **state)
{
	uint8_t fp[1][FP_LEN];

	(void)state;
	link_to_fake();
	UNTIL(is_state(OK, true));
	fingerprint(FP0, fp);
	assert_int_equal(torlink_map(link_, "a.virtual", "b.test", fp[0], on_call, NULL), OK);
	UNTIL(told.calls == 1);
	fake_close(&fake);
	UNTIL(is_state(ERR_TOR_LOST, false) || is_state(ERR_TOR_REFUSED, false));
	assert_memory_equal(told.history, "up:OK down:ERR_TOR_LOST", 23);
	torlink_unmap(link_, "a.virtual");      /* can't be taken away now; it is not forgotten */
	assert_int_equal(torlink_map(link_, "c.virtual", "b.test", fp[0], on_call, NULL), ERR_TOR_LOST);
	assert_int_equal(torlink_send(link_, (const char *[]){ "GETINFO", "version", NULL }, &(struct torctl_ask){ 0 }), ERR_TOR_LOST);
	assert_non_null(torlink_relays(link_));
	UNTIL(is_state(ERR_TOR_REFUSED, false));
	assert_int_equal(circs_n_circuits(torlink_circs(link_)), 0);
	assert_true(fake_listen(&fake));
	memset(fake.log, 0, sizeof fake.log);
	uint64_t start = clock_ms();
	/* Somebody waits for it: no long pause. */
	turn(300);
	assert_int_equal(torlink_fresh(link_, NULL, 0, on_call, NULL), OK);
	UNTIL(is_state(OK, true));
	assert_in_range(clock_ms() - start, 0, 3000);
	UNTIL(fake_count(&fake, "MAPADDRESS a.virtual=a.virtual\n") == 1);
	assert_int_equal(fake_count(&fake, "MAPADDRESS"), 1);
	/* confirmed: not sent again */
	fake_drop(&fake);
	UNTIL(is_state(ERR_TOR_LOST, false));
	UNTIL(is_state(OK, true));
	turn(50);
	assert_int_equal(fake_count(&fake, "MAPADDRESS"), 1);
}

/* All that waits is told when the link breaks, each once. */
static void on_done(void *arg, enum err err, int code, const char *text)
{
	(void)arg;
	(void)code;
	(void)text;
	told.calls++;
	told.call_err = err;
}

static void test_waiting_ones_are_told(void **state)
{
	uint8_t fp[1][FP_LEN];
	struct torctl_ask ask = { .done = on_done };

	(void)state;
	for (int round = 0; round < 2; round++) {
		link_to_fake();
		UNTIL(is_state(OK, true));
		fake.is_deaf = true;
		fingerprint(FP1, fp);
		assert_int_equal(torlink_fresh(link_, (const uint8_t (*)[FP_LEN])fp, 1, on_call, NULL), OK);
		assert_int_equal(torlink_countries(link_, NULL, 0, on_call, NULL), OK);
		assert_int_equal(torlink_map(link_, "a.virtual", "b.test", fp[0], on_call, NULL), OK);
		assert_int_equal(torlink_close_circuit(link_, 7, on_call, NULL), OK);
		assert_int_equal(torlink_send(link_, (const char *[]){ "GETINFO", "version", NULL }, &ask), OK);
		turn(50);
		assert_int_equal(told.calls, 0);
		fake.is_deaf = false;
		if (round == 0) {
			fake_drop(&fake);
			UNTIL(told.calls == 5);
			assert_int_equal(told.call_err, ERR_TOR_LOST);
			UNTIL(is_state(OK, true));
			assert_int_equal(told.calls, 5);
		}
		int before = told.calls;
		torlink_free(link_);
		link_ = NULL;
		assert_int_equal(told.calls, round == 0 ? before : 5);
		if (round == 1)
			assert_true(told.call_err == ERR_CANCELLED);
	}
}

/* A listener that takes the connection and never speaks. */
static void test_silent_port_is_given_up(void **state)
{
	(void)state;
	fake.is_deaf = true;
	link_to_fake();
	turn(300);
	assert_int_equal(told.states, 0);
	assert_int_equal(torlink_error(link_), OK);
	UNTIL(is_state(ERR_TOR_LOST, false));
	fake.is_deaf = false;
	UNTIL(is_state(OK, true));
}

static void test_nobody_there(void **state)
{
	enum err err;
	struct torlink_config bad = { .control = "no such thing" };

	(void)state;
	fake_close(&fake);
	link_to_fake();
	UNTIL(told.states > 0);
	assert_string_equal(told.history, "down:ERR_TOR_REFUSED ");
	turn(1500);
	assert_string_equal(told.history, "down:ERR_TOR_REFUSED ");    /* said once */
	torlink_free(link_);
	link_to("unix:/nonexistent/control", NULL, NULL, NULL);
	UNTIL(is_state(ERR_TOR_REFUSED, false));
	torlink_free(link_);
	link_ = NULL;
	assert_null(torlink_new(base, &bad, &hooks, &told, &err));
	assert_int_equal(err, ERR_USAGE);
	torlink_free(NULL);
}

int main(void)
{
#define REAL(name) cmocka_unit_test_setup_teardown(name, set_up, real_down)
#define FAKE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		REAL(test_real_safecookie), REAL(test_real_null), REAL(test_real_password), REAL(test_real_plain_cookie), REAL(test_real_restart),
		REAL(test_real_mappings), REAL(test_real_newnym_and_options),
		FAKE(test_up), FAKE(test_any_pieces), FAKE(test_socks_address), FAKE(test_bootstrapping),
		FAKE(test_plain_question_when_the_document_is_refused), FAKE(test_missing_microdescriptor), FAKE(test_newer_consensus),
		FAKE(test_filtered_streams), FAKE(test_refused_target_is_no_filter), FAKE(test_filtered_relays), FAKE(test_events), FAKE(test_countries),
		FAKE(test_no_geoip), FAKE(test_break_at_every_command), FAKE(test_rubbish_at_every_command), FAKE(test_lost_and_back),
		FAKE(test_waiting_ones_are_told), FAKE(test_silent_port_is_given_up), FAKE(test_nobody_there),
	};

	unsetenv("TOR_CONTROL_PASSWD");
	unsetenv("TOR_CONTROL_COOKIE_AUTH_FILE");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
