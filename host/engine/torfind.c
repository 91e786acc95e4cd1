/* Where tor is (contract in engine/torfind.h). Of several Tor Browsers the right one is that of our ancestor: its tor is a child of a
 * process above us, or names such a process as its owner on its command line. */
#include "engine/torfind.h"
#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* Processes between us and the browser: the role's parent, wrappers, flatpak's launchers; no tree is deeper. */
#define ANCESTORS_MAX 16
/* Command lines of tor with all its options are some 1,500 bytes. */
#define CMDLINE_MAX 16384

/* ---- addresses ---- */

static enum err parse_unix(const char *path, struct tor_addr *out)
{
	struct sockaddr_un *un = (struct sockaddr_un *)&out->sa;

	if (path[0] != '/' || strlen(path) >= sizeof un->sun_path || strlen(path) + 6 > sizeof out->text)
		return ERR_USAGE;
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, path, strlen(path) + 1);
	out->len = sizeof *un;
	snprintf(out->text, sizeof out->text, "unix:%s", path);
	return OK;
}

static bool parse_port(const char *text, uint16_t *port)
{
	unsigned long v = 0;

	if (*text == '\0' || strlen(text) > 5)
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (unsigned long)(*text - '0');
	}
	*port = (uint16_t)v;
	return v > 0 && v <= 65535;
}

/* A wildcard is where tor listens, not where one connects. */
static bool set_ip(const char *host, uint16_t port, bool any_host, struct tor_addr *out)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&out->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&out->sa;
	char text[INET6_ADDRSTRLEN];

	if (inet_pton(AF_INET, host, &in->sin_addr) == 1) {
		if (in->sin_addr.s_addr == htonl(INADDR_ANY))
			in->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
		if (!any_host && (ntohl(in->sin_addr.s_addr) >> 24) != 127)
			return false;
		in->sin_family = AF_INET;
		in->sin_port = htons(port);
		out->len = sizeof *in;
		inet_ntop(AF_INET, &in->sin_addr, text, sizeof text);
		snprintf(out->text, sizeof out->text, "%s:%u", text, port);
		return true;
	}
	if (inet_pton(AF_INET6, host, &in6->sin6_addr) == 1) {
		if (IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr))
			in6->sin6_addr = in6addr_loopback;
		if (!any_host && !IN6_IS_ADDR_LOOPBACK(&in6->sin6_addr))
			return false;
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons(port);
		out->len = sizeof *in6;
		inet_ntop(AF_INET6, &in6->sin6_addr, text, sizeof text);
		snprintf(out->text, sizeof out->text, "[%s]:%u", text, port);
		return true;
	}
	return false;
}

enum err tor_addr_parse(const char *text, bool any_host, struct tor_addr *out)
{
	struct tor_addr a = { 0 };
	char host[64] = "127.0.0.1";
	uint16_t port;

	if (strncmp(text, "unix:", 5) == 0 || text[0] == '/') {
		enum err err = parse_unix(text[0] == '/' ? text : text + 5, &a);
		if (err == OK)
			*out = a;
		return err;
	}
	const char *colon = strrchr(text, ':'), *digits = text;
	if (colon != NULL) {
		const char *from = text;
		size_t n = (size_t)(colon - text);
		if (n >= 2 && text[0] == '[' && colon[-1] == ']') {
			from++;
			n -= 2;
		} else if (memchr(text, ':', n) != NULL) {
			return ERR_USAGE;   /* IPv6 without brackets: which colon is the port's? */
		}
		if (n == 0 || n >= sizeof host)
			return ERR_USAGE;
		memcpy(host, from, n);
		host[n] = '\0';
		digits = colon + 1;
	}
	if (strcmp(host, "localhost") == 0)
		strcpy(host, "127.0.0.1");
	if (!parse_port(digits, &port) || !set_ip(host, port, any_host, &a))
		return ERR_USAGE;
	*out = a;
	return OK;
}

/* ---- option and environment ---- */

static const char *given(const char *s)
{
	return s != NULL && s[0] != '\0' ? s : NULL;
}

