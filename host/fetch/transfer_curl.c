/* libcurl, told what it may do (contract in transfer.h). Every option here that turns something off does so against the
 * default or against what a later libcurl may turn on by itself. */
#include "fetch/transfer_state.h"

#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* What one read takes. All header lines of an answer must fit: with HTTP/2, libcurl 7.88 hands out what the buffer holds and then
 * waits for a server that has said everything. */
#define READ_BYTES (128L * 1024)
_Static_assert(READ_BYTES >= 2 * HTTP_HEADERS_MAX, "an answer's header lines fit one read");

bool transfer_init(void)
{
	/* Before libcurl does it its way. */
	if (!tlsany_init() || curl_global_init(CURL_GLOBAL_ALL) != CURLE_OK)
		return false;
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);
	return info->ssl_version != NULL && strncmp(info->ssl_version, "OpenSSL/", 8) == 0;
}

/* ---- callbacks ---- */

/* The one connection, once. Asked again (a retry, another address) there is none. */
static curl_socket_t on_open(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct transfer *t = arg;
	int fd = t->fd;

	(void)purpose;
	(void)address;
	t->fd = -1;
	return fd >= 0 ? fd : CURL_SOCKET_BAD;
}

static int on_sockopt(void *arg, curl_socket_t fd, curlsocktype purpose)
{
	(void)arg;
	(void)fd;
	(void)purpose;
	return CURL_SOCKOPT_ALREADY_CONNECTED;
}

static int on_close(void *arg, curl_socket_t fd)
{
	struct transfer *t = arg;

	if (t->curl_fd == fd)
		transfer_watch(t, fd, CURL_POLL_REMOVE);
	close(fd);
	return 0;
}

static CURLcode on_context(CURL *easy, void *context, void *arg)
{
	struct transfer *t = arg;

	(void)easy;
	return tlsany_configure(context, &t->tls) ? CURLE_OK : CURLE_SSL_CONNECT_ERROR;
}

static size_t on_header(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;

	if (t->err == OK)
		t->err = head_line(&t->head, (const uint8_t *)bytes, size * n);
	return t->err == OK ? size * n : 0;
}

static size_t on_body(char *bytes, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t all = size * n, left = (size_t)(t->ask->max_body - t->body < all ? t->ask->max_body - t->body : all);

	if (t->err != OK)
		return 0;
	if (!t->head.is_whole) {
		t->err = ERR_HTTP_PROTOCOL;
		return 0;
	}
	if (!t->ask->is_decoded && t->pending.len >= FETCH_WINDOW) {
		t->is_paused = true;
		return CURL_WRITEFUNC_PAUSE;
	}
	buf_put(&t->pending, bytes, left);
	if (buf_err(&t->pending) != OK) {
		t->err = buf_err(&t->pending);
		return 0;
	}
	t->body += left;
	if (left < all)
		t->err = ERR_HTTP_BODY;
	return t->err == OK ? all : 0;
}

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
	(void)easy;
	(void)socket_arg;
	transfer_watch(arg, fd, what);
	return 0;
}

static int on_timer(CURLM *multi, long ms, void *arg)
{
	(void)multi;
	transfer_wake(arg, ms);
	return 0;
}

/* ---- the request ---- */

static bool add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer != NULL)
		*list = longer;
	return longer != NULL;
}

/* What a browser asks for, as far as this libcurl can undo it; over plain HTTP browsers leave the newer ones out. */
static void codings(const struct transfer *t, char out[64])
{
	const curl_version_info_data *info = curl_version_info(CURLVERSION_NOW);

	snprintf(out, 64, "%s%s%s%s", t->ask->is_decoded ? "gzip, deflate" : "identity",
	         t->ask->is_decoded && t->ask->is_https && (info->features & CURL_VERSION_BROTLI) != 0 ? ", br" : "",
	         t->ask->is_decoded && t->ask->is_https && (info->features & CURL_VERSION_ZSTD) != 0 ? ", zstd" : "", "");
}

