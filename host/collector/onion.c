/* ADD_ONION (contract in collector/onion.h). One connection: authenticate, add, hold. */
#include "collector/onion.h"
#include "base/limits_collector.h"
#include "base/log.h"
#include "collector/keys.h"
#include "engine/torauth.h"
#include "engine/torfind.h"
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define KEY_TEXT_MAX 160   /* "ED25519-V3:" and 88 letters of base64 */

struct onion {
	struct event_base *base;
	struct onion_config config;
	onion_fn *told;
	void *arg;
	struct tor_place place[TORFIND_MAX];
	size_t n_places, at;
	int fd;
	struct torctl *ctl;
	struct event *on_readable, *on_writable, *on_again, *on_late;
	char *key;                 /* sodium_malloc: "ED25519-V3:..." or "" */
	char address[80];
	bool is_up, wants_pow, is_key_new;
	enum err dying;            /* what a callback found; the link is ended outside of it */
};

static void try_next(struct onion *o);

static void link_end(struct onion *o, enum err why)
{
	const struct timeval again = { ONION_AGAIN_MS / 1000, ONION_AGAIN_MS % 1000 * 1000 };
	bool was_up = o->is_up;

	event_del(o->on_late);
	if (o->fd >= 0) {
		event_del(o->on_readable);
		event_del(o->on_writable);
	}
	o->is_up = false;
	struct torctl *ctl = o->ctl;
	o->ctl = NULL;
	torctl_free(ctl, ERR_TOR_LOST);
	if (o->fd >= 0)
		close(o->fd);
	o->fd = -1;
	o->dying = OK;
	/* The other places at once; the first one again later. */
	if (!was_up && o->at + 1 < o->n_places && why != ERR_ONION_ADD) {
		o->at++;
		try_next(o);
		return;
	}
	o->at = 0;
	o->told(o->arg, why, "", false);
	event_add(o->on_again, &again);
}