static const char *env_of(const char *name)
{
	return given(getenv(name));
}

/* TOR_x_IPC_PATH goes before TOR_x_PORT, as in Tor Browser. */
static enum err from_env(const char *path_name, const char *host_name, const char *port_name, struct tor_addr *out)
{
	const char *path = env_of(path_name), *host = env_of(host_name), *port = env_of(port_name);
	char text[128];

	if (path != NULL)
		return tor_addr_parse(path, true, out);
	if (port == NULL)
		return OK;
	uint16_t number;
	if (!parse_port(port, &number))
		return ERR_USAGE;
	if (host == NULL)
		host = "127.0.0.1";
	bool is_v6 = strchr(host, ':') != NULL && host[0] != '[';
	int n = snprintf(text, sizeof text, is_v6 ? "[%s]:%u" : "%s:%u", host, number);
	if (n < 0 || (size_t)n >= sizeof text)
		return ERR_USAGE;
	/* Whonix sets the gateway's address here: what the user's system says about its tor is not ours to doubt. */
	return tor_addr_parse(text, true, out);
}

/* ---- the browser above us ---- */

static ssize_t read_proc(const char *proc, int pid, const char *file, char *out, size_t cap)
{
	char path[256];
	size_t n = 0;
	ssize_t got;

	snprintf(path, sizeof path, "%s/%d/%s", proc, pid, file);
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return -1;
	while (n + 1 < cap && (got = read(fd, out + n, cap - 1 - n)) > 0)
		n += (size_t)got;
	close(fd);
	out[n] = '\0';
	return (ssize_t)n;
}

/* A process number; -1 for anything else. */
static int parse_pid(const char *text)
{
	char *end;
	long v = strtol(text, &end, 10);

	return end != text && v > 0 && v <= INT_MAX ? (int)v : -1;
}

/* Parent and name from /proc/PID/stat; the name stands in the outermost brackets and may itself hold some. */
static int parent_of(const char *proc, int pid, char name[32])
{
	char text[1024];

	name[0] = '\0';
	if (read_proc(proc, pid, "stat", text, sizeof text) <= 0)
		return -1;
	char *open_at = strchr(text, '('), *close_at = strrchr(text, ')');
	if (open_at == NULL || close_at == NULL || close_at < open_at || strlen(close_at) < 5)
		return -1;
	*close_at = '\0';
	snprintf(name, 32, "%.31s", open_at + 1);
	return parse_pid(close_at + 4);   /* behind ") S " */
}

static bool is_one_of(const int *list, size_t n, int pid)
{
	for (size_t i = 0; i < n; i++)
		if (list[i] == pid)
			return true;
	return false;
}

/* Session managers and init are above everybody's browser and so say nothing. */
static bool is_a_browser(const char *name)
{
	return strncmp(name, "firefox", 7) == 0 || strncmp(name, "tor-browser", 11) == 0 || strncmp(name, "torbrowser", 10) == 0 ||
	       strcmp(name, "GeckoMain") == 0;
}

static size_t ancestors_of(const char *proc, int pid, int *out)
{
	size_t n = 0;
	char name[32];
	int steps = 0;

	for (int at = parent_of(proc, pid, name); at > 1 && steps < ANCESTORS_MAX; steps++) {
		int above = parent_of(proc, at, name);
		if (is_a_browser(name))
			out[n++] = at;
		at = above;
	}
	return n;
}

/* The value of an option on tor's command line ("+__ControlPort", "9151"); NULL when it is not there. */
static const char *option_of(const char *line, size_t n, const char *name)
{
	for (size_t at = 0; at < n;) {
		const char *word = line + at;
		size_t len = strnlen(word, n - at), next = at + len + 1;
		while (*word == '-' || *word == '+' || *word == '_')
			word++;
		if (strcasecmp(word, name) == 0 && next < n)
			return line + next;
		at = next;
	}
	return NULL;
}