/* The asker's lines in their order, ours behind Accept-Language, where Firefox has Accept-Encoding. */
static bool add_lines(struct transfer *t)
{
	struct rd left = rd_of(t->ask->lines, strlen(t->ask->lines)), name, value;
	char line[FETCH_LINES_MAX], coding[64], encoding[96];
	bool has_accept = false, has_encoding = false, is_good = true;

	codings(t, coding);
	snprintf(encoding, sizeof encoding, "Accept-Encoding: %s", coding);
	while (is_good && fetch_line_next(&left, &name, &value)) {
		snprintf(line, sizeof line, "%.*s: %.*s", (int)name.left, (const char *)name.at, (int)value.left,
		         (const char *)value.at);
		is_good = add(&t->lines, line);
		has_accept |= name.left == 6 && strncasecmp((const char *)name.at, "Accept", 6) == 0;
		if (name.left == 15 && strncasecmp((const char *)name.at, "Accept-Language", 15) == 0) {
			has_encoding = true;
			is_good = is_good && add(&t->lines, encoding);
		}
	}
	/* "Accept:" takes libcurl's own away. */
	/* libcurl's own would call it a form, and would wait for a "100 Continue". */
	if (t->ask->post.left > 0)
		is_good = is_good && add(&t->lines, "Content-Type: application/octet-stream") && add(&t->lines, "Expect:");
	return is_good && (has_encoding || add(&t->lines, encoding)) && (has_accept || add(&t->lines, "Accept:")) &&
	       add(&t->lines, "Connection: keep-alive");
}

#define SET(option, value) is_set(#option, curl_easy_setopt(t->easy, option, value))

static bool is_set(const char *option, CURLcode code)
{
	if (code != CURLE_OK)
		log_line("fetch: libcurl refuses %s: %d", option, (int)code);
	return code == CURLE_OK;
}

static bool set_request(struct transfer *t)
{
	char url[HOST_MAX + 32], coding[64];

	snprintf(url, sizeof url, "%s://%s:%u/", t->ask->is_https ? "https" : "http", t->ask->host, t->ask->port);
	/* libcurl's reader of addresses sees scheme, host and port alone; the target goes as it was written. */
	if (!SET(CURLOPT_URL, url) || !SET(CURLOPT_REQUEST_TARGET, t->ask->target) || !SET(CURLOPT_HTTPHEADER, t->lines) ||
	    !SET(CURLOPT_NOBODY, (long)t->ask->is_head))
		return false;
	/* libcurl copies the bytes, which are the frame's. */
	if (t->ask->post.left > 0 && (!SET(CURLOPT_POSTFIELDSIZE, (long)t->ask->post.left) || !SET(CURLOPT_COPYPOSTFIELDS, t->ask->post.at)))
		return false;
	codings(t, coding);
	if (t->ask->is_decoded && !SET(CURLOPT_ACCEPT_ENCODING, coding))
		return false;
	return SET(CURLOPT_HTTP_CONTENT_DECODING, (long)t->ask->is_decoded) &&
	       SET(CURLOPT_HTTP_VERSION, t->ask->is_https ? (long)CURL_HTTP_VERSION_2TLS : (long)CURL_HTTP_VERSION_1_1) &&
	       SET(CURLOPT_HTTP09_ALLOWED, 0L);
}

static bool set_connection(struct transfer *t)
{
	/* An address, so that nothing is resolved; it is never connected to. */
	if (!add(&t->connect_to, "::127.0.0.1:9"))
		return false;
	return SET(CURLOPT_CONNECT_TO, t->connect_to) && SET(CURLOPT_IPRESOLVE, (long)CURL_IPRESOLVE_V4) &&
	       SET(CURLOPT_OPENSOCKETFUNCTION, on_open) && SET(CURLOPT_OPENSOCKETDATA, t) &&
	       SET(CURLOPT_SOCKOPTFUNCTION, on_sockopt) && SET(CURLOPT_SOCKOPTDATA, t) &&
	       SET(CURLOPT_CLOSESOCKETFUNCTION, on_close) && SET(CURLOPT_CLOSESOCKETDATA, t) &&
	       SET(CURLOPT_FRESH_CONNECT, 1L) && SET(CURLOPT_FORBID_REUSE, 1L) && SET(CURLOPT_PROXY, "") &&
	       SET(CURLOPT_NOPROXY, "*") && SET(CURLOPT_NOSIGNAL, 1L) && SET(CURLOPT_BUFFERSIZE, READ_BYTES);
}

