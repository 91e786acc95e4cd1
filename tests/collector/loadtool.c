// uses: host/report/*.c host/base/buf.c host/base/err.c host/base/rd.c host/base/verdict.c host/base/clock.c
// libs: -lsodium -lpthread
/* Sends reports to a collector over many connections, as fast as it answers, and writes down what was acknowledged. The reports are made and
 * sealed before the clock starts. For tests of the collector and `make bench`.
 *
 *   loadtool ADDRESS PUBLICKEY|none N CONNECTIONS SEED [name=value...]
 *     acks=FILE      a line "digest answer" for each proved acknowledgement, as it comes
 *     host=H port=P path=/P kind=certificate|https|copy|download accused=FP relays=R distinct=0 (all the same report)
 *     close=1        a connection for each report
 *     out=FOLDER     write the envelopes there and send nothing
 *   ADDRESS: 127.0.0.1:PORT or unix:/PATH; key "none": any 200 counts (a plain server). Prints one JSON object. */
#include "base/clock.h"
#include "report/envelope.h"
#include "report/report.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <arpa/inet.h>
#include <pthread.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct letter { struct buf envelope; struct report_ticket ticket; uint8_t digest[32]; };

static struct {
	const char *address, *host, *path, *accused, *acks, *out;
	int port, relays, is_distinct, does_close, is_plain;
	enum report_kind kind;
	uint8_t key[REPORT_KEY_LEN];
	struct letter *letter;
	size_t n, next;
	long stored, known, refused, broken;
	int acks_fd;
	pthread_mutex_t lock;
} job = { .host = NULL, .port = 443, .relays = 100, .is_distinct = 1, .acks_fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER };

static void make_fp(unsigned i, uint8_t fp[FP_LEN])
{
	uint8_t seed[randombytes_SEEDBYTES] = { 0 };

	memcpy(seed, &i, sizeof i);
	randombytes_buf_deterministic(fp, FP_LEN, seed);
}

static enum err make_text(unsigned seed, size_t i, struct buf *out)
{
	struct report *r = report_new();

	if (r == NULL)
		return ERR_NOMEM;
	r->kind = job.kind;
	if (job.host != NULL)
		snprintf(r->host, sizeof r->host, "%s", job.host);
	else
		snprintf(r->host, sizeof r->host, "s%u-%zu.test", seed, job.is_distinct ? i : 0);
	r->port = (uint16_t)job.port;
	if (job.path != NULL)
		snprintf(r->path, sizeof r->path, "%s", job.path);
	r->hour = (uint32_t)(time(NULL) / 3600);
	r->reason = REASON_OTHERS_AGREE;
	r->k = 3;
	r->asked = 3;
	r->answered = 1;
	snprintf(r->version, sizeof r->version, "0.1.0");
	r->n_first = 1;
	r->n_others = 1;
	make_fp(seed * 7919u + (unsigned)(i % (size_t)job.relays), r->first[0].exit.fp);
	if (job.accused != NULL)
		(void)sodium_hex2bin(r->first[0].exit.fp, FP_LEN, job.accused, strlen(job.accused), NULL, NULL, NULL);
	make_fp(0xffffffffu, r->others[0].exit.fp);
	snprintf(r->first[0].exit.nickname, NICKNAME_MAX, "relay%u", (unsigned)(i % (size_t)job.relays) % 100000u);
	snprintf(r->first[0].exit.address, 46, "198.51.100.7");
	r->first[0].status = r->others[0].status = job.kind == REPORT_COPY ? REPORT_SAW_ABSENT : REPORT_SAW_FAILED;
	if (job.kind == REPORT_CERTIFICATE || job.kind == REPORT_HTTPS) {
		r->first[0].status = r->others[0].status = REPORT_SAW_CERTIFICATE;
		r->first[0].has_sha256 = r->others[0].has_sha256 = true;
		memset(r->first[0].sha256, 0x11, 32);
		memset(r->others[0].sha256, 0x22, 32);
		snprintf(r->first[0].why, sizeof r->first[0].why, "self-signed certificate");
	}
	if (job.kind == REPORT_COPY)
		snprintf(r->ticker, sizeof r->ticker, "BTC");
	/* So that no two are the same even for one host. */
	snprintf(r->reproduce, sizeof r->reproduce, "secondexit cert n%u-%zu.test", seed, job.is_distinct ? i : 0);
	enum err err = report_encode(r, false, out);
	report_free(r);
	return err;
}

