/* Two peers for tests of the control port: a real tor without a network, and a tor of our own making whose every answer a test may
 * change. All on loopback. Included by test_torlink.c alone. */
#ifndef TESTS_TORPEER_H
#define TESTS_TORPEER_H

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- a real tor ---- */

struct real_tor { char folder[64]; int port; pid_t pid; };

static int free_port(void)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof in;
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&in, len) != 0 || getsockname(fd, (struct sockaddr *)&in, &len) != 0)
		return -1;
	close(fd);
	return ntohs(in.sin_port);
}

static int connect_to(int port)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd >= 0 && connect(fd, (struct sockaddr *)&in, sizeof in) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static bool real_tor_start(struct real_tor *t, const char *const *more)
{
	char data[96], port[32], socket_path[96], torrc[96];
	const char *argv[40] = { "tor", "--quiet", "-f", torrc, "--defaults-torrc", torrc, "--DisableNetwork", "1", "--SocksPort", "auto",
	                         "--DataDirectory", data, "--ControlPort", port, "--ControlSocket", socket_path };
	size_t n = 16;

	if (t->folder[0] == '\0') {
		strcpy(t->folder, "/tmp/torctl-XXXXXX");
		if (mkdtemp(t->folder) == NULL)
			return false;
		t->port = free_port();
	}
	snprintf(data, sizeof data, "%s/data", t->folder);
	/* An empty file of our own: the machine's own torrc must not matter, and tor takes no device. */
	snprintf(torrc, sizeof torrc, "%s/torrc", t->folder);
	FILE *f = fopen(torrc, "w");
	if (f == NULL || fclose(f) != 0)
		return false;
	snprintf(port, sizeof port, "127.0.0.1:%d", t->port);
	snprintf(socket_path, sizeof socket_path, "%s/control", t->folder);
	for (size_t i = 0; more[i] != NULL && n < 39; i++)
		argv[n++] = more[i];
	argv[n] = NULL;
	pid_t parent = getpid();
	t->pid = fork();
	if (t->pid == 0) {
		/* However this test ends, its tor ends with it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		if (getppid() != parent)
			_exit(1);
		execvp("tor", (char *const *)argv);
		_exit(127);
	}
	for (int i = 0; t->pid > 0 && i < 1000; i++) {
		int fd = connect_to(t->port);
		if (fd >= 0) {
			close(fd);
			return true;
		}
		if (waitpid(t->pid, NULL, WNOHANG) == t->pid)
			return false;
		usleep(10000);
	}
	return false;
}

static void real_tor_kill(struct real_tor *t)
{
	if (t->pid > 0) {
		kill(t->pid, SIGKILL);
		waitpid(t->pid, NULL, 0);
	}
	t->pid = 0;
}

static void real_tor_end(struct real_tor *t)
{
	char command[96];

	real_tor_kill(t);
	snprintf(command, sizeof command, "rm -rf '%s'", t->folder);
	if (t->folder[0] != '\0' && system(command) != 0)
		abort();
	t->folder[0] = '\0';
}

/* ---- a tor of our own making ---- */

struct fake_conn { struct fake_tor *tor; struct bufferevent *bev; };

/* answer: bytes to send for a command, or NULL for the default; "CLOSE" closes. */
struct fake_tor {
	struct event_base *base;
	struct evconnlistener *listener;
	int port, connections;
	const char *(*answer)(struct fake_tor *t, const char *command);
	struct fake_conn conn[16];
	char log[65536];      /* every command, one a line */
	size_t piece;         /* answers are sent in pieces of so many bytes; 0 whole */
	const char *consensus, *ns_all, *valid_after, *socks, *circuits, *streams;
	const char *missing;  /* fingerprint whose microdescriptor is not there */
	const char *policy;   /* of all microdescriptors */
	bool is_deaf;
};

static void fake_send(struct fake_tor *t, const char *text)
{
	for (size_t i = 0; i < 16; i++)
		if (t->conn[i].bev != NULL)
			bufferevent_write(t->conn[i].bev, text, strlen(text));
}

static void fake_drop(struct fake_tor *t)
{
	for (size_t i = 0; i < 16; i++) {
		if (t->conn[i].bev != NULL)
			bufferevent_free(t->conn[i].bev);
		t->conn[i].bev = NULL;
	}
}

static size_t fake_count(const struct fake_tor *t, const char *what)
{
	size_t n = 0;

	for (const char *at = t->log; (at = strstr(at, what)) != NULL; at++)
		n++;
	return n;
}

static const char *fake_microdescriptors(struct fake_tor *t, const char *command)
{
	static char out[65536];
	size_t n = 0;

	if (t->missing != NULL && strstr(command, t->missing) != NULL) {
		snprintf(out, sizeof out, "552 Unrecognized key \"md/id/%s\"\r\n", t->missing);
		return out;
	}
	for (const char *at = command; (at = strstr(at, "md/id/")) != NULL; at += 46)
		n += (size_t)snprintf(out + n, sizeof out - n, "250+%.46s=\r\nonion-key\r\n%s\r\n.\r\n", at, t->policy);
	snprintf(out + n, sizeof out - n, "250 OK\r\n");
	return out;
}

static const char *fake_default(struct fake_tor *t, const char *command)
{
	static char out[131072];

	if (strcmp(command, "PROTOCOLINFO 1") == 0)
		return "250-PROTOCOLINFO 1\r\n250-AUTH METHODS=NULL\r\n250-VERSION Tor=\"0.4.9.11\"\r\n250 OK\r\n";
	if (strncmp(command, "GETINFO md/id/", 14) == 0)
		return fake_microdescriptors(t, command);
	if (strcmp(command, "GETINFO dir/status-vote/current/consensus-microdesc") == 0) {
		if (t->consensus == NULL)
			return "551 Could not open cached consensus.\r\n";
		snprintf(out, sizeof out, "250+dir/status-vote/current/consensus-microdesc=\r\n%s.\r\n250 OK\r\n", t->consensus);
		return out;
	}
	static const struct { const char *key; size_t at; } infos[] = {
		{ "ns/all", offsetof(struct fake_tor, ns_all) }, { "consensus/valid-after", offsetof(struct fake_tor, valid_after) },
		{ "net/listeners/socks", offsetof(struct fake_tor, socks) }, { "circuit-status", offsetof(struct fake_tor, circuits) },
		{ "stream-status", offsetof(struct fake_tor, streams) },
	};
	for (size_t i = 0; i < sizeof infos / sizeof infos[0]; i++) {
		const char *value;
		if (strncmp(command, "GETINFO ", 8) != 0 || strcmp(command + 8, infos[i].key) != 0)
			continue;
		memcpy(&value, (const char *)t + infos[i].at, sizeof value);
		if (value == NULL)
			return "552 Unrecognized key\r\n";
		if (strchr(value, '\n') != NULL)
			snprintf(out, sizeof out, "250+%s=\r\n%s.\r\n250 OK\r\n", infos[i].key, value);
		else
			snprintf(out, sizeof out, "250-%s=%s\r\n250 OK\r\n", infos[i].key, value);
		return out;
	}
	if (strncmp(command, "GETINFO ip-to-country/ipv4-available", 36) == 0)
		return "250-ip-to-country/ipv4-available=1\r\n250 OK\r\n";
	if (strncmp(command, "GETINFO ip-to-country/", 22) == 0) {
		size_t n = 0;
		for (const char *at = command + 8; *at != '\0';) {
			size_t len = strcspn(at, " ");
			n += (size_t)snprintf(out + n, sizeof out - n, "250-%.*s=%s\r\n", (int)len, at, at[14] == '2' ? "de" : "??");
			at += len;
			at += *at == ' ';
		}
		snprintf(out + n, sizeof out - n, "250 OK\r\n");
		return out;
	}
	return "250 OK\r\n";
}

static void fake_read(struct bufferevent *bev, void *arg)
{
	struct fake_conn *k = arg;
	struct fake_tor *t = k->tor;
	char *line;
	size_t n;

	while ((line = evbuffer_readln(bufferevent_get_input(bev), &n, EVBUFFER_EOL_CRLF_STRICT)) != NULL) {
		snprintf(t->log + strlen(t->log), sizeof t->log - strlen(t->log), "%s\n", line);
		const char *reply = t->answer != NULL ? t->answer(t, line) : NULL;
		if (reply == NULL)
			reply = fake_default(t, line);
		free(line);
		if (strcmp(reply, "CLOSE") == 0) {
			bufferevent_free(bev);
			k->bev = NULL;
			return;
		}
		if (!t->is_deaf)
			bufferevent_write(bev, reply, strlen(reply));
	}
}

static void fake_event(struct bufferevent *bev, short what, void *arg)
{
	struct fake_conn *k = arg;

	(void)what;
	bufferevent_free(bev);
	k->bev = NULL;
}

static void fake_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *sa, int len, void *arg)
{
	struct fake_tor *t = arg;

	(void)listener;
	(void)sa;
	(void)len;
	t->connections++;
	for (size_t i = 0; i < 16; i++) {
		struct fake_conn *k = &t->conn[i];
		if (k->bev != NULL)
			continue;
		k->tor = t;
		k->bev = bufferevent_socket_new(t->base, fd, BEV_OPT_CLOSE_ON_FREE);
		bufferevent_setcb(k->bev, fake_read, NULL, fake_event, k);
		bufferevent_enable(k->bev, EV_READ | EV_WRITE);
		if (t->piece > 0)
			bufferevent_set_max_single_write(k->bev, t->piece);
		return;
	}
	close(fd);
}

static bool fake_listen(struct fake_tor *t)
{
	struct sockaddr_in in = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons((uint16_t)t->port) };
	socklen_t len = sizeof in;

	t->listener = evconnlistener_new_bind(t->base, fake_accept, t, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE, 16, (struct sockaddr *)&in, sizeof in);
	if (t->listener == NULL || getsockname(evconnlistener_get_fd(t->listener), (struct sockaddr *)&in, &len) != 0)
		return false;
	t->port = ntohs(in.sin_port);
	return true;
}

static void fake_close(struct fake_tor *t)
{
	if (t->listener != NULL)
		evconnlistener_free(t->listener);
	t->listener = NULL;
	fake_drop(t);
}

#endif