/* First word of a port option ("127.0.0.1:9150 ExtendedErrors", "unix:\"/path\" ..."). */
static bool address_of_option(const char *value, struct tor_addr *out)
{
	char text[128] = "";
	size_t n = 0;
	bool quoted = false;

	for (; value != NULL && *value != '\0' && n + 1 < sizeof text && (quoted || *value != ' '); value++) {
		if (*value == '"')
			quoted = !quoted;
		else
			text[n++] = *value;
	}
	text[n] = '\0';
	return n > 0 && strcmp(text, "auto") != 0 && tor_addr_parse(text, false, out) == OK;
}

static bool place_of_tor(const char *proc, int pid, const int *above, size_t n_above, struct tor_place *out)
{
	static char line[CMDLINE_MAX];
	char name[32];
	struct tor_place place = { .how = "parent" };
	int parent = parent_of(proc, pid, name);

	if (strcmp(name, "tor") != 0 && strcmp(name, "tor.real") != 0)
		return false;
	ssize_t n = read_proc(proc, pid, "cmdline", line, sizeof line);
	if (n <= 0)
		return false;
	const char *owner = option_of(line, (size_t)n, "OwningControllerProcess");
	bool is_ours = is_one_of(above, n_above, parent) || (owner != NULL && is_one_of(above, n_above, parse_pid(owner)));
	if (!is_ours || !address_of_option(option_of(line, (size_t)n, "ControlPort"), &place.control))
		return false;
	if (!address_of_option(option_of(line, (size_t)n, "SocksPort"), &place.socks))
		place.socks = (struct tor_addr){ 0 };
	*out = place;
	return true;
}

static size_t from_parents(const char *proc, int pid, struct tor_place *out, size_t max)
{
	int above[ANCESTORS_MAX];
	size_t n_above = ancestors_of(proc, pid, above), n = 0;
	DIR *dir = n_above > 0 ? opendir(proc) : NULL;
	struct dirent *entry;

	while (dir != NULL && n < max && (entry = readdir(dir)) != NULL) {
		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		if (place_of_tor(proc, parse_pid(entry->d_name), above, n_above, &out[n]))
			n++;
	}
	if (dir != NULL)
		closedir(dir);
	return n;
}

/* ---- the list ---- */

static size_t well_known(const struct tor_addr *socks, struct tor_place *out)
{
	static const struct { const char *control, *how; } places[] = {
		{ "127.0.0.1:9151", "browser" },
		{ "127.0.0.1:9051", "system" },
		{ "unix:/run/tor/control", "system" },
	};
	size_t n = 0;

	for (; n < sizeof places / sizeof places[0]; n++) {
		out[n] = (struct tor_place){ .socks = *socks, .how = places[n].how };
		if (tor_addr_parse(places[n].control, false, &out[n].control) != OK)
			break;
	}
	return n;
}

enum err torfind(const struct torfind_config *config, struct tor_place *out, size_t *n)
{
	struct tor_place place = { 0 };
	struct tor_addr socks = { 0 };
	enum err err;

	/* The user's own word: any host. It is on a command line, not in a message. */
	err = given(config->socks) != NULL ? tor_addr_parse(config->socks, true, &socks)
	                                   : from_env("TOR_SOCKS_IPC_PATH", "TOR_SOCKS_HOST", "TOR_SOCKS_PORT", &socks);
	if (err != OK)
		return err;
	place.socks = socks;
	if (given(config->control) != NULL) {
		place.how = "option";
		err = tor_addr_parse(config->control, true, &place.control);
	} else {
		place.how = "environment";
		err = from_env("TOR_CONTROL_IPC_PATH", "TOR_CONTROL_HOST", "TOR_CONTROL_PORT", &place.control);
	}
	if (err != OK)
		return err;
	if (place.control.len > 0) {
		out[0] = place;
		*n = 1;
		return OK;
	}
	size_t found = from_parents(config->proc != NULL ? config->proc : "/proc",
	                            config->pid != 0 ? config->pid : getpid(), out, TORFIND_MAX);
	if (found == 0)
		found = well_known(&socks, out);
	else if (socks.len > 0)
		for (size_t i = 0; i < found; i++)
			out[i].socks = socks;
	*n = found;
	return OK;
}