static void make_letters(unsigned seed)
{
	for (size_t i = 0; i < job.n; i++) {
		struct buf text = buf_new(REPORT_TEXT_MAX);
		struct letter *l = &job.letter[i];
		l->envelope = buf_new(REPORT_ENVELOPE_MAX);
		enum err err = make_text(seed, i, &text);
		if (err == OK && job.is_plain)
			buf_put(&l->envelope, text.bytes, text.len), randombytes_buf(l->envelope.bytes, 16);
		else if (err == OK)
			err = report_seal(rd_of(text.bytes, text.len), job.key, &l->envelope, &l->ticket);
		if (job.is_plain) {
			static const uint8_t zeros[REPORT_ENVELOPE_MIN];
			buf_put(&l->envelope, zeros, REPORT_ENVELOPE_MIN - l->envelope.len);
		}
		if (err != OK || buf_err(&l->envelope) != OK) {
			fprintf(stderr, "loadtool: making a report: %s\n", err_name(err));
			exit(1);
		}
		crypto_generichash(l->digest, 32, text.bytes, text.len, NULL, 0);
		buf_free(&text);
	}
}

static int dial(void)
{
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct sockaddr_in in = { .sin_family = AF_INET };
	int on = 1;

	if (strncmp(job.address, "unix:", 5) == 0) {
		snprintf(un.sun_path, sizeof un.sun_path, "%s", job.address + 5);
		int fd = socket(AF_UNIX, SOCK_STREAM, 0);
		return connect(fd, (struct sockaddr *)&un, sizeof un) == 0 ? fd : (close(fd), -1);
	}
	char host[64];
	snprintf(host, sizeof host, "%.*s", (int)strcspn(job.address, ":"), job.address);
	in.sin_port = htons((uint16_t)atoi(strchr(job.address, ':') + 1));
	inet_pton(AF_INET, host, &in.sin_addr);
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	return connect(fd, (struct sockaddr *)&in, sizeof in) == 0 ? fd : (close(fd), -1);
}

/* Head and body of one answer; returns the body's length, -1 for anything odd. */
static int read_answer(int fd, int *status, uint8_t *body, size_t cap)
{
	char head[4096];
	size_t n = 0, length = 0;
	char *end = NULL;

	while (end == NULL) {
		ssize_t got = read(fd, head + n, sizeof head - 1 - n);
		if (got <= 0)
			return -1;
		n += (size_t)got;
		head[n] = 0;
		end = memmem(head, n, "\r\n\r\n", 4);
	}
	if (sscanf(head, "HTTP/1.1 %d", status) != 1)
		return -1;
	const char *at = strcasestr(head, "\r\nContent-Length:");
	if (at != NULL)
		length = (size_t)atol(at + 17);
	size_t have = n - (size_t)(end + 4 - head);
	if (length > cap || have > length)
		return -1;
	memcpy(body, end + 4, have);
	while (have < length) {
		ssize_t got = read(fd, body + have, length - have);
		if (got <= 0)
			return -1;
		have += (size_t)got;
	}
	return (int)length;
}

static int write_all(int fd, const void *bytes, size_t n)
{
	for (size_t at = 0; at < n;) {
		ssize_t put = send(fd, (const char *)bytes + at, n - at, MSG_NOSIGNAL);
		if (put <= 0)
			return -1;
		at += (size_t)put;
	}
	return 0;
}

static void note(const struct letter *l, int status, const uint8_t *body, int len)
{
	enum report_answer answer = REPORT_REFUSED;
	enum err why = OK;
	bool is_proved = false, is_read;

	pthread_mutex_lock(&job.lock);
	if (job.is_plain) {
		job.stored += status == 200;
		job.refused += status != 200;
		pthread_mutex_unlock(&job.lock);
		return;
	}
	is_read = len == REPORT_ANSWER_LEN && report_answer_read(rd_of(body, (size_t)len), &l->ticket, &answer, &why, &is_proved) == OK;
	if (is_read && is_proved && answer != REPORT_REFUSED) {
		char line[80];
		sodium_bin2hex(line, sizeof line, l->digest, 32);
		strcpy(line + 64, answer == REPORT_STORED ? " stored\n" : " known\n");
		if (job.acks_fd >= 0 && write(job.acks_fd, line, strlen(line)) < 0)
			exit(1);
		job.stored += answer == REPORT_STORED;
		job.known += answer == REPORT_KNOWN;
	} else if (is_read) {
		job.refused++;
	} else {
		job.broken++;
	}
	pthread_mutex_unlock(&job.lock);
}

