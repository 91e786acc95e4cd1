/* STREAM and CIRC events and the lines of circuit-status and stream-status (control-spec 4.1.1, 4.1.2), into the tables of
 * circs.c. Whatever can't be read makes less known, never something else. */
#include "engine/circs_table.h"
#include "engine/relays.h"
#include "engine/torctl.h"
#include <sodium.h>
#include <string.h>

static bool is_own_user(const char *username)
{
	return username != NULL && strncmp(username, CIRCS_OWN_USER, strlen(CIRCS_OWN_USER)) == 0;
}

static bool ends_with(const char *s, const char *end)
{
	size_t n = strlen(s), e = strlen(end);

	return n >= e && strcasecmp(s + n - e, end) == 0;
}

static bool parse_id(const char *text, uint32_t *out)
{
	uint64_t v = 0;

	if (*text == '\0' || strlen(text) > 10)
		return false;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return false;
		v = v * 10 + (uint64_t)(*text - '0');
	}
	*out = (uint32_t)v;
	return v <= UINT32_MAX;
}

/* "$FP~nick,$FP=nick,$FP"; of more hops than we hold the last one overwrites the one before. */
static bool parse_path(const char *text, struct circuit *x)
{
	uint8_t fp[HOPS_MAX][FP_LEN];
	uint8_t n = 0;

	while (*text != '\0') {
		char hex[2 * FP_LEN + 1];
		size_t len = strcspn(text, ",");
		if (len < 1 + 2 * FP_LEN || text[0] != '$')
			return false;
		memcpy(hex, text + 1, 2 * FP_LEN);
		hex[2 * FP_LEN] = '\0';
		char after = text[1 + 2 * FP_LEN];
		if (after != '\0' && after != ',' && after != '~' && after != '=')
			return false;
		if (n == HOPS_MAX)
			n--;
		if (!fp_parse(hex, fp[n++]))
			return false;
		text += len;
		text += *text == ',';
	}
	memcpy(x->fp, fp, (size_t)n * FP_LEN);
	x->n = n;
	return true;
}

static void circuit_keyword(struct circuit *x, const struct torctl_arg *arg)
{
	if (strcmp(arg->key, "PURPOSE") == 0) {
		x->is_plain = strcmp(arg->value, "GENERAL") == 0 || strcmp(arg->value, "CONFLUX_LINKED") == 0;
		x->is_onion = strncmp(arg->value, "HS_", 3) == 0;
	} else if (strcmp(arg->key, "BUILD_FLAGS") == 0) {
		x->is_internal = strstr(arg->value, "IS_INTERNAL") != NULL || strstr(arg->value, "ONEHOP_TUNNEL") != NULL;
	} else if (strcmp(arg->key, "CONFLUX_ID") == 0) {
		/* One that does not fit would make strangers of its legs: then it is as good as unknown. */
		if (arg->len < sizeof x->conflux)
			memcpy(x->conflux, arg->value, arg->len + 1);
		else
			x->is_used = true;
	} else if (strcmp(arg->key, "SOCKS_USERNAME") == 0) {
		circs_keep(&x->username, arg->value);
		x->is_used = true;
	} else if (strcmp(arg->key, "SOCKS_PASSWORD") == 0) {
		circs_keep(&x->password, arg->value);
		x->is_used = true;
	}
}

static void circuit_status(struct circs *c, struct circuit *x, const char *status, uint64_t now_ms)
{
	if (strcmp(status, "BUILT") == 0) {
		if (!x->is_built) {
			x->built_ms = now_ms;
			c->n_built++;
		}
		x->is_built = true;
	} else if (strcmp(status, "CLOSED") == 0 || strcmp(status, "FAILED") == 0) {
		if (!x->is_closed)
			x->closed_ms = now_ms;
		x->is_closed = true;
	}
}

static struct torctl_arg arg_in(struct circs *c)
{
	return (struct torctl_arg){ .value = c->value, .room = sizeof c->value };
}

/* The next positional argument into c->value; false when there is none. */
static bool positional(struct circs *c, const char **at, struct torctl_arg *arg)
{
	bool bad;

	(void)c;
	return torctl_next_arg(at, arg, &bad) && arg->key[0] == '\0' && !arg->is_quoted;
}

bool circs_on_circ(struct circs *c, const char *text, uint64_t now_ms)
{
	struct torctl_arg arg = arg_in(c);
	uint32_t id;
	char status[32];
	bool bad = false;

	if (!positional(c, &text, &arg) || !parse_id(arg.value, &id) || id == 0)
		return false;
	if (!positional(c, &text, &arg) || arg.len >= sizeof status)
		return false;
	memcpy(status, arg.value, arg.len + 1);
	struct circuit *x = circs_circuit_of(c, id);
	if (x == NULL)
		x = circs_add_circuit(c, id);
	if (x == NULL)
		return false;
	/* What is being torn down may have lost its last hops already: where it ended we know from before. */
	bool is_ending = strcmp(status, "CLOSED") == 0 || strcmp(status, "FAILED") == 0;
	while (torctl_next_arg(&text, &arg, &bad)) {
		if (arg.key[0] == '\0' && arg.value[0] == '$') {
			/* Half a path would name a wrong exit. */
			if (!(is_ending && x->n > 0) && !parse_path(arg.value, x))
				x->n = 0;
		} else if (arg.key[0] != '\0') {
			circuit_keyword(x, &arg);
		}
	}
	if (bad)
		x->is_used = true;   /* what could not be read may have been credentials: not clean */
	circuit_status(c, x, status, now_ms);
	sodium_memzero(c->value, sizeof c->value);
	return true;
}

