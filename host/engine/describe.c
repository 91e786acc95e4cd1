/* From tables to what people see (contract in describe.h). */
#include "engine/describe.h"

#include <string.h>

void describe_relay(const struct relays *r, const uint8_t fp[FP_LEN], struct relay_info *out)
{
	const struct relay *relay = r != NULL ? relays_find(r, fp) : NULL;

	*out = (struct relay_info){ .country = "??" };
	memcpy(out->fp, fp, FP_LEN);
	if (relay == NULL)
		return;
	memcpy(out->nickname, relay->nickname, sizeof out->nickname);
	relay_address(relay, out->address);
	relay_family(r, relay, out->family);
	if (relay->country[0] != '\0')
		memcpy(out->country, relay->country, 2);
	out->weight = relay->weight;
	out->flags = relay->flags;
}

void describe_path(const struct relays *r, const struct circs_path *path, struct net_path *out)
{
	*out = (struct net_path){ .circuit = path->circuit, .is_onion = path->is_onion, .n = path->n };
	for (size_t i = 0; i < path->n; i++)
		describe_relay(r, path->fp[i], &out->hop[i]);
}

enum err describe_stream_end(const char *reason, const char *remote_reason)
{
	static const struct { const char *word; enum err err; } reasons[] = {
		{ "RESOLVEFAILED",   ERR_SOCKS_HOST },
		{ "CONNECTREFUSED",  ERR_SOCKS_CONN },
		{ "EXITPOLICY",      ERR_EXIT_POLICY },
		{ "CANT_ATTACH",     ERR_EXIT_POLICY },    /* measured: the exit refuses the port, or is none */
		{ "NOROUTE",         ERR_SOCKS_NET },
		{ "NET_UNREACHABLE", ERR_SOCKS_NET },
		{ "TIMEOUT",         ERR_SOCKS_TTL },
		{ "DESTROY",         ERR_CIRCUIT },
		{ "TORPROTOCOL",     ERR_CIRCUIT },
		{ "CONNRESET",       ERR_CLOSED },
		{ "DONE",            ERR_CLOSED },
		{ "PRIVATE_ADDR",    ERR_TARGET_PRIVATE },
		{ "MISC",            ERR_SOCKS_GENERAL },
		{ "HIBERNATING",     ERR_SOCKS_GENERAL },
		{ "INTERNAL",        ERR_SOCKS_GENERAL },
		{ "RESOURCELIMIT",   ERR_SOCKS_GENERAL },
		{ "SOCKSPROTOCOL",   ERR_SOCKS_PROTOCOL },
	};
	/* END: the exit said so, and why stands in the other word. */
	const char *word = strcmp(reason, "END") == 0 ? remote_reason : reason;

	for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
		if (strcmp(reasons[i].word, word) == 0)
			return reasons[i].err;
	return OK;
}