static void *work(void *arg)
{
	int fd = -1, tries = 0;
	char head[256];
	uint8_t body[4096];

	(void)arg;
	for (;;) {
		pthread_mutex_lock(&job.lock);
		size_t i = job.next < job.n ? job.next++ : job.n;
		pthread_mutex_unlock(&job.lock);
		if (i == job.n || tries > 3)
			break;
		const struct letter *l = &job.letter[i];
		int status = 0, len = -1;
		if (fd < 0)
			fd = dial();
		snprintf(head, sizeof head, "POST /report HTTP/1.1\r\nHost: x\r\nContent-Type: application/octet-stream\r\nContent-Length: %zu\r\n%s\r\n",
		         l->envelope.len, job.does_close ? "Connection: close\r\n" : "");
		if (fd >= 0 && write_all(fd, head, strlen(head)) == 0 && write_all(fd, l->envelope.bytes, l->envelope.len) == 0)
			len = read_answer(fd, &status, body, sizeof body);
		if (len < 0) {
			pthread_mutex_lock(&job.lock);
			job.broken++;
			pthread_mutex_unlock(&job.lock);
			tries++;
		} else {
			note(l, status, body, len);
			tries = 0;
		}
		if (fd >= 0 && (len < 0 || job.does_close)) {
			close(fd);
			fd = -1;
		}
	}
	if (fd >= 0)
		close(fd);
	return NULL;
}

static void option(const char *arg)
{
	const char *value = strchr(arg, '=');

	if (value == NULL)
		exit(2);
	value++;
	if (strncmp(arg, "acks=", 5) == 0)
		job.acks = value;
	else if (strncmp(arg, "host=", 5) == 0)
		job.host = value;
	else if (strncmp(arg, "port=", 5) == 0)
		job.port = atoi(value);
	else if (strncmp(arg, "path=", 5) == 0)
		job.path = value;
	else if (strncmp(arg, "accused=", 8) == 0)
		job.accused = value;
	else if (strncmp(arg, "relays=", 7) == 0)
		job.relays = atoi(value);
	else if (strncmp(arg, "distinct=", 9) == 0)
		job.is_distinct = atoi(value);
	else if (strncmp(arg, "close=", 6) == 0)
		job.does_close = atoi(value);
	else if (strncmp(arg, "out=", 4) == 0)
		job.out = value;
	else if (strncmp(arg, "kind=", 5) == 0) {
		int k = 0;
		while (k < REPORT_KINDS && strcmp(report_kind_name((enum report_kind)k), value) != 0)
			k++;
		job.kind = (enum report_kind)k;
	} else {
		exit(2);
	}
}

static void write_letters(void)
{
	for (size_t i = 0; i < job.n; i++) {
		char path[512];
		snprintf(path, sizeof path, "%s/%zu", job.out, i);
		FILE *f = fopen(path, "w");
		if (f == NULL || fwrite(job.letter[i].envelope.bytes, 1, job.letter[i].envelope.len, f) != job.letter[i].envelope.len || fclose(f) != 0)
			exit(1);
	}
}

int main(int argc, char **argv)
{
	if (argc < 6 || sodium_init() < 0)
		return 2;
	signal(SIGPIPE, SIG_IGN);
	for (int i = 6; i < argc; i++)
		option(argv[i]);
	job.address = argv[1];
	job.is_plain = strcmp(argv[2], "none") == 0;
	if (!job.is_plain && report_key_parse(argv[2], job.key) != OK)
		return 2;
	job.n = (size_t)atol(argv[3]);
	int threads = atoi(argv[4]);
	job.letter = calloc(job.n, sizeof *job.letter);
	pthread_t *thread = calloc((size_t)threads, sizeof *thread);
	if (job.letter == NULL || thread == NULL)
		return 1;
	make_letters((unsigned)atol(argv[5]));
	if (job.out != NULL) {
		write_letters();
		for (size_t i = 0; i < job.n; i++)
			buf_free(&job.letter[i].envelope);
		free(job.letter);
		free(thread);
		puts("{}");
		return 0;
	}
	if (job.acks != NULL)
		job.acks_fd = open(job.acks, O_WRONLY | O_CREAT | O_APPEND, 0600);
	uint64_t began = clock_ms();
	for (int i = 0; i < threads; i++)
		pthread_create(&thread[i], NULL, work, NULL);
	for (int i = 0; i < threads; i++)
		pthread_join(thread[i], NULL);
	uint64_t ms = clock_ms() - began;
	printf("{\"n\":%zu,\"stored\":%ld,\"known\":%ld,\"refused\":%ld,\"broken\":%ld,\"bytes\":%zu,\"ms\":%llu}\n", job.n, job.stored, job.known,
	       job.refused, job.broken, job.letter[0].envelope.len, (unsigned long long)ms);
	for (size_t i = 0; i < job.n; i++)
		buf_free(&job.letter[i].envelope);
	free(job.letter);
	free(thread);
	return 0;
}
