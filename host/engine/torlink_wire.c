/* The link's socket: bytes to and from torctl, events to circs and the hooks (see engine/torlink_in.h). */
#include "engine/torlink_in.h"
#include "base/clock.h"
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define READ_CHUNK 65536
#define READS_PER_TURN 16

void torlink_flush(struct torlink *l)
{
	struct buf *out = l->ctl != NULL ? torctl_out(l->ctl) : NULL;

	while (out != NULL && out->len > 0 && l->stage >= STAGE_AUTH) {
		ssize_t n = send(l->fd, out->bytes, out->len, MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0) {
			buf_drop(out, (size_t)n);
		} else if (n < 0 && errno == EINTR) {
			continue;
		} else if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
			event_add(l->on_writable, NULL);
			return;
		} else {
			torlink_end(l, ERR_TOR_LOST);
			return;
		}
	}
}

/* tor does not set TCP_NODELAY: the second piece of an answer waits for our acknowledgement of the first, which the kernel
 * would hold back for 40 ms. The option lapses, so it is set with each read. */
void torlink_acknowledge(struct torlink *l)
{
	int on = 1;

	if (l->place[l->place_at].control.sa.ss_family != AF_UNIX)
		setsockopt(l->fd, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on);
}

void torlink_on_readable(evutil_socket_t fd, short what, void *arg)
{
	static uint8_t bytes[READ_CHUNK];
	struct torlink *l = arg;
	enum err err = OK;

	(void)what;
	for (int i = 0; i < READS_PER_TURN && err == OK && l->dying == OK; i++) {
		ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT);
		if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
			break;
		if (n <= 0) {
			err = ERR_TOR_LOST;
			break;
		}
		err = torctl_feed(l->ctl, bytes, (size_t)n);
		sodium_memzero(bytes, (size_t)n);
	}
	if (l->dying != OK)
		err = l->dying;
	if (err != OK)
		torlink_down(l, err);
	else
		torlink_flush(l);
	if (l->fd == fd)
		torlink_acknowledge(l);
}

void torlink_on_event(void *arg, const struct torctl_line *line, bool is_first)
{
	struct torlink *l = arg;
	struct stream_seen seen;

	if (!is_first || line->is_data || l->stage < STAGE_SETUP)
		return;
	if (strncmp(line->text, "STREAM ", 7) == 0) {
		if (circs_on_stream(l->circs, line->text + 7, clock_ms(), &seen) && l->hooks.stream != NULL)
			l->hooks.stream(l->arg, &seen);
	} else if (strncmp(line->text, "CIRC ", 5) == 0) {
		char *end;
		unsigned long id = strtoul(line->text + 5, &end, 10);
		if (circs_on_circ(l->circs, line->text + 5, clock_ms()) && l->hooks.circuit != NULL)
			l->hooks.circuit(l->arg, (uint32_t)id);
	} else if (strncmp(line->text, "SIGNAL NEWNYM", 13) == 0) {
		circs_on_newnym(l->circs);
		if (l->hooks.newnym != NULL)
			l->hooks.newnym(l->arg);
	}
}

enum err torlink_send(struct torlink *l, const char *const *words, const struct torctl_ask *ask)
{
	if (l->ctl == NULL || l->stage < STAGE_SETUP || l->dying != OK)
		return ERR_TOR_LOST;
	enum err err = torctl_send(l->ctl, words, ask);
	if (err == OK)
		torlink_flush(l);
	return err;
}
