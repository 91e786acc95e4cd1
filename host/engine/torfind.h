/* Where tor is: by option, by environment, by being the tor of the browser that started us, at Tor Browser's ports, at the
 * system's. A list in order; the caller tries one after another. Used by torlink and doctor. */
#ifndef ENGINE_TORFIND_H
#define ENGINE_TORFIND_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <sys/socket.h>

#define TORFIND_MAX 12

struct tor_addr {
	struct sockaddr_storage sa;
	socklen_t len;              /* 0: not known */
	char text[128];             /* "127.0.0.1:9151", "[::1]:9051", "unix:/path" */
};

/* "host:port" (a numeric address or "localhost"), "port", "[v6]:port", "unix:/path" or "/path". TCP must be loopback unless
 * any_host. Errors: ERR_USAGE. */
MUST_USE enum err tor_addr_parse(const char *text, bool any_host, struct tor_addr *out);

/* One tor. socks.len 0: ask it (GETINFO net/listeners/socks). */
struct tor_place { struct tor_addr control, socks; const char *how; /* "option", "environment", "parent", "browser", "system" */ };

struct torfind_config {
	const char *control, *socks;   /* options; "" or NULL: not given */
	const char *proc;              /* "/proc"; NULL for that; tests give a folder of their own */
	int pid;                       /* whose ancestors count; 0: ourselves */
};

/* Fills out[TORFIND_MAX] in the order in which to try; *n >= 1 on OK. An option, or else the environment, or else a tor that belongs
 * to an ancestor of ours, leaves no other choice. Errors: ERR_USAGE when an option or variable can't be read. */
MUST_USE enum err torfind(const struct torfind_config *config, struct tor_place *out, size_t *n);

#endif
