/* The C library's ways into the network, closed for this program and every library in it: the linker takes these
 * before the C library's own. It is needed, too: libcurl 7.88 calls connect even when its CURLOPT_SOCKOPTFUNCTION has
 * said that the socket is connected, and takes the kernel's EISCONN for a failure. What comes in by descriptor is the
 * only connection. */
#include "base/log.h"

#include <errno.h>
#include <netdb.h>
#include <stddef.h>
#include <sys/socket.h>

/* A descriptor that we were handed is connected; to where is not libcurl's to say. Any other can't exist. */
int connect(int fd, const struct sockaddr *address, socklen_t len)
{
	(void)fd;
	(void)address;
	(void)len;
	return 0;
}

static int refuse(const char *what)
{
	log_line("fetch: %s refused", what);
	errno = EACCES;
	return -1;
}

int socket(int domain, int type, int protocol)
{
	(void)domain;
	(void)type;
	(void)protocol;
	return refuse("socket");
}

int bind(int fd, const struct sockaddr *address, socklen_t len)
{
	(void)fd;
	(void)address;
	(void)len;
	return refuse("bind");
}

int listen(int fd, int n)
{
	(void)fd;
	(void)n;
	return refuse("listen");
}

int getaddrinfo(const char *restrict name, const char *restrict service, const struct addrinfo *restrict hints,
                struct addrinfo **restrict result)
{
	(void)name;
	(void)service;
	(void)hints;
	*result = NULL;
	(void)refuse("getaddrinfo");
	return EAI_FAIL;
}
