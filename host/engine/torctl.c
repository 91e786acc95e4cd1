/* The control-port client without I/O (contract in engine/torctl.h). One line is held at a time; where it
 * belongs is decided from its status code and from what was open before it: a data block, an event of
 * several lines, a reply of several lines. */
#include "engine/torctl.h"
#include "base/limits.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct waiting {
	struct waiting *next;
	struct torctl_ask ask;
};

enum block { BLOCK_NONE, BLOCK_REPLY, BLOCK_EVENT };   /* whose data block the lines belong to */

struct torctl {
	torctl_event_fn *event;
	void *arg;
	struct buf line, out;
	struct waiting *head, **tail;
	size_t n_waiting;
	size_t reply_bytes, event_bytes;
	int code;              /* of the data block's first line */
	enum block block;
	bool in_reply;         /* lines of head's reply came already */
	bool in_event;         /* the next 650 line goes on with an event */
	bool is_feeding;
	enum err ended;
};

struct torctl *torctl_new(torctl_event_fn *event, void *arg)
{
	struct torctl *c = calloc(1, sizeof *c);

	if (c == NULL)
		return NULL;
	c->event = event;
	c->arg = arg;
	c->line = buf_new(CONTROL_LINE_MAX + 3);   /* CR, LF or NUL beside the text */
	c->out = buf_new(CONTROL_OUT_MAX);
	c->tail = &c->head;
	return c;
}

static struct torctl_ask waiting_pop(struct torctl *c)
{
	struct waiting *w = c->head;
	struct torctl_ask ask = w->ask;

	c->head = w->next;
	if (c->head == NULL)
		c->tail = &c->head;
	c->n_waiting--;
	free(w);
	return ask;
}

/* The link is over: nothing is sent, nothing is read any more, everyone who waits is told. */
static void torctl_end(struct torctl *c, enum err why)
{
	if (c->ended == OK)
		c->ended = why;
	buf_free(&c->out);
	buf_free(&c->line);
	while (c->head != NULL) {
		struct torctl_ask ask = waiting_pop(c);
		if (ask.done != NULL)
			ask.done(ask.arg, why, 0, "");
	}
}

void torctl_free(struct torctl *c, enum err why)
{
	if (c == NULL)
		return;
	assert(!c->is_feeding);
	torctl_end(c, why == OK ? ERR_TOR_LOST : why);
	free(c);
}

bool torctl_is_word(const char *s)
{
	if (s == NULL || *s == '\0')
		return false;
	for (; *s != '\0'; s++)
		if (*s < 0x21 || *s > 0x7e || *s == '"' || *s == '\\')
			return false;
	return true;
}

enum err torctl_send(struct torctl *c, const char *const *words, const struct torctl_ask *ask)
{
	size_t len = 0;

	if (c->ended != OK)
		return ERR_TOR_LOST;
	if (words == NULL || words[0] == NULL)
		return ERR_BUG;
	for (size_t i = 0; words[i] != NULL; i++) {
		if (!torctl_is_word(words[i]))
			return ERR_BUG;
		len += strlen(words[i]) + 1;
	}
	/* A leading '+' would open a data block of ours (control-spec 2.2). */
	if (words[0][0] < 'A' || words[0][0] > 'Z')
		return ERR_BUG;
	if (len + 1 > CONTROL_COMMAND_MAX || len + 1 > c->out.cap - c->out.len || c->n_waiting >= CONTROL_QUEUE_MAX)
		return ERR_TOO_BIG;
	struct waiting *w = calloc(1, sizeof *w);
	if (w == NULL)
		return ERR_NOMEM;
	size_t before = c->out.len;
	for (size_t i = 0; words[i] != NULL; i++) {
		if (i > 0)
			buf_u8(&c->out, ' ');
		buf_put(&c->out, words[i], strlen(words[i]));
	}
	buf_put(&c->out, "\r\n", 2);
	if (buf_err(&c->out) != OK) {
		/* Half a command must never be sent. */
		c->out.len = before;
		c->out.err = OK;
		free(w);
		return ERR_NOMEM;
	}
	if (ask != NULL)
		w->ask = *ask;
	*c->tail = w;
	c->tail = &w->next;
	c->n_waiting++;
	return OK;
}