static const struct { const char *name; enum stream_state state; } statuses[] = {
	{ "NEW", STREAM_NEW }, { "NEWRESOLVE", STREAM_NEW }, { "CONTROLLER_WAIT", STREAM_NEW },
	{ "SENTCONNECT", STREAM_SENT }, { "SENTRESOLVE", STREAM_SENT }, { "XOFF_SENT", STREAM_OPEN },
	{ "XOFF_RECV", STREAM_OPEN }, { "XON_SENT", STREAM_OPEN }, { "XON_RECV", STREAM_OPEN },
	{ "SUCCEEDED", STREAM_OPEN }, { "DETACHED", STREAM_DETACHED }, { "FAILED", STREAM_FAILED }, { "CLOSED", STREAM_CLOSED },
};

/* "host:port", "[v6]:port"; the host may itself hold colons (unbracketed IPv6). */
static void take_target(struct stream *s, char *target)
{
	char *colon = strrchr(target, ':');
	uint32_t port;

	if (colon == NULL || !parse_id(colon + 1, &port) || port > 65535)
		return;
	*colon = '\0';
	size_t n = strlen(target);
	if (n >= 2 && target[0] == '[' && target[n - 1] == ']') {
		target[n - 1] = '\0';
		target++;
	}
	s->port = (uint16_t)port;
	circs_keep(&s->host, target);
	s->is_own = s->is_own || ends_with(target, ".virtual");
}

static void short_copy(char *out, size_t cap, const char *s)
{
	size_t n = strnlen(s, cap - 1);

	memcpy(out, s, n);
	out[n] = '\0';
}

static void stream_keyword(struct circs *c, struct stream *s, const struct torctl_arg *arg)
{
	if (strcmp(arg->key, "SOCKS_USERNAME") == 0) {
		circs_keep(&s->username, arg->value);
		s->is_own = s->is_own || is_own_user(arg->value);
	} else if (strcmp(arg->key, "SOCKS_PASSWORD") == 0) {
		circs_keep(&s->password, arg->value);
	} else if (strcmp(arg->key, "PURPOSE") == 0) {
		s->is_user = strcmp(arg->value, "USER") == 0;
	} else if (strcmp(arg->key, "REASON") == 0) {
		short_copy(c->reason, sizeof c->reason, arg->value);
	} else if (strcmp(arg->key, "REMOTE_REASON") == 0) {
		short_copy(c->remote_reason, sizeof c->remote_reason, arg->value);
	}
}

/* A stream on a circuit takes it: from then on it is nobody else's, and it carries the stream's credentials. The last
 * stream's that was really sent over it: tor takes a circuit's isolation back when the stream it was meant for is given up
 * before, and hands the circuit to another. */
static void take_circuit(struct circs *c, struct stream *s, uint32_t circuit)
{
	bool is_carried = s->state == STREAM_SENT || s->state == STREAM_OPEN;

	s->circuit = circuit;
	struct circuit *x = circs_circuit_of(c, circuit);
	if (x == NULL)
		return;
	x->is_used = true;
	if (s->username != NULL && (is_carried || x->username == NULL))
		circs_keep(&x->username, s->username);
	if (s->password != NULL && (is_carried || x->password == NULL))
		circs_keep(&x->password, s->password);
}

static void stream_status(struct circs *c, struct stream *s, enum stream_state state, uint32_t circuit, uint64_t now_ms)
{
	s->state = state;
	if (circuit != 0 && state != STREAM_DETACHED)
		take_circuit(c, s, circuit);
	else if (state == STREAM_DETACHED)
		s->circuit = 0;
	s->was_open = s->was_open || state == STREAM_OPEN;
	if (state >= STREAM_FAILED)
		s->ended_ms = now_ms;
}

static void seen_of(const struct circs *c, const struct stream *s, uint32_t circuit, struct stream_seen *out)
{
	*out = (struct stream_seen){
		.id = s->id, .circuit = circuit, .state = s->state, .is_own = s->is_own,
		.host = s->host != NULL ? s->host : "", .username = s->username != NULL ? s->username : "",
		.password = s->password != NULL ? s->password : "",
		.reason = c->reason, .remote_reason = c->remote_reason,
	};
}

static bool parse_status(const char *text, enum stream_state *state)
{
	for (size_t i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		if (strcmp(statuses[i].name, text) == 0) {
			*state = statuses[i].state;
			return true;
		}
	return false;
}

bool circs_on_stream(struct circs *c, const char *text, uint64_t now_ms, struct stream_seen *out)
{
	struct torctl_arg arg = arg_in(c);
	uint32_t id, circuit;
	enum stream_state state = STREAM_NEW;
	bool bad = false;

	if (!positional(c, &text, &arg) || !parse_id(arg.value, &id))
		return false;
	if (!positional(c, &text, &arg))
		return false;
	bool is_new = strcmp(arg.value, "NEW") == 0, is_known = parse_status(arg.value, &state);
	if (!positional(c, &text, &arg) || !parse_id(arg.value, &circuit))
		return false;
	if (!positional(c, &text, &arg))
		return false;
	struct stream *s = is_new ? NULL : circs_stream_of(c, id);
	if (s == NULL) {
		s = circs_add_stream(c, id, now_ms);
		if (s == NULL)
			return false;
		/* After NEW the target may be an address already, which no browser's question names: it does no harm. */
		take_target(s, c->value);
		s->knows_credentials = is_new;
	}
	c->reason[0] = c->remote_reason[0] = '\0';
	while (torctl_next_arg(&text, &arg, &bad))
		if (arg.key[0] != '\0')
			stream_keyword(c, s, &arg);
	if (bad)
		s->knows_credentials = false;
	if (is_known)   /* others, as REMAP, change nothing for us */
		stream_status(c, s, state, circuit, now_ms);
	sodium_memzero(c->value, sizeof c->value);
	if (out != NULL)
		seen_of(c, s, circuit, out);
	return true;
}