static void flush(struct onion *o)
{
	struct buf *out = o->ctl != NULL ? torctl_out(o->ctl) : NULL;

	while (out != NULL && out->len > 0) {
		ssize_t n = send(o->fd, out->bytes, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			buf_drop(out, (size_t)n);
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else {
			if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
				event_add(o->on_writable, NULL);
			else
				o->dying = ERR_TOR_LOST;
			return;
		}
	}
}

static void settle(struct onion *o)
{
	if (o->dying == OK)
		flush(o);
	if (o->dying != OK)
		link_end(o, o->dying);
}

/* --- ADD_ONION ---------------------------------------------------------------------------------------------------- */

static void add_onion(struct onion *o);

/* "ServiceID=..." and, of a new key, "PrivateKey=ED25519-V3:...". */
static void add_line(void *arg, const struct torctl_line *line)
{
	struct onion *o = arg;

	if (strncmp(line->text, "ServiceID=", 10) == 0)
		snprintf(o->address, sizeof o->address, "%s.onion", line->text + 10);
	else if (strncmp(line->text, "PrivateKey=", 11) == 0 && line->len - 11 < KEY_TEXT_MAX)
		memcpy(o->key, line->text + 11, line->len - 11 + 1);
}

static enum err keep_key(struct onion *o)
{
	struct buf text BUF_AUTO = buf_new(KEY_FILE_MAX);

	buf_printf(&text, "%s\n", o->key);
	enum err err = buf_err(&text);
	return err != OK ? err : secret_write(o->config.key_file, true, &text);
}

static void add_done(void *arg, enum err err, int code, const char *text)
{
	struct onion *o = arg;

	(void)code;
	if (err == ERR_TOR_COMMAND && o->wants_pow) {
		/* Before 0.4.9 tor knows the keyword not at all, and where it was built without it, says so. */
		log_line("ADD_ONION with proof of work: %s", text);
		o->wants_pow = false;
		add_onion(o);
		return;
	}
	if (err == ERR_TOR_LOST)
		return;   /* link_end's doing */
	bool is_new = err == OK && o->is_key_new;
	if (err == OK && (o->address[0] == '\0' || (is_new && strncmp(o->key, "ED25519-V3:", 11) != 0)))
		err = ERR_TOR_REPLY;
	if (err == OK && is_new)
		err = keep_key(o);
	if (err != OK) {
		log_line("ADD_ONION: %s", text);
		o->dying = err == ERR_TOR_COMMAND ? ERR_ONION_ADD : err;
		return;
	}
	o->is_key_new = false;
	o->is_up = true;
	event_del(o->on_late);
	o->told(o->arg, OK, o->address, o->wants_pow);
}

/* control-spec, ADD_ONION: KeyType:KeyBlob, Flags, MaxStreams, PoWDefensesEnabled (0.4.9), Port. Without Flags=Detach the service
 * ends with our connection: a collector that died is not one that nobody answers at. */
static void add_onion(struct onion *o)
{
	const char *words[8];
	char max[32], port[192];
	size_t n = 0;
	bool is_new = o->key[0] == '\0';

	o->address[0] = '\0';
	o->is_key_new = is_new;
	snprintf(max, sizeof max, "MaxStreams=%d", ONION_STREAMS_MAX);
	snprintf(port, sizeof port, "Port=%u,%s", o->config.port, o->config.target);
	words[n++] = "ADD_ONION";
	words[n++] = is_new ? "NEW:ED25519-V3" : o->key;
	words[n++] = "Flags=MaxStreamsCloseCircuit";
	words[n++] = max;
	if (o->wants_pow)
		words[n++] = "PoWDefensesEnabled=1";
	words[n++] = port;
	words[n] = NULL;
	const struct torctl_ask ask = { .line = add_line, .done = add_done, .arg = o };
	enum err err = torctl_send(o->ctl, words, &ask);
	if (err != OK)
		o->dying = err;
}

static void on_auth(void *arg, enum err err, const char *method, const char *version)
{
	struct onion *o = arg;

	(void)method;
	log_line("control port: tor %s, %s", version, err_name(err));
	if (o->ctl == NULL)
		return;
	if (err == OK)
		add_onion(o);
	else
		o->dying = err;
}

/* --- the socket --------------------------------------------------------------------------------------------------- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	uint8_t bytes[4096];
	struct onion *o = arg;

	(void)what;
	ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	enum err err = n > 0 ? torctl_feed(o->ctl, bytes, (size_t)n) : ERR_TOR_LOST;
	sodium_memzero(bytes, sizeof bytes);
	if (err != OK && o->dying == OK)
		o->dying = err;
	settle(o);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	settle(arg);
}

static void on_late(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	link_end(arg, ERR_TIMEOUT);
}

static void on_again(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	try_next(arg);
}

static enum err connect_to(struct onion *o, const struct tor_addr *a)
{
	/* Loopback or a unix socket: connecting takes no time. */
	o->fd = socket(a->sa.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (o->fd < 0 || connect(o->fd, (const struct sockaddr *)&a->sa, a->len) != 0)
		return ERR_TOR_REFUSED;
	evutil_make_socket_nonblocking(o->fd);
	if (event_assign(o->on_readable, o->base, o->fd, EV_READ | EV_PERSIST, on_readable, o) != 0 ||
	    event_assign(o->on_writable, o->base, o->fd, EV_WRITE, on_writable, o) != 0 || event_add(o->on_readable, NULL) != 0)
		return ERR_NOMEM;
	o->ctl = torctl_new(NULL, NULL);
	return o->ctl != NULL ? OK : ERR_NOMEM;
}

static void try_next(struct onion *o)
{
	static const struct timeval late = { ONION_ANSWER_MS / 1000, 0 };
	const struct torauth_config auth = { .cookie_path = o->config.cookie, .password_file = o->config.password_file,
	                                     .password = getenv("TOR_CONTROL_PASSWD") };

	o->wants_pow = true;
	enum err err = connect_to(o, &o->place[o->at].control);
	if (err == OK)
		err = torauth_start(o->ctl, &auth, on_auth, o);
	if (err != OK) {
		link_end(o, err);
		return;
	}
	event_add(o->on_late, &late);
	settle(o);
}

/* --- the object --------------------------------------------------------------------------------------------------- */

static enum err read_key(struct onion *o)
{
	struct buf text BUF_AUTO = buf_new(KEY_TEXT_MAX);
	enum err err;

	if (access(o->config.key_file, F_OK) != 0 && errno == ENOENT)
		return OK;   /* tor makes one */
	err = secret_read(o->config.key_file, &text);
	while (err == OK && text.len > 0 && text.bytes[text.len - 1] <= ' ')
		text.len--;
	if (err == OK && (text.len < 12 || memcmp(text.bytes, "ED25519-V3:", 11) != 0))
		err = ERR_KEY_FILE;
	if (err == OK)
		memcpy(o->key, text.bytes, text.len);
	if (err == OK && !torctl_is_word(o->key))
		err = ERR_KEY_FILE;
	return err;
}

enum err onion_new(struct event_base *base, const struct onion_config *config, onion_fn *told, void *arg, struct onion **out)
{
	static const struct timeval now = { 0, 0 };
	const struct torfind_config find = { .control = config->control };
	struct onion *o = calloc(1, sizeof *o);

	if (o == NULL)
		return ERR_NOMEM;
	*o = (struct onion){ .base = base, .config = *config, .told = told, .arg = arg, .fd = -1 };
	o->key = sodium_malloc(KEY_TEXT_MAX);
	/* Assigned again with each socket. */
	o->on_readable = event_new(base, -1, EV_READ, on_readable, o);
	o->on_writable = event_new(base, -1, EV_WRITE, on_writable, o);
	o->on_again = evtimer_new(base, on_again, o);
	o->on_late = evtimer_new(base, on_late, o);
	enum err err = o->key != NULL && o->on_readable != NULL && o->on_writable != NULL && o->on_again != NULL && o->on_late != NULL
		? OK : ERR_NOMEM;
	if (err == OK) {
		memset(o->key, 0, KEY_TEXT_MAX);
		err = torfind(&find, o->place, &o->n_places);
	}
	if (err == OK)
		err = read_key(o);
	if (err == OK && event_add(o->on_again, &now) != 0)
		err = ERR_NOMEM;
	if (err != OK) {
		onion_free(o);
		return err;
	}
	*out = o;
	return OK;
}

void onion_free(struct onion *o)
{
	if (o == NULL)
		return;
	struct event *const events[] = { o->on_readable, o->on_writable, o->on_again, o->on_late };
	struct torctl *ctl = o->ctl;
	o->ctl = NULL;
	torctl_free(ctl, ERR_TOR_LOST);
	for (size_t i = 0; i < sizeof events / sizeof *events; i++)
		if (events[i] != NULL)
			event_free(events[i]);
	if (o->fd >= 0)
		close(o->fd);
	sodium_free(o->key);
	free(o);
}