static bool set_limits(struct transfer *t)
{
	/* Cookies, HSTS and Alt-Svc are engines that nobody starts here. */
	return SET(CURLOPT_PROTOCOLS_STR, "http,https") && SET(CURLOPT_REDIR_PROTOCOLS_STR, "https") &&
	       SET(CURLOPT_FOLLOWLOCATION, 0L) && SET(CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) &&
	       SET(CURLOPT_UNRESTRICTED_AUTH, 0L) && SET(CURLOPT_FAILONERROR, 0L);
}

static bool set_tls(struct transfer *t)
{
	/* No files of trust roots are read: nothing is verified. */
	return SET(CURLOPT_SSL_VERIFYPEER, 0L) && SET(CURLOPT_SSL_VERIFYHOST, 0L) && SET(CURLOPT_SSL_VERIFYSTATUS, 0L) &&
	       SET(CURLOPT_CAINFO, NULL) && SET(CURLOPT_CAPATH, NULL) && SET(CURLOPT_SSL_SESSIONID_CACHE, 0L) &&
	       SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2) && SET(CURLOPT_SSL_CTX_FUNCTION, on_context) &&
	       SET(CURLOPT_SSL_CTX_DATA, t);
}

static bool set_callbacks(struct transfer *t)
{
	return SET(CURLOPT_HEADERFUNCTION, on_header) && SET(CURLOPT_HEADERDATA, t) && SET(CURLOPT_WRITEFUNCTION, on_body) &&
	       SET(CURLOPT_WRITEDATA, t) && SET(CURLOPT_ERRORBUFFER, t->words) && SET(CURLOPT_NOPROGRESS, 1L);
}

bool transfer_curl_open(struct transfer *t)
{
	t->multi = curl_multi_init();
	t->easy = curl_easy_init();
	if (t->multi == NULL || t->easy == NULL)
		return false;
	/* A multi of its own for each: nothing (connections, names, sessions) is shared between two. */
	return curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, on_socket) == CURLM_OK &&
	       curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) == CURLM_OK &&
	       curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, on_timer) == CURLM_OK &&
	       curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t) == CURLM_OK && add_lines(t) && set_request(t) &&
	       set_connection(t) && set_limits(t) && set_tls(t) && set_callbacks(t) &&
	       curl_multi_add_handle(t->multi, t->easy) == CURLM_OK;
}

void transfer_curl_close(struct transfer *t)
{
	/* Closes the connection, through on_close. */
	if (t->multi != NULL && t->easy != NULL)
		curl_multi_remove_handle(t->multi, t->easy);
	if (t->easy != NULL)
		curl_easy_cleanup(t->easy);
	if (t->multi != NULL)
		curl_multi_cleanup(t->multi);
	curl_slist_free_all(t->lines);
	curl_slist_free_all(t->connect_to);
	t->multi = NULL;
	t->easy = NULL;
	t->lines = t->connect_to = NULL;
}

/* ---- results ---- */

enum err transfer_curl_err(const struct transfer *t, CURLcode code)
{
	bool has_head = t->head.is_whole;

	if (t->err != OK)
		return t->err;
	log_line("fetch: libcurl's result %d", (int)code);
	switch (code) {
	case CURLE_OK:
		return has_head ? OK : ERR_HTTP_PROTOCOL;
	case CURLE_GOT_NOTHING:
		return ERR_CLOSED;
	case CURLE_PARTIAL_FILE:
	case CURLE_HTTP2_STREAM:
		return has_head ? ERR_HTTP_SHORT : ERR_HTTP_PROTOCOL;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		/* libcurl 7.88 has no code of its own for broken chunks. */
		if (strstr(t->words, "chunked") != NULL)
			return ERR_HTTP_PROTOCOL;
		return has_head ? ERR_HTTP_SHORT : ERR_CLOSED;
	case CURLE_COULDNT_CONNECT:
		return ERR_CLOSED;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CIPHER:
		return tlsany_err(&t->tls, t->words);
	case CURLE_BAD_CONTENT_ENCODING:
		return ERR_HTTP_ENCODING;
	case CURLE_OUT_OF_MEMORY:
		/* What libcurl 7.88 says of a header line over its own limit (100 KiB). */
		return has_head ? ERR_NOMEM : ERR_HTTP_HEADERS;
	default:
		return ERR_HTTP_PROTOCOL;
	}
}