static void give_event(struct torctl *c, const struct torctl_line *line, bool is_first)
{
	if (c->event != NULL)
		c->event(c->arg, line, is_first);
}

static enum err event_line(struct torctl *c, const struct torctl_line *line, char sep)
{
	bool is_first = !c->in_event;

	c->event_bytes = (is_first ? 0 : c->event_bytes) + line->len + 4;
	if (c->event_bytes > CONTROL_EVENT_MAX)
		return ERR_TOR_REPLY;
	c->in_event = sep != ' ';
	if (sep == '+') {
		c->block = BLOCK_EVENT;
		c->code = line->code;
	}
	give_event(c, line, is_first);
	return OK;
}

static enum err reply_line(struct torctl *c, const struct torctl_line *line, char sep)
{
	if (c->head == NULL)
		return ERR_TOR_REPLY;   /* an answer to nothing: we would be out of step from here on */
	c->reply_bytes = (c->in_reply ? c->reply_bytes : 0) + line->len + 4;
	if (c->reply_bytes > CONTROL_REPLY_MAX)
		return ERR_TOR_REPLY;
	c->in_reply = sep != ' ';
	if (sep == ' ') {
		struct torctl_ask ask = waiting_pop(c);
		if (ask.done != NULL)
			ask.done(ask.arg, line->code / 100 == 2 ? OK : ERR_TOR_COMMAND, line->code, line->text);
		return OK;
	}
	if (sep == '+') {
		c->block = BLOCK_REPLY;
		c->code = line->code;
	}
	if (c->head->ask.line != NULL)
		c->head->ask.line(c->head->ask.arg, line);
	return OK;
}

static enum err data_line(struct torctl *c, char *text, size_t len)
{
	size_t *bytes = c->block == BLOCK_REPLY ? &c->reply_bytes : &c->event_bytes;
	size_t most = c->block == BLOCK_REPLY ? CONTROL_REPLY_MAX : CONTROL_EVENT_MAX;

	if (len == 1 && text[0] == '.') {
		c->block = BLOCK_NONE;
		return OK;
	}
	*bytes += len + 2;
	if (*bytes > most)
		return ERR_TOR_REPLY;
	if (len > 0 && text[0] == '.') {
		text++;
		len--;
	}
	/* What relays wrote stands in data blocks: a stray byte there must not cost us the link. */
	for (char *odd; (odd = memchr(text, '\0', len)) != NULL || (odd = memchr(text, '\r', len)) != NULL;)
		*odd = '?';
	struct torctl_line line = { c->code, true, text, len };
	if (c->block == BLOCK_EVENT)
		give_event(c, &line, false);
	else if (c->head->ask.line != NULL)
		c->head->ask.line(c->head->ask.arg, &line);
	return OK;
}

static bool is_digit(char ch)
{
	return ch >= '0' && ch <= '9';
}

/* One whole line without its CRLF; text[len] is NUL. */
static enum err one_line(struct torctl *c, char *text, size_t len)
{
	if (c->block != BLOCK_NONE)
		return data_line(c, text, len);
	if (len < 4 || memchr(text, '\0', len) != NULL || memchr(text, '\r', len) != NULL)
		return ERR_TOR_REPLY;
	if (!is_digit(text[0]) || !is_digit(text[1]) || !is_digit(text[2]))
		return ERR_TOR_REPLY;
	char sep = text[3];
	if (sep != ' ' && sep != '-' && sep != '+')
		return ERR_TOR_REPLY;
	int code = (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0');
	struct torctl_line line = { code, false, text + 4, len - 4 };
	switch (code / 100) {
	case 6: return event_line(c, &line, sep);
	case 2: case 4: case 5: return reply_line(c, &line, sep);
	default: return ERR_TOR_REPLY;
	}
}

/* Takes bytes up to a line's end, if there is one; *used says how many. */
static enum err take_line(struct torctl *c, const uint8_t *at, size_t n, size_t *used)
{
	const uint8_t *lf = memchr(at, '\n', n);
	size_t take = lf == NULL ? n : (size_t)(lf - at) + 1;

