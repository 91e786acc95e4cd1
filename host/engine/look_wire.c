/* The socket side of one look: the connection to tor's SOCKS port, SOCKS itself, then TLS (contract in look.h). Bytes
 * only; which state comes next is look_run.c's. */
#include "engine/look_state.h"

#include "base/clock.h"

#include <errno.h>
#include <event2/event.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <sys/socket.h>
#include <string.h>
#include <unistd.h>

void look_close(struct look *k)
{
	if (k->on_read != NULL)
		event_free(k->on_read);
	if (k->on_write != NULL)
		event_free(k->on_write);
	k->on_read = k->on_write = NULL;
	if (k->fd >= 0)
		close(k->fd);
	k->fd = -1;
	buf_free(&k->in);
	buf_free(&k->out);
}

/* ---- TLS ---- */

/* Tor does not set TCP_NODELAY: what follows its SOCKS reply, and each later piece of the server's answer, waits for our
 * acknowledgement of the piece before, which the kernel would hold back for 40 ms. The option lapses, so it is set after
 * each read and write; on a unix socket it fails, where nothing is held back. */
static void acknowledge(const struct look *k)
{
	const int on = 1;

	if (k->fd >= 0)
		(void)setsockopt(k->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

/* Writes what is waiting; false when the connection is gone. */
static bool flush(struct look *k)
{
	while (k->out.len > 0) {
		ssize_t n = send(k->fd, k->out.bytes, k->out.len, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
			return event_add(k->on_write, NULL) == 0;
		if (n < 0)
			return false;
		buf_drop(&k->out, (size_t)n);
	}
	acknowledge(k);
	return true;
}

static void run_tls(struct look *k, const void *bytes, size_t n, bool is_eof)
{
	struct rd in = rd_of(bytes, n);
	enum go go = k->engine->run(k->tls, &in, &k->out, is_eof);
	bool is_sent = flush(k);

	if (go == GO_DONE) {
		look_step(k, STEP_DONE, k->exit);
		look_fail_for_sure(k, OK);
	} else if (go == GO_FAILED) {
		enum err err = k->engine->seen(k->tls)->err;
		if (err == ERR_CLOSED)
			look_fail(k, err);
		else
			look_fail_for_sure(k, err);
	} else if (!is_sent && !is_eof) {
		look_fail(k, ERR_CLOSED);
	}
}

/* Writes the ClientHello; false when the look ended by it. */
static bool say_hello(struct look *k)
{
	k->engine = k->all->engine;
	k->tls = k->engine->start(k->target.host, k->port);
	if (k->tls == NULL) {
		look_fail_for_sure(k, ERR_NOMEM);
		return false;
	}
	buf_free(&k->out);
	k->out = buf_new(TLS_OUT_MAX);
	run_tls(k, NULL, 0, false);
	return k->state != LOOK_OVER && k->state != LOOK_WHY;
}

void look_hello_early(struct look *k)
{
	/* Our request was read by tor, or it could not be on its way; else the usual order is as good. */
	if (k->tls == NULL && k->state == LOOK_SOCKS && k->out.len == 0 && !k->is_handed_out)
		(void)say_hello(k);
}

void look_start_tls(struct look *k)
{
	look_set_state(k, LOOK_TLS);
	look_step(k, STEP_HANDSHAKING, k->exit);
	if (event_add(k->on_read, NULL) != 0) {
		look_fail_for_sure(k, ERR_NOMEM);
		return;
	}
	if (k->tls == NULL && !say_hello(k))
		return;
	/* A server that spoke first, or answered at once: the bytes behind the SOCKS reply. */
	if (k->state == LOOK_TLS && k->in.len > 0)
		run_tls(k, k->in.bytes, k->in.len, false);
	buf_free(&k->in);
}

void look_hand_out(struct look *k)
{
	/* Bytes behind the SOCKS reply: no HTTP server speaks first. */
	if (k->in.len > 0) {
		look_fail_for_sure(k, ERR_HTTP_PROTOCOL);
		return;
	}
	k->open_fd = k->fd;
	k->fd = -1;
	look_fail_for_sure(k, OK);
}

/* ---- SOCKS ---- */

static void run_socks(struct look *k, const void *bytes, size_t n, bool is_eof)
{
	buf_put(&k->in, bytes, n);
	struct rd in = rd_of(k->in.bytes, k->in.len);
	enum go go = socks_run(&k->socks, &in, &k->out, clock_ms());

	buf_drop(&k->in, k->in.len - in.left);
	if (go == GO_FAILED) {
		look_fail(k, k->socks.err);
	} else if (go == GO_WAIT && (is_eof || !flush(k))) {
		look_fail(k, ERR_CLOSED);
	} else if (go == GO_WAIT) {
		/* The states of SOCKS have limits of their own. */
		look_set_limit(k, k->socks.deadline);
	} else {
		/* What comes now waits in the socket until the circuit is known to be right. */
		event_del(k->on_read);
		look_set_state(k, LOOK_ROUTE);
		if ((k->path.n > 0 && k->is_handed_out) || k->is_onion)
			look_hand_out(k);
		else if (k->path.n > 0)
			look_start_tls(k);
	}
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct look *k = arg;
	/* A SOCKS reply is taken alone: what follows it is read when it may be. */
	size_t want = k->state == LOOK_SOCKS ? LOOK_SOCKS_BYTES - k->in.len : LOOK_READ_BYTES;
	ssize_t n = recv(fd, k->all->read, want, 0);

	(void)what;
	if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return;
	size_t got = n > 0 ? (size_t)n : 0;
	if (k->state == LOOK_SOCKS)
		run_socks(k, k->all->read, got, n <= 0);
	else if (k->state == LOOK_TLS)
		run_tls(k, k->all->read, got, n <= 0);
	acknowledge(k);
	/* Certificates are public, but which ones were fetched is not. */
	sodium_memzero(k->all->read, got);
}

static void start_socks(struct look *k)
{
	buf_free(&k->out);
	buf_free(&k->in);
	k->out = buf_new(LOOK_SOCKS_BYTES);
	k->in = buf_new(LOOK_SOCKS_BYTES);
	enum err err = socks_start(&k->socks, k->username, k->password, k->is_free || k->is_onion ? k->target.host : k->name,
	                           k->port, &k->out, clock_ms());
	if (err == OK && event_add(k->on_read, NULL) != 0)
		err = ERR_NOMEM;
	if (err != OK) {
		look_fail_for_sure(k, err);
		return;
	}
	look_set_state(k, LOOK_SOCKS);
	look_step(k, STEP_BUILDING, k->is_free || k->is_onion ? NULL : k->exit);
	run_socks(k, NULL, 0, false);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct look *k = arg;
	int failure = 0;
	socklen_t n = sizeof failure;

	(void)what;
	if (k->state != LOOK_CONNECT) {
		if (!flush(k))
			look_fail(k, ERR_CLOSED);
		return;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &n) != 0 || failure != 0)
		look_fail_for_sure(k, ERR_SOCKS_REFUSED);
	else
		start_socks(k);
}

/* Connects to tor's SOCKS port with fresh credentials. */
enum err look_connect(struct look *k)
{
	const struct tor_addr *to = torlink_socks(k->all->link);
	uint8_t clean[CIRCUITS_MAX > 256 ? 256 : CIRCUITS_MAX][FP_LEN];
	const int one = 1;

	if (to == NULL || to->len == 0)
		return ERR_TOR_LOST;
	circs_own_credentials(k->username, k->password);
	k->stream = k->circuit = 0;
	k->is_open = false;
	k->turn = k->all->turn;
	size_t n = circs_clean_exits(torlink_circs(k->all->link), clock_ms(), clean, sizeof clean / sizeof clean[0]);
	k->had_clean = k->is_free && n > 0;
	for (size_t i = 0; i < n && !k->is_free; i++)
		k->had_clean |= memcmp(clean[i], k->exit, FP_LEN) == 0;
	k->fd = socket(to->sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (k->fd < 0)
		return ERR_IO;
	(void)setsockopt(k->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	k->on_read = event_new(k->all->base, k->fd, EV_READ | EV_PERSIST, on_readable, k);
	k->on_write = event_new(k->all->base, k->fd, EV_WRITE, on_writable, k);
	if (k->on_read == NULL || k->on_write == NULL)
		return ERR_NOMEM;
	if (connect(k->fd, (const struct sockaddr *)&to->sa, to->len) != 0 && errno != EINPROGRESS)
		return ERR_SOCKS_REFUSED;
	if (event_add(k->on_write, NULL) != 0)
		return ERR_NOMEM;
	look_set_state(k, LOOK_CONNECT);
	return OK;
}
