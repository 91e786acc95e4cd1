// Main's end of fetching on a command line, for tests against a real tor: commands on standard input, JSON lines on
// standard output. Lies beside the programs of the roles. Used by tests/net/fetcher.mjs.
//
//	get NAME EXIT|free URL [decoded] [head] [hold] [max=N] [deadline=N] [stall=N]
//	cancel NAME | pause NAME | resume NAME | pid | quit
// uses: host/priv/fetchlink.c host/priv/fetchmsg.c host/priv/netlink.c host/priv/netmsg.c host/priv/role.c
// uses: host/priv/channel.c host/priv/frame.c host/base/buf.c host/base/rd.c host/base/err.c host/base/log.c
// uses: host/base/clock.c
// libs: -levent_core -lsodium
#include "priv/fetchlink.h"

#include <event2/event.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define JOBS 64

struct job {
	char name[32];
	uint32_t id;
	bool is_used, is_over;
	uint16_t status;
	uint8_t http;
	crypto_hash_sha256_state hash;
	char begin[257];
	size_t n_begin;
};

static struct event_base *base;
static struct netlink *net;
static struct fetchlink *fetches;
static struct job jobs[JOBS];

static void hex(const uint8_t *bytes, size_t n, char *out)
{
	sodium_bin2hex(out, 2 * n + 1, bytes, n);
}

static void on_step(void *arg, const struct net_step_r *r)
{
	const struct job *j = arg;

	printf("{\"name\":\"%s\",\"step\":%u}\n", j->name, r->step);
	fflush(stdout);
}

static void on_head(void *arg, const struct fetch_head *h)
{
	struct job *j = arg;

	j->status = h->status;
	j->http = h->http;
}

static void on_body(void *arg, struct rd piece)
{
	struct job *j = arg;
	size_t n = sizeof j->begin - 1 - j->n_begin;

	crypto_hash_sha256_update(&j->hash, piece.at, piece.left);
	if (n > piece.left)
		n = piece.left;
	memcpy(j->begin + j->n_begin, piece.at, n);
	j->n_begin += n;
}

static void on_end(void *arg, const struct fetch_end *e)
{
	struct job *j = arg;
	uint8_t sha[32];
	char text[2 * 256 + 1], leaf[65];

	crypto_hash_sha256_final(&j->hash, sha);
	hex(e->leaf, 32, leaf);
	printf("{\"name\":\"%s\",\"error\":%d,\"errorName\":\"%s\",\"status\":%u,\"http\":%u,\"clean\":%s,\"framed\":%s,"
	       "\"leaf\":\"%s\",\"body\":%llu,\"elapsed\":%u,", j->name, (int)e->err, err_name(e->err), j->status, j->http,
	       e->was_clean ? "true" : "false", e->is_framed ? "true" : "false", e->has_leaf ? leaf : "",
	       (unsigned long long)e->body, e->elapsed_ms);
	hex(sha, 32, leaf);
	hex((const uint8_t *)j->begin, j->n_begin, text);
	printf("\"sha256\":\"%s\",\"begin\":\"%s\",\"circuit\":%u,\"path\":[", leaf, text, e->path.circuit);
	for (size_t i = 0; i < e->path.n; i++) {
		hex(e->path.hop[i].fp, FP_LEN, text);
		printf("%s\"%s\"", i > 0 ? "," : "", text);
	}
	printf("]}\n");
	fflush(stdout);
	j->is_over = true;
}

static const struct fetch_ops ops = { on_step, on_head, on_body, on_end };

static struct job *job_of(const char *name)
{
	for (size_t i = 0; name != NULL && i < JOBS; i++)
		if (jobs[i].is_used && strcmp(jobs[i].name, name) == 0)
			return &jobs[i];
	return NULL;
}