	*used = take;
	if (c->line.len + take > CONTROL_LINE_MAX + 2)
		return ERR_TOR_REPLY;
	buf_put(&c->line, at, take);
	if (buf_err(&c->line) != OK)
		return ERR_NOMEM;
	if (lf == NULL)
		return OK;
	size_t len = c->line.len;
	char *text = (char *)c->line.bytes;
	if (len < 2 || text[len - 2] != '\r')
		return ERR_TOR_REPLY;
	text[len - 2] = '\0';
	c->line.len = 0;   /* nothing in here writes to c->line before one_line is back */
	enum err err = one_line(c, text, len - 2);
	explicit_bzero(text, len);   /* it may have named a site and its credentials */
	return err;
}

enum err torctl_feed(struct torctl *c, const void *bytes, size_t n)
{
	const uint8_t *at = bytes;
	enum err err = OK;

	assert(!c->is_feeding);
	if (c->ended != OK)
		return c->ended;
	c->is_feeding = true;
	while (n > 0 && err == OK) {
		size_t used;
		err = take_line(c, at, n, &used);
		at += used;
		n -= used;
	}
	if (err != OK)
		torctl_end(c, err);
	c->is_feeding = false;
	return err;
}

struct buf *torctl_out(struct torctl *c)
{
	return &c->out;
}

size_t torctl_waiting(const struct torctl *c)
{
	return c->n_waiting;
}

/* ---- arguments of a line ---- */

/* Length of a key before '=' at s; 0 when this is a positional argument. */
static size_t key_length(const char *s)
{
	size_t n = 0;

	while ((s[n] >= 'A' && s[n] <= 'Z') || (s[n] >= 'a' && s[n] <= 'z') || is_digit(s[n]) || s[n] == '_')
		n++;
	return s[n] == '=' ? n : 0;
}

static bool value_put(struct torctl_arg *arg, char ch)
{
	if (arg->len + 1 >= arg->room)
		return false;
	arg->value[arg->len++] = ch == '\0' ? '?' : ch;
	return true;
}

/* One escape behind its backslash (control-spec 2.1.1; octal has at most three digits, the first at most 3). */
static char unescape(const char **at)
{
	const char *s = *at;

	if (*s >= '0' && *s <= '7') {
		int v = 0, most = *s <= '3' ? 3 : 2;
		for (int i = 0; i < most && *s >= '0' && *s <= '7'; i++, s++)
			v = v * 8 + (*s - '0');
		*at = s;
		return (char)v;
	}
	*at = s + 1;
	switch (*s) {
	case 'n': return '\n';
	case 't': return '\t';
	case 'r': return '\r';
	default: return *s;
	}
}

static bool take_quoted(const char **at, struct torctl_arg *arg)
{
	const char *s = *at;

	while (*s != '"') {
		char ch = *s;
		if (ch == '\0')
			return false;
		s++;
		if (ch == '\\') {
			if (*s == '\0')
				return false;
			ch = unescape(&s);
		}
		if (!value_put(arg, ch))
			return false;
	}
	s++;
	if (*s != ' ' && *s != '\0')
		return false;
	*at = s;
	return true;
}

bool torctl_next_arg(const char **at, struct torctl_arg *arg, bool *bad)
{
	const char *s = *at;

	*bad = false;
	while (*s == ' ')
		s++;
	*at = s;
	if (*s == '\0')
		return false;
	size_t key = key_length(s), keep = key < sizeof arg->key - 1 ? key : sizeof arg->key - 1;
	memcpy(arg->key, s, keep);
	arg->key[keep] = '\0';
	s += key == 0 ? 0 : key + 1;
	arg->len = 0;
	arg->is_quoted = *s == '"';
	bool fits = true;
	if (arg->is_quoted) {
		s++;
		fits = take_quoted(&s, arg);
	} else {
		while (fits && *s != ' ' && *s != '\0')
			fits = value_put(arg, *s++);
	}
	if (!fits) {
		*bad = true;
		*at += strlen(*at);
		return false;
	}
	arg->value[arg->len] = '\0';
	*at = s;
	return true;
}
