/* What a host string is: a DNS name, an IPv4 or an IPv6 literal, and whether an exit may be asked for it. Only literals and onion names
 * are refused; a name is never exempt by its spelling (DESIGN.md). Used by the net role and the message layer. */
#ifndef ENGINE_TARGET_H
#define ENGINE_TARGET_H

#include "base/err.h"
#include "base/limits.h"
#include <stdbool.h>

enum target_kind { TARGET_NAME, TARGET_IPV4, TARGET_IPV6 };

struct target {
	enum target_kind kind;
	char host[HOST_MAX];     /* lower case, no brackets, no trailing dot; IPv6 in its shortest form (RFC 5952) */
};

/* Errors: ERR_TARGET_NAME (not a host name; a number that is no dotted quad; .exit and .virtual names, which tor itself would interpret),
 * ERR_TARGET_PRIVATE (private, local, reserved or multicast literals in any of their IPv6 disguises, .onion names). */
MUST_USE enum err target_parse(const char *host, struct target *out);
/* Is it the address of an onion service, version 3 (rend-spec-v3, "Encoding onion addresses"): 56 letters of base32, lower case, then
 * ".onion"? Its checksum is tor's to judge. */
bool target_is_onion(const char *host);

#endif