static void get(char **rest)
{
	struct job *j = jobs;
	const char *name = strtok_r(NULL, " ", rest), *exit = strtok_r(NULL, " ", rest), *url = strtok_r(NULL, " ", rest);
	uint8_t fp[FP_LEN];
	const struct net_draw avoid = { .port = 1 };
	bool holds = false;

	if (url == NULL)
		return;
	struct fetch_get g = { .url = url, .avoid = &avoid, .max_body = 1 << 20,
		.lines = "User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0\nAccept: text/html\n"
		         "Accept-Language: en-US,en;q=0.5\n" };
	if (strcmp(exit, "free") != 0) {
		if (sodium_hex2bin(fp, sizeof fp, exit, strlen(exit), NULL, NULL, NULL) != 0)
			return;
		g.exit = fp;
	}
	for (const char *word; (word = strtok_r(NULL, " ", rest)) != NULL;) {
		g.is_decoded |= strcmp(word, "decoded") == 0;
		g.is_head |= strcmp(word, "head") == 0;
		holds |= strcmp(word, "hold") == 0;
		if (strncmp(word, "max=", 4) == 0)
			g.max_body = strtoull(word + 4, NULL, 10);
		if (strncmp(word, "deadline=", 9) == 0)
			g.deadline_ms = (uint32_t)strtoul(word + 9, NULL, 10);
		if (strncmp(word, "stall=", 6) == 0)
			g.stall_ms = (uint32_t)strtoul(word + 6, NULL, 10);
	}
	while (j < jobs + JOBS - 1 && j->is_used && !j->is_over)
		j++;
	*j = (struct job){ .is_used = true };
	snprintf(j->name, sizeof j->name, "%s", name);
	crypto_hash_sha256_init(&j->hash);
	enum err err = fetchlink_get(fetches, &g, &ops, j, &j->id);
	if (err != OK) {
		printf("{\"name\":\"%s\",\"error\":%d,\"errorName\":\"%s\",\"refused\":true}\n", name, (int)err, err_name(err));
		j->is_over = true;
	} else if (holds) {
		fetchlink_pause(fetches, j->id);
	}
}

static void command(char *line)
{
	char *rest;
	const char *word = strtok_r(line, " ", &rest);

	if (word == NULL)
		return;
	if (strcmp(word, "get") == 0) {
		get(&rest);
	} else if (strcmp(word, "pid") == 0) {
		printf("{\"name\":\"pid\",\"pid\":%d}\n", (int)fetchlink_pid(fetches));
	} else if (strcmp(word, "quit") == 0) {
		event_base_loopbreak(base);
	} else {
		struct job *j = job_of(strtok_r(NULL, " ", &rest));
		if (j != NULL && strcmp(word, "cancel") == 0)
			fetchlink_cancel(fetches, j->id);
		else if (j != NULL && strcmp(word, "pause") == 0)
			fetchlink_pause(fetches, j->id);
		else if (j != NULL && strcmp(word, "resume") == 0)
			fetchlink_resume(fetches, j->id);
	}
	fflush(stdout);
}

static void on_input(evutil_socket_t fd, short what, void *arg)
{
	static char in[65536];
	static size_t n;
	ssize_t got = read(fd, in + n, sizeof in - 1 - n);
	char *end;

	(void)what;
	(void)arg;
	if (got <= 0) {
		event_base_loopbreak(base);
		return;
	}
	n += (size_t)got;
	in[n] = '\0';
	while ((end = strchr(in, '\n')) != NULL) {
		*end = '\0';
		size_t used = (size_t)(end - in) + 1;
		command(in);
		memmove(in, in + used, n - used + 1);
		n -= used;
	}
}

int main(int argc, char **argv)
{
	struct net_config config = { .no_mapaddress = argc > 3 && strcmp(argv[3], "no-mapaddress") == 0 };

	if (argc < 3 || sodium_init() < 0)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	snprintf(config.control, sizeof config.control, "%s", argv[1]);
	snprintf(config.socks, sizeof config.socks, "%s", argv[2]);
	base = event_base_new();
	net = netlink_new(base, &config, NULL, NULL);
	fetches = fetchlink_new(base, net);
	struct event *input = event_new(base, 0, EV_READ | EV_PERSIST, on_input, NULL);
	if (net == NULL || fetches == NULL || input == NULL || event_add(input, NULL) != 0)
		return 2;
	event_base_dispatch(base);
	event_free(input);
	fetchlink_free(fetches);
	netlink_free(net);
	event_base_free(base);
	return 0;
}
